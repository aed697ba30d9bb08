/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepacketsinkprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* Which packets are recorded, and where one session ends and the next one
 * begins. Every packet goes to one session at most, and none to a session of
 * before or after it: chunkers, and what they remember, end with their session. */

/* So long a new session waits for somebody to take a breath. */
#define PATIENCE (500 * GST_MSECOND)

/* So much is recorded from before the speech that begins a session: the onset is
 * found late. */
#define LEAD GST_SECOND

/* A packet that is recorded where somebody speaks soon. */
typedef struct
{
  GstBuffer *buffer;
  GBytes *bytes;
  EkaPacket packet; /* of @bytes */
  guint samples;
} Kept;

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  gst_buffer_unref (kept->buffer);
  g_bytes_unref (kept->bytes);
  g_free (kept);
}

static GstClockTime
get_duration (GstEkascribePacketSink *self,
              guint                   samples)
{
  return eka_codec_time_from_samples (&self->codec, samples);
}

/* --- what is left out ----------------------------------------------------- */

/* A decoder that begins behind this has nothing to hide. */
static void
leave_out (GstEkascribePacketSink *self,
           const EkaPacket        *packet,
           guint                   samples,
           gboolean                paused)
{
  self->packets++;
  self->midway = TRUE;
  eka_codec_measure_packet (&self->codec, packet->data, packet->size,
                            &self->measured, &samples);
  gst_ekascribe_recording_add_left_out (self->recording, paused,
                                        get_duration (self, samples));
}

static void
drop_first_kept (GstEkascribePacketSink *self)
{
  Kept *kept = g_queue_pop_head (&self->kept);

  self->kept_time -= get_duration (self, kept->samples);
  kept_free (kept);
}

static void
ignore_first_kept (GstEkascribePacketSink *self)
{
  const Kept *kept = g_queue_peek_head (&self->kept);

  self->midway = TRUE;
  gst_ekascribe_recording_add_left_out (self->recording, FALSE,
                                        get_duration (self, kept->samples));
  drop_first_kept (self);
}

/* Nobody has spoken, or it is not to be recorded any more. */
static void
ignore_kept (GstEkascribePacketSink *self)
{
  while (!g_queue_is_empty (&self->kept))
    ignore_first_kept (self);
}

/* --- ends and begins ------------------------------------------------------ */

/* All that was taken goes to the session that records, and nothing of it stays:
 * no pre-roll, no place in time. */
static GstFlowReturn
end_session (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!gst_ekascribe_packet_sink_drop_discarded (self))
    ret = gst_ekascribe_packet_sink_await_limits (self, FALSE);
  if (ret != GST_FLOW_OK)
    return ret;
  self->midway = self->midway || self->chunker != NULL;
  /* What comes next belongs to no part of this recording. */
  self->changed = FALSE;
  gst_ekascribe_packet_sink_drop_chunker (self);
  ret = gst_ekascribe_packet_sink_deliver (self);
  if (ret == GST_FLOW_FLUSHING)
    return ret;
  gst_ekascribe_ready_clear (&self->ready);
  self->parted = FALSE;
  gst_ekascribe_timeline_reset (&self->timeline);
  gst_ekascribe_recording_end_session (self->recording);
  self->ending = FALSE;
  return GST_FLOW_OK;
}

static void
begin_counting (GstEkascribePacketSink *self)
{
  self->lasted = 0;
  self->lasts_from = GST_CLOCK_TIME_NONE;
}

/* The session that @next is for begins, whatever came before. */
static GstFlowReturn
begin_next (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = end_session (self);

  if (ret != GST_FLOW_OK)
    return ret;
  gst_ekascribe_recording_begin_session (self->recording,
                                         g_steal_pointer (&self->next));
  gst_ekascribe_steering_set_undecided (self->steering, FALSE);
  self->spoke = FALSE;
  begin_counting (self);
  return GST_FLOW_OK;
}

static GstFlowReturn
end_in_silence (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = end_session (self);

  if (ret != GST_FLOW_OK)
    return ret;
  self->spoke = FALSE;
  begin_counting (self);
  gst_ekascribe_steering_session_ended (self->steering);
  return GST_FLOW_OK;
}

/* --- commands ------------------------------------------------------------- */

static GstFlowReturn
pause_session (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (self->chunker != NULL && !self->limits.whole) {
    eka_chunker_close (self->chunker);
    gst_ekascribe_packet_sink_collect (self);
    ret = gst_ekascribe_packet_sink_deliver (self);
  }
  if (ret == GST_FLOW_FLUSHING)
    return ret;
  self->timeline.broken = FALSE;
  gst_ekascribe_timeline_jump (&self->timeline);
  self->parted = TRUE;
  gst_ekascribe_recording_set_paused (self->recording, TRUE);
  return GST_FLOW_OK;
}

/* A session that records ends where it is quiet, which it may be already; there is
 * nothing to wait for where it takes no audio. */
static GstFlowReturn
plan_session (GstEkascribePacketSink *self,
              GstEkascribeCommand    *command)
{
  const GstEkascribeMode mode = gst_ekascribe_steering_get_mode (self->steering);

  gst_ekascribe_recording_set_paused (self->recording, FALSE);
  g_clear_pointer (&self->next, eka_settings_free);
  self->next = g_steal_pointer (&command->settings);
  self->next_waits = 0;
  self->next_due = mode.paused || mode.waiting || mode.listening ||
                   eka_speech_is_quiet (self->speech) ||
                   !gst_ekascribe_recording_has_audio (self->recording);
  gst_ekascribe_steering_set_undecided (self->steering, !self->next_due);
  return GST_FLOW_OK;
}

static GstFlowReturn
do_command (GstEkascribePacketSink *self,
            GstEkascribeCommand    *command)
{
  GstFlowReturn ret = gst_ekascribe_packet_sink_settle_kept (self);

  if (ret != GST_FLOW_OK)
    return ret;
  switch (command->order) {
    case GST_EKASCRIBE_ORDER_PAUSE:
      return pause_session (self);
    case GST_EKASCRIBE_ORDER_RESUME:
      gst_ekascribe_recording_set_paused (self->recording, FALSE);
      begin_counting (self);
      return GST_FLOW_OK;
    case GST_EKASCRIBE_ORDER_END_SESSION:
      ret = end_session (self);
      self->spoke = FALSE;
      begin_counting (self);
      return ret;
    case GST_EKASCRIBE_ORDER_NEW_SESSION:
      return plan_session (self, command);
    case GST_EKASCRIBE_ORDER_SETTLE:
      return GST_FLOW_OK;
  }
  return ret;
}

/* Where no packet decides that. */
static GstFlowReturn
settle_next (GstEkascribePacketSink *self)
{
  return self->next != NULL ? begin_next (self) : GST_FLOW_OK;
}

/* Does what the application has asked for, in the order in which it did.
 *
 * Returns: GST_FLOW_FLUSHING where that was interrupted: what is not done yet is
 *   done later */
GstFlowReturn
gst_ekascribe_packet_sink_run_commands (GstEkascribePacketSink *self)
{
  GstEkascribeCommand *command;
  GstFlowReturn ret = GST_FLOW_OK;

  while (ret == GST_FLOW_OK &&
         (command = gst_ekascribe_steering_peek (self->steering)) != NULL) {
    ret = settle_next (self);
    if (ret == GST_FLOW_OK)
      ret = do_command (self, command);
    if (ret == GST_FLOW_OK)
      gst_ekascribe_steering_finish (self->steering, command);
  }
  if (ret == GST_FLOW_OK && self->next != NULL && self->next_due)
    ret = begin_next (self);
  return ret;
}

/* The last packet has come: what was asked for is done, though no audio will
 * show it.
 *
 * Returns: GST_FLOW_FLUSHING where that was interrupted */
GstFlowReturn
gst_ekascribe_packet_sink_settle (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = gst_ekascribe_packet_sink_run_commands (self);

  if (ret == GST_FLOW_OK)
    ret = settle_next (self);
  return ret;
}

/* --- packets -------------------------------------------------------------- */

static void
listen_to (GstEkascribePacketSink *self,
           const EkaPacket        *packet)
{
  eka_speech_push_packet (self->speech, &self->codec, packet);
  self->spoke = self->spoke || eka_speech_is_active (self->speech);
}

/* By running time where that is known: a sender may leave silence out. */
static void
count_time (GstEkascribePacketSink *self,
            const EkaPacket        *packet,
            guint                   samples)
{
  const GstClockTime duration = get_duration (self, samples);

  self->lasted += duration;
  if (!GST_CLOCK_TIME_IS_VALID (packet->running_time))
    return;
  if (!GST_CLOCK_TIME_IS_VALID (self->lasts_from) ||
      self->lasts_from > packet->running_time)
    self->lasts_from = packet->running_time;
  self->lasted =
      MAX (self->lasted, packet->running_time - self->lasts_from + duration);
}

/* Where sessions follow each other by themselves one is not ended before
 * somebody has spoken in it: an empty room would be a chain of them. */
static gboolean
is_over (GstEkascribePacketSink *self)
{
  const GstClockTime limit =
      gst_ekascribe_recording_get_end_after_silence (self->recording);

  if (limit == 0 || self->saving ||
      (!self->spoke && gst_ekascribe_recording_starts_itself (self->recording)))
    return FALSE;
  return MIN (self->lasted, eka_speech_get_silence (self->speech)) >= limit;
}

static GstFlowReturn
record (GstEkascribePacketSink *self,
        GstBuffer              *buffer,
        EkaPacket              *packet,
        guint                   samples)
{
  GstFlowReturn ret =
      gst_ekascribe_packet_sink_record (self, buffer, packet, samples);

  if (ret != GST_FLOW_OK)
    return ret;
  count_time (self, packet, samples);
  self->ending = is_over (self);
  return self->ending ? end_in_silence (self) : GST_FLOW_OK;
}

static void
keep (GstEkascribePacketSink *self,
      GstBuffer              *buffer,
      const EkaPacket        *packet,
      guint                   samples)
{
  Kept *kept = g_new0 (Kept, 1);

  kept->buffer = gst_buffer_new ();
  gst_buffer_copy_into (kept->buffer, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
  kept->bytes = g_bytes_new (packet->data, packet->size);
  kept->packet = *packet;
  kept->packet.data = g_bytes_get_data (kept->bytes, NULL);
  kept->samples = samples;
  g_queue_push_tail (&self->kept, kept);
  self->kept_time += get_duration (self, samples);
  self->packets++;
}

/* A packet that was taken goes, though its push was interrupted. */
static GstFlowReturn
record_kept (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  Kept *kept;

  while (ret == GST_FLOW_OK &&
         (kept = g_queue_peek_head (&self->kept)) != NULL) {
    const guint64 before = self->packets;

    ret = record (self, kept->buffer, &kept->packet, kept->samples);
    if (ret == GST_FLOW_OK || self->packets != before)
      drop_first_kept (self);
  }
  return ret;
}

/* What is said before the last session ends, or in a pause, is not the beginning of
 * another one. */
static void
note_said (GstEkascribePacketSink *self,
           const GstEkascribeMode *mode)
{
  const GstClockTime spoken = eka_speech_get_spoken (self->speech);

  if (!mode->listening || mode->paused)
    self->said = spoken;
  else if (spoken < self->said)
    self->said = 0;
}

/* Nothing is recorded until somebody has spoken for long enough; then that is,
 * with what was before it. */
static GstFlowReturn
wait_for_speech (GstEkascribePacketSink *self,
                 GstBuffer              *buffer,
                 const EkaPacket        *packet,
                 guint                   samples)
{
  const GstClockTime wanted =
      gst_ekascribe_recording_get_start_on_speech (self->recording);
  const GstClockTime spoken =
      eka_speech_get_spoken (self->speech) - self->said;
  const Kept *first;

  keep (self, buffer, packet, samples);
  if (spoken > 0 && spoken >= wanted) {
    self->spoke = TRUE;
    begin_counting (self);
    gst_ekascribe_steering_session_began (self->steering);
    return record_kept (self);
  }
  while ((first = g_queue_peek_head (&self->kept)) != NULL &&
         self->kept_time > wanted + LEAD + get_duration (self, first->samples))
    ignore_first_kept (self);
  return GST_FLOW_OK;
}

/* Returns: whether the next session begins with a packet of so many @samples */
static gboolean
is_next_due (GstEkascribePacketSink *self,
             guint                   samples)
{
  if (self->next == NULL)
    return FALSE;
  self->next_waits += get_duration (self, samples);
  return self->next_due || eka_speech_is_quiet (self->speech) ||
         self->next_waits > PATIENCE ||
         gst_ekascribe_recording_is_discarded (self->recording);
}

/* Nobody wants it, up to the end of its session. */
static GstFlowReturn
discard (GstEkascribePacketSink *self,
         const EkaPacket        *packet,
         guint                   samples)
{
  gst_ekascribe_packet_sink_drop_discarded (self);
  ignore_kept (self);
  self->packets++;
  self->midway = TRUE;
  count_time (self, packet, samples);
  return is_over (self) ? end_in_silence (self) : GST_FLOW_OK;
}

/* Decides what becomes of @packet, of so many @samples, which is in @buffer, and
 * does it. */
GstFlowReturn
gst_ekascribe_packet_sink_sort (GstEkascribePacketSink *self,
                                GstBuffer              *buffer,
                                EkaPacket              *packet,
                                guint                   samples)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstEkascribeMode mode;

  listen_to (self, packet);
  if (is_next_due (self, samples))
    ret = begin_next (self);
  else if (self->ending)
    ret = end_in_silence (self);
  if (ret != GST_FLOW_OK)
    return ret;
  mode = gst_ekascribe_steering_get_mode (self->steering);
  note_said (self, &mode);
  if (gst_ekascribe_recording_is_discarded (self->recording))
    return discard (self, packet, samples);
  if (mode.paused || mode.waiting) {
    leave_out (self, packet, samples, mode.paused);
    return GST_FLOW_OK;
  }
  if (mode.listening)
    return wait_for_speech (self, buffer, packet, samples);
  if (g_queue_is_empty (&self->kept))
    return record (self, buffer, packet, samples);
  keep (self, buffer, packet, samples);
  return record_kept (self);
}

/* No packet comes that would decide on it: what was kept for a session that began
 * belongs to that.
 *
 * Returns: GST_FLOW_FLUSHING where that was interrupted */
GstFlowReturn
gst_ekascribe_packet_sink_settle_kept (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!gst_ekascribe_steering_get_mode (self->steering).listening)
    ret = record_kept (self);
  if (ret == GST_FLOW_FLUSHING)
    return ret;
  ignore_kept (self);
  return GST_FLOW_OK;
}

/* The audio goes on in another codec: what was kept can't be told in its
 * terms, and what the room sounds like is learnt anew. */
void
gst_ekascribe_packet_sink_forget_room (GstEkascribePacketSink *self)
{
  ignore_kept (self);
  eka_speech_reset (self->speech);
  self->said = 0;
}

/* Lets go of what is for sessions that do not come any more. */
void
gst_ekascribe_packet_sink_forget_plans (GstEkascribePacketSink *self)
{
  g_queue_clear_full (&self->kept, kept_free);
  self->kept_time = 0;
  g_clear_pointer (&self->next, eka_settings_free);
  gst_ekascribe_steering_set_undecided (self->steering, FALSE);
  self->next_due = FALSE;
  self->ending = FALSE;
  self->parted = FALSE;
  self->midway = FALSE;
  self->spoke = FALSE;
  begin_counting (self);
  eka_speech_reset (self->speech);
  self->said = 0;
}
