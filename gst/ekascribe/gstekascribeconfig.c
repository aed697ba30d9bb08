/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "gstekascribeconfig.h"

#include <string.h>

#include "gstekascriberesults.h"
#include "scribe/error.h"

static void
wipe (gchar **secret)
{
  if (*secret != NULL)
    explicit_bzero (*secret, strlen (*secret));
  g_clear_pointer (secret, g_free);
}

static void
wipe_strv (gchar ***strv)
{
  guint i;

  for (i = 0; *strv != NULL && (*strv)[i] != NULL; i++)
    explicit_bzero ((*strv)[i], strlen ((*strv)[i]));
  g_clear_pointer (strv, g_strfreev);
}

/**
 * gst_ekascribe_config_split:
 * @text: (nullable): a list such as "a, b"
 *
 * Returns: (transfer full) (nullable): its parts, or %NULL where there are none
 */
gchar **
gst_ekascribe_config_split (const gchar *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ",", -1);
  guint i, n = 0;

  for (i = 0; parts[i] != NULL; i++) {
    if (*g_strstrip (parts[i]) == '\0')
      continue;
    g_strv_builder_add (builder, parts[i]);
    n++;
  }
  return n > 0 ? g_strv_builder_end (builder) : NULL;
}

/* An empty string on a launch line means: not set. */
static gchar *
dup_set (const gchar *text)
{
  return text != NULL && *text != '\0' ? g_strdup (text) : NULL;
}

static gchar *
dup_url (const gchar *text)
{
  gchar *url = g_strdup (text != NULL ? text : "");
  gsize length = strlen (url);

  while (length > 0 && url[length - 1] == '/')
    url[--length] = '\0';
  return url;
}

static gint64
microseconds (GstClockTime time)
{
  return MIN (time, (GstClockTime) G_MAXINT64) / GST_USECOND;
}

/* Whether the environment may tell who we are. */
static gboolean
is_anonymous (const GstEkascribeProperties *properties)
{
  return properties->access_token == NULL &&
         properties->access_token_file == NULL &&
         properties->api_key == NULL && properties->client_id == NULL;
}

static EkaToken *
make_token (const GstEkascribeProperties *properties)
{
  EkaToken *token = eka_token_new ();
  const gchar *value = properties->access_token;

  if (is_anonymous (properties))
    value = g_getenv ("EKASCRIBE_ACCESS_TOKEN");
  eka_token_set_value (token, value);
  eka_token_set_file (token, properties->access_token_file);
  eka_token_set_api_key (token, properties->api_key);
  return token;
}

static EkaSettings *
make_settings (const GstEkascribeProperties *properties)
{
  EkaSettings *settings = eka_settings_new ();

  g_free (settings->base_url);
  settings->base_url = dup_url (properties->base_url);
  settings->allow_http = properties->allow_http;
  settings->trusted_hosts = gst_ekascribe_config_split (properties->trusted_hosts);
  settings->token = make_token (properties);
  settings->discovery = properties->discovery;

  settings->session_id = dup_set (properties->session_id);
  g_free (settings->session_mode);
  settings->session_mode = g_strdup (
      properties->session_mode == GST_EKASCRIBE_SESSION_MODE_CONSULTATION ?
          "consultation" :
          "dictation");
  settings->model = dup_set (properties->model);
  eka_settings_set_templates (
      settings, gst_ekascribe_config_split (properties->templates));
  settings->language_hint = gst_ekascribe_config_split (properties->language_hint);
  settings->transcript_language = dup_set (properties->transcript_language);
  settings->patient_details = dup_set (properties->patient_details);
  settings->additional_data = dup_set (properties->additional_data);
  settings->result_template = dup_set (properties->result_template);

  settings->wait_for_results = properties->wait_for_results;
  settings->result_timeout = microseconds (properties->result_timeout);
  settings->poll_interval = microseconds (properties->poll_interval);
  settings->preview_interval = microseconds (properties->preview_interval);
  settings->settle_time = microseconds (properties->result_settle_time);
  settings->upload_type = properties->upload_type;
  settings->stream_format = properties->stream_format;
  settings->stream_fallback = properties->stream_fallback;
  if (properties->timeout > 0)
    settings->stream_timeout = properties->timeout * G_TIME_SPAN_SECOND;
  settings->on_chunk_error = properties->on_chunk_error;
  settings->retry_time = microseconds (properties->retry_time);
  return settings;
}

static gboolean
append_header (GQuark        name,
               const GValue *value,
               gpointer      user_data)
{
  GStrvBuilder *builder = user_data;
  GValue text = G_VALUE_INIT;

  g_value_init (&text, G_TYPE_STRING);
  if (g_value_transform (value, &text) && g_value_get_string (&text) != NULL) {
    g_strv_builder_add (builder, g_quark_to_string (name));
    g_strv_builder_add (builder, g_value_get_string (&text));
  }
  g_value_unset (&text);
  return TRUE;
}

static gchar **
make_headers (const GstStructure *structure)
{
  g_autoptr (GStrvBuilder) builder = NULL;

  if (structure == NULL)
    return NULL;
  builder = g_strv_builder_new ();
  gst_structure_foreach (structure, append_header, builder);
  return g_strv_builder_end (builder);
}

/**
 * gst_ekascribe_config_new:
 * @properties: what the application has set
 *
 * Returns: (transfer full): a copy for one run, not yet checked
 */
GstEkascribeConfig *
gst_ekascribe_config_new (const GstEkascribeProperties *properties)
{
  GstEkascribeConfig *self = g_new0 (GstEkascribeConfig, 1);

  self->settings = make_settings (properties);
  self->client_id = dup_set (properties->client_id);
  self->client_secret = dup_set (properties->client_secret);
  self->auth_url = dup_set (properties->auth_url);
  if (is_anonymous (properties)) {
    self->client_id = dup_set (g_getenv ("EKASCRIBE_CLIENT_ID"));
    self->client_secret = dup_set (g_getenv ("EKASCRIBE_CLIENT_SECRET"));
  }
  self->container = properties->container;
  self->encode = properties->encode;
  self->min_chunk_duration = properties->min_chunk_duration;
  self->max_chunk_duration = properties->max_chunk_duration;
  self->max_size_bytes = properties->max_size_bytes;
  self->max_size_time = properties->max_size_time;
  self->outbox_location = dup_set (properties->outbox_location);
  self->outbox_policy = properties->outbox_policy;
  self->outbox_max_bytes = properties->outbox_max_bytes;
  self->outbox_resume = properties->outbox_resume;
  self->mix = properties->mix;
  self->auto_start = properties->auto_start;
  self->start_on_speech = properties->start_on_speech;
  self->end_after_silence = properties->end_after_silence;
  self->result_location = dup_set (properties->result_location);
  self->transcript_location = dup_set (properties->transcript_location);
  self->timeout = properties->timeout;
  self->user_agent = dup_set (properties->user_agent);
  self->proxy = dup_set (properties->proxy);
  self->proxy_id = g_strdup (properties->proxy_id);
  self->proxy_pw = g_strdup (properties->proxy_pw);
  self->extra_headers = make_headers (properties->extra_headers);
  g_set_object (&self->tls_database, properties->tls_database);
  return self;
}

/**
 * gst_ekascribe_config_free:
 * @self: (transfer full): a run's configuration
 *
 * Wipes what is secret.
 */
void
gst_ekascribe_config_free (GstEkascribeConfig *self)
{
  eka_settings_free (self->settings);
  g_free (self->client_id);
  wipe (&self->client_secret);
  g_free (self->auth_url);
  g_free (self->result_location);
  g_free (self->transcript_location);
  g_free (self->outbox_location);
  g_free (self->user_agent);
  g_free (self->proxy);
  g_free (self->proxy_id);
  wipe (&self->proxy_pw);
  wipe_strv (&self->extra_headers);
  g_clear_object (&self->tls_database);
  g_free (self);
}

static gboolean
fail (GError     **error,
      const gchar *property,
      const gchar *message)
{
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS, "%s: %s",
               property, message);
  if (error != NULL)
    eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

/* Puts what @FILE holds in place of its name. */
static gboolean
read_file (gchar      **text,
           const gchar *property,
           GError     **error)
{
  g_autoptr (GError) cause = NULL;
  gchar *contents = NULL;

  if (*text == NULL || **text != '@')
    return TRUE;
  if (!g_file_get_contents (*text + 1, &contents, NULL, &cause))
    return fail (error, property, cause->message);
  wipe (text);
  *text = contents;
  return TRUE;
}

static gboolean
check_location (const gchar *location,
                const gchar *property,
                GError     **error)
{
  g_autoptr (GError) cause = NULL;

  if (location == NULL || gst_ekascribe_results_check (location, &cause))
    return TRUE;
  return fail (error, property, cause->message);
}

/* Where clients log in: at the host of the service, unless it is told. */
static gchar *
make_auth_url (const GstEkascribeConfig *self)
{
  const gchar *base = self->settings->base_url;
  const gchar *path = strchr (strstr (base, "://") + 3, '/');

  if (self->auth_url != NULL)
    return dup_url (self->auth_url);
  return g_strdup_printf ("%.*s/connect-auth/v1",
                          path != NULL ? (int) (path - base) :
                                         (int) strlen (base),
                          base);
}

/* The settings are known to be good. */
static gboolean
take_client (GstEkascribeConfig *self,
             GError            **error)
{
  g_autofree gchar *auth_url = NULL;
  g_autoptr (EkaLogin) login = NULL;

  if (self->client_id == NULL && self->client_secret == NULL)
    return TRUE;
  if (self->client_id == NULL)
    return fail (error, "client-id", "client-secret is set without it");
  if (self->client_secret == NULL)
    return fail (error, "client-secret", "client-id is set without it");
  auth_url = make_auth_url (self);
  if (!eka_settings_check_auth_url (self->settings, auth_url, error))
    return FALSE;
  login = eka_login_acquire (auth_url, self->client_id, self->client_secret);
  eka_token_set_login (self->settings->token, login);
  return TRUE;
}

static gboolean
check_mix (const GstEkascribeConfig *self,
           GError                  **error)
{
  if (self->mix != GST_EKASCRIBE_MIX_STEREO ||
      self->settings->upload_type != EKA_UPLOAD_STREAM)
    return TRUE;
  return fail (error, "mix",
               "a stream is mono; set mix=mono, or upload-type=chunked");
}

static gboolean
check_proxy (const gchar *proxy,
             GError     **error)
{
  if (proxy == NULL || g_uri_is_valid (proxy, G_URI_FLAGS_NONE, NULL))
    return TRUE;
  return fail (error, "proxy", "not a URI such as http://host:3128");
}

/**
 * gst_ekascribe_config_check:
 * @self: a run's configuration
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS with the property at
 *   fault
 *
 * Reads the files that properties name and finds out, without the network,
 * whether the settings can work.
 *
 * Returns: whether they can
 */
gboolean
gst_ekascribe_config_check (GstEkascribeConfig *self,
                            GError            **error)
{
  EkaSettings *settings = self->settings;

  return read_file (&settings->patient_details, "patient-details", error) &&
         read_file (&settings->additional_data, "additional-data", error) &&
         eka_token_load (settings->token, error) &&
         eka_settings_check (settings, error) && take_client (self, error) &&
         check_mix (self, error) && check_proxy (self->proxy, error) &&
         check_location (self->result_location, "result-location", error) &&
         check_location (self->transcript_location, "transcript-location",
                         error);
}

/**
 * gst_ekascribe_config_make_transport:
 * @self: a run's configuration
 * @worker: the network thread
 *
 * Returns: (transfer full): the way to the service
 */
EkaTransport *
gst_ekascribe_config_make_transport (GstEkascribeConfig *self,
                                     EkaWorker          *worker)
{
  EkaHttpOptions options = {
    .user_agent = self->user_agent,
    .proxy = self->proxy,
    .proxy_id = self->proxy_id,
    .proxy_pw = self->proxy_pw,
    .tls_database = self->tls_database,
    .extra_headers = (const gchar *const *) self->extra_headers,
    .timeout = self->timeout,
  };

  return eka_http_new (worker, &options);
}
