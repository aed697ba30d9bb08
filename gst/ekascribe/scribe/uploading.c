/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* The service has the chunk at the head.
 * @reply: (nullable): its answer to the upload; %NULL: its list told */
void
eka_uploading_acknowledge (EkaSession *self,
                           EkaReply   *reply)
{
  guint number = 0;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);
  g_autofree gchar *name = NULL;
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_CHUNK,
                            .chunk = chunk,
                            .number = number };

  if (chunk == NULL)
    return; /* nothing is known of it; what was heard does no harm again */
  event.name = name = eka_protocol_chunk_name (number, chunk->extension);
  eka_outcome_note_success (self);
  eka_outbox_acknowledge (self->outbox, number);
  g_mutex_lock (&self->lock);
  self->stats.chunks_uploaded++;
  self->stats.bytes_uploaded += g_bytes_get_size (chunk->bytes);
  if (reply != NULL)
    self->stats.round_trip = reply->round_trip;
  g_mutex_unlock (&self->lock);
  event.attempts = self->attempts;
  self->attempts = 0;
  self->heard = FALSE;
  self->unsettled = FALSE;
  self->look_later = FALSE;
  eka_session_emit (self, &event);
}

static void
upload_done (EkaSession *self,
             EkaReply   *reply,
             GError     *error)
{
  guint number = 0;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);
  g_autofree gchar *name = NULL;
  gboolean acknowledged = FALSE;
  GError *local = NULL;

  if (chunk == NULL)
    {
      /* It is not at hand any more, and will be sent again when it is. */
      self->attempts = 0;
      self->unsettled = self->settings->upload_type == EKA_UPLOAD_SINGLE;
      return;
    }
  name = eka_protocol_chunk_name (number, chunk->extension);
  if (reply == NULL)
    local = g_error_copy (error);
  else if (!eka_outcome_is_success (reply))
    local = eka_client_fault (self->client, reply, EKA_CALL_UPLOAD);
  else
    acknowledged = eka_protocol_parse_upload (reply, self->session_id, name,
                                              &local);
  if (acknowledged)
    {
      eka_uploading_acknowledge (self, reply);
      return;
    }
  if (eka_settle_begin (self, reply, local))
    return;

  /* A gateway gives up on a service that goes on working. */
  if (reply == NULL || reply->repeated || reply->status == 408 ||
      reply->status >= 500)
    self->heard = TRUE;
  if (reply == NULL)
    eka_outcome_note_failure (self, NULL, local);
  else if (!eka_outcome_is_success (reply))
    eka_refusal_handle (self, reply, local);
  else
    {
      /* Who answers like this may have kept the chunk all the same. */
      self->heard = TRUE;
      if (self->malformed + 1 < EKA_OUTCOME_MAX_MALFORMED)
        eka_outcome_note_failure (self, reply, local);
      else
        eka_doubt_settle (self, EKA_CALL_UPLOAD, local);
    }
}

static GError *
refuse_format (EkaChunk *chunk)
{
  GError *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED,
                               "The service does not take audio as %s",
                               chunk->media_type);

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
  return error;
}

static void
upload (EkaSession *self,
        EkaChunk   *chunk,
        guint       number)
{
  g_autofree gchar *name = eka_protocol_chunk_name (number, chunk->extension);
  const gchar *media_type =
      eka_discovery_choose_format (self->discovery, chunk->media_type);
  GError *error = NULL;
  EkaRequest *request;

  if (media_type == NULL)
    {
      eka_outcome_note_failure (self, NULL, refuse_format (chunk));
      return;
    }
  request = eka_protocol_upload (self->base_url, self->session_id,
                                 self->upload_url, chunk, media_type, name,
                                 &error);
  if (request == NULL)
    {
      self->malformed = EKA_OUTCOME_MAX_MALFORMED;
      eka_outcome_note_failure (self, NULL, error);
      return;
    }
  request->once = self->settings->upload_type == EKA_UPLOAD_SINGLE;
  self->attempts++;
  eka_outcome_send (self, request, upload_done);
}

/* Takes the oldest chunk that waits to the service, one at a time. It has its
 * number before it is prepared: a chunk that was never tried may be dropped for
 * newer ones at any moment, and another one stand in its place. Where it is on
 * disk, or must be stored first, the disk has its turn. */
void
eka_uploading_next (EkaSession *self)
{
  guint number = 0;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);
  g_autoptr (EkaChunk) head = NULL;
  gboolean last;

  if (chunk == NULL)
    {
      eka_waking_wait (self);
      return;
    }
  self->disk_looks = 0;
  if (self->unsettled)
    {
      eka_settle_look (self);
      return;
    }
  head = eka_outbox_peek (self->outbox, &last);
  if (self->attempts > 0 || eka_refusal_prepare (self, chunk, last))
    upload (self, chunk, number);
}
