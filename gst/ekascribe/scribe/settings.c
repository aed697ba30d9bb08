/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/settings.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/json.h"
#include "scribe/origin.h"

#define MAX_TEMPLATES 2
#define MIN_SESSION_ID 16
#define MAX_SESSION_ID 32

/**
 * eka_upload_type_to_string:
 * @type: a way
 *
 * Returns: its name in the protocol
 */
const gchar *
eka_upload_type_to_string (EkaUploadType type)
{
  static const gchar *const names[] = {
    [EKA_UPLOAD_CHUNKED] = "chunked",
    [EKA_UPLOAD_STREAM] = "stream",
    [EKA_UPLOAD_SINGLE] = "single",
  };

  g_return_val_if_fail ((gsize) type < G_N_ELEMENTS (names), "chunked");
  return names[type];
}

/**
 * eka_settings_new:
 *
 * Returns: (transfer full): settings with the defaults of the protocol and
 *   without a service
 */
EkaSettings *
eka_settings_new (void)
{
  EkaSettings *settings = g_new0 (EkaSettings, 1);

  settings->session_mode = g_strdup ("dictation");
  settings->wait_for_results = TRUE;
  settings->result_timeout = 10 * G_TIME_SPAN_MINUTE;
  settings->poll_interval = G_TIME_SPAN_SECOND;
  settings->settle_time = 30 * G_TIME_SPAN_SECOND;
  settings->retry_time = 10 * G_TIME_SPAN_MINUTE;
  settings->stream_fallback = TRUE;
  settings->stream_timeout = 30 * G_TIME_SPAN_SECOND;
  return settings;
}

/**
 * eka_settings_copy:
 * @settings: settings
 *
 * Returns: (transfer full): a copy that shares the token
 */
EkaSettings *
eka_settings_copy (const EkaSettings *settings)
{
  EkaSettings *copy = g_memdup2 (settings, sizeof *settings);

  copy->base_url = g_strdup (settings->base_url);
  copy->trusted_hosts = g_strdupv (settings->trusted_hosts);
  if (settings->token != NULL)
    copy->token = eka_token_ref (settings->token);
  copy->session_id = g_strdup (settings->session_id);
  copy->session_mode = g_strdup (settings->session_mode);
  copy->model = g_strdup (settings->model);
  copy->templates = g_strdupv (settings->templates);
  copy->leftover_templates = g_strdupv (settings->leftover_templates);
  copy->language_hint = g_strdupv (settings->language_hint);
  copy->transcript_language = g_strdup (settings->transcript_language);
  copy->patient_details = g_strdup (settings->patient_details);
  copy->additional_data = g_strdup (settings->additional_data);
  copy->first_id = g_strdup (settings->first_id);
  copy->previous_id = g_strdup (settings->previous_id);
  copy->result_template = g_strdup (settings->result_template);
  return copy;
}

/**
 * eka_settings_free:
 * @settings: (transfer full): settings
 */
void
eka_settings_free (EkaSettings *settings)
{
  if (settings->patient_details != NULL)
    explicit_bzero (settings->patient_details,
                    strlen (settings->patient_details));
  g_free (settings->base_url);
  g_strfreev (settings->trusted_hosts);
  g_clear_pointer (&settings->token, eka_token_unref);
  g_free (settings->session_id);
  g_free (settings->session_mode);
  g_free (settings->model);
  g_strfreev (settings->templates);
  g_strfreev (settings->leftover_templates);
  g_strfreev (settings->language_hint);
  g_free (settings->transcript_language);
  g_free (settings->patient_details);
  g_free (settings->additional_data);
  g_free (settings->first_id);
  g_free (settings->previous_id);
  g_free (settings->result_template);
  g_free (settings);
}

/**
 * eka_settings_set_templates:
 * @settings: settings
 * @templates: (transfer full) (nullable): ids of templates
 *
 * Who names one twice wants one document of it: the first of the same ones stays.
 */
void
eka_settings_set_templates (EkaSettings *settings,
                            gchar      **templates)
{
  guint i, n = 0;

  for (i = 0; templates != NULL && templates[i] != NULL; i++)
    {
      gchar *template = g_steal_pointer (&templates[i]);

      if (g_strv_contains ((const gchar *const *) templates, template))
        g_free (template);
      else
        templates[n++] = template;
    }
  g_strfreev (settings->templates);
  settings->templates = templates;
}

static gboolean G_GNUC_PRINTF (3, 4)
refuse (GError     **error,
        const gchar *property,
        const gchar *format,
        ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  *error = g_error_new_valist (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                               format, args);
  va_end (args);
  eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

/**
 * eka_settings_check_object:
 * @property: the property that holds @text, a static string
 * @text: (nullable): JSON text
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS. It quotes nothing of
 *   @text, which may tell of a patient
 *
 * Returns: whether @text is absent or a JSON object
 */
gboolean
eka_settings_check_object (const gchar *property,
                           const gchar *text,
                           GError     **error)
{
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (GError) local = NULL;

  if (text == NULL)
    return TRUE;
  object = eka_json_parse_object (text, -1, &local);
  if (object == NULL)
    return refuse (error, property,
                   "%s must be a JSON object, or @FILE that holds one, but it "
                   "is %s", property, local->message);
  return TRUE;
}

static gboolean
check_base_url (const EkaSettings *settings,
                GError           **error)
{
  g_autoptr (GUri) uri = NULL;
  g_autoptr (GError) local = NULL;

  if (settings->base_url == NULL || *settings->base_url == '\0')
    return refuse (error, "base-url", "base-url is not set");
  uri = g_uri_parse (settings->base_url, G_URI_FLAGS_ENCODED, &local);
  if (uri == NULL)
    return refuse (error, "base-url", "base-url is not a URL: %s",
                   local->message);
  if (!eka_origin_is_http (uri))
    return refuse (error, "base-url",
                   "base-url must be an https:// URL with a host");
  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return refuse (error, "base-url",
                   "base-url must not have a user, a query or a fragment; "
                   "credentials belong into access-token or api-key");
  if (!eka_origin_is_private (uri) && !settings->allow_http)
    return refuse (error, "base-url",
                   "base-url “%s” would send audio and credentials in clear "
                   "text: use https, or set allow-http=true where the network "
                   "is trusted", settings->base_url);
  return TRUE;
}

/**
 * eka_settings_check_auth_url:
 * @settings: settings that passed eka_settings_check()
 * @auth_url: where client credentials would go
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS
 *
 * Returns: whether they may: encrypted, to this machine, or where allow_http is
 *   set; to the origin of the service, or to a trusted host
 */
gboolean
eka_settings_check_auth_url (const EkaSettings *settings,
                             const gchar       *auth_url,
                             GError           **error)
{
  g_autoptr (GUri) uri = g_uri_parse (auth_url, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) base =
      g_uri_parse (settings->base_url, G_URI_FLAGS_ENCODED, NULL);

  if (uri == NULL || !eka_origin_is_http (uri) ||
      g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return refuse (error, "auth-url",
                   "auth-url must be an https:// URL with a host, without a "
                   "user, a query or a fragment");
  if (base != NULL && eka_origin_equal (uri, base))
    return TRUE;
  if (!eka_origin_is_private (uri) && !settings->allow_http)
    return refuse (error, "auth-url",
                   "auth-url would send client credentials in clear text: use "
                   "https, or set allow-http=true where the network is "
                   "trusted");
  if (!eka_origin_is_listed (
          uri, (const gchar *const *) settings->trusted_hosts))
    return refuse (error, "auth-url",
                   "auth-url is not where base-url is: client credentials do "
                   "not go there unless trusted-hosts lists it");
  return TRUE;
}

/* An entry that can match no host would be a silent refusal later. */
static gboolean
check_trusted_hosts (gchar  **hosts,
                     GError **error)
{
  for (; hosts != NULL && *hosts != NULL; hosts++)
    if (**hosts == '\0' || strpbrk (*hosts, "/@?#* \t\r\n") != NULL)
      return refuse (error, "trusted-hosts",
                     "trusted-hosts takes names such as host or host:port, "
                     "not “%s”", *hosts);
  return TRUE;
}

static gboolean
check_session_id (const gchar *id,
                  GError     **error)
{
  gsize length, i;

  if (id == NULL)
    return TRUE;
  length = strlen (id);
  if (length < MIN_SESSION_ID || length > MAX_SESSION_ID)
    return refuse (error, "session-id",
                   "session-id must have %d to %d characters, not %"
                   G_GSIZE_FORMAT, MIN_SESSION_ID, MAX_SESSION_ID, length);
  for (i = 0; i < length; i++)
    if (!g_ascii_isalnum (id[i]) && id[i] != '_' && id[i] != '-')
      return refuse (error, "session-id",
                     "session-id may only have letters, digits, “_” and “-”");
  return TRUE;
}

/**
 * eka_settings_check:
 * @settings: settings
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS with the property at
 *   fault
 *
 * Finds out, without the network, what Create Session would refuse.
 *
 * Returns: whether the settings can work
 */
gboolean
eka_settings_check (const EkaSettings *settings,
                    GError           **error)
{
  guint templates = 0;
  guint i;

  if (settings->templates != NULL)
    templates = g_strv_length (settings->templates);
  if (templates > MAX_TEMPLATES)
    return refuse (error, "templates",
                   "templates has %u entries, but a session takes at most %d",
                   templates, MAX_TEMPLATES);
  for (i = 0; i < templates; i++)
    if (*settings->templates[i] == '\0')
      return refuse (error, "templates", "templates has an empty entry");
  for (i = 0; settings->language_hint != NULL && settings->language_hint[i];
       i++)
    if (*settings->language_hint[i] == '\0')
      return refuse (error, "language-hint", "language-hint has an empty entry");

  return check_base_url (settings, error) &&
         check_trusted_hosts (settings->trusted_hosts, error) &&
         check_session_id (settings->session_id, error) &&
         eka_settings_check_object ("patient-details",
                                    settings->patient_details, error) &&
         eka_settings_check_object ("additional-data",
                                    settings->additional_data, error);
}
