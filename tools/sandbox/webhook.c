/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "webhook.h"

#include "reply.h"

#include <libsoup/soup.h>
#include <string.h>

/* Tries of one event, and the pause after the first; each further pause is twice
 * as long. */
#define TRIES 5
#define FIRST_PAUSE 100
/* In seconds. */
#define PATIENCE 10
/* Events that wait, at most: a receiver may be gone for good. */
#define MAX_WAITING 10000

/* One body; the same in each try. */
typedef struct
{
  const gchar *name;
  gchar *session_id;
  gchar *body;
} Event;

/* Belongs to the main thread. Events go one after the other, in the order in
 * which they happened: the first of @events is the one that is being sent. */
struct _SandboxWebhook
{
  const SandboxOptions *options;
  SandboxStore *store;
  SoupSession *soup;
  GQueue events;
  guint tries;
  guint pause;
  gboolean sending;
};

static void send_first (SandboxWebhook *self);

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->session_id);
  g_free (event->body);
  g_free (event);
}

static const gchar *
name_event (SandboxState state)
{
  switch (state)
    {
    case SANDBOX_INITIALIZED:
      return "session.started";
    case SANDBOX_PROCESSING:
      return "session.ended";
    case SANDBOX_COMPLETED:
      return "session.completed";
    case SANDBOX_PARTIAL:
      return "session.partial";
    case SANDBOX_FAILED:
      return "session.failed";
    case SANDBOX_EXPIRED:
      return "session.expired";
    }
  g_assert_not_reached ();
}

/**
 * sandbox_webhook_sign:
 * @secret: that the receiver has, too
 * @time: in seconds since 1970
 * @body: as it is sent
 *
 * Returns: (transfer full): the value of the header with the signature
 */
gchar *
sandbox_webhook_sign (const gchar *secret, gint64 time, const gchar *body)
{
  g_autofree gchar *signed_text =
      g_strdup_printf ("%" G_GINT64_FORMAT ".%s", time, body);
  g_autofree gchar *digest = g_compute_hmac_for_string (
      G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret), signed_text,
      -1);

  return g_strdup_printf ("t=%" G_GINT64_FORMAT ",v1=%s", time, digest);
}

/* The hosted service has one name for the header, the specification another. */
static void
sign (SandboxWebhook *self, SoupMessage *message, const Event *event)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree gchar *signature = NULL;

  if (self->options->webhook_secret == NULL)
    return;
  signature = sandbox_webhook_sign (self->options->webhook_secret,
                                    g_get_real_time () / G_USEC_PER_SEC,
                                    event->body);
  soup_message_headers_replace (headers, "Eka-Webhook-Signature", signature);
  soup_message_headers_replace (headers, "X-MSA-Signature", signature);
}

static void
drop_first (SandboxWebhook *self)
{
  event_free (g_queue_pop_head (&self->events));
  self->tries = 0;
}

static gboolean
on_pause_over (gpointer user_data)
{
  SandboxWebhook *self = user_data;

  self->pause = 0;
  send_first (self);
  return G_SOURCE_REMOVE;
}

static void
try_again (SandboxWebhook *self, guint status, const GError *error)
{
  const Event *event = g_queue_peek_head (&self->events);

  if (self->tries < TRIES)
    {
      self->pause = g_timeout_add (FIRST_PAUSE << (self->tries - 1),
                                   on_pause_over, self);
      return;
    }
  /* Not the URL: it may hold a secret. */
  if (error != NULL)
    g_printerr ("webhook: %s of %s was not delivered: %s\n", event->name,
                event->session_id, error->message);
  else
    g_printerr ("webhook: %s of %s was not delivered: HTTP %u\n", event->name,
                event->session_id, status);
  drop_first (self);
  send_first (self);
}

static void
send_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SandboxWebhook *self = user_data;
  SoupMessage *message =
      soup_session_get_async_result_message (self->soup, result);
  guint status = soup_message_get_status (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) answer =
      soup_session_send_finish (self->soup, result, &error);

  self->store->jobs--;
  self->sending = FALSE;
  if (g_cancellable_is_cancelled (self->store->cancellable))
    return;
  if (answer == NULL || !SOUP_STATUS_IS_SUCCESSFUL (status))
    {
      try_again (self, status, error);
      return;
    }
  drop_first (self);
  send_first (self);
}

static void
send_first (SandboxWebhook *self)
{
  const Event *event = g_queue_peek_head (&self->events);
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GBytes) body = NULL;

  if (event == NULL || self->sending || self->pause != 0 ||
      g_cancellable_is_cancelled (self->store->cancellable))
    return;
  message = soup_message_new ("POST", self->options->webhook);
  body = g_bytes_new (event->body, strlen (event->body));
  soup_message_set_request_body_from_bytes (message, "application/json", body);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  sign (self, message, event);
  self->sending = TRUE;
  self->tries++;
  /* The store lives until nobody is at work for it. */
  self->store->jobs++;
  soup_session_send_async (self->soup, message, G_PRIORITY_DEFAULT,
                           self->store->cancellable, send_done, self);
}

static void
add_string (JsonBuilder *body, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_string_value (body, value);
}

static gchar *
describe (const gchar *name, SandboxSession *session)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = sandbox_iso_time (now);
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (body);
  add_string (body, "event", name);
  add_string (body, "timestamp", time);
  add_string (body, "session_id", session->id);
  json_builder_end_object (body);
  root = json_builder_get_root (body);
  return sandbox_json_to_text (root, FALSE);
}

static void
on_state_changed (SandboxSession *session, gpointer user_data)
{
  SandboxWebhook *self = user_data;
  Event *event;

  if (g_queue_get_length (&self->events) >= MAX_WAITING)
    {
      g_printerr ("webhook: too many events wait; one of %s is dropped\n",
                  session->id);
      return;
    }
  event = g_new0 (Event, 1);
  event->name = name_event (session->state);
  event->session_id = g_strdup (session->id);
  event->body = describe (event->name, session);
  g_queue_push_tail (&self->events, event);
  send_first (self);
}

/**
 * sandbox_webhook_new:
 * @options: with a webhook; they outlive it
 * @store: of the sessions; it outlives the webhook
 *
 * Tells the receiver what becomes of each session of @store, from now on.
 *
 * Returns: (transfer full): a webhook
 */
SandboxWebhook *
sandbox_webhook_new (const SandboxOptions *options, SandboxStore *store)
{
  SandboxWebhook *self = g_new0 (SandboxWebhook, 1);

  self->options = options;
  self->store = store;
  self->soup = soup_session_new_with_options (
      "timeout", PATIENCE, "user-agent", "ekascribe-sandbox", NULL);
  /* The receiver is named by whoever runs the sandbox: no proxy in between. */
  soup_session_set_proxy_resolver (self->soup, NULL);
  g_queue_init (&self->events);
  store->state_changed = on_state_changed;
  store->state_changed_data = self;
  return self;
}

/**
 * sandbox_webhook_stop:
 * @self: a webhook, its store's cancellable being cancelled
 *
 * Events that were not delivered are dropped. Once the store has no jobs the
 * webhook may be freed.
 */
void
sandbox_webhook_stop (SandboxWebhook *self)
{
  self->store->state_changed = NULL;
  g_clear_handle_id (&self->pause, g_source_remove);
}

/**
 * sandbox_webhook_free:
 * @self: (transfer full): to be freed; stopped, and nothing is being sent
 */
void
sandbox_webhook_free (SandboxWebhook *self)
{
  g_assert (!self->sending);
  sandbox_webhook_stop (self);
  g_queue_clear_full (&self->events, event_free);
  g_object_unref (self->soup);
  g_free (self);
}
