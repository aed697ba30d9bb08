/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mix that pads make where they meet, and the flushes that make it room. */
#include "gstekascribejunctionprivate.h"

#include "gstekascribedecoder.h"

static void
complain_locked (GstEkascribeJunction *self,
                 const GError         *error)
{
  GST_ELEMENT_ERROR (self->bin, RESOURCE, SETTINGS, ("%s", error->message),
                     ("container, of a mix"));
}

/* The way from the mixer to the packet sink. */
static gboolean
link_mixer_locked (GstEkascribeJunction *self)
{
  const guint channels = gst_ekascribe_junction_has_stereo_locked (self) ? 2 : 1;
  GstPad *target = GST_BASE_SINK_PAD (self->sink);
  g_autoptr (GstPad) src =
      gst_element_get_static_pad (GST_ELEMENT (self->mixer), "src");
  g_autoptr (GstPad) first = NULL;
  g_autoptr (GError) error = NULL;
  GstEkascribeFormat format;

  if (!gst_ekascribe_recording_choose_format (self->recording, NULL, &format,
                                              &error)) {
    complain_locked (self, error);
    return FALSE;
  }
  gst_ekascribe_packet_sink_set_format (self->sink, &format);
  gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  if (format.codec != EKA_CODEC_OPUS)
    return GST_PAD_LINK_SUCCESSFUL (gst_pad_link (src, target));
  self->encoder =
      gst_ekascribe_decoder_build_encoder (self->bin, channels, target);
  if (self->encoder == NULL)
    return FALSE;
  first = gst_ekascribe_decoder_get_pad (self->encoder);
  return GST_PAD_LINK_SUCCESSFUL (gst_pad_link (src, first));
}

/* With @flush_lock. GStreamer takes the segment away at the end of a flush, before it
 * waits for the stream lock; but the stream that leads to @pad may go on, and does
 * not know of this flush. It gets the segment back before it can push. */
static void
stop_flush (GstPad *pad)
{
  GstEvent *segment;

  GST_PAD_STREAM_LOCK (pad);
  segment = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  gst_pad_send_event (pad, gst_event_new_flush_stop (FALSE));
  if (segment != NULL)
    gst_pad_send_event (pad, segment);
  GST_PAD_STREAM_UNLOCK (pad);
}

/* Another way leads to the packet sink now. Where the old one was given up in the
 * middle of a flush, the end of that will not come there. No pad leads there that
 * may bring another flush. */
void
gst_ekascribe_junction_end_old_flush (GstEkascribeJunction *self)
{
  GstPad *pad = GST_BASE_SINK_PAD (self->sink);

  g_mutex_lock (&self->flush_lock);
  if (self->flushes == 0 && GST_PAD_IS_ACTIVE (pad) &&
      GST_PAD_IS_FLUSHING (pad))
    stop_flush (pad);
  g_mutex_unlock (&self->flush_lock);
}

/* What came alone has arrived, and what is mixed follows in another session. */
void
gst_ekascribe_junction_open_locked (GstEkascribeJunction *self)
{
  if (self->open || self->mixer == NULL || self->halted)
    return;
  self->open = TRUE;
  gst_ekascribe_packet_sink_break (self->sink);
  link_mixer_locked (self);
}

/* So often, in µs, the mixer's thread looks whether it may take the way itself. */
#define LOOK (10 * G_TIME_SPAN_MILLISECOND)

/* On the mixer's thread. Who has the lock may be waiting for that thread to end.
 *
 * Returns: %FALSE, and the lock is not taken, where that is so */
static gboolean
lock_for_mixer (GstEkascribeJunction *self,
                GstEkascribeMixer    *mixer)
{
  while (!g_mutex_trylock (&self->lock)) {
    if (gst_ekascribe_mixer_is_halted (mixer))
      return FALSE;
    g_usleep (G_TIME_SPAN_MILLISECOND);
  }
  return TRUE;
}

/* The pad that came alone gives the way free with its next data. On the mixer's
 * thread: where it gets none it is made to. That never waits for a stream lock, for
 * who holds it may wait for the mixer. */
static void
open_way (GstEkascribeMixer *mixer,
          gpointer           user_data)
{
  GstEkascribeJunction *self = user_data;

  if (!lock_for_mixer (self, mixer))
    return;
  while (self->direct != NULL && !self->halted) {
    g_autoptr (GstEkascribeInput) input = gst_object_ref (self->direct);

    g_mutex_unlock (&self->lock);
    if (gst_ekascribe_input_try_lock (input)) {
      gst_ekascribe_input_make_way (input);
      GST_PAD_STREAM_UNLOCK (input);
    }
    if (!lock_for_mixer (self, mixer))
      return;
    if (self->direct == input && !self->halted)
      g_cond_wait_until (&self->cond, &self->lock,
                         g_get_monotonic_time () + LOOK);
  }
  gst_ekascribe_junction_open_locked (self);
  g_mutex_unlock (&self->lock);
  gst_ekascribe_junction_end_old_flush (self);
  gst_ekascribe_junction_forget_eos (self);
}

/* Returns: (transfer full) (element-type GstEkascribeInput): whose source has gone */
static GList *
list_left_locked (GstEkascribeJunction *self,
                  GstEkascribeMixer    *mixer)
{
  GList *inputs = NULL, *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;

    if (input->leg != NULL && input->mixer == mixer &&
        gst_ekascribe_mixer_is_leg_left (mixer, input->leg))
      inputs = g_list_prepend (inputs, gst_object_ref (input));
  }
  return inputs;
}

/* Under the stream lock, for which who releases the pad waits before the leg goes. */
static void
pour_left (GstEkascribeInput *input)
{
  if (!gst_ekascribe_mixer_is_leg_left (input->mixer, input->leg))
    return;
  gst_ekascribe_input_pour_left (input);
  gst_ekascribe_mixer_return_leg (input->mixer, input->leg);
}

/**
 * gst_ekascribe_junction_pour:
 * @self: a junction
 * @input: a pad, whose stream lock is held
 *
 * Where the pad has another source now: what is on its way from the one before it
 * is mixed before anything else comes.
 */
void
gst_ekascribe_junction_pour (GstEkascribeJunction *self,
                             GstEkascribeInput    *input)
{
  gboolean mixed;

  g_mutex_lock (&self->lock);
  mixed = input->leg != NULL;
  g_mutex_unlock (&self->lock);
  if (mixed)
    pour_left (input);
}

/* On the mixer's thread, which waits for no stream lock. */
static void
pour (GstEkascribeMixer *mixer,
      gpointer           user_data)
{
  GstEkascribeJunction *self = user_data;
  GList *inputs, *l;

  if (!lock_for_mixer (self, mixer))
    return;
  inputs = list_left_locked (self, mixer);
  g_mutex_unlock (&self->lock);
  for (l = inputs; l != NULL; l = l->next) {
    if (!gst_ekascribe_input_try_lock (l->data))
      continue;
    pour_left (l->data);
    GST_PAD_STREAM_UNLOCK (l->data);
  }
  g_list_free_full (inputs, gst_object_unref);
}

static gchar *
find_name_locked (GstEkascribeJunction *self,
                  GstPad               *leg)
{
  GList *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;

    if (input->leg == leg)
      return gst_object_get_name (GST_OBJECT (input));
  }
  return NULL;
}

/* Nothing is lost, but a recording of files that stands still looks as if it hung. */
static void
miss (GstEkascribeMixer *mixer,
      GstPad            *leg,
      gpointer           user_data)
{
  GstEkascribeJunction *self = user_data;
  g_autofree gchar *name = NULL;

  if (!lock_for_mixer (self, mixer))
    return;
  name = find_name_locked (self, leg);
  g_mutex_unlock (&self->lock);
  if (name != NULL)
    GST_ELEMENT_WARNING (
        self->bin, RESOURCE, BUSY,
        ("%s: nothing comes, and the recording waits for it. If nothing is to "
         "come, send EOS there, or unlink or release the pad.",
         name),
        (NULL));
}

static guint64
count_packets (gpointer user_data)
{
  GstEkascribeJunction *self = user_data;

  return gst_ekascribe_packet_sink_count (self->sink);
}

static gboolean
is_asked (gpointer user_data)
{
  GstEkascribeJunction *self = user_data;

  return gst_ekascribe_steering_is_pending (self->steering);
}

static void
obey (gpointer user_data)
{
  GstEkascribeJunction *self = user_data;

  self->obey (self->bin);
}

static const GstEkascribeMixerFuncs mixer_funcs = { open_way, is_asked, obey,
                                                    pour, miss, count_packets };

void
gst_ekascribe_junction_ensure_leg_locked (GstEkascribeJunction *self,
                                          GstEkascribeInput    *input)
{
  if (input->leg != NULL)
    return;
  input->mixer = gst_object_ref (self->mixer);
  input->leg = gst_ekascribe_mixer_add_leg (
      self->mixer, gst_ekascribe_junction_choose_channel_locked (self, input));
}

void
gst_ekascribe_junction_begin_mix_locked (GstEkascribeJunction *self)
{
  const guint channels = gst_ekascribe_junction_has_stereo_locked (self) ? 2 : 1;
  GstElement *mixer = gst_ekascribe_mixer_new (channels, &mixer_funcs, self);
  GList *l;

  self->mixer = GST_EKASCRIBE_MIXER (gst_object_ref_sink (mixer));
  self->open = FALSE;
  gst_ekascribe_mix_tally_begin (&self->tally, self->mixer);
  for (l = self->inputs; l != NULL; l = l->next) {
    if (!gst_ekascribe_junction_counts (l->data))
      continue;
    gst_ekascribe_junction_ensure_leg_locked (self, l->data);
    gst_ekascribe_junction_ask_latency_locked (self, l->data);
  }
  gst_ekascribe_junction_renew_locked (self);
  gst_ekascribe_junction_tell_labels_locked (self);
  gst_bin_add (self->bin, mixer);
  gst_element_sync_state_with_parent (mixer);
}

void
gst_ekascribe_junction_drop_leg_locked (GstEkascribeInput *input)
{
  g_autoptr (GstEkascribeMixer) mixer = g_steal_pointer (&input->mixer);
  GstPad *leg = g_steal_pointer (&input->leg);

  if (leg != NULL)
    gst_ekascribe_mixer_remove_leg (mixer, leg);
}

/* When no thread is in the mixer but its own, which waits. */
void
gst_ekascribe_junction_end_mix_locked (GstEkascribeJunction *self)
{
  GstElement *mixer = GST_ELEMENT (self->mixer);

  if (mixer == NULL)
    return;
  gst_ekascribe_mixer_halt (self->mixer);
  gst_element_set_locked_state (mixer, TRUE);
  gst_element_set_state (mixer, GST_STATE_NULL);
  gst_ekascribe_decoder_remove (self->bin, g_steal_pointer (&self->encoder));
  gst_bin_remove (self->bin, mixer);
  gst_ekascribe_mix_tally_end (&self->tally);
  self->mixer = NULL;
  self->open = FALSE;
  gst_object_unref (mixer);
  gst_ekascribe_junction_renew_locked (self);
}

static gboolean
have_all_ended_locked (GstEkascribeJunction *self)
{
  GList *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    const GstEkascribeInput *input = l->data;

    if (input->leg != NULL && !input->ended)
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_ekascribe_junction_is_mix_over_locked (GstEkascribeJunction *self)
{
  return self->mixer != NULL && have_all_ended_locked (self) &&
         gst_ekascribe_mixer_is_done (self->mixer);
}

static gboolean
count_pad (GstElement *element,
           GstPad     *pad,
           gpointer    user_data)
{
  guint *n = user_data;

  GST_OBJECT_LOCK (pad);
  *n += GST_PAD_IS_LINKED (pad) && !GST_PAD_IS_EOS (pad);
  GST_OBJECT_UNLOCK (pad);
  return TRUE;
}

/**
 * gst_ekascribe_junction_add_stats:
 * @self: a junction
 * @stats: gets what is known of pads and mixes
 * @running: whether the run goes on; no pad records after it
 *
 * Waits for nobody, so that handlers of any message and signal may ask.
 */
void
gst_ekascribe_junction_add_stats (GstEkascribeJunction *self,
                                  GstStructure         *stats,
                                  gboolean              running)
{
  EkaMixStats mixed;
  guint64 filled = 0;
  guint pads = 0;

  if (running)
    gst_element_foreach_sink_pad (GST_ELEMENT (self->bin), count_pad, &pads);
  gst_ekascribe_mix_tally_sum (&self->tally, &mixed);
  gst_structure_get_uint64 (stats, "time-filled", &filled);
  gst_structure_set (stats, "pads", G_TYPE_UINT, pads, "time-late",
                     GST_TYPE_CLOCK_TIME, mixed.late, "time-skewed",
                     GST_TYPE_CLOCK_TIME, mixed.skew, "samples-clipped",
                     G_TYPE_UINT64, mixed.clipped, "time-filled",
                     GST_TYPE_CLOCK_TIME, filled + mixed.filled, NULL);
}

/* --- flushes -------------------------------------------------------------- */

/**
 * gst_ekascribe_junction_begin_flush:
 * @self: a junction
 *
 * Wakes whoever waits in the packet sink, and keeps others out until
 * gst_ekascribe_junction_end_flush(). What was taken stays. After an end nobody
 * waits, but a flush would take the end back.
 *
 * Returns: whether there is a flush to be ended
 */
gboolean
gst_ekascribe_junction_begin_flush (GstEkascribeJunction *self)
{
  GstPad *pad = GST_BASE_SINK_PAD (self->sink);
  gboolean flush;

  g_mutex_lock (&self->flush_lock);
  flush = self->flushes > 0 || !GST_PAD_IS_EOS (pad);
  if (flush && self->flushes++ == 0)
    gst_pad_send_event (pad, gst_event_new_flush_start ());
  g_mutex_unlock (&self->flush_lock);
  return flush;
}

/**
 * gst_ekascribe_junction_end_flush:
 * @self: a junction whose flush was begun
 */
void
gst_ekascribe_junction_end_flush (GstEkascribeJunction *self)
{
  g_mutex_lock (&self->flush_lock);
  if (--self->flushes == 0)
    stop_flush (GST_BASE_SINK_PAD (self->sink));
  g_mutex_unlock (&self->flush_lock);
}

/**
 * gst_ekascribe_junction_forget_eos:
 * @self: a junction
 *
 * What comes after an end begins another recording.
 */
void
gst_ekascribe_junction_forget_eos (GstEkascribeJunction *self)
{
  GstPad *pad = GST_BASE_SINK_PAD (self->sink);

  g_mutex_lock (&self->flush_lock);
  /* A flush that goes on does it. */
  if (GST_PAD_IS_EOS (pad) && self->flushes == 0) {
    gst_pad_send_event (pad, gst_event_new_flush_start ());
    stop_flush (pad);
  }
  g_mutex_unlock (&self->flush_lock);
}
