/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/fault.h"
#include "scribe/json.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* Answers 5xx to discovery before the service counts as having none. */
#define MAX_DISCOVERIES 3

/* --- discovery ---------------------------------------------------------- */

static gchar *
without_slash (const gchar *url)
{
  gchar *copy = g_strdup (url);

  while (g_str_has_suffix (copy, "/"))
    copy[strlen (copy) - 1] = '\0';
  return copy;
}

/* Discovery is settled: tells it, holds the settings against it, and goes where
 * the service says, if credentials may go there.
 * @discovery: (nullable) */
static void
settle_discovery (EkaSession   *self,
                  EkaDiscovery *discovery)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_DISCOVERED,
                            .discovery = discovery };
  g_autoptr (GError) error = NULL;

  if (discovery != NULL)
    self->discovery = eka_discovery_ref (discovery);
  if (discovery != NULL && discovery->base_url != NULL)
    {
      if (eka_client_trusts (self->client, discovery->base_url, &error))
        {
          g_free (self->base_url);
          self->base_url = without_slash (discovery->base_url);
        }
      else
        g_debug ("discovery: staying with base-url: %s", error->message);
      g_clear_error (&error);
    }

  eka_session_emit (self, &event);
  if (eka_discovery_check (discovery, self->settings, &error))
    eka_session_set_state (self, EKA_SESSION_READY);
  else
    eka_outcome_note_failure (self, NULL, g_steal_pointer (&error));
}

/* No discovery document: the defaults of the protocol, or the end.
 * @error: (transfer full): why there is none */
static void
settle_without (EkaSession *self,
                EkaReply   *reply,
                GError     *error)
{
  if (self->settings->discovery == EKA_DISCOVERY_REQUIRE)
    {
      error->code = EKA_SCRIBE_ERROR_SETTINGS;
      eka_scribe_error_edit_info (error)->property = "discovery";
      g_prefix_error (&error, "There is no discovery document at base-url, but "
                              "discovery=require is set. ");
      eka_outcome_note_failure (self, reply, error);
      return;
    }
  g_debug ("no discovery: %s", error->message);
  g_clear_error (&error);
  eka_outcome_note_success (self);
  settle_discovery (self, NULL);
}

static void
discover_done (EkaSession *self,
               EkaReply   *reply,
               GError     *error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (EkaDiscovery) discovery = NULL;

  if (reply == NULL)
    {
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (reply->status == 200)
    discovery = eka_discovery_new_from_json (reply->body, &local);
  if (discovery != NULL)
    {
      gint64 fresh = eka_protocol_fresh_for (reply);

      eka_outcome_note_success (self);
      if (fresh > 0)
        eka_discovery_cache_put (self->settings->base_url, discovery,
                                 eka_clock_now (self->clock) + fresh);
      settle_discovery (self, discovery);
      return;
    }

  g_clear_error (&local);
  local = eka_outcome_is_success (reply)
              ? eka_fault_protocol (reply, EKA_CALL_DISCOVER,
                                    "the answer is no discovery document")
              : eka_client_fault (self->client, reply, EKA_CALL_DISCOVER);
  if (eka_scribe_error_is_transient (local) &&
      (self->retry.attempts + 1 < MAX_DISCOVERIES ||
       self->settings->discovery == EKA_DISCOVERY_REQUIRE))
    eka_outcome_note_failure (self, reply, g_steal_pointer (&local));
  else if (!self->host_root &&
           strchr (strstr (self->base_url, "://") + 3, '/') != NULL)
    self->host_root = TRUE;
  else
    settle_without (self, reply, g_steal_pointer (&local));
}

static void
discover (EkaSession *self)
{
  g_autoptr (EkaDiscovery) cached = NULL;

  if (self->settings->discovery == EKA_DISCOVERY_OFF)
    {
      settle_discovery (self, NULL);
      return;
    }
  cached = eka_discovery_cache_get (self->settings->base_url,
                                    eka_clock_now (self->clock));
  if (cached != NULL)
    {
      settle_discovery (self, cached);
      return;
    }
  if (self->state == EKA_SESSION_IDLE)
    eka_session_set_state (self, EKA_SESSION_DISCOVERING);
  eka_outcome_send (self,
                    eka_protocol_discover (self->base_url, self->host_root),
                    discover_done);
}

/* --- create ------------------------------------------------------------- */

static void
created (EkaSession *self,
         gchar      *session_id,
         gchar      *upload_url)
{
  eka_outcome_note_success (self);
  if (session_id != NULL && *session_id != '\0')
    {
      g_free (self->session_id);
      self->session_id = session_id;
    }
  else
    g_free (session_id);
  self->upload_url = upload_url;
  eka_session_set_state (self, EKA_SESSION_RECORDING);
}

/* The service may have heard a create whose answer was lost, and refuses the
 * same id now. It is ours if nobody has sent audio to it. */
static void
recreate_done (EkaSession *self,
               EkaReply   *reply,
               GError     *error)
{
  g_autoptr (EkaResult) result = NULL;
  GError *refusal = g_steal_pointer (&self->refusal);

  if (reply == NULL)
    {
      g_error_free (refusal);
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (eka_outcome_is_success (reply))
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && eka_polling_is_ours (self, result) &&
      (result->audio_files == NULL || *result->audio_files == NULL) &&
      result->audio_files_received <= 0)
    {
      g_error_free (refusal);
      created (self, NULL, g_steal_pointer (&result->upload_url));
      return;
    }
  eka_outcome_note_failure (self, reply, refusal);
}

static void
create_done (EkaSession *self,
             EkaReply   *reply,
             GError     *error)
{
  g_autofree gchar *session_id = NULL;
  g_autofree gchar *upload_url = NULL;
  GError *local = NULL;

  if (reply == NULL)
    eka_outcome_note_failure (self, NULL, g_error_copy (error));
  else if (eka_outcome_is_success (reply))
    {
      if (eka_protocol_parse_create (reply, &session_id, &upload_url, &local))
        created (self, g_steal_pointer (&session_id),
                 g_steal_pointer (&upload_url));
      else
        {
          self->unanswered = TRUE;
          eka_outcome_note_failure (self, reply, local);
        }
    }
  else
    {
      local = eka_client_fault (self->client, reply, EKA_CALL_CREATE);
      if (reply->status >= 500)
        self->unanswered = TRUE;
      if (reply->status == 409)
        eka_scribe_error_edit_info (local)->property = "session-id";
      if (self->unanswered && (reply->status == 400 || reply->status == 409))
        {
          /* Kept aside until GET has told whose session it is. */
          self->refusal = local;
          eka_outcome_send (
              self, eka_protocol_get (self->base_url, self->session_id, NULL),
              recreate_done);
        }
      else
        eka_outcome_note_failure (self, reply, local);
    }
}

static void
create (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_create (self->base_url, self->settings,
                                         self->discovery, self->session_id,
                                         self->language),
                    create_done);
}

/* --- upload ------------------------------------------------------------- */

static void
upload_done (EkaSession *self,
             EkaReply   *reply,
             GError     *error)
{
  g_autoptr (EkaChunk) chunk = eka_outbox_peek (self->outbox);
  g_autofree gchar *name = eka_protocol_chunk_name (chunk);
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_CHUNK,
                            .chunk = chunk,
                            .name = name };
  GError *local = NULL;

  if (reply == NULL)
    {
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (!eka_outcome_is_success (reply))
    {
      eka_outcome_note_refusal (self, reply, EKA_CALL_UPLOAD);
      return;
    }
  if (!eka_protocol_parse_upload (reply, name, &local))
    {
      eka_outcome_note_failure (self, reply, local);
      return;
    }

  eka_outcome_note_success (self);
  eka_outbox_release (self->outbox, chunk->index);
  self->chunks_sent++;
  g_mutex_lock (&self->lock);
  self->stats.chunks_uploaded++;
  self->stats.bytes_uploaded += g_bytes_get_size (chunk->bytes);
  self->stats.round_trip = reply->round_trip;
  g_mutex_unlock (&self->lock);
  event.attempts = self->attempts;
  self->attempts = 0;
  eka_session_emit (self, &event);
}

/* Takes @chunk (transfer none), the oldest of the outbox, to the service. */
static void
upload (EkaSession *self,
        EkaChunk   *chunk)
{
  g_autofree gchar *name = eka_protocol_chunk_name (chunk);
  const gchar *media_type;
  GError *error = NULL;
  EkaRequest *request;

  media_type = eka_discovery_choose_format (self->discovery,
                                            chunk->media_type);
  if (media_type == NULL)
    {
      error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED,
                           "The service does not take audio as %s",
                           chunk->media_type);
      eka_scribe_error_edit_info (error)->request =
          g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
      eka_outcome_note_failure (self, NULL, error);
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
  self->attempts++;
  eka_outcome_send (self, request, upload_done);
}

/* --- end ---------------------------------------------------------------- */

static void
compare_count (EkaSession *self,
               gint        received)
{
  g_autoptr (GError) error = NULL;
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_WARNING };

  if (received < 0 || (guint)received == self->chunks_sent)
    return;
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                       "The service says that it received %d audio files, but "
                       "it acknowledged %u (session %s)",
                       received, self->chunks_sent, self->session_id);
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_END));
  event.error = error;
  eka_session_emit (self, &event);
}

static void
result_timeout (gpointer user_data)
{
  g_autoptr (EkaSession) self = user_data;
  GError *error = NULL;

  self->result_timer = 0;
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT,
                       "There are no results after %.0f s (result-timeout); "
                       "the audio is safe on the service, which may still "
                       "process session %s",
                       self->settings->result_timeout / 1e6, self->session_id);
  eka_scribe_error_edit_info (error)->property = "result-timeout";
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_GET));
  g_cancellable_cancel (self->cancellable);
  eka_session_fail (self, NULL, error);
}

static void
ended (EkaSession *self)
{
  eka_outcome_note_success (self);
  eka_session_set_state (self, EKA_SESSION_PROCESSING);
  if (!self->settings->wait_for_results)
    eka_session_close (self, EKA_SESSION_PROCESSING, NULL, NULL);
  else if (self->settings->result_timeout > 0)
    self->result_timer =
        eka_clock_schedule (self->clock, self->settings->result_timeout,
                            result_timeout, eka_session_ref (self));
}

/* Whether it is the service that accepted End, and not a login page that is in
 * between: the session would never be processed, and EOS be let go. An answer
 * without a body says no more than its status; 202 is the documented one, which
 * no such page has, and any object will do with it that names no other session.
 * @received: (out): see eka_protocol_parse_end() */
static gboolean
is_end (EkaSession *self,
        EkaReply   *reply,
        gint       *received)
{
  g_autoptr (EkaResult) result = eka_result_new_from_json (reply->body, NULL);
  g_autoptr (JsonObject) object = NULL;

  *received = eka_protocol_parse_end (reply);
  if (result != NULL)
    return eka_polling_is_ours (self, result);
  if (reply->status == 202)
    object = eka_json_parse_bytes (reply->body, NULL);
  return object != NULL || *received >= 0 ||
         g_bytes_get_size (reply->body) == 0;
}

static void
end_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  gboolean doubt = self->unanswered;
  gint received;

  if (reply == NULL)
    eka_outcome_note_failure (self, NULL, g_error_copy (error));
  else if (eka_outcome_is_success (reply) && is_end (self, reply, &received))
    {
      compare_count (self, received);
      ended (self);
    }
  else if (eka_outcome_is_success (reply))
    {
      self->unanswered = TRUE;
      eka_outcome_note_failure (
          self, reply,
          eka_fault_protocol (reply, EKA_CALL_END,
                              "the answer is not about this session"));
    }
  else if (doubt && (reply->status == 400 || reply->status == 409))
    /* An End whose answer was lost has ended it; the results will tell. */
    ended (self);
  else
    {
      if (reply->status >= 500)
        self->unanswered = TRUE;
      eka_outcome_note_refusal (self, reply, EKA_CALL_END);
    }
}

/* --- cancel ------------------------------------------------------------- */

static void
cancel_done (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (EkaSession) self = user_data;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, NULL);

  if (!eka_session_is_final (self))
    eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
}

/* Takes a session without audio back. One try: the service lets it expire
 * otherwise. */
void
eka_lifecycle_cancel (EkaSession *self)
{
  self->calling = TRUE;
  eka_client_call_async (self->client,
                         eka_protocol_cancel (self->base_url, self->session_id),
                         NULL, cancel_done, eka_session_ref (self));
}

/* Does what the state asks for. */
void
eka_lifecycle_next (EkaSession *self)
{
  g_autoptr (EkaChunk) chunk = NULL;

  switch (self->state)
    {
    case EKA_SESSION_IDLE:
    case EKA_SESSION_DISCOVERING:
      discover (self);
      return;
    case EKA_SESSION_READY:
      if (self->started)
        {
          eka_session_set_state (self, EKA_SESSION_CREATING);
          create (self);
        }
      else if (self->finished)
        eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
      return;
    case EKA_SESSION_CREATING:
      create (self);
      return;
    case EKA_SESSION_RECORDING:
    case EKA_SESSION_DRAINING:
      if (self->finished && self->state == EKA_SESSION_RECORDING)
        eka_session_set_state (self, EKA_SESSION_DRAINING);
      chunk = eka_outbox_peek (self->outbox);
      if (chunk != NULL)
        upload (self, chunk);
      else if (self->state == EKA_SESSION_DRAINING && self->chunks_sent == 0)
        eka_lifecycle_cancel (self);
      else if (self->state == EKA_SESSION_DRAINING)
        {
          eka_session_set_state (self, EKA_SESSION_ENDING);
          eka_lifecycle_next (self);
        }
      return;
    case EKA_SESSION_ENDING:
      eka_outcome_send (self,
                        eka_protocol_end (self->base_url, self->session_id,
                                          self->chunks_sent),
                        end_done);
      return;
    case EKA_SESSION_PROCESSING:
      eka_polling_get (self);
      return;
    default:
      return;
    }
}
