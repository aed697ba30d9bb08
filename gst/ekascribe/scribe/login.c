/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/login.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/fault.h"
#include "scribe/json.h"
#include "scribe/secret.h"

/* A token is renewed so long before it expires, or a tenth of its life. */
#define MARGIN G_TIME_SPAN_MINUTE

/* Nobody means more; the sums must not overflow either. */
#define MAX_LIFE (365 * G_TIME_SPAN_DAY)

struct _EkaLogin
{
  gint refs; /* guarded by the lock of the registry */
  gchar *auth_url;
  gchar *client_id;
  gchar *client_secret;

  /* Touched in the worker thread only. */
  gchar *token;
  gchar *refresh_token;
  gint64 stale;   /* when a new token is due, or G_MAXINT64 */
  gint64 expires; /* when this one is none any more, or G_MAXINT64 */
  GQueue waiting; /* of GTask */
  EkaTransport *transport; /* of the call under way, or NULL */
  EkaRequest *request;     /* that call's */
  EkaClock *clock;
};

/* All that are in use, and the lock of the list. */
static GMutex lock;
static GList *logins;

/**
 * eka_login_acquire:
 * @auth_url: where `/account/login` is, without a slash at its end
 * @client_id: who logs in
 * @client_secret: with what
 *
 * Returns: (transfer full): the one login of that client
 */
EkaLogin *
eka_login_acquire (const gchar *auth_url,
                   const gchar *client_id,
                   const gchar *client_secret)
{
  EkaLogin *login = NULL;
  GList *l;

  g_mutex_lock (&lock);
  for (l = logins; l != NULL && login == NULL; l = l->next)
    {
      EkaLogin *other = l->data;

      if (g_str_equal (other->auth_url, auth_url) &&
          g_str_equal (other->client_id, client_id) &&
          g_str_equal (other->client_secret, client_secret))
        login = other;
    }
  if (login == NULL)
    {
      login = g_new0 (EkaLogin, 1);
      login->auth_url = g_strdup (auth_url);
      login->client_id = g_strdup (client_id);
      login->client_secret = g_strdup (client_secret);
      g_queue_init (&login->waiting);
      logins = g_list_prepend (logins, login);
    }
  login->refs++;
  g_mutex_unlock (&lock);
  return login;
}

/**
 * eka_login_ref:
 * @login: a login
 *
 * Returns: (transfer full): @login
 */
EkaLogin *
eka_login_ref (EkaLogin *login)
{
  g_mutex_lock (&lock);
  login->refs++;
  g_mutex_unlock (&lock);
  return login;
}

/**
 * eka_login_unref:
 * @login: (transfer full): a login
 */
void
eka_login_unref (EkaLogin *login)
{
  gboolean last;

  g_mutex_lock (&lock);
  last = --login->refs == 0;
  if (last)
    logins = g_list_remove (logins, login);
  g_mutex_unlock (&lock);
  if (!last)
    return;
  eka_secret_clear (&login->client_secret);
  eka_secret_clear (&login->token);
  eka_secret_clear (&login->refresh_token);
  g_free (login->auth_url);
  g_free (login->client_id);
  g_free (login);
}

/* --- calls ---------------------------------------------------------------- */

/* Whoever waits gets what there is now.
 * @error: (transfer full) (nullable) */
static void
answer_all (EkaLogin *self,
            GError   *error)
{
  GQueue waiting = self->waiting;
  GTask *task;

  g_queue_init (&self->waiting);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->request, eka_request_free);
  g_clear_pointer (&self->clock, eka_clock_unref);
  while ((task = g_queue_pop_head (&waiting)) != NULL)
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  g_clear_error (&error);
}

static void
note_life (EkaLogin *self,
           gdouble   seconds)
{
  gint64 now = eka_clock_now (self->clock);
  gint64 life;

  self->stale = self->expires = G_MAXINT64;
  if (!(seconds > 0))
    return;
  life = seconds < MAX_LIFE / 1e6 ? (gint64) (seconds * 1e6) : MAX_LIFE;
  self->expires = now + life;
  self->stale = self->expires - MIN (MARGIN, life / 10);
}

/* Returns: %FALSE where @reply has no token */
static gboolean
take_token (EkaLogin *self,
            EkaReply *reply)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (reply->body, NULL);
  const gchar *token = eka_json_get_string (root, "access_token");

  if (token == NULL || !eka_secret_is_credential (token))
    return FALSE;
  eka_secret_set (&self->token, token);
  eka_secret_set (&self->refresh_token,
                  eka_json_get_string (root, "refresh_token"));
  note_life (self, eka_json_get_number (root, "expires_in", 0));
  return TRUE;
}

/* @members: names and values in turn, up to %NULL */
static void
send (EkaLogin           *self,
      EkaCall             call,
      const gchar        *path,
      const gchar *const *members,
      GAsyncReadyCallback callback)
{
  g_autofree gchar *uri = g_strconcat (self->auth_url, path, NULL);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GBytes) body = NULL;
  gchar *text;

  for (; *members != NULL; members += 2)
    json_object_set_string_member (object, members[0], members[1]);
  json_node_set_object (node, object);
  text = eka_json_to_text (node);
  body = g_bytes_new_with_free_func (text, strlen (text), eka_secret_free,
                                     text);
  g_clear_pointer (&self->request, eka_request_free);
  self->request = eka_request_new (call, "POST", uri);
  eka_request_set_body (self->request, "application/json", body);
  eka_transport_send_async (self->transport, self->request, NULL, callback,
                            eka_login_ref (self));
}

static GError *
explain (EkaReply *reply)
{
  GError *error;

  if (reply->status / 100 == 2)
    return eka_fault_protocol (reply, EKA_CALL_LOGIN,
                               "there is no access_token in it");
  error = eka_fault_from_reply (reply, EKA_CALL_LOGIN);
  if (eka_scribe_error_is_transient (error))
    return error;
  error->code = EKA_SCRIBE_ERROR_NOT_AUTHORIZED;
  eka_scribe_error_edit_info (error)->property = "client-secret";
  g_prefix_error (&error, "The client credentials were refused; check "
                          "client-id, client-secret and auth-url. ");
  return error;
}

static void
logged_in (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (EkaLogin) self = user_data;
  GError *error = NULL;
  g_autoptr (EkaReply) reply =
      eka_transport_send_finish (EKA_TRANSPORT (source), result, &error);

  if (reply != NULL && (reply->status / 100 != 2 || !take_token (self, reply)))
    {
      error = explain (reply);
      error->message = eka_login_redact (self, error->message);
    }
  answer_all (self, error);
}

static void
log_in (EkaLogin *self)
{
  const gchar *const members[] = { "client_id", self->client_id,
                                   "client_secret", self->client_secret,
                                   NULL };

  send (self, EKA_CALL_LOGIN, "/account/login", members, logged_in);
}

/* A refresh that did not bring a token may have used the refresh token up. */
static void
refreshed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (EkaLogin) self = user_data;
  g_autoptr (EkaReply) reply =
      eka_transport_send_finish (EKA_TRANSPORT (source), result, NULL);

  if (reply != NULL && reply->status / 100 == 2 && take_token (self, reply))
    answer_all (self, NULL);
  else
    log_in (self);
}

static void
refresh (EkaLogin *self)
{
  const gchar *const members[] = { "refresh_token", self->refresh_token,
                                   "access_token", self->token, NULL };

  send (self, EKA_CALL_REFRESH, "/account/refresh-token", members, refreshed);
  eka_secret_clear (&self->refresh_token);
}

/* --- for those who need a token ------------------------------------------- */

static gboolean
has_another (EkaLogin    *self,
             const gchar *refused,
             gint64       now)
{
  return self->token != NULL && now < self->stale &&
         g_strcmp0 (self->token, refused) != 0;
}

/**
 * eka_login_renew_async:
 * @login: a login
 * @transport: (transfer none): the way to the service, if it is needed
 * @clock: (transfer none): time of the worker thread
 * @refused: (nullable): a token that is not good any more
 * @callback: called with the result, in a later turn of the main loop
 * @user_data: for @callback
 *
 * Brings a token that is another one than @refused and good for a while: the one
 * that somebody else has brought meanwhile, else by a refresh, else by a login.
 */
void
eka_login_renew_async (EkaLogin           *login,
                       EkaTransport       *transport,
                       EkaClock           *clock,
                       const gchar        *refused,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, eka_login_renew_async);
  g_task_set_task_data (task, eka_login_ref (login),
                        (GDestroyNotify) eka_login_unref);
  if (login->transport == NULL &&
      has_another (login, refused, eka_clock_now (clock)))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_queue_push_tail (&login->waiting, task);
  if (login->transport != NULL)
    return;
  login->transport = g_object_ref (transport);
  login->clock = eka_clock_ref (clock);
  if (login->refresh_token != NULL && login->token != NULL)
    refresh (login);
  else
    log_in (login);
}

/**
 * eka_login_renew_finish:
 * @login: a login
 * @result: what the callback got
 * @stale: (out): when another one is due, by the clock; %G_MAXINT64: not known
 * @error: return location; `NETWORK`, `UNAVAILABLE` and `PROTOCOL` may pass,
 *   `NOT_AUTHORIZED` is the service's last word
 *
 * Returns: (transfer full): the token, for eka_secret_clear(); or %NULL
 */
gchar *
eka_login_renew_finish (EkaLogin     *login,
                        GAsyncResult *result,
                        gint64       *stale,
                        GError      **error)
{
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  *stale = login->stale;
  return g_strdup (login->token);
}

/**
 * eka_login_redact:
 * @login: a login
 * @text: (transfer full) (nullable): a text of the server's
 *
 * Returns: (transfer full) (nullable): @text without the secrets that it may
 *   echo
 */
gchar *
eka_login_redact (EkaLogin *login,
                  gchar    *text)
{
  text = eka_secret_redact (login->client_secret, text);
  text = eka_secret_redact (login->token, text);
  return eka_secret_redact (login->refresh_token, text);
}
