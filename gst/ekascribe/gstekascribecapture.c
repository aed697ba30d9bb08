/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"

/* The side of a recording that the streaming thread sees. */

/**
 * gst_ekascribe_recording_set_language:
 * @self: a run
 * @language: (nullable): ISO 639-1 code of the stream
 *
 * Holds for sessions that start from now on.
 */
void
gst_ekascribe_recording_set_language (GstEkascribeRecording *self,
                                      const gchar           *language)
{
  g_mutex_lock (&self->lock);
  g_free (self->language);
  self->language = g_strdup (language);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_get_max_chunk_duration:
 * @self: a run
 *
 * Returns: longest chunk in ns; discovery may lower it
 */
GstClockTime
gst_ekascribe_recording_get_max_chunk_duration (GstEkascribeRecording *self)
{
  GstClockTime duration;

  g_mutex_lock (&self->lock);
  duration = self->max_chunk_duration;
  g_mutex_unlock (&self->lock);
  return duration;
}

static void
start_part (GstEkascribeRecording *self,
            GstClockTime           running_time)
{
  g_autofree gchar *language = NULL;
  EkaSession *session;

  g_mutex_lock (&self->lock);
  self->current->started = TRUE;
  self->current->running_time = running_time;
  session = eka_session_ref (self->current->session);
  language = g_strdup (self->language);
  g_mutex_unlock (&self->lock);
  eka_session_start (session, language);
  eka_session_unref (session);
}

/**
 * gst_ekascribe_recording_add_packet:
 * @self: a run
 * @running_time: of the packet
 * @size: its bytes
 * @duration: its length in ns
 *
 * Says that audio has come: the first packet starts a session, and one after
 * the end of a session another session.
 *
 * Returns: GST_FLOW_ERROR where the run has failed, which was told
 */
GstFlowReturn
gst_ekascribe_recording_add_packet (GstEkascribeRecording *self,
                                    GstClockTime           running_time,
                                    gsize                  size,
                                    GstClockTime           duration)
{
  gboolean failed, open, start;

  g_mutex_lock (&self->lock);
  failed = self->failed;
  self->packets++;
  self->bytes_in += size;
  self->duration += duration;
  open = self->current == NULL;
  start = open || !self->current->started;
  if (!start)
    self->current->duration += duration;
  g_mutex_unlock (&self->lock);

  if (failed)
    return GST_FLOW_ERROR;
  if (open)
    gst_ekascribe_recording_open (self);
  if (start)
    start_part (self, running_time);
  return GST_FLOW_OK;
}

/**
 * gst_ekascribe_recording_add_damaged:
 * @self: a run
 *
 * Returns: whether this was the first one
 */
gboolean
gst_ekascribe_recording_add_damaged (GstEkascribeRecording *self)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  self->packets++;
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

static void
fail_overflow (GstEkascribeRecording *self,
               const gchar           *session_id,
               GstClockTime           lost)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  g_autofree gchar *text = g_strdup_printf (
      "The uplink is down or too slow: %.1f s of audio could not be kept "
      "within max-size-bytes (%" G_GUINT64_FORMAT ") and max-size-time.",
      lost / (gdouble) GST_SECOND, self->config->max_size_bytes);

  if (element != NULL)
    gst_ekascribe_post_loss (element, TRUE, EKA_SCRIBE_ERROR_LOST, NULL,
                             session_id, text);
  gst_ekascribe_recording_mark_failed (self);
}

/* What to do with a chunk that finds no room. GST_FLOW_OK: there is room now. */
static GstFlowReturn
make_room (GstEkascribeRecording *self,
           GstEkascribePart      *part,
           EkaChunk              *chunk,
           gboolean               live,
           GstClockTime           pending)
{
  g_autofree gchar *session_id = NULL;
  g_autoptr (GError) doom = NULL;

  if (!live && eka_outbox_wait_for_room (part->outbox, chunk))
    return GST_FLOW_OK;
  g_mutex_lock (&self->lock);
  session_id = g_strdup (part->session_id);
  if (part->doom != NULL)
    doom = g_error_copy (part->doom);
  g_mutex_unlock (&self->lock);
  if (doom != NULL) {
    fail_doomed (self, session_id, doom);
    return GST_FLOW_ERROR;
  }
  if (!live)
    return GST_FLOW_FLUSHING;
  fail_overflow (self, session_id, chunk->duration + pending);
  return GST_FLOW_ERROR;
}

/**
 * gst_ekascribe_recording_put:
 * @self: a run that has got a packet
 * @chunk: (transfer none): what was made of it
 * @live: the pipeline can't wait
 * @pending: audio that comes after @chunk, in ns
 *
 * Hands @chunk over to the session. Waits for room unless @live.
 *
 * Returns: GST_FLOW_FLUSHING where the wait was interrupted and @chunk is to be
 *   put again; GST_FLOW_ERROR where there is no room, which was told
 */
GstFlowReturn
gst_ekascribe_recording_put (GstEkascribeRecording *self,
                             EkaChunk              *chunk,
                             gboolean               live,
                             GstClockTime           pending)
{
  g_autoptr (GstEkascribePart) part = NULL;
  g_autoptr (EkaChunk) numbered = NULL;
  GstFlowReturn ret;
  guint index;

  g_mutex_lock (&self->lock);
  if (self->current != NULL)
    part = gst_ekascribe_part_ref (self->current);
  g_mutex_unlock (&self->lock);
  if (part == NULL)
    return GST_FLOW_ERROR;

  if (!eka_outbox_has_room (part->outbox, chunk)) {
    ret = make_room (self, part, chunk, live, pending);
    if (ret != GST_FLOW_OK)
      return ret;
  }
  g_mutex_lock (&self->lock);
  index = part->chunks++;
  self->chunks++;
  g_mutex_unlock (&self->lock);
  /* A chunker made for another codec begins to count anew. */
  numbered = index == chunk->index ?
                 eka_chunk_ref (chunk) :
                 eka_chunk_new (index, chunk->bytes, chunk->media_type,
                                chunk->extension, chunk->running_time,
                                chunk->duration, chunk->samples);
  eka_outbox_put (part->outbox, numbered);
  eka_session_chunk_added (part->session);
  return GST_FLOW_OK;
}

/* The session is not given up: audio may come yet, after a seek or on another
 * pad, and needs to know what the service can do. */
static void
discard_part (GstEkascribeRecording *self,
              GstEkascribePart      *part)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);

  if (element != NULL)
    gst_ekascribe_post_loss (element, FALSE, EKA_SCRIBE_ERROR_FAILED, NULL,
                             NULL,
                             "No audio came before the end of the stream, so "
                             "that no session was created.");
  g_mutex_lock (&self->lock);
  part->done = TRUE;
  part->state = EKA_SESSION_DISCARDED;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_end:
 * @self: a run whose last chunk was put
 *
 * Ends the session that records, if there is one. Without audio none is
 * created, and a warning says so.
 */
void
gst_ekascribe_recording_end (GstEkascribeRecording *self)
{
  g_autoptr (GstEkascribePart) part = NULL;
  gboolean started;

  g_mutex_lock (&self->lock);
  if (self->current != NULL)
    part = gst_ekascribe_part_ref (self->current);
  self->current = NULL;
  if (part != NULL)
    part->finished = TRUE;
  started = part != NULL && part->started;
  if (part != NULL && part->done)
    g_clear_pointer (&part, gst_ekascribe_part_unref);
  g_mutex_unlock (&self->lock);

  if (part == NULL)
    return;
  if (started)
    eka_session_finish (part->session);
  else
    discard_part (self, part);
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
  if (self->current != NULL)
    eka_outbox_set_flushing (self->current->outbox,
                             flushing || self->current->doom != NULL);
  g_mutex_unlock (&self->lock);
}
