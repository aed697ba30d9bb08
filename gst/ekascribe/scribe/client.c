/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/client.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/fault.h"
#include "scribe/json.h"
#include "scribe/origin.h"
#include "scribe/renewal.h"
#include "scribe/secret.h"

/* Shorter values of patient details would cut common words out of texts. */
#define MIN_REDACTED 3

/* Longest texts that leave the client, in characters; details are JSON, which
 * can't be cut. */
#define MAX_MESSAGE 600
#define MAX_CODE 100
#define MAX_DETAILS (16 * 1024)

struct _EkaClient
{
  EkaTransport *transport;
  EkaClock *clock;
  EkaSettings *settings;
  GUri *base;          /* where credentials may go */
  GPtrArray *private_values; /* of patient details, the longest first */
  gchar *hidden;       /* a secret that the service gave, or NULL */
};

/* What one call needs until its answer. */
typedef struct
{
  EkaClient *client;
  EkaRequest *request;
  EkaReply *refusal; /* 401 or 403, while another credential is looked for */
  gboolean renewed;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  eka_request_free (call->request);
  g_clear_pointer (&call->refusal, eka_reply_free);
  g_free (call);
}

/* As it stands in a sentence, and as it stands in JSON where that differs. */
static void
collect_value (JsonNode  *node,
               GPtrArray *values)
{
  gchar *json = eka_json_to_text (node);
  gsize length = strlen (json);
  gchar *plain;

  if (*json != '"')
    {
      g_ptr_array_add (values, json);
      return;
    }
  plain = g_strdup (json_node_get_string (node));
  memmove (json, json + 1, length - 1);
  json[length - 2] = '\0';
  if (strcmp (plain, json) != 0)
    g_ptr_array_add (values, json);
  else
    eka_secret_free (json);
  g_ptr_array_add (values, plain);
}

static void
collect_values (JsonNode  *node,
                GPtrArray *values)
{
  guint i;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      JsonNode *member;

      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, NULL, &member))
        collect_values (member, values);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (i = 0; i < json_array_get_length (array); i++)
        collect_values (json_array_get_element (array, i), values);
    }
  else if (!JSON_NODE_HOLDS_NULL (node) &&
           json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    collect_value (node, values);
}

/* Else the value “John” would leave “Doe” of “John Doe” behind. */
static gint
compare_lengths (gconstpointer a,
                 gconstpointer b)
{
  gsize of_a = strlen (*(const gchar *const *) a);
  gsize of_b = strlen (*(const gchar *const *) b);

  return of_a < of_b ? 1 : of_a > of_b ? -1 : 0;
}

static void
collect_private (EkaClient *client)
{
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  GPtrArray *values = client->private_values;

  if (client->settings->patient_details == NULL)
    return;
  object = eka_json_parse_object (client->settings->patient_details, -1, NULL);
  if (object == NULL)
    return;
  json_node_set_object (node, object);
  collect_values (node, values);
  g_ptr_array_sort (values, compare_lengths);
  while (values->len > 0 &&
         strlen (g_ptr_array_index (values, values->len - 1)) < MIN_REDACTED)
    g_ptr_array_set_size (values, values->len - 1);
}

/**
 * eka_client_new:
 * @transport: (transfer none): carries the requests
 * @clock: (transfer none): time of the worker thread
 * @settings: (transfer none): settings that passed their check; must outlive
 *   the client
 *
 * Returns: (transfer full): a client
 */
EkaClient *
eka_client_new (EkaTransport *transport,
                EkaClock     *clock,
                EkaSettings  *settings)
{
  EkaClient *client = g_new0 (EkaClient, 1);

  client->transport = g_object_ref (transport);
  client->clock = eka_clock_ref (clock);
  client->settings = settings;
  client->base = g_uri_parse (settings->base_url, G_URI_FLAGS_ENCODED, NULL);
  client->private_values = g_ptr_array_new_with_free_func (eka_secret_free);
  collect_private (client);
  return client;
}

/**
 * eka_client_free:
 * @client: (transfer full): a client without a call under way
 */
void
eka_client_free (EkaClient *client)
{
  g_object_unref (client->transport);
  eka_clock_unref (client->clock);
  g_clear_pointer (&client->base, g_uri_unref);
  g_ptr_array_unref (client->private_values);
  eka_secret_free (client->hidden);
  g_free (client);
}

static gboolean
refuse (GError     **error,
        const gchar *property,
        GUri        *uri,
        const gchar *why)
{
  g_autofree gchar *origin = eka_origin_to_string (uri);

  g_strdelimit (origin, "\r\n\t\033", ' ');
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNTRUSTED,
               "The service names %s, %s", origin, why);
  if (error != NULL)
    eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

/**
 * eka_client_trusts:
 * @client: a client
 * @uri: an absolute URI that the service named
 * @error: return location; %EKA_SCRIBE_ERROR_UNTRUSTED that names the host and
 *   the property that would allow it
 *
 * Audio and credentials go to the origin of `base-url` and to hosts of
 * `trusted-hosts`; in clear text only on this machine, or where `allow-http` is
 * set, which is what a service needs that names its own host with http because
 * it does not know of the proxy that does TLS for it.
 *
 * Returns: whether they may go to @uri
 */
gboolean
eka_client_trusts (EkaClient   *client,
                   const gchar *uri,
                   GError     **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED, NULL);

  if (parsed == NULL || !eka_origin_is_http (parsed) || client->base == NULL)
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "The service names a place that is not an http URL");
      return FALSE;
    }
  if (eka_origin_equal (parsed, client->base))
    return TRUE;
  if (!eka_origin_is_private (parsed) && !client->settings->allow_http)
    return refuse (error, "allow-http", parsed,
                   "which is not encrypted: audio and credentials do not go "
                   "there unless allow-http is set and trusted-hosts lists it");
  if (!eka_origin_is_listed (
          parsed, (const gchar *const *) client->settings->trusted_hosts))
    return refuse (error, "trusted-hosts", parsed,
                   "which is not where base-url is: audio and credentials do "
                   "not go there unless trusted-hosts lists it");
  return TRUE;
}

/* A WebSocket may have a port of its own at the host of the API. */
static gboolean
is_at_our_host (EkaClient   *client,
                const gchar *http)
{
  g_autoptr (GUri) uri = g_uri_parse (http, G_URI_FLAGS_ENCODED, NULL);

  return uri != NULL && client->base != NULL &&
         g_ascii_strcasecmp (g_uri_get_host (uri),
                             g_uri_get_host (client->base)) == 0 &&
         (eka_origin_is_private (uri) || client->settings->allow_http);
}

/* Else it may go where HTTP may. */
static gboolean
trusts_target (EkaClient        *client,
               const EkaRequest *request,
               GError          **error)
{
  g_autofree gchar *http = NULL;

  if (request->call == EKA_CALL_STREAM)
    http = eka_origin_from_websocket (request->uri);
  if (http != NULL && is_at_our_host (client, http))
    return TRUE;
  return eka_client_trusts (client, http != NULL ? http : request->uri, error);
}

static void
call_send (GTask *task);

/* Discovery is public; everything else names the user. */
static EkaToken *
token_of (Call *call)
{
  return call->request->call != EKA_CALL_DISCOVER
             ? call->client->settings->token
             : NULL;
}

/* Another credential is tried at once; without one the refusal is the answer. */
static void
call_renewed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (eka_renewal_finish (token_of (call), result, &error))
    {
      g_clear_pointer (&call->refusal, eka_reply_free);
      call_send (g_steal_pointer (&task));
    }
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&call->refusal),
                           (GDestroyNotify) eka_reply_free);
}

/* @task: (transfer full) */
static void
call_renew (GTask              *task,
            GAsyncReadyCallback callback)
{
  Call *call = g_task_get_task_data (task);

  call->renewed = TRUE;
  eka_renewal_async (token_of (call), call->client->transport,
                     call->client->clock, call->request->credential, callback,
                     task);
}

static void
call_sent (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  EkaReply *reply;

  reply = eka_transport_send_finish (EKA_TRANSPORT (source), result, &error);
  if (reply == NULL)
    g_task_return_error (task, error);
  else if ((reply->status == 401 || reply->status == 403) &&
           token_of (call) != NULL && !call->renewed)
    {
      call->refusal = reply;
      call_renew (g_steal_pointer (&task), call_renewed);
    }
  else
    g_task_return_pointer (task, reply, (GDestroyNotify) eka_reply_free);
}

/* @task: (transfer full) */
static void
call_send (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (token_of (call) != NULL)
    eka_token_authorize (token_of (call), call->request);
  eka_transport_send_async (call->client->transport, call->request,
                            g_task_get_cancellable (task), call_sent, task);
}

/* What was due may still be good: the service decides. */
static void
call_prepared (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  eka_renewal_finish (token_of (call), result, &error);
  call->renewed = FALSE;
  if (error != NULL && call->request->credential == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    call_send (g_steal_pointer (&task));
}

/* A credential that is about to expire, or none though one can be had, would
 * only cost a refusal. */
static void
call_prepare (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  EkaToken *token = token_of (call);

  if (token != NULL && eka_token_is_due (token, eka_clock_now (
                                                    call->client->clock)))
    {
      eka_token_authorize (token, call->request);
      call_renew (task, call_prepared);
    }
  else
    call_send (task);
}

/**
 * eka_client_call_async:
 * @client: a client; must live until @callback
 * @request: (transfer full): without a credential
 * @cancellable: (nullable)
 * @callback: called with the answer
 * @user_data: for @callback
 *
 * Sends @request with the credential, if it may go there. One that is due is
 * renewed before; on 401 or 403 another one is looked for, once, and tried at
 * once.
 */
void
eka_client_call_async (EkaClient           *client,
                       EkaRequest          *request,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);
  GError *error = NULL;

  call->client = client;
  call->request = request;
  g_task_set_source_tag (task, eka_client_call_async);
  g_task_set_task_data (task, call, call_free);

  if (!trusts_target (client, request, &error))
    {
      g_free (eka_scribe_error_edit_info (error)->request);
      eka_scribe_error_edit_info (error)->request =
          g_strdup (eka_call_to_string (request->call));
      g_task_return_error (task, error);
      return;
    }
  call_prepare (g_steal_pointer (&task));
}

/**
 * eka_client_call_finish:
 * @result: what the callback got
 * @error: return location
 *
 * Returns: (transfer full): the answer, of any status, or %NULL where none came
 */
EkaReply *
eka_client_call_finish (GAsyncResult *result,
                        GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* (transfer full) @text */
static gchar *
redact (EkaClient *client,
        gchar     *text)
{
  guint i;

  if (text == NULL)
    return NULL;
  for (i = 0; i < client->private_values->len; i++)
    text = eka_secret_cut (g_ptr_array_index (client->private_values, i),
                           MIN_REDACTED, text);
  return eka_client_redact_secrets (client, text);
}

/* (transfer full) (nullable) @text */
static gchar *
shorten (gchar *text,
         glong  length)
{
  gchar *cut;

  if (text == NULL || g_utf8_strlen (text, -1) <= length)
    return text;
  cut = g_utf8_substring (text, 0, length);
  g_free (text);
  text = g_strconcat (cut, "…", NULL);
  g_free (cut);
  return text;
}

/**
 * eka_client_hide:
 * @client: a client
 * @text: (nullable): a secret that the service gave, in place of the one before
 *
 * It is shown in no text from now on.
 */
void
eka_client_hide (EkaClient   *client,
                 const gchar *text)
{
  eka_secret_free (client->hidden);
  client->hidden = g_strdup (text);
}

/**
 * eka_client_redact_secrets:
 * @client: a client
 * @text: (transfer full) (nullable): what the service said, of which the rest
 *   is the application's to know
 *
 * Returns: (transfer full) (nullable): @text without credentials
 */
gchar *
eka_client_redact_secrets (EkaClient *client,
                           gchar     *text)
{
  text = eka_secret_redact (client->hidden, text);
  if (client->settings->token != NULL)
    text = eka_token_redact (client->settings->token, text);
  return text;
}

/**
 * eka_client_redact:
 * @client: a client
 * @error: an error that may quote the server
 *
 * Servers repeat in their answers what they were sent. Takes credentials and
 * patient details out of message, code and details, and cuts what is too long
 * afterwards, so that no part of a secret is left at the cut.
 */
void
eka_client_redact (EkaClient *client,
                   GError    *error)
{
  error->message = shorten (redact (client, error->message), MAX_MESSAGE);
  if (error->domain == EKA_SCRIBE_ERROR)
    {
      EkaScribeErrorInfo *info = eka_scribe_error_edit_info (error);

      info->code = shorten (redact (client, info->code), MAX_CODE);
      info->details = redact (client, info->details);
      if (info->details != NULL && strlen (info->details) > MAX_DETAILS)
        g_clear_pointer (&info->details, g_free);
    }
}

/**
 * eka_client_fault:
 * @client: a client
 * @reply: an answer that is no success
 * @call: the call it answers
 *
 * Returns: (transfer full): eka_fault_from_reply() with advice on credentials
 */
GError *
eka_client_fault (EkaClient *client,
                  EkaReply  *reply,
                  EkaCall    call)
{
  GError *error = eka_fault_from_reply (reply, call);
  EkaToken *token = client->settings->token;

  if (g_error_matches (error, EKA_SCRIBE_ERROR,
                       EKA_SCRIBE_ERROR_NOT_AUTHORIZED))
    {
      gboolean set = token != NULL && eka_token_is_set (token);

      eka_scribe_error_edit_info (error)->property = "access-token";
      if (set)
        g_prefix_error (&error, "The access token was refused; set a valid one "
                        "with access-token or access-token-file. ");
      else
        g_prefix_error (&error, "No access token is set; set access-token, "
                        "access-token-file or EKASCRIBE_ACCESS_TOKEN. ");
    }
  else if (reply->status == 407)
    {
      eka_scribe_error_edit_info (error)->property = "proxy-id";
      g_prefix_error (&error, "The proxy wants to know who asks; set proxy, "
                      "proxy-id and proxy-pw. ");
    }
  else if (call == EKA_CALL_CREATE && reply->status == 404)
    {
      eka_scribe_error_edit_info (error)->property = "base-url";
      g_prefix_error (&error, "There is no session service at base-url. ");
    }
  return error;
}
