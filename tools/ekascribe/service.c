/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "service.h"

#include <string.h>

#include "print.h"
#include "scribe/discovery.h"
#include "scribe/error.h"
#include "scribe/fault.h"
#include "scribe/http.h"
#include "scribe/protocol.h"
#include "scribe/retry.h"
#include "status.h"

/* Seconds without a byte after which a call has failed, as with the element. */
#define NETWORK_TIMEOUT 30

/* What ending network threads may take, in µs. */
#define ENDING_TIME (2 * G_TIME_SPAN_SECOND)

/* An empty variable is one that is not set. */
static const gchar *
get_secret (const gchar *name)
{
  const gchar *value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : NULL;
}

static gboolean
refuse (GError     **error,
        const gchar *message)
{
  g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                       message);
  return FALSE;
}

/* Where clients log in: at the host of the service, unless it is told. */
static gchar *
make_auth_url (const Options *options)
{
  const gchar *base = options->base_url;
  const gchar *path = strchr (strstr (base, "://") + 3, '/');
  int length = path != NULL ? (int) (path - base) : (int) strlen (base);

  if (options->auth_url != NULL)
    return g_strdup (options->auth_url);
  return g_strdup_printf ("%.*s/connect-auth/v1", length, base);
}

/* The settings are known to be good. */
static gboolean
take_client (EkaSettings   *settings,
             const Options *options,
             GError       **error)
{
  const gchar *id = get_secret ("EKASCRIBE_CLIENT_ID");
  const gchar *secret = get_secret ("EKASCRIBE_CLIENT_SECRET");
  g_autofree gchar *auth_url = NULL;
  g_autoptr (EkaLogin) login = NULL;

  if (options->access_token_file != NULL || (id == NULL && secret == NULL))
    return TRUE;
  if (id == NULL || secret == NULL)
    return refuse (error, "EKASCRIBE_CLIENT_ID and EKASCRIBE_CLIENT_SECRET "
                          "belong together, and one is not set");
  auth_url = make_auth_url (options);
  if (!eka_settings_check_auth_url (settings, auth_url, error))
    return FALSE;
  login = eka_login_acquire (auth_url, id, secret);
  eka_token_set_login (settings->token, login);
  return TRUE;
}

/* A file that is named says who we are, whatever is in the environment. */
static EkaToken *
make_token (const Options *options)
{
  EkaToken *token = eka_token_new ();

  if (options->access_token_file != NULL)
    {
      eka_token_set_file (token, options->access_token_file);
      return token;
    }
  eka_token_set_value (token, get_secret ("EKASCRIBE_ACCESS_TOKEN"));
  eka_token_set_api_key (token, get_secret ("EKASCRIBE_API_KEY"));
  return token;
}

static EkaSettings *
make_settings (const Options *options,
               GError       **error)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();

  settings->base_url = g_strdup (options->base_url);
  settings->allow_http = options->allow_http;
  settings->trusted_hosts = g_strdupv (options->trusted_hosts);
  eka_settings_set_templates (settings, g_strdupv (options->templates));
  settings->leftover_templates = g_strdupv (settings->templates);
  settings->token = make_token (options);
  settings->wait_for_results = options->wait;
  if (options->timeout >= 0)
    settings->result_timeout = options->timeout;
  if (options->settle_time >= 0)
    settings->settle_time = options->settle_time;
  if (!eka_token_load (settings->token, error) ||
      !eka_settings_check (settings, error) ||
      !take_client (settings, options, error))
    return NULL;
  return g_steal_pointer (&settings);
}

static EkaTransport *
make_transport (EkaWorker     *worker,
                const Options *options,
                GError       **error)
{
  g_autoptr (GTlsDatabase) database = NULL;
  EkaHttpOptions http = { .proxy = options->proxy, .timeout = NETWORK_TIMEOUT };

  if (options->proxy != NULL &&
      !g_uri_is_valid (options->proxy, G_URI_FLAGS_NONE, NULL))
    {
      refuse (error, "--proxy takes a URL such as http://host:3128");
      return NULL;
    }
  if (options->ca_file != NULL)
    {
      g_autoptr (GError) cause = NULL;
      g_autofree gchar *path = g_canonicalize_filename (options->ca_file, NULL);

      database = g_tls_file_database_new (path, &cause);
      if (database == NULL)
        {
          g_prefix_error (&cause, "--ca-file: ");
          refuse (error, cause->message);
          return NULL;
        }
    }
  http.tls_database = database;
  return eka_http_new (worker, &http);
}

/**
 * service_new:
 * @options: the options
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS
 *
 * Nothing is sent. Credentials are those of the file that the options name,
 * else those of the environment.
 *
 * Returns: (transfer full): the service, or %NULL where that can't work
 */
Service *
service_new (const Options *options,
             GError       **error)
{
  g_autoptr (Service) self = g_new0 (Service, 1);

  self->settings = make_settings (options, error);
  if (self->settings == NULL)
    return NULL;
  self->worker = eka_worker_acquire ();
  self->transport = make_transport (self->worker, options, error);
  if (self->transport == NULL)
    return NULL;
  self->client = eka_client_new (self->transport,
                                 eka_worker_get_clock (self->worker),
                                 self->settings);
  self->base_url = g_strdup (self->settings->base_url);
  return g_steal_pointer (&self);
}

static gboolean
free_client (gpointer user_data)
{
  eka_client_free (user_data);
  return G_SOURCE_REMOVE;
}

/**
 * service_free:
 * @service: (transfer full): a service that nobody calls
 *
 * Waits a moment for the network thread to end.
 */
void
service_free (Service *service)
{
  if (service->client != NULL)
    eka_worker_invoke (service->worker, free_client, service->client, NULL);
  g_clear_object (&service->transport);
  if (service->worker != NULL)
    {
      eka_worker_release (service->worker);
      eka_worker_wait_gone (ENDING_TIME);
    }
  g_clear_pointer (&service->settings, eka_settings_free);
  g_free (service->base_url);
  g_free (service);
}

/* --- one call ----------------------------------------------------------- */

/* A call on its way through the worker thread. @lock guards what follows it. */
typedef struct
{
  Service *service;
  EkaRequest *request;
  GMutex lock;
  GCond cond;
  EkaReply *reply;
  GError *error;
  gboolean done;
} Call;

static void
call_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  GError *error = NULL;
  EkaReply *reply = eka_client_call_finish (result, &error);

  g_mutex_lock (&call->lock);
  call->reply = reply;
  call->error = error;
  call->done = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);
}

static gboolean
call_start (gpointer user_data)
{
  Call *call = user_data;

  eka_client_call_async (call->service->client, call->request, NULL, call_done,
                         call);
  return G_SOURCE_REMOVE;
}

/* @request: (transfer full) */
static EkaReply *
call_once (Service    *self,
           EkaRequest *request,
           GError    **error)
{
  Call call = { .service = self, .request = request };

  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  eka_worker_invoke (self->worker, call_start, &call, NULL);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.cond);
  g_mutex_clear (&call.lock);
  if (call.error != NULL)
    {
      eka_client_redact (self->client, call.error);
      g_propagate_error (error, call.error);
    }
  return call.reply;
}

/* As call_once(), but an answer that asks for another try is an error too.
 * @asked: (out): µs that the service asks for, or -1 */
static EkaReply *
call_well (Service    *self,
           EkaRequest *request,
           gint64     *asked,
           GError    **error)
{
  EkaCall call = request->call;
  g_autoptr (EkaReply) reply = call_once (self, request, error);
  g_autoptr (GError) fault = NULL;

  *asked = -1;
  if (reply == NULL || reply->status < 400)
    return g_steal_pointer (&reply);
  fault = service_fault (self, reply, call);
  if (!eka_scribe_error_is_transient (fault))
    return g_steal_pointer (&reply);
  *asked = eka_retry_parse_after (reply->retry_after, reply->date);
  g_propagate_error (error, g_steal_pointer (&fault));
  return NULL;
}

/**
 * service_get:
 * @service: a service
 * @request: (transfer full): a request without a body
 * @patience: µs in which a call that failed is repeated
 * @error: return location; why no answer came, or none that is final
 *
 * Blocks.
 *
 * Returns: (transfer full): an answer, of any status but those that ask for
 *   another try; or %NULL
 */
EkaReply *
service_get (Service    *service,
             EkaRequest *request,
             gint64      patience,
             GError    **error)
{
  g_autoptr (EkaRequest) first = request;
  gint64 deadline = g_get_monotonic_time () + patience;
  EkaRetry retry = { 0 };
  gboolean told = FALSE;

  for (;;)
    {
      g_autoptr (GError) local = NULL;
      gint64 asked, pause;
      EkaReply *reply = call_well (
          service, eka_request_new (first->call, first->method, first->uri),
          &asked, &local);

      if (reply != NULL)
        return reply;
      pause = eka_retry_next (&retry, g_random_double (), asked);
      if (!eka_scribe_error_is_transient (local) ||
          g_get_monotonic_time () + pause >= deadline)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (!told)
        print_note ("%s. Trying again …", local->message);
      told = TRUE;
      g_usleep (pause);
    }
}

/**
 * service_fault:
 * @service: a service
 * @reply: an answer that is none to @call
 * @call: the call it answers
 *
 * Returns: (transfer full): what it says, without secrets
 */
GError *
service_fault (Service  *service,
               EkaReply *reply,
               EkaCall   call)
{
  GError *error = reply->status < 300
                      ? eka_fault_protocol (reply, call,
                                            "the answer is something else")
                      : eka_client_fault (service->client, reply, call);

  eka_client_redact (service->client, error);
  return error;
}

/* Goes where the service says, if credentials may go there. */
static void
take_base_url (Service      *self,
               EkaDiscovery *discovery)
{
  g_autoptr (GError) error = NULL;

  if (discovery->base_url == NULL)
    return;
  if (!eka_client_trusts (self->client, discovery->base_url, &error))
    {
      print_detail ("Staying with %s: %s", self->base_url, error->message);
      return;
    }
  g_free (self->base_url);
  self->base_url = g_strdup (discovery->base_url);
  while (g_str_has_suffix (self->base_url, "/"))
    self->base_url[strlen (self->base_url) - 1] = '\0';
}

/**
 * service_discover:
 * @service: a service
 * @patience: as for service_get()
 * @error: return location; as for service_get(), or why there is no document
 *
 * Asks the service what it can do, at its API root and at the root of its host,
 * and sets @base_url to where it says that it is.
 *
 * Returns: (transfer full): an answer whose body is a discovery document, or
 *   %NULL
 */
EkaReply *
service_discover (Service *service,
                  gint64   patience,
                  GError **error)
{
  gboolean host_root;

  for (host_root = FALSE; host_root <= TRUE; host_root++)
    {
      EkaRequest *request = eka_protocol_discover (
          service->settings->base_url, host_root);
      g_autoptr (EkaReply) reply = NULL;
      g_autoptr (EkaDiscovery) discovery = NULL;

      if (request == NULL)
        break;
      g_clear_error (error);
      reply = service_get (service, request, patience, error);
      if (reply == NULL)
        return NULL;
      if (reply->status == 200)
        discovery = eka_discovery_new_from_json (reply->body, NULL);
      if (discovery != NULL)
        {
          take_base_url (service, discovery);
          return g_steal_pointer (&reply);
        }
      if (error != NULL)
        *error = service_fault (service, reply, EKA_CALL_DISCOVER);
    }
  return NULL;
}

/**
 * service_find:
 * @service: a service
 * @patience: as for service_get()
 * @error: return location; why it can't be reached
 *
 * Sets @base_url to where the service says that it is. One that says nothing is
 * where the settings say.
 *
 * Returns: whether it was there
 */
gboolean
service_find (Service *service,
              gint64   patience,
              GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (EkaReply) reply = service_discover (service, patience, &local);

  if (reply != NULL)
    return TRUE;
  if (status_of_error (local) == STATUS_UNREACHABLE &&
      !g_error_matches (local, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNAVAILABLE))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  print_detail ("%s has no discovery document: %s", service->base_url,
                local->message);
  return TRUE;
}
