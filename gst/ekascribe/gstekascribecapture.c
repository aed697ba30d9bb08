/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "gstekascriberecordingprivate.h"

#include <string.h>

#include "gstekascribelabels.h"
#include "gstekascribemessages.h"
#include "scribe/secret.h"

/* The side of a recording that the streaming thread sees. */

/**
 * gst_ekascribe_recording_set_language:
 * @self: a run
 * @pad: who says so, to be told from others
 * @language: (nullable): ISO 639-1 code of the stream
 *
 * Holds for sessions that start from now on. Of several pads the first one that
 * says anything is believed, until it goes.
 */
void
gst_ekascribe_recording_set_language (GstEkascribeRecording *self,
                                      gconstpointer          pad,
                                      const gchar           *language)
{
  g_mutex_lock (&self->lock);
  if (self->language_pad == NULL || self->language_pad == pad) {
    self->language_pad = pad;
    g_free (self->language);
    self->language = g_strdup (language);
  }
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_forget_pad:
 * @self: a run
 * @pad: one that goes
 *
 * What it said of its language holds until another one says something else.
 */
void
gst_ekascribe_recording_forget_pad (GstEkascribeRecording *self,
                                    gconstpointer          pad)
{
  g_mutex_lock (&self->lock);
  if (self->language_pad == pad)
    self->language_pad = NULL;
  g_mutex_unlock (&self->lock);
}

/* Whether to tell that the application says itself who is heard. What the properties
 * say is for the first recording. */
gboolean
gst_ekascribe_recording_note_clash_locked (GstEkascribeRecording *self)
{
  const EkaSettings *settings =
      self->chain != NULL ? self->chain->settings : self->config->settings;

  if (self->legs == NULL || self->clash_told ||
      (self->chain == NULL && self->introduced))
    return FALSE;
  self->clash_told = gst_ekascribe_labels_clash (settings->additional_data);
  return self->clash_told;
}

/**
 * gst_ekascribe_recording_set_legs:
 * @self: a run
 * @legs: (nullable): who is heard on which pad, as JSON
 *
 * Holds for sessions that start from now on.
 *
 * Returns: %FALSE, once for each recording, where the application's own data has such
 *   a member, which stays
 */
gboolean
gst_ekascribe_recording_set_legs (GstEkascribeRecording *self,
                                  const gchar           *legs)
{
  gboolean clash;

  g_mutex_lock (&self->lock);
  g_free (self->legs);
  self->legs = g_strdup (legs);
  clash = gst_ekascribe_recording_note_clash_locked (self);
  g_mutex_unlock (&self->lock);
  return !clash;
}

/* Whether nobody wants the audio that comes. */
static gboolean
is_discarded_locked (GstEkascribeRecording *self)
{
  return self->chain != NULL && self->chain->discarded;
}

static void
start_part_locked (GstEkascribeRecording *self,
                   GstEkascribePart      *part,
                   GstClockTime           running_time)
{
  if (part->started)
    return;
  part->running_time = running_time;
  gst_ekascribe_recording_start_session_locked (self, part);
}

/**
 * gst_ekascribe_recording_is_full:
 * @self: a run
 * @duration: of the next packet, in ns
 *
 * A stream can't take back what was sent: the session that it belongs to ends
 * with the packet of before.
 *
 * Returns: whether what comes is to be cut from what came, for it goes to
 *   another session
 */
gboolean
gst_ekascribe_recording_is_full (GstEkascribeRecording *self,
                                 GstClockTime           duration)
{
  const GstEkascribePart *part;
  gboolean full;

  g_mutex_lock (&self->lock);
  part = self->current;
  full = part != NULL && part->feed != NULL && part->streamed > 0 &&
         (part->roll_wanted ||
          (self->max_session_duration != 0 &&
           part->streamed + duration > self->max_session_duration));
  g_mutex_unlock (&self->lock);
  return full;
}

static void
stream_locked (GstEkascribePart *part,
               const EkaPacket  *packet,
               gboolean          pcm,
               GstClockTime      duration)
{
  if (part->feed == NULL)
    return;
  if (!pcm) {
    part->chain->chunked = TRUE;
    g_clear_pointer (&part->feed, eka_feed_unref);
    eka_session_forgo_stream (part->session,
                              "There was no time to decode the audio");
    return;
  }
  part->streamed += duration;
  /* A part of a sample is left out of chunks, too. */
  if (eka_feed_push (part->feed, packet->data, packet->size & ~(gsize) 1))
    eka_session_audio_added (part->session);
}

/**
 * gst_ekascribe_recording_add_packet:
 * @self: a run
 * @packet: a packet that was taken
 * @chunker: what has taken it
 * @pcm: it can be streamed
 * @duration: its length in ns
 *
 * Says that audio has come: the first packet starts a session, and one after
 * the end of a session another session. Where the session streams it gets the
 * packet now.
 *
 * Returns: GST_FLOW_ERROR where the run has failed, which was told
 */
GstFlowReturn
gst_ekascribe_recording_add_packet (GstEkascribeRecording *self,
                                    const EkaPacket       *packet,
                                    EkaChunker            *chunker,
                                    gboolean               pcm,
                                    GstClockTime           duration)
{
  GstEkascribePart *part;
  gboolean failed;

  g_mutex_lock (&self->lock);
  failed = self->failed;
  self->packets++;
  self->bytes_in += packet->size;
  self->duration += duration;
  if (!failed && !is_discarded_locked (self)) {
    part = gst_ekascribe_recording_ensure_part_locked (self);
    start_part_locked (self, part, packet->running_time);
    gst_ekascribe_recording_journal_locked (self, part, packet, chunker);
    stream_locked (part, packet, pcm, duration);
  }
  g_mutex_unlock (&self->lock);
  return failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

/**
 * gst_ekascribe_recording_add_filled:
 * @self: a run
 * @duration: of silence in place of audio that did not come, in ns
 */
void
gst_ekascribe_recording_add_filled (GstEkascribeRecording *self,
                                    GstClockTime           duration)
{
  g_mutex_lock (&self->lock);
  self->filled += duration;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_add_damaged:
 * @self: a run
 * @whole: nothing of the packet was taken
 *
 * Returns: whether this was the first one
 */
gboolean
gst_ekascribe_recording_add_damaged (GstEkascribeRecording *self,
                                     gboolean               whole)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  self->packets += whole;
  first = self->packets_damaged++ == 0;
  g_mutex_unlock (&self->lock);
  return first;
}

static void
fail_doomed (GstEkascribeRecording *self,
             const gchar           *session_id,
             const GError          *doom)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);

  if (element != NULL)
    gst_ekascribe_post_error (element, doom, session_id);
  gst_ekascribe_recording_mark_failed (self);
}

/**
 * gst_ekascribe_recording_fail:
 * @self: a run
 * @error: why the recording can't go on
 *
 * Posts it as ERROR. What was put goes its way.
 */
void
gst_ekascribe_recording_fail (GstEkascribeRecording *self,
                              const GError          *error)
{
  fail_doomed (self, NULL, error);
}

/* A stream that has not taken what is dropped would have a hole; and it would keep
 * in memory what is to go. */
static void
forgo_streams_locked (GstEkascribeRecording *self)
{
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->feed == NULL || part->state >= EKA_SESSION_ENDING)
      continue;
    part->chain->chunked = TRUE;
    eka_feed_close (part->feed);
    g_clear_pointer (&part->feed, eka_feed_unref);
    eka_session_forgo_stream (part->session,
                              "Memory is full, and the stream did not take the "
                              "audio in time");
  }
}

/* Where room has to be made at the cost of audio, for the pipeline can't wait. */
static void
drop_for (GstEkascribeRecording *self,
          EkaChunk              *chunk)
{
  g_autoptr (GstElement) element = NULL;
  g_autofree gchar *text = NULL;
  EkaBudgetLoss loss;
  gboolean told;

  eka_budget_force_room (self->budget, chunk, &loss);
  if (loss.chunks == 0)
    return;
  g_mutex_lock (&self->lock);
  forgo_streams_locked (self);
  told = self->dropping;
  self->dropping = TRUE;
  g_mutex_unlock (&self->lock);
  element = told ? NULL : g_weak_ref_get (&self->element);
  if (element == NULL)
    return;
  text = g_strdup_printf (
      "The uplink is down or too slow, and memory is full (twice "
      "max-size-bytes, %" G_GUINT64_FORMAT ", or max-size-time): the oldest "
      "audio that was not sent is dropped, %.1f s so far; stats counts it as "
      "time-lost.",
      self->config->max_size_bytes, loss.duration / (gdouble) GST_SECOND);
  gst_ekascribe_post_loss (element, FALSE, EKA_SCRIBE_ERROR_LOST, NULL, NULL,
                           text);
}

/* Room is short: has every session find out what the service has for sure. */
static void
ask_for_room (GstEkascribeRecording *self)
{
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (!part->done)
      eka_session_make_room (part->session);
  }
  g_mutex_unlock (&self->lock);
}

/* Why a wait for room was cut short: GST_FLOW_OK where that is over already, or
 * room is needed no more. */
static GstFlowReturn
judge_interruption (GstEkascribeRecording *self)
{
  g_autofree gchar *session_id = NULL;
  g_autoptr (GError) doom = NULL;
  GstFlowReturn ret = GST_FLOW_OK;
  GstEkascribePart *doomed;

  g_mutex_lock (&self->lock);
  doomed = gst_ekascribe_recording_find_doomed_locked (self);
  if (self->failed) {
    ret = GST_FLOW_ERROR;
  } else if (is_discarded_locked (self)) {
    ret = GST_FLOW_OK;
  } else if (doomed != NULL) {
    session_id = g_strdup (doomed->session_id);
    doom = g_error_copy (doomed->adrift ? doomed->failure : doomed->doom);
    ret = GST_FLOW_ERROR;
  } else if (self->flushing) {
    ret = GST_FLOW_FLUSHING;
  }
  g_mutex_unlock (&self->lock);
  if (doom != NULL)
    fail_doomed (self, session_id, doom);
  return ret;
}

static GstFlowReturn
wait_for_room (GstEkascribeRecording *self,
               EkaChunk              *chunk)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (ret == GST_FLOW_OK &&
         !gst_ekascribe_recording_is_discarded (self) &&
         !eka_budget_wait_for_room (self->budget, chunk))
    ret = judge_interruption (self);
  return ret;
}

static gboolean
is_alone_locked (GstEkascribeRecording  *self,
                 const GstEkascribePart *part)
{
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    const GstEkascribePart *other = g_ptr_array_index (self->parts, i);

    if (other != part && !other->done)
      return FALSE;
  }
  return TRUE;
}

/* A stream is kept until its results are there: to make room its session has to
 * end, and the recording goes on in another one. A live pipeline does that while
 * no other session is about to make room.
 *
 * Returns: whether it will */
static gboolean
roll_for_room (GstEkascribeRecording *self,
               gboolean               live)
{
  GstEkascribePart *part;
  gboolean rolls;

  g_mutex_lock (&self->lock);
  part = self->current;
  rolls = part != NULL && part->feed != NULL && part->doom == NULL &&
          part->chunks > 0 &&
          (!live || is_alone_locked (self, part));
  if (rolls)
    part->roll_wanted = TRUE;
  g_mutex_unlock (&self->lock);
  return rolls;
}

static GstFlowReturn
make_room (GstEkascribeRecording *self,
           EkaChunk              *chunk,
           gboolean               live)
{
  if (eka_budget_make_room (self->budget, chunk)) {
    g_mutex_lock (&self->lock);
    self->dropping = FALSE;
    g_mutex_unlock (&self->lock);
    return GST_FLOW_OK;
  }
  ask_for_room (self);
  if (roll_for_room (self, live))
    return GST_FLOW_OK;
  if (!live)
    return wait_for_room (self, chunk);
  drop_for (self, chunk);
  return GST_FLOW_OK;
}

/* The next session begins with @chunk where it would be too much for this one.
 */
static GstEkascribePart *
choose_part_locked (GstEkascribeRecording *self,
                    EkaChunk              *chunk)
{
  GstEkascribePart *part = gst_ekascribe_recording_ensure_part_locked (self);
  const GstClockTime length = chunk->duration + chunk->pre_roll;

  if (self->max_session_duration != 0 && part->feed == NULL &&
      part->chunks > 0 && part->length + length > self->max_session_duration) {
    gst_ekascribe_recording_roll_over_locked (self, part, NULL);
    part = gst_ekascribe_recording_ensure_part_locked (self);
  }
  start_part_locked (self, part, chunk->running_time);
  part->length += length;
  part->chunks++;
  return part;
}

/* What comes for a session that has failed can be kept on disk only: that was told,
 * and will be again at its end. */
static void
put_locked (GstEkascribeRecording *self,
            EkaChunk              *chunk,
            EkaChunkerState      **state)
{
  GstEkascribePart *part = choose_part_locked (self, chunk);

  if (part->over && !(part->adrift && part->equipped)) {
    part->lost += chunk->duration;
    self->chunks_dropped++;
    self->dropped += chunk->duration;
    return;
  }
  gst_ekascribe_recording_keep_locked (self, part, chunk, state);
  if (part->feed != NULL)
    eka_feed_cut (part->feed, chunk);
  gst_ekascribe_recording_say_chunk_locked (self, part);
}

/**
 * gst_ekascribe_recording_put:
 * @self: a run that has got a packet
 * @chunk: (transfer none): what was made of it
 * @state: (inout) (transfer full) (nullable): what the chunker held then; %NULL
 *   afterwards if it was of use
 * @live: the pipeline can't wait
 *
 * Hands @chunk over to the session that records. Where there is no room it
 * waits, unless @live: then older audio has to go, which is told.
 *
 * Returns: GST_FLOW_FLUSHING where the wait was interrupted and @chunk is to be
 *   put again; GST_FLOW_ERROR where the run has failed, which was told
 */
GstFlowReturn
gst_ekascribe_recording_put (GstEkascribeRecording *self,
                             EkaChunk              *chunk,
                             EkaChunkerState      **state,
                             gboolean               live)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!gst_ekascribe_recording_is_discarded (self))
    ret = make_room (self, chunk, live);
  if (ret != GST_FLOW_OK)
    return ret;
  gst_ekascribe_recording_put_rest (self, chunk, state);
  return GST_FLOW_OK;
}

/**
 * gst_ekascribe_recording_put_rest:
 * @self: a run that has got a packet
 * @chunk: (transfer none): what was made of it
 * @state: (inout) (transfer full) (nullable): as in gst_ekascribe_recording_put()
 *
 * As gst_ekascribe_recording_put(), whether there is room or not.
 */
void
gst_ekascribe_recording_put_rest (GstEkascribeRecording *self,
                                  EkaChunk              *chunk,
                                  EkaChunkerState      **state)
{
  g_mutex_lock (&self->lock);
  self->chunks++;
  if (!is_discarded_locked (self))
    put_locked (self, chunk, state);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_roll_over:
 * @self: a run
 *
 * Says that what comes from now on can't go to the session that records.
 */
void
gst_ekascribe_recording_roll_over (GstEkascribeRecording *self)
{
  g_mutex_lock (&self->lock);
  if (self->current != NULL)
    gst_ekascribe_recording_roll_over_locked (self, self->current, NULL);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_set_flushing:
 * @self: a run
 * @flushing: whether nobody may wait for room
 */
void
gst_ekascribe_recording_set_flushing (GstEkascribeRecording *self,
                                      gboolean               flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  gst_ekascribe_recording_update_flushing_locked (self);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_retry:
 * @self: a run
 *
 * Says that what failed may go well now; see eka_session_retry().
 */
void
gst_ekascribe_recording_retry (GstEkascribeRecording *self)
{
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (!part->done)
      eka_session_retry (part->session);
  }
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_set_token:
 * @self: a run
 * @value: a bearer token, for all calls from now on
 *
 * Returns: %FALSE, and nothing happens, where @value can be none
 */
gboolean
gst_ekascribe_recording_set_token (GstEkascribeRecording *self,
                                   const gchar           *value)
{
  g_autofree gchar *trimmed = g_strstrip (g_strdup (value));
  gboolean good = eka_secret_is_credential (trimmed);

  explicit_bzero (trimmed, strlen (trimmed));
  if (!good)
    return FALSE;
  eka_token_set_value (self->config->settings->token, value);
  gst_ekascribe_recording_retry (self);
  return TRUE;
}

/**
 * gst_ekascribe_recording_discard:
 * @self: a run
 *
 * Forgets the recording that goes on, or else the last one if it has no results
 * yet: its sessions are cancelled on the service. Audio that still comes is not
 * taken until the stream has ended.
 *
 * Returns: %FALSE where there is nothing to be forgotten
 */
gboolean
gst_ekascribe_recording_discard (GstEkascribeRecording *self)
{
  GstEkascribeChain *chain;
  gboolean found = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  chain = self->chain;
  for (i = self->parts->len; chain == NULL && i > 0; i--) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i - 1);

    if (!part->done)
      chain = part->chain;
  }
  if (chain != NULL && !chain->discarded) {
    chain->discarded = TRUE;
    found = TRUE;
  }
  if (found && chain == self->chain)
    gst_ekascribe_recording_end_journal_locked (self);
  for (i = 0; found && i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain == chain && !part->done) {
      part->finished = TRUE;
      gst_ekascribe_recording_end_drift_locked (self, part);
      eka_session_discard (part->session);
    }
  }
  if (found && chain == self->chain) {
    /* It was about who the properties tell of, though no audio may have come. */
    self->introduced = TRUE;
    self->current = NULL;
    gst_ekascribe_recording_update_flushing_locked (self);
    g_cond_broadcast (&self->cond);
  }
  g_mutex_unlock (&self->lock);
  return found;
}

/**
 * gst_ekascribe_recording_is_discarded:
 * @self: a run
 *
 * Returns: whether nobody wants the audio that comes
 */
gboolean
gst_ekascribe_recording_is_discarded (GstEkascribeRecording *self)
{
  gboolean discarded;

  g_mutex_lock (&self->lock);
  discarded = is_discarded_locked (self);
  g_mutex_unlock (&self->lock);
  return discarded;
}
