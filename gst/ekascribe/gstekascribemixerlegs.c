/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What comes into the mixer: its legs. */
#include "gstekascribemixerprivate.h"

#include <gst/audio/audio.h>

/* So far a leg that is not live goes ahead of the others. It takes EkaMix up to
 * 4 s of a leg to find out what its time stamps are worth. */
#define MAX_AHEAD (5 * GST_SECOND)

/* Of one leg, where what comes after the mixer is slow. Not of all together: what a
 * leg that went left behind may be more, and waits for one that is to begin. */
#define MAX_HELD (10 * EKA_MIX_RATE)

/* How long a live leg is waited for, beside what it says it needs. */
#define PATIENCE (2 * GST_SECOND)

/* How long, in µs, the mix waits for a pad that has a source which gives no caps:
 * it may be slow, or idle for ever. */
#define LONGEST_START (5 * G_TIME_SPAN_SECOND)
#define LONGEST_LIVE_START (2 * G_TIME_SPAN_SECOND)

GstStaticPadTemplate gst_ekascribe_mixer_leg_template =
    GST_STATIC_PAD_TEMPLATE ("leg_%u", GST_PAD_SINK, GST_PAD_REQUEST,
                             GST_STATIC_CAPS (GST_EKASCRIBE_MIXER_LEG_CAPS));

static GstEkascribeMixerLeg *
get_leg (GstPad *pad)
{
  return gst_pad_get_element_private (pad);
}

static gboolean
is_live_locked (GstEkascribeMixer *self,
                GstClockTime      *latency)
{
  gboolean live = FALSE;
  GList *l;

  *latency = self->expected;
  for (l = self->legs; l != NULL; l = l->next) {
    const GstEkascribeMixerLeg *leg = l->data;

    live = live || leg->live;
    *latency = MAX (*latency, leg->latency);
  }
  return live;
}

/* A stream that begins later may come as late as the slowest says it does. */
static void
update_patience_locked (GstEkascribeMixer *self)
{
  GstClockTime latency;
  const gboolean live = is_live_locked (self, &latency);

  eka_mix_set_patience (self->mix, live ? PATIENCE + latency : G_MAXUINT64);
  eka_mix_set_lag (self->mix, live ? latency : 0);
}

/* What comes after the end of all is another recording: no clock goes on. */
static void
revive_locked (GstEkascribeMixer *self)
{
  GList *l;

  self->revived = TRUE;
  eka_mix_reset (self->mix);
  for (l = self->legs; l != NULL; l = l->next) {
    const GstEkascribeMixerLeg *leg = l->data;

    if (leg->numbered && leg->ended)
      eka_mix_end_leg (self->mix, leg->number);
  }
}

static void
unend_leg_locked (GstEkascribeMixer    *self,
                  GstEkascribeMixerLeg *leg)
{
  const gboolean revives = leg->ended && self->done && !self->revived;

  leg->ended = FALSE;
  leg->heard_at = g_get_monotonic_time ();
  if (revives)
    revive_locked (self);
}

/* From now on the mix waits for the leg, or at least knows that it began. */
static void
begin_leg_locked (GstEkascribeMixer    *self,
                  GstEkascribeMixerLeg *leg)
{
  if (!leg->numbered)
    leg->number = eka_mix_add_leg (self->mix, leg->channel);
  leg->numbered = TRUE;
  unend_leg_locked (self, leg);
  g_cond_broadcast (&self->cond);
}

static void
end_leg_locked (GstEkascribeMixer    *self,
                GstEkascribeMixerLeg *leg)
{
  if (leg->numbered && !leg->ended)
    eka_mix_end_leg (self->mix, leg->number);
  leg->ended = TRUE;
  self->ended_at = g_get_monotonic_time ();
  g_cond_broadcast (&self->cond);
}

/* Asks upstream, without the lock. */
static void
ask_latency (GstEkascribeMixer    *self,
             GstEkascribeMixerLeg *leg)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime latency = 0;
  gboolean live = FALSE;

  if (gst_pad_peer_query (leg->pad, query))
    gst_query_parse_latency (query, &live, &latency, NULL);
  gst_query_unref (query);
  g_mutex_lock (&self->lock);
  leg->live = live;
  leg->latency = live && GST_CLOCK_TIME_IS_VALID (latency) ? latency : 0;
  update_patience_locked (self);
  g_mutex_unlock (&self->lock);
}

/* How long, in µs, a file must wait for what is recorded now, so that both stay
 * together. Without a clock they don't. */
static gint64
get_lead (GstEkascribeMixer *self,
          GstClockTime       running_time)
{
  const GstClockTime now =
      gst_element_get_current_running_time (GST_ELEMENT (self));

  if (!GST_CLOCK_TIME_IS_VALID (now) || running_time <= now)
    return 0;
  return (gint64) ((running_time - now) / GST_USECOND) + 1;
}

static gboolean
is_too_far_locked (GstEkascribeMixer          *self,
                   const GstEkascribeMixerLeg *leg)
{
  return eka_mix_get_ahead (self->mix, leg->number) > MAX_AHEAD ||
         eka_mix_get_leg_held (self->mix, leg->number) > MAX_HELD;
}

static void
wait_for_leg_locked (GstEkascribeMixer    *self,
                     GstEkascribeMixerLeg *leg)
{
  /* The mixer's thread may have to tell whom it waits for. */
  if (!leg->waiting)
    g_cond_broadcast (&self->cond);
  leg->waiting = TRUE;
  g_cond_wait (&self->cond, &self->lock);
}

/* Waits for the slowest leg, or for the clock. What is recorded now never waits.
 * @running_time: of the next sample, or %GST_CLOCK_TIME_NONE */
static void
wait_for_others_locked (GstEkascribeMixer    *self,
                        GstEkascribeMixerLeg *leg,
                        GstClockTime          running_time)
{
  GstClockTime latency;

  while (!self->halted && !leg->flushing && !leg->hurried && !leg->left &&
         !leg->live && self->flow == GST_FLOW_OK) {
    gint64 lead = 0;

    if (is_live_locked (self, &latency) &&
        GST_CLOCK_TIME_IS_VALID (running_time)) {
      g_mutex_unlock (&self->lock);
      lead = get_lead (self, running_time);
      g_mutex_lock (&self->lock);
    }
    if (lead > 0)
      g_cond_wait_until (&self->cond, &self->lock,
                         g_get_monotonic_time () +
                             MIN (lead, G_TIME_SPAN_SECOND));
    else if (is_too_far_locked (self, leg))
      wait_for_leg_locked (self, leg);
    else
      break;
  }
  leg->waiting = FALSE;
  leg->heard_at = g_get_monotonic_time ();
}

static void
push_samples_locked (GstEkascribeMixer    *self,
                     GstEkascribeMixerLeg *leg,
                     GstBuffer            *buffer,
                     GstClockTime          running_time)
{
  GstMapInfo map;
  g_autofree gint16 *swapped = NULL;
  const gint16 *samples;
  guint n, i;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  n = map.size / GST_EKASCRIBE_MIXER_BPS;
  samples = (const gint16 *) (gconstpointer) map.data;
  if (G_BYTE_ORDER == G_BIG_ENDIAN) {
    swapped = g_new (gint16, n);
    for (i = 0; i < n; i++)
      swapped[i] = GINT16_FROM_LE (samples[i]);
    samples = swapped;
  }
  eka_mix_push (self->mix, leg->number,
                GST_CLOCK_TIME_IS_VALID (running_time) ? running_time
                                                       : EKA_MIX_NO_TIME,
                samples, n, GST_BUFFER_IS_DISCONT (buffer));
  gst_buffer_unmap (buffer, &map);
}

static GstClockTime
get_running_time (const GstEkascribeMixerLeg *leg,
                  GstClockTime                time)
{
  if (leg->segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (time))
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (&leg->segment, GST_FORMAT_TIME, time);
}

static GstFlowReturn
leg_chain (GstPad    *pad,
           GstObject *parent,
           GstBuffer *buffer)
{
  GstEkascribeMixer *self = GST_EKASCRIBE_MIXER (parent);
  GstEkascribeMixerLeg *leg = get_leg (pad);
  GstFlowReturn ret = GST_FLOW_OK;
  GstClockTime running_time, now;

  /* Only this thread writes to the segment. */
  if (leg->segment.format == GST_FORMAT_TIME)
    buffer = gst_audio_buffer_clip (buffer, &leg->segment, EKA_MIX_RATE,
                                    GST_EKASCRIBE_MIXER_BPS);
  if (buffer == NULL)
    return GST_FLOW_OK;
  running_time = get_running_time (leg, GST_BUFFER_PTS (buffer));
  now = gst_element_get_current_running_time (GST_ELEMENT (self));
  g_mutex_lock (&self->lock);
  begin_leg_locked (self, leg);
  leg->given = TRUE;
  if (leg->live && GST_CLOCK_TIME_IS_VALID (now))
    eka_mix_set_now (self->mix, now);
  wait_for_others_locked (self, leg, running_time);
  if (self->halted || leg->flushing)
    ret = GST_FLOW_FLUSHING;
  else
    ret = self->flow;
  if (ret == GST_FLOW_OK)
    push_samples_locked (self, leg, buffer, running_time);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  gst_buffer_unref (buffer);
  return ret;
}

static void
take_gap (GstEkascribeMixer    *self,
          GstEkascribeMixerLeg *leg,
          GstEvent             *event)
{
  GstClockTime start, duration, running_time;

  gst_event_parse_gap (event, &start, &duration);
  running_time = get_running_time (leg, start);
  if (!GST_CLOCK_TIME_IS_VALID (running_time))
    return;
  g_mutex_lock (&self->lock);
  begin_leg_locked (self, leg);
  leg->given = TRUE;
  wait_for_others_locked (self, leg, running_time);
  if (!leg->flushing)
    eka_mix_gap (self->mix, leg->number, running_time,
                 GST_CLOCK_TIME_IS_VALID (duration) ? duration
                                                    : EKA_MIX_NO_TIME);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
set_flushing (GstEkascribeMixer    *self,
              GstEkascribeMixerLeg *leg,
              gboolean              flushing)
{
  g_mutex_lock (&self->lock);
  leg->flushing = flushing;
  if (!flushing) {
    /* What came stays; the clock begins anew. */
    if (leg->numbered)
      eka_mix_restart_leg (self->mix, leg->number);
    unend_leg_locked (self, leg);
  }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  if (!flushing)
    gst_segment_init (&leg->segment, GST_FORMAT_UNDEFINED);
}

static void
take_caps (GstEkascribeMixer    *self,
           GstEkascribeMixerLeg *leg)
{
  g_mutex_lock (&self->lock);
  begin_leg_locked (self, leg);
  g_mutex_unlock (&self->lock);
}

/* Another stream may follow on an end, without a flush. */
static void
take_stream (GstEkascribeMixer    *self,
             GstEkascribeMixerLeg *leg)
{
  g_mutex_lock (&self->lock);
  if (leg->ended && leg->numbered)
    eka_mix_restart_leg (self->mix, leg->number);
  unend_leg_locked (self, leg);
  g_mutex_unlock (&self->lock);
}

static void
take_eos (GstEkascribeMixer    *self,
          GstEkascribeMixerLeg *leg,
          GstEvent             *event)
{
  g_mutex_lock (&self->lock);
  self->seqnum = gst_event_get_seqnum (event);
  end_leg_locked (self, leg);
  g_mutex_unlock (&self->lock);
}

/* Nothing of a leg goes through: the mix is a stream of its own. */
static gboolean
leg_event (GstPad    *pad,
           GstObject *parent,
           GstEvent  *event)
{
  GstEkascribeMixer *self = GST_EKASCRIBE_MIXER (parent);
  GstEkascribeMixerLeg *leg = get_leg (pad);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      set_flushing (self, leg,
                    GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START);
      break;
    case GST_EVENT_STREAM_START:
      take_stream (self, leg);
      break;
    case GST_EVENT_CAPS:
      take_caps (self, leg);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &leg->segment);
      ask_latency (self, leg);
      break;
    case GST_EVENT_GAP:
      take_gap (self, leg, event);
      break;
    case GST_EVENT_EOS:
      take_eos (self, leg, event);
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* Whether a pad that has a source is still to say what comes from there. Not for
 * ever. */
gboolean
gst_ekascribe_mixer_awaits_leg_locked (GstEkascribeMixer *self)
{
  GstClockTime latency;
  GList *l;

  for (l = self->legs; l != NULL; l = l->next) {
    const GstEkascribeMixerLeg *leg = l->data;

    if (!leg->numbered && !leg->ended)
      break;
  }
  if (l == NULL)
    return FALSE;
  if (is_live_locked (self, &latency))
    self->start_until =
        MIN (self->start_until,
             g_get_monotonic_time () + LONGEST_LIVE_START);
  return g_get_monotonic_time () < self->start_until;
}

/* Whether a leg has nothing while others can't go on without it. What is recorded
 * now is not waited for, and one that gave something may well go on.
 * @since: (inout): monotonic time from which on it may be so */
static gboolean
is_waited_for_locked (GstEkascribeMixer    *self,
                      GstEkascribeMixerLeg *leg,
                      gint64               *since)
{
  gboolean waited = FALSE, alone = TRUE;
  GList *l;

  if (leg->ended || leg->live || leg->missed || leg->waiting)
    return FALSE;
  for (l = self->legs; l != NULL; l = l->next) {
    const GstEkascribeMixerLeg *other = l->data;

    waited = waited || other->waiting;
    alone = alone && (other == leg || other->ended);
  }
  if (alone && !leg->given) {
    *since = MAX (*since, self->ended_at);
    return TRUE;
  }
  return waited && leg->numbered &&
         eka_mix_get_ahead (self->mix, leg->number) == 0;
}

static gboolean
is_playing (GstEkascribeMixer *self)
{
  gboolean playing;

  GST_OBJECT_LOCK (self);
  playing = GST_STATE (self) == GST_STATE_PLAYING;
  GST_OBJECT_UNLOCK (self);
  return playing;
}

/* Looks for a leg that all wait for without end. @until: (inout): monotonic time when
 * to look again at the latest. Returns: (transfer full) (nullable): its pad */
GstPad *
gst_ekascribe_mixer_find_missed_locked (GstEkascribeMixer *self,
                                        gint64            *until)
{
  const gint64 now = g_get_monotonic_time ();
  GList *l;

  /* Then all sources may have stopped. */
  if (!is_playing (self))
    self->silent_from = now;
  for (l = self->legs; l != NULL; l = l->next) {
    GstEkascribeMixerLeg *leg = l->data;
    gint64 due = MAX (leg->heard_at, self->silent_from);

    if (!is_waited_for_locked (self, leg, &due))
      continue;
    due += self->longest_silence;
    leg->missed = due <= now;
    if (leg->missed)
      return gst_object_ref (leg->pad);
    *until = MIN (*until, due);
  }
  return NULL;
}

gboolean
gst_ekascribe_mixer_is_any_left_locked (GstEkascribeMixer *self)
{
  GList *l;

  for (l = self->legs; l != NULL; l = l->next) {
    if (((GstEkascribeMixerLeg *) l->data)->left)
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_ekascribe_mixer_have_all_ended_locked (GstEkascribeMixer *self)
{
  GList *l;

  for (l = self->legs; l != NULL; l = l->next) {
    if (!((GstEkascribeMixerLeg *) l->data)->ended)
      return FALSE;
  }
  return TRUE;
}

/**
 * gst_ekascribe_mixer_add_leg:
 * @self: a mixer
 * @channel: where the leg goes to: 0, or 1 where the mix has two
 *
 * The mix waits for it: for as long as the slowest may take where its source is
 * live, for its end elsewhere; and for its caps a few seconds.
 *
 * Returns: (transfer full): a pad that takes it
 */
GstPad *
gst_ekascribe_mixer_add_leg (GstEkascribeMixer *self,
                             guint              channel)
{
  GstEkascribeMixerLeg *leg = g_new0 (GstEkascribeMixerLeg, 1);
  g_autofree gchar *name = NULL;

  g_mutex_lock (&self->lock);
  name = g_strdup_printf ("leg_%u", self->next_pad++);
  g_mutex_unlock (&self->lock);
  leg->pad = gst_pad_new_from_static_template (
      &gst_ekascribe_mixer_leg_template, name);
  leg->channel = channel;
  gst_segment_init (&leg->segment, GST_FORMAT_UNDEFINED);
  gst_pad_set_element_private (leg->pad, leg);
  gst_pad_set_chain_function (leg->pad, leg_chain);
  gst_pad_set_event_function (leg->pad, leg_event);
  g_mutex_lock (&self->lock);
  self->legs = g_list_append (self->legs, leg);
  leg->heard_at = g_get_monotonic_time ();
  self->start_until = leg->heard_at + LONGEST_START;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  gst_object_ref (leg->pad);
  gst_pad_set_active (leg->pad, TRUE);
  gst_element_add_pad (GST_ELEMENT (self), leg->pad);
  return leg->pad;
}

/**
 * gst_ekascribe_mixer_expect:
 * @self: a mixer
 * @latency: of the slowest live source that may begin yet, in ns; or 0
 *
 * Where anything is recorded now, the mix stays so far behind, so that what begins
 * has its place.
 */
void
gst_ekascribe_mixer_expect (GstEkascribeMixer *self,
                            GstClockTime       latency)
{
  g_mutex_lock (&self->lock);
  self->expected = latency;
  update_patience_locked (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_hurry_leg:
 * @self: a mixer
 * @pad: a leg that is about to be removed
 *
 * What comes on @pad from now on does not wait for others.
 */
void
gst_ekascribe_mixer_hurry_leg (GstEkascribeMixer *self,
                               GstPad            *pad)
{
  g_mutex_lock (&self->lock);
  get_leg (pad)->hurried = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_end_leg:
 * @self: a mixer
 * @pad: a leg
 *
 * Says that nothing comes on @pad any more, unless something does.
 */
void
gst_ekascribe_mixer_end_leg (GstEkascribeMixer *self,
                             GstPad            *pad)
{
  g_mutex_lock (&self->lock);
  end_leg_locked (self, get_leg (pad));
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_leave_leg:
 * @self: a mixer
 * @pad: a leg
 *
 * Says that the source of @pad has gone. What is on its way is mixed in its place, for
 * which the others wait; but the thread that may still be there does not, nor the
 * mixer's, from which it comes.
 */
void
gst_ekascribe_mixer_leave_leg (GstEkascribeMixer *self,
                               GstPad            *pad)
{
  g_mutex_lock (&self->lock);
  get_leg (pad)->left = TRUE;
  get_leg (pad)->ended = TRUE;
  self->ended_at = g_get_monotonic_time ();
  self->pour_after = 0;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_is_leg_left:
 * @self: a mixer
 * @pad: a leg
 *
 * Returns: whether gst_ekascribe_mixer_leave_leg() was called, and
 *   gst_ekascribe_mixer_return_leg() wasn't since
 */
gboolean
gst_ekascribe_mixer_is_leg_left (GstEkascribeMixer *self,
                                 GstPad            *pad)
{
  gboolean left;

  g_mutex_lock (&self->lock);
  left = get_leg (pad)->left;
  g_mutex_unlock (&self->lock);
  return left;
}

/**
 * gst_ekascribe_mixer_return_leg:
 * @self: a mixer
 * @pad: a leg that is left
 *
 * Says that all has come that was on its way: it has ended, until another source
 * gives something.
 */
void
gst_ekascribe_mixer_return_leg (GstEkascribeMixer *self,
                                GstPad            *pad)
{
  GstEkascribeMixerLeg *leg = get_leg (pad);

  g_mutex_lock (&self->lock);
  leg->left = FALSE;
  /* For EkaMix it is still to end. */
  leg->ended = FALSE;
  end_leg_locked (self, leg);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mixer_remove_leg:
 * @self: a mixer
 * @pad: (transfer full): a leg on which no thread is
 *
 * What it gave is mixed.
 */
void
gst_ekascribe_mixer_remove_leg (GstEkascribeMixer *self,
                                GstPad            *pad)
{
  GstEkascribeMixerLeg *leg = get_leg (pad);

  gst_pad_set_active (pad, FALSE);
  g_mutex_lock (&self->lock);
  if (leg->numbered)
    eka_mix_remove_leg (self->mix, leg->number);
  self->legs = g_list_remove (self->legs, leg);
  update_patience_locked (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  gst_pad_set_element_private (pad, NULL);
  gst_element_remove_pad (GST_ELEMENT (self), pad);
  gst_object_unref (pad);
  g_free (leg);
}

/**
 * gst_ekascribe_mixer_drain:
 * @self: a mixer
 * @pad: (nullable): a leg whose thread waits
 *
 * Has all mixed that is there, whoever is behind, and waits until it was pushed and
 * the thread has obeyed. Nothing happens where it has obeyed meanwhile: what has come
 * since may well wait for the others. The wait ends early where @pad is flushed or
 * about to go or the mixer is halted. Not to be called on the mixer's thread.
 *
 * Returns: %FALSE where @pad was flushed
 */
gboolean
gst_ekascribe_mixer_drain (GstEkascribeMixer *self,
                           GstPad            *pad)
{
  const GstEkascribeMixerLeg *leg = pad != NULL ? get_leg (pad) : NULL;
  gboolean good;
  guint drain;

  g_mutex_lock (&self->lock);
  drain = ++self->drains;
  g_cond_broadcast (&self->cond);
  while ((gint) (self->drained - drain) < 0 && !self->halted &&
         !(leg != NULL && (leg->flushing || leg->hurried)))
    g_cond_wait (&self->cond, &self->lock);
  good = leg == NULL || !leg->flushing;
  g_mutex_unlock (&self->lock);
  return good;
}
