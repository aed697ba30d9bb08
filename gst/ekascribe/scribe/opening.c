/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* Answers 5xx to discovery before the service counts as having none. */
#define MAX_DISCOVERIES 3

/* Ids of our own making that somebody else has, before that is no chance. */
#define MAX_TAKEN_IDS 3

/* Answers 500 to Create before the service counts as having no streams. */
#define MAX_STREAM_REFUSALS 3

/* What a session lives where the service does not say. */
#define USUAL_LIFETIME (60 * G_TIME_SPAN_MINUTE)

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
  if (self->feed != NULL && self->settings->stream_fallback &&
      !eka_discovery_check_upload (discovery, self->settings, &error))
    eka_fallback_begin (self, g_steal_pointer (&error));
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
  /* What was warned of may not be over: the next call that goes well tells. */
  eka_outcome_forget_failures (self);
  settle_discovery (self, NULL);
}

/* Whether a service that is in trouble is asked until it has said what it can
 * do, for nothing goes without that. */
static gboolean
needs_discovery (EkaSession *self)
{
  return self->settings->discovery == EKA_DISCOVERY_REQUIRE ||
         self->settings->upload_type == EKA_UPLOAD_SINGLE;
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
      (self->retry.attempts + 1 < MAX_DISCOVERIES || needs_discovery (self)))
    eka_outcome_note_failure (self, reply, g_steal_pointer (&local));
  else if (!self->host_root &&
           strchr (strstr (self->base_url, "://") + 3, '/') != NULL)
    self->host_root = TRUE;
  else
    settle_without (self, reply, g_steal_pointer (&local));
}

/* Asks the service what it can do. */
void
eka_opening_discover (EkaSession *self)
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

static GDateTime *
parse_time (const gchar *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();

  return text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;
}

/* How long the service keeps a session, by its own clock at both ends; the
 * local one may be wrong. */
static gint64
parse_lifetime (GDateTime   *created,
                const gchar *expires_at)
{
  g_autoptr (GDateTime) expires = parse_time (expires_at);

  if (created == NULL || expires == NULL ||
      g_date_time_compare (created, expires) >= 0)
    return USUAL_LIFETIME;
  return g_date_time_difference (expires, created);
}

/* How old the session may be: as old as the first request for it, which in an
 * outage was long ago, or less by what the service's clock says now. */
static gint64
find_age (EkaSession *self,
          EkaReply   *reply,
          GDateTime  *created)
{
  gint64 age = eka_clock_now (self->clock) - self->create_began;
  gint64 told;

  if (reply == NULL || reply->date < 0 || created == NULL)
    return age;
  told = reply->date - g_date_time_to_unix (created);
  if (told < 0 || told >= age / G_TIME_SPAN_SECOND)
    return age;
  return told * G_TIME_SPAN_SECOND;
}

/* One that takes a single file may grow old: it is empty until the end, when a
 * session that has expired makes way for another, and nothing is lost.
 * @reply: (nullable): the answer that the times are from */
static void
begin (EkaSession  *self,
       EkaReply    *reply,
       const gchar *created_at,
       const gchar *expires_at)
{
  g_autoptr (GDateTime) created = parse_time (created_at);
  gint64 age = find_age (self, reply, created);

  eka_outcome_note_success (self);
  self->taken_ids = 0;
  self->created = TRUE;
  eka_session_describe (self);
  eka_session_set_state (self, EKA_SESSION_RECORDING);
  if (self->paused && !self->finished)
    eka_session_set_state (self, EKA_SESSION_PAUSED);
  if (self->settings->upload_type != EKA_UPLOAD_SINGLE)
    eka_session_watch_age (self, parse_lifetime (created, expires_at) - age);
}

/* A session that a lost answer told of, as Get Session shows it: takes it over.
 * @result: ours, and without audio that is not */
void
eka_opening_restore (EkaSession *self,
                     EkaReply   *reply,
                     EkaResult  *result)
{
  self->upload_url = g_strdup (result->upload_url);
  begin (self, reply, result->created_at, result->expires_at);
}

static void
url_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  g_autoptr (EkaResult) result = NULL;

  result = eka_polling_read (self, reply);
  if (result != NULL)
    eka_opening_restore (self, reply, result);
  else
    begin (self, NULL, NULL, NULL); /* audio goes where the documents say */
}

static EkaRequest *
get_session (EkaSession *self)
{
  return eka_protocol_get (self->base_url, self->session_id, NULL);
}

/* @created: (transfer none): what Create answered */
static void
take_created (EkaSession       *self,
              EkaReply         *reply,
              const EkaCreated *created)
{
  if (created->session_id != NULL)
    {
      g_free (self->session_id);
      self->session_id = g_strdup (created->session_id);
    }
  self->upload_url = g_strdup (created->upload_url);
  if (self->upload_url == NULL)
    eka_outcome_send (self, get_session (self), url_done);
  else
    begin (self, reply, created->created_at, created->expires_at);
}

/* The id is somebody else's. One that we made is easily made anew.
 * @error: (transfer full): what the service answered */
void
eka_opening_note_taken (EkaSession *self,
                        EkaReply   *reply,
                        GError     *error)
{
  if (g_strcmp0 (self->session_id, self->settings->session_id) == 0 ||
      self->taken_ids >= MAX_TAKEN_IDS)
    {
      eka_scribe_error_edit_info (error)->property = "session-id";
      eka_outcome_note_failure (self, reply, error);
      return;
    }
  g_debug ("another id for the session: %s", error->message);
  g_error_free (error);
  self->taken_ids++;
  eka_session_renew_id (self, FALSE);
}

/* Whether @error, an answer to Create, may mean that the service has no streams,
 * whatever it says of itself: some answer with an error of their own. */
static gboolean
refuses_stream (EkaSession   *self,
                EkaReply     *reply,
                const GError *error)
{
  if (self->feed == NULL || !self->settings->stream_fallback ||
      reply->status == 409)
    return FALSE;
  if (error->code == EKA_SCRIBE_ERROR_REFUSED || reply->status == 501)
    return TRUE;
  return reply->status == 500 && ++self->stream_refusals >= MAX_STREAM_REFUSALS;
}

static void
create_refused (EkaSession *self,
                EkaReply   *reply)
{
  GError *error = eka_client_fault (self->client, reply, EKA_CALL_CREATE);

  if (reply->status >= 500)
    self->unanswered = TRUE;
  if (refuses_stream (self, reply, error))
    eka_fallback_begin (self, error);
  else if (self->unanswered && (reply->status == 400 || reply->status == 409))
    eka_doubt_settle (self, EKA_CALL_CREATE, error);
  else if (reply->status == 409)
    eka_opening_note_taken (self, reply, error);
  else
    eka_outcome_note_failure (self, reply, error);
}

static void
create_done (EkaSession *self,
             EkaReply   *reply,
             GError     *error)
{
  g_auto (EkaCreated) created = { 0 };
  GError *local = NULL;

  if (reply == NULL)
    eka_outcome_note_failure (self, NULL, g_error_copy (error));
  else if (!eka_outcome_is_success (reply))
    create_refused (self, reply);
  else if (eka_protocol_parse_create (reply, &created, &local))
    take_created (self, reply, &created);
  else
    {
      self->unanswered = TRUE;
      eka_outcome_note_failure (self, reply, local);
    }
}

/* Creates the session. */
void
eka_opening_create (EkaSession *self)
{
  if (self->create_began < 0)
    self->create_began = eka_clock_now (self->clock);
  eka_outcome_send (self,
                    eka_protocol_create (self->base_url, self->settings,
                                         self->discovery, self->session_id,
                                         self->previous_id, self->language),
                    create_done);
}
