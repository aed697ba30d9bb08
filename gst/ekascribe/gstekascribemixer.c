/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribemixerprivate.h"

#define MIX_CAPS                                                              \
  "audio/x-raw, format = (string) S16LE, layout = (string) interleaved, "     \
  "rate = (int) 16000, channels = (int) [ 1, 2 ]"

/* Before what was refused is pushed again, and a pad is looked at again where somebody
 * else was busy with it, in µs */
#define RETRY (10 * G_TIME_SPAN_MILLISECOND)

/* A pad that gives nothing for so long, in µs, while others wait for it, is told: a
 * slow one is not, and nobody looks at a recording that stands still for ever. */
#define LONGEST_SILENCE (10 * G_TIME_SPAN_SECOND)

G_DEFINE_FINAL_TYPE (GstEkascribeMixer, gst_ekascribe_mixer, GST_TYPE_ELEMENT)

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (MIX_CAPS));

/* --- the thread ----------------------------------------------------------- */

/* What the thread is to do next. */
typedef enum
{
  STOP,
  OPEN,
  POUR,
  MISS,
  PUSH,
  OBEY,
  END,
} Task;

static GstBuffer *
make_buffer (GstEkascribeMixer *self,
             GByteArray        *samples,
             GstClockTime       running_time)
{
  const guint n = samples->len / GST_EKASCRIBE_MIXER_BPS / self->channels;
  GstBuffer *buffer =
      gst_buffer_new_memdup (samples->data, samples->len);

  GST_BUFFER_PTS (buffer) = running_time;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (n, GST_SECOND, EKA_MIX_RATE);
  if (running_time != self->next)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->next = running_time + GST_BUFFER_DURATION (buffer);
  return buffer;
}

/* Whoever waits for a drain up to that one goes on. */
static void
end_drain_locked (GstEkascribeMixer *self,
                  guint              drain)
{
  self->drained = drain;
  g_cond_broadcast (&self->cond);
}

/* Returns: whether all has to be mixed that is there, for somebody waits for it, and
 * not for what has been done meanwhile */
static gboolean
is_asked_locked (GstEkascribeMixer *self)
{
  if (self->drains == self->drained)
    return FALSE;
  if (self->funcs->is_asked (self->user_data))
    return TRUE;
  end_drain_locked (self, self->drains);
  return FALSE;
}

/* @all: whoever is behind. Returns: (transfer full) (nullable): what is ready */
static GstBuffer *
take_locked (GstEkascribeMixer *self,
             gboolean           all)
{
  g_autoptr (GByteArray) samples = NULL;
  guint64 running_time;

  if (self->refused != NULL)
    return g_steal_pointer (&self->refused);
  samples = g_byte_array_new ();
  if ((!all && gst_ekascribe_mixer_awaits_leg_locked (self)) ||
      !eka_mix_take (self->mix, all, samples, &running_time))
    return NULL;
  return make_buffer (self, samples, running_time);
}

/* Until something happens, or it is time to look at what does not happen. @until:
 * monotonic time, or %G_MAXINT64 */
static void
wait_locked (GstEkascribeMixer *self,
             gint64             until)
{
  if (gst_ekascribe_mixer_awaits_leg_locked (self))
    until = MIN (until, self->start_until);
  if (until == G_MAXINT64)
    g_cond_wait (&self->cond, &self->lock);
  else
    g_cond_wait_until (&self->cond, &self->lock, until);
}

/* Waits until there is something to do. @buffer: (out): what to push; @leg: (out):
 * what is missed */
static Task
wait_for_task_locked (GstEkascribeMixer *self,
                      GstBuffer        **buffer,
                      GstPad           **leg)
{
  while (!self->halted) {
    const gboolean asked = is_asked_locked (self);
    const gboolean left = gst_ekascribe_mixer_is_any_left_locked (self);
    gint64 until = left ? self->pour_after : G_MAXINT64;

    if (!self->open)
      return OPEN;
    if (left && g_get_monotonic_time () >= self->pour_after)
      return POUR;
    if (self->flow == GST_FLOW_OK) {
      *buffer = take_locked (self, asked);
      if (*buffer != NULL)
        return PUSH;
      if (asked)
        return OBEY;
      if (!left && (!self->done || self->revived) &&
          gst_ekascribe_mixer_have_all_ended_locked (self))
        return END;
    }
    end_drain_locked (self, self->drains);
    *leg = gst_ekascribe_mixer_find_missed_locked (self, &until);
    if (*leg != NULL)
      return MISS;
    wait_locked (self, until);
  }
  return STOP;
}

static void
begin_stream (GstEkascribeMixer *self)
{
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (GST_EKASCRIBE_MIXER_LEG_CAPS);
  g_autofree gchar *id = NULL;
  GstSegment segment;

  if (self->begun)
    return;
  self->begun = TRUE;
  if (self->channels > 1)
    gst_caps_set_simple (caps, "channels", G_TYPE_INT, (gint) self->channels,
                         "channel-mask", GST_TYPE_BITMASK, (guint64) 3, NULL);
  id = g_strdup_printf ("ekascribe-mix/%08x%08x", g_random_int (),
                        g_random_int ());
  gst_pad_push_event (self->src, gst_event_new_stream_start (id));
  gst_pad_push_event (self->src, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->src, gst_event_new_segment (&segment));
}

/* Something comes after an end, if only another one: it was none. */
static void
take_end_back (GstEkascribeMixer *self)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = self->done;
  self->done = FALSE;
  self->revived = FALSE;
  g_mutex_unlock (&self->lock);
  if (!done)
    return;
  gst_pad_push_event (self->src, gst_event_new_flush_start ());
  gst_pad_push_event (self->src, gst_event_new_flush_stop (FALSE));
  self->begun = FALSE;
}

static void
push_buffer (GstEkascribeMixer *self,
             GstBuffer         *buffer)
{
  guint64 before;
  GstFlowReturn ret;

  take_end_back (self);
  begin_stream (self);
  before = self->funcs->count (self->user_data);
  ret = gst_pad_push (self->src, gst_buffer_ref (buffer));
  g_mutex_lock (&self->lock);
  if (ret == GST_FLOW_FLUSHING) {
    if (self->funcs->count (self->user_data) == before)
      self->refused = gst_buffer_ref (buffer);
    if (!self->halted)
      g_cond_wait_until (&self->cond, &self->lock,
                         g_get_monotonic_time () + RETRY);
  } else {
    self->flow = ret;
  }
  g_mutex_unlock (&self->lock);
  gst_buffer_unref (buffer);
}

static void
push_end (GstEkascribeMixer *self)
{
  GstEvent *event = gst_event_new_eos ();
  guint seqnum;

  g_mutex_lock (&self->lock);
  seqnum = self->seqnum;
  g_mutex_unlock (&self->lock);
  take_end_back (self);
  begin_stream (self);
  if (seqnum != GST_SEQNUM_INVALID)
    gst_event_set_seqnum (event, seqnum);
  gst_pad_push_event (self->src, event);
  g_mutex_lock (&self->lock);
  self->done = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
run (gpointer user_data)
{
  GstEkascribeMixer *self = user_data;
  g_autoptr (GstPad) leg = NULL;
  GstBuffer *buffer = NULL;
  guint drain;
  Task task;

  g_mutex_lock (&self->lock);
  self->busy = FALSE;
  task = wait_for_task_locked (self, &buffer, &leg);
  drain = self->drains;
  self->busy = TRUE;
  g_mutex_unlock (&self->lock);
  switch (task) {
    case STOP:
      gst_pad_pause_task (self->src);
      return;
    case OPEN:
      self->funcs->open (self, self->user_data);
      g_mutex_lock (&self->lock);
      self->open = TRUE;
      g_mutex_unlock (&self->lock);
      return;
    case POUR:
      self->funcs->pour (self, self->user_data);
      g_mutex_lock (&self->lock);
      self->pour_after = g_get_monotonic_time () + RETRY;
      g_mutex_unlock (&self->lock);
      return;
    case MISS:
      self->funcs->miss (self, leg, self->user_data);
      return;
    case PUSH:
      push_buffer (self, buffer);
      return;
    case OBEY:
      self->funcs->obey (self->user_data);
      g_mutex_lock (&self->lock);
      end_drain_locked (self, drain);
      g_mutex_unlock (&self->lock);
      return;
    case END:
      push_end (self);
      return;
  }
}

static gboolean
src_activate_mode (GstPad    *pad,
                   GstObject *parent,
                   GstPadMode mode,
                   gboolean   active)
{
  GstEkascribeMixer *self = GST_EKASCRIBE_MIXER (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active)
    return gst_pad_start_task (pad, run, self, NULL);
  gst_ekascribe_mixer_halt (self);
  return gst_pad_stop_task (pad);
}

/* The whole lasts as long as the longest. */
static gboolean
query_duration (GstEkascribeMixer *self,
                GstQuery          *query)
{
  g_autoptr (GPtrArray) pads = g_ptr_array_new_with_free_func (gst_object_unref);
  gint64 longest = -1;
  GstFormat format;
  GList *l;
  guint i;

  gst_query_parse_duration (query, &format, NULL);
  g_mutex_lock (&self->lock);
  for (l = self->legs; l != NULL; l = l->next)
    g_ptr_array_add (
        pads, gst_object_ref (((GstEkascribeMixerLeg *) l->data)->pad));
  g_mutex_unlock (&self->lock);
  for (i = 0; i < pads->len; i++) {
    gint64 duration;

    if (gst_pad_peer_query_duration (g_ptr_array_index (pads, i), format,
                                     &duration))
      longest = MAX (longest, duration);
  }
  if (longest >= 0)
    gst_query_set_duration (query, format, longest);
  return longest >= 0;
}

static gboolean
src_query (GstPad    *pad,
           GstObject *parent,
           GstQuery  *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_DURATION)
    return query_duration (GST_EKASCRIBE_MIXER (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

/* --- interface ------------------------------------------------------------ */

/**
 * gst_ekascribe_mixer_new:
 * @channels: of the mix: 1, or 2
 * @funcs: static; about what comes after the mixer
 * @user_data: for @funcs; outlives the mixer's thread
 *
 * Returns: (transfer floating): a mixer without legs
 */
GstElement *
gst_ekascribe_mixer_new (guint                         channels,
                         const GstEkascribeMixerFuncs *funcs,
                         gpointer                      user_data)
{
  GstEkascribeMixer *self =
      g_object_new (GST_TYPE_EKASCRIBE_MIXER, "name", "mixer", NULL);

  self->channels = channels;
  self->funcs = funcs;
  self->user_data = user_data;
  self->mix = eka_mix_new (channels);
  return GST_ELEMENT (self);
}

/* What comes after an end may be pushed yet, and so may what a leg left behind. */
static gboolean
is_done_locked (GstEkascribeMixer *self)
{
  if (!self->done || self->busy)
    return FALSE;
  return self->flow != GST_FLOW_OK ||
         !(self->revived || gst_ekascribe_mixer_is_any_left_locked (self));
}

/**
 * gst_ekascribe_mixer_is_done:
 * @self: a mixer
 *
 * Returns: whether all legs have ended, and EOS was pushed
 */
gboolean
gst_ekascribe_mixer_is_done (GstEkascribeMixer *self)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = is_done_locked (self) &&
         gst_ekascribe_mixer_have_all_ended_locked (self);
  g_mutex_unlock (&self->lock);
  return done;
}

/**
 * gst_ekascribe_mixer_wait_done:
 * @self: a mixer
 *
 * Waits for gst_ekascribe_mixer_is_done(), for as long as no leg that has not ended
 * is there, and the mixer is not halted.
 */
void
gst_ekascribe_mixer_wait_done (GstEkascribeMixer *self)
{
  g_mutex_lock (&self->lock);
  while (!self->halted && gst_ekascribe_mixer_have_all_ended_locked (self) &&
         !is_done_locked (self))
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_halt:
 * @self: a mixer
 *
 * Wakes whoever waits. Nothing is taken any more.
 */
void
gst_ekascribe_mixer_halt (GstEkascribeMixer *self)
{
  g_mutex_lock (&self->lock);
  self->halted = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_is_halted:
 * @self: a mixer
 *
 * Returns: whether its thread is wanted back
 */
gboolean
gst_ekascribe_mixer_is_halted (GstEkascribeMixer *self)
{
  gboolean halted;

  g_mutex_lock (&self->lock);
  halted = self->halted;
  g_mutex_unlock (&self->lock);
  return halted;
}

/**
 * gst_ekascribe_mixer_take_rest:
 * @self: a mixer whose thread has ended
 * @rest: (element-type GstMiniObject): gets what was not pushed: events and
 *   buffers
 */
void
gst_ekascribe_mixer_take_rest (GstEkascribeMixer *self,
                               GQueue            *rest)
{
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (GST_EKASCRIBE_MIXER_LEG_CAPS);
  GstBuffer *buffer;
  GstSegment segment;

  gst_caps_set_simple (caps, "channels", G_TYPE_INT, (gint) self->channels,
                       NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_mutex_lock (&self->lock);
  buffer = take_locked (self, TRUE);
  if (buffer != NULL) {
    g_queue_push_tail (rest, gst_event_new_caps (caps));
    g_queue_push_tail (rest, gst_event_new_segment (&segment));
  }
  for (; buffer != NULL; buffer = take_locked (self, TRUE))
    g_queue_push_tail (rest, buffer);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_set_limits:
 * @self: a mixer
 * @longest_start: how long legs without caps are waited for from now on, in µs
 * @longest_silence: how long a leg may be silent that others wait for, before that is
 *   told, in µs
 *
 * In place of 5 s, and of 10 s; for tests.
 */
void
gst_ekascribe_mixer_set_limits (GstEkascribeMixer *self,
                                gint64             longest_start,
                                gint64             longest_silence)
{
  g_mutex_lock (&self->lock);
  self->start_until = g_get_monotonic_time () + longest_start;
  self->longest_silence = longest_silence;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_get_stats:
 * @self: a mixer
 * @stats: (out caller-allocates): what the mix had to do to its audio
 */
void
gst_ekascribe_mixer_get_stats (GstEkascribeMixer *self,
                               EkaMixStats       *stats)
{
  g_mutex_lock (&self->lock);
  eka_mix_get_stats (self->mix, stats);
  g_mutex_unlock (&self->lock);
}

static void
gst_ekascribe_mixer_finalize (GObject *object)
{
  GstEkascribeMixer *self = GST_EKASCRIBE_MIXER (object);

  g_list_free_full (self->legs, g_free);
  gst_clear_buffer (&self->refused);
  g_clear_pointer (&self->mix, eka_mix_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (gst_ekascribe_mixer_parent_class)->finalize (object);
}

static void
gst_ekascribe_mixer_class_init (GstEkascribeMixerClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_ekascribe_mixer_finalize;
  gst_element_class_add_static_pad_template (
      element_class, &gst_ekascribe_mixer_leg_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (
      element_class, "EkaScribe mixer", "Generic/Audio",
      "Mixes several streams in sync; a part of ekascribesink",
      "gst-ekascribe");
}

static void
gst_ekascribe_mixer_init (GstEkascribeMixer *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->longest_silence = LONGEST_SILENCE;
  self->next = GST_CLOCK_TIME_NONE;
  self->seqnum = GST_SEQNUM_INVALID;
  self->src = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_activatemode_function (self->src, src_activate_mode);
  gst_pad_set_query_function (self->src, src_query);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}
