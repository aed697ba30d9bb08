/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/fault.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* Answers in a row that are no protocol before a gateway in between counts as
 * the cause: a cut-off answer deserves another try, a web page does not. */
#define MAX_MALFORMED 3

/* Answers 5xx to discovery before the service counts as having none. */
#define MAX_DISCOVERIES 3

typedef void (*DoneFunc) (EkaSession *self, EkaReply *reply, GError *error);

typedef struct
{
  EkaSession *session;
  DoneFunc done;
} Call;

static void
call_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr (EkaSession) self = call->session;
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, &error);
  DoneFunc done = call->done;

  g_free (call);
  self->calling = FALSE;
  if (eka_session_is_final (self))
    return;
  if (reply == NULL)
    self->unanswered = TRUE;
  done (self, reply, error);
  eka_session_step (self);
}

/* Sends @request (transfer full) and goes on with @done. */
static void
send_call (EkaSession *self,
           EkaRequest *request,
           DoneFunc    done)
{
  Call *call = g_new0 (Call, 1);

  call->session = eka_session_ref (self);
  call->done = done;
  self->calling = TRUE;
  eka_client_call_async (self->client, request, self->cancellable, call_done,
                         call);
}

static gboolean
is_success (EkaReply *reply)
{
  return reply->status >= 200 && reply->status < 300;
}

/* A call went well: counts of failures start anew, and a warning is over. */
static void
note_success (EkaSession *self)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_RECOVERED };

  eka_retry_reset (&self->retry);
  self->malformed = 0;
  self->unanswered = FALSE;
  self->pause_asked = FALSE;
  if (self->warned < 0)
    return;
  self->warned = -1;
  eka_session_emit (self, &event);
}

/* Faults that someone may mend while the recording runs: a new token in the
 * file, the end of a captive portal. */
static gboolean
is_mendable (const GError *error)
{
  return g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_NOT_AUTHORIZED) ||
         g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS) ||
         g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_REDIRECTED) ||
         g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_PROTOCOL) ||
         g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TOO_LARGE);
}

static gboolean
is_passing (EkaSession   *self,
            const GError *error)
{
  return eka_scribe_error_is_transient (error) ||
         (g_error_matches (error, EKA_SCRIBE_ERROR,
                           EKA_SCRIBE_ERROR_PROTOCOL) &&
          self->malformed < MAX_MALFORMED);
}

static void
try_again (EkaSession *self,
           EkaReply   *reply)
{
  gint64 now = eka_clock_now (self->clock);
  gint64 asked = -1;
  gint64 delay;

  if (reply != NULL)
    asked = eka_retry_parse_after (reply->retry_after, reply->date);
  delay = eka_retry_next (&self->retry, g_random_double (), asked);
  if (self->finished && self->state < EKA_SESSION_PROCESSING)
    delay = CLAMP (delay, 0, MAX (self->deadline - now, 0));

  g_mutex_lock (&self->lock);
  self->stats.retries++;
  g_mutex_unlock (&self->lock);
  self->pause_asked = asked >= 0;
  eka_session_schedule (self, delay);
}

/* Whether the recording would lose by giving up: it runs, and has audio. */
static gboolean
captures (EkaSession *self)
{
  return !self->finished && g_atomic_int_get (&self->chunks_added) > 0;
}

/* What becomes of a call that did not go well.
 * @reply: (nullable): the answer, where one came
 * @error: (transfer full) */
static void
note_failure (EkaSession *self,
              EkaReply   *reply,
              GError     *error)
{
  gint64 now = eka_clock_now (self->clock);
  gboolean in_time = !self->finished || now < self->deadline ||
                     self->state == EKA_SESSION_PROCESSING;

  eka_client_redact (self->client, error);
  if (g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL))
    self->malformed++;

  if (is_passing (self, error) && in_time)
    {
      eka_session_warn (self, error, FALSE);
      try_again (self, reply);
    }
  else if (captures (self) && is_mendable (error))
    {
      eka_session_warn (self, error, TRUE);
      try_again (self, reply);
    }
  else if (captures (self))
    {
      eka_session_warn (self, error, TRUE);
      self->refusal = g_steal_pointer (&error);
    }
  else
    eka_session_fail (self, NULL, g_steal_pointer (&error));
  g_clear_error (&error);
}

static void
note_refusal (EkaSession *self,
              EkaReply   *reply,
              EkaCall     call)
{
  note_failure (self, reply, eka_client_fault (self->client, reply, call));
}

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
    note_failure (self, NULL, g_steal_pointer (&error));
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
      note_failure (self, reply, error);
      return;
    }
  g_debug ("no discovery: %s", error->message);
  g_clear_error (&error);
  note_success (self);
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
      note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (reply->status == 200)
    discovery = eka_discovery_new_from_json (reply->body, &local);
  if (discovery != NULL)
    {
      gint64 fresh = eka_protocol_fresh_for (reply);

      note_success (self);
      if (fresh > 0)
        eka_discovery_cache_put (self->settings->base_url, discovery,
                                 eka_clock_now (self->clock) + fresh);
      settle_discovery (self, discovery);
      return;
    }

  g_clear_error (&local);
  local = is_success (reply)
              ? eka_fault_protocol (reply, EKA_CALL_DISCOVER,
                                    "the answer is no discovery document")
              : eka_client_fault (self->client, reply, EKA_CALL_DISCOVER);
  if (eka_scribe_error_is_transient (local) &&
      (self->retry.attempts + 1 < MAX_DISCOVERIES ||
       self->settings->discovery == EKA_DISCOVERY_REQUIRE))
    note_failure (self, reply, g_steal_pointer (&local));
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
  send_call (self, eka_protocol_discover (self->base_url, self->host_root),
             discover_done);
}

/* --- create ------------------------------------------------------------- */

static void
created (EkaSession *self,
         gchar      *session_id,
         gchar      *upload_url)
{
  note_success (self);
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

static gboolean
is_ours (EkaSession *self,
         EkaResult  *result)
{
  return result->session_id == NULL ||
         g_str_equal (result->session_id, self->session_id);
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
      note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (is_success (reply))
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && is_ours (self, result) &&
      (result->audio_files == NULL || *result->audio_files == NULL) &&
      result->audio_files_received <= 0)
    {
      g_error_free (refusal);
      created (self, NULL, g_steal_pointer (&result->upload_url));
      return;
    }
  note_failure (self, reply, refusal);
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
    note_failure (self, NULL, g_error_copy (error));
  else if (is_success (reply))
    {
      if (eka_protocol_parse_create (reply, &session_id, &upload_url, &local))
        created (self, g_steal_pointer (&session_id),
                 g_steal_pointer (&upload_url));
      else
        {
          self->unanswered = TRUE;
          note_failure (self, reply, local);
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
          send_call (self,
                     eka_protocol_get (self->base_url, self->session_id, NULL),
                     recreate_done);
        }
      else
        note_failure (self, reply, local);
    }
}

static void
create (EkaSession *self)
{
  send_call (self,
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
      note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (!is_success (reply))
    {
      note_refusal (self, reply, EKA_CALL_UPLOAD);
      return;
    }
  if (!eka_protocol_parse_upload (reply, name, &local))
    {
      note_failure (self, reply, local);
      return;
    }

  note_success (self);
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
  GError *error = NULL;
  EkaRequest *request;

  if (!eka_discovery_allows_format (self->discovery, chunk->media_type))
    {
      error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED,
                           "The service does not take audio as %s",
                           chunk->media_type);
      eka_scribe_error_edit_info (error)->request =
          g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
      note_failure (self, NULL, error);
      return;
    }
  request = eka_protocol_upload (self->base_url, self->session_id,
                                 self->upload_url, chunk, name, &error);
  if (request == NULL)
    {
      self->malformed = MAX_MALFORMED;
      note_failure (self, NULL, error);
      return;
    }
  self->attempts++;
  send_call (self, request, upload_done);
}

/* --- end ---------------------------------------------------------------- */

static void
compare_count (EkaSession *self,
               gint        received)
{
  g_autoptr (GError) error = NULL;
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_WARNING };

  if (received < 0 || (guint) received == self->chunks_sent)
    return;
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                       "The service says that it received %d audio files, but "
                       "it acknowledged %u (session %s)", received,
                       self->chunks_sent, self->session_id);
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
  note_success (self);
  eka_session_set_state (self, EKA_SESSION_PROCESSING);
  if (!self->settings->wait_for_results)
    eka_session_close (self, EKA_SESSION_PROCESSING, NULL, NULL);
  else if (self->settings->result_timeout > 0)
    self->result_timer = eka_clock_schedule (self->clock,
                                             self->settings->result_timeout,
                                             result_timeout,
                                             eka_session_ref (self));
}

static void
end_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  gboolean doubt = self->unanswered;

  if (reply == NULL)
    note_failure (self, NULL, g_error_copy (error));
  else if (is_success (reply))
    {
      compare_count (self, eka_protocol_parse_end (reply));
      ended (self);
    }
  else if (doubt && (reply->status == 400 || reply->status == 409))
    /* An End whose answer was lost has ended it; the results will tell. */
    ended (self);
  else
    {
      if (reply->status >= 500)
        self->unanswered = TRUE;
      note_refusal (self, reply, EKA_CALL_END);
    }
}

/* --- results ------------------------------------------------------------ */

static void
note_partial_transcript (EkaSession *self,
                         EkaResult  *result)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_TRANSCRIPT,
                            .text = result->transcript,
                            .language = result->language_detected };

  if (result->transcript == NULL || *result->transcript == '\0' ||
      g_strcmp0 (result->transcript, self->transcript) == 0)
    return;
  g_free (self->transcript);
  self->transcript = g_strdup (result->transcript);
  eka_session_emit (self, &event);
}

static void
poll_again (EkaSession *self)
{
  gint64 next = self->poll_began + self->settings->poll_interval -
                eka_clock_now (self->clock);

  eka_session_schedule (self, MAX (next, 0));
}

/* The service is done and has nothing to give. */
static void
processing_failed (EkaSession *self,
                   EkaReply   *reply,
                   EkaResult  *result)
{
  EkaScribeErrorInfo *info;
  GError *error;

  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                       "The service could not process session %s: it is %s%s%s",
                       self->session_id,
                       result->status != NULL ? result->status : "expired",
                       result->error_message != NULL || result->message != NULL
                           ? ": " : "",
                       result->error_message != NULL ? result->error_message
                       : result->message != NULL     ? result->message
                                                     : "");
  info = eka_scribe_error_edit_info (error);
  info->http_status = reply->status;
  info->code = g_strdup (result->error_code != NULL ? result->error_code
                                                    : result->status);
  info->details = g_strdup (result->processing_errors);
  info->request = g_strdup (eka_call_to_string (EKA_CALL_GET));
  eka_client_redact (self->client, error);
  eka_session_fail (self, result, error);
}

static gboolean
is_one_of (const gchar        *status,
           const gchar *const *list)
{
  return status != NULL && g_strv_contains (list, status);
}

/* The HTTP status is the signal; among 200 the member `status` is. */
static void
judge_result (EkaSession *self,
              EkaReply   *reply,
              EkaResult  *result)
{
  static const gchar *const busy[] = { "processing", "initialized", "created",
                                       "in-progress", "queued", "pending",
                                       NULL };
  static const gchar *const failed[] = { "failed", "failure", "cancelled",
                                         "expired", NULL };

  if (reply->status == 202 ||
      (reply->status == 200 && is_one_of (result->status, busy)))
    {
      note_partial_transcript (self, result);
      poll_again (self);
    }
  else if (reply->status == 410 || is_one_of (result->status, failed))
    processing_failed (self, reply, result);
  else if (reply->status == 206 ||
           g_strcmp0 (result->status, "partial") == 0)
    eka_session_close (self, EKA_SESSION_PARTIAL, result, NULL);
  else
    eka_session_close (self, EKA_SESSION_COMPLETED, result, NULL);
}

static void
get_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  g_autoptr (EkaResult) result = NULL;

  if (reply == NULL)
    {
      note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (reply->status == 200 || reply->status == 202 || reply->status == 206 ||
      reply->status == 410)
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && is_ours (self, result))
    {
      note_success (self);
      judge_result (self, reply, result);
    }
  else if (is_success (reply))
    note_failure (self, reply,
                  eka_fault_protocol (reply, EKA_CALL_GET,
                                      "the answer is not this session"));
  else
    note_refusal (self, reply, EKA_CALL_GET);
}

static void
get (EkaSession *self)
{
  self->poll_began = eka_clock_now (self->clock);
  send_call (self,
             eka_protocol_get (self->base_url, self->session_id,
                               self->settings->result_template),
             get_done);
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
      send_call (self,
                 eka_protocol_end (self->base_url, self->session_id,
                                   self->chunks_sent),
                 end_done);
      return;
    case EKA_SESSION_PROCESSING:
      get (self);
      return;
    default:
      return;
    }
}
