/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "options.h"

#include <libsoup/soup.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT 8800
#define DEFAULT_MODELS "lite:600,pro:3600"
#define DEFAULT_MODEL_DURATION 3600.0
#define DEFAULT_LANGUAGES "en,hi,ta,te,bn,mr,gu,kn,ml,pa"
#define DEFAULT_LITE_LANGUAGES "en,hi"
#define DEFAULT_UPLOAD_METHODS "chunked"
#define DEFAULT_AUDIO_FORMATS                                                  \
  "audio/webm;codecs=opus,audio/wav,audio/ogg,audio/ogg;codecs=opus,"          \
  "audio/mp4,audio/m4a,audio/mp3"
#define DEFAULT_MAX_CHUNK_DURATION 20.0
#define DEFAULT_SESSION_LIFETIME 3600.0
#define DEFAULT_TOKEN_LIFETIME 3600.0

static const gchar SUMMARY[] =
    "The EkaScribe service (MedScribeAlliance protocol 0.1) on this machine, "
    "for\ndevelopment, demonstrations and tests. It prints one line, its base "
    "URL, when it\nis ready, and runs until SIGINT or SIGTERM.\n\n"
    "It recognises no words: its transcript tells what the signal holds "
    "(speech\nsegments with times and loudness, silence, DTMF digits), unless "
    "--transcriber\nnames a program that does.";

static const gchar DESCRIPTION[] =
    "Lists are separated by commas. Every uploaded chunk is decoded alone; one "
    "that\ncan't be decoded, or lasts longer than --max-chunk-duration, fails "
    "its session.\n\nFiles in DIR/SESSION_ID/: the chunks as they came (0.ogg, "
    "1.ogg, ...) or the\nstream (audio.wav), joined.wav (the decoded chunks, "
    "sample for sample), recording.wav\n(the same at 16 kHz, mono) and "
    "session.json. Nothing here is meant for patients' data.\n\n"
    "Example:\n  ekascribe-sandbox --port 8800 --token secret "
    "--directory /tmp/scribe";

static gchar **
split_list (const gchar *text, const gchar *option, GError **error)
{
  g_auto (GStrv) list = g_strsplit (text, ",", -1);
  gsize i;

  for (i = 0; list[i] != NULL; i++)
    {
      g_strstrip (list[i]);
      if (*list[i] != '\0')
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--%s: an item is empty", option);
      return NULL;
    }
  if (i == 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--%s: names nothing", option);
      return NULL;
    }
  return g_steal_pointer (&list);
}

static void
model_free (gpointer data)
{
  SandboxModel *model = data;

  g_free (model->id);
  g_free (model);
}

static gboolean
parse_models (SandboxOptions *options, const gchar *text, GError **error)
{
  g_auto (GStrv) list = split_list (text, "models", error);
  gsize i;

  if (list == NULL)
    return FALSE;
  for (i = 0; list[i] != NULL; i++)
    {
      SandboxModel *model = g_new0 (SandboxModel, 1);
      gchar *colon = strchr (list[i], ':');
      gchar *end = NULL;

      g_ptr_array_add (options->models, model);
      model->id = colon ? g_strndup (list[i], (gsize)(colon - list[i]))
                        : g_strdup (list[i]);
      model->max_duration = DEFAULT_MODEL_DURATION;
      if (colon != NULL)
        model->max_duration = g_ascii_strtod (colon + 1, &end);
      if (*model->id != '\0' && model->max_duration > 0.0 &&
          (end == NULL || (end != colon + 1 && *end == '\0')))
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--models: “%s” is not ID or ID:SECONDS", list[i]);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_final (SandboxOptions *options, const gchar *text, GError **error)
{
  static const gchar *const names[] = { "completed", "partial", "failed",
                                        "expired" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (text, names[i]) == 0)
      {
        options->final = (SandboxFinal)i;
        return TRUE;
      }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--final: “%s” is not completed, partial, failed or expired",
               text);
  return FALSE;
}

static gboolean
check_methods (SandboxOptions *options, GError **error)
{
  static const gchar *const known[] = { "chunked", "single", "stream", NULL };
  gsize i;

  for (i = 0; options->upload_methods[i] != NULL; i++)
    if (!g_strv_contains (known, options->upload_methods[i]))
      {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     "--upload-methods: “%s” is not chunked, single or stream",
                     options->upload_methods[i]);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_numbers (const SandboxOptions *options, GError **error)
{
  const gchar *wrong = NULL;

  if (options->port < 0 || options->port > 65535)
    wrong = "--port: not between 0 and 65535";
  else if (!(options->max_chunk_duration > 0.0))
    wrong = "--max-chunk-duration: not above 0";
  else if (!(options->session_lifetime > 0.0))
    wrong = "--session-lifetime: not above 0";
  else if (!(options->token_lifetime > 0.0))
    wrong = "--token-lifetime: not above 0";
  else if (!(options->processing_time >= 0.0))
    wrong = "--processing-time: not 0 or more";
  else if (options->public_url != NULL &&
           !g_uri_is_valid (options->public_url, G_URI_FLAGS_NONE, NULL))
    wrong = "--public-url: not a URL";
  if (wrong == NULL)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, wrong);
  return FALSE;
}

static gboolean
parse_lists (SandboxOptions *options,
             const gchar *methods,
             const gchar *formats,
             const gchar *languages,
             GError **error)
{
  options->upload_methods = split_list (
      methods ? methods : DEFAULT_UPLOAD_METHODS, "upload-methods", error);
  if (options->upload_methods == NULL || !check_methods (options, error))
    return FALSE;
  options->audio_formats = split_list (
      formats ? formats : DEFAULT_AUDIO_FORMATS, "audio-formats", error);
  if (options->audio_formats == NULL)
    return FALSE;
  options->languages = split_list (languages ? languages : DEFAULT_LANGUAGES,
                                   "languages", error);
  if (options->languages == NULL)
    return FALSE;
  options->lite_languages = split_list (
      languages ? languages : DEFAULT_LITE_LANGUAGES, "languages", error);
  return options->lite_languages != NULL;
}

static gboolean
parse_client (SandboxOptions *options, gchar *text, GError **error)
{
  const gchar *colon = strchr (text, ':');

  if (colon == NULL || colon == text || colon[1] == '\0')
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "--client: not ID:SECRET");
      return FALSE;
    }
  options->client_id = g_strndup (text, (gsize)(colon - text));
  options->client_secret = g_strdup (colon + 1);
  explicit_bzero (text, strlen (text));
  return TRUE;
}

static gboolean
parse_faults (SandboxOptions *options, gchar **texts, GError **error)
{
  gsize i;

  for (i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      SandboxFault *fault = sandbox_fault_parse (texts[i], error);

      if (fault == NULL)
        return FALSE;
      g_ptr_array_add (options->faults, fault);
      if (fault->where == SANDBOX_STREAM &&
          !g_strv_contains ((const gchar *const *)options->upload_methods,
                            "stream"))
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "--fault %s: impossible: there is no stream without "
                       "--upload-methods",
                       texts[i]);
          return FALSE;
        }
      if (options->client_id != NULL || (fault->where != SANDBOX_LOGIN &&
                                         fault->where != SANDBOX_REFRESH))
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--fault %s: impossible: there is no login without --client",
                   texts[i]);
      return FALSE;
    }
  return TRUE;
}

/* Without the end of the line that editors leave. */
static gboolean
read_secret (SandboxOptions *options, const gchar *path, GError **error)
{
  gsize length;

  if (!g_file_get_contents (path, &options->webhook_secret, &length, error))
    {
      g_prefix_error (error, "--webhook-secret-file: ");
      return FALSE;
    }
  g_strchomp (options->webhook_secret);
  if (*options->webhook_secret != '\0')
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--webhook-secret-file: %s is empty", path);
  return FALSE;
}

static gboolean
is_http (const gchar *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);

  return uri != NULL && g_uri_get_host (uri) != NULL &&
         *g_uri_get_host (uri) != '\0' &&
         (g_str_equal (g_uri_get_scheme (uri), "http") ||
          g_str_equal (g_uri_get_scheme (uri), "https"));
}

static gboolean
parse_webhook (SandboxOptions *options,
               const gchar *secret_file,
               GError **error)
{
  const gchar *wrong = NULL;

  if (options->webhook == NULL && secret_file != NULL)
    wrong = "--webhook-secret-file: there is no --webhook";
  else if (options->webhook != NULL && !is_http (options->webhook))
    wrong = "--webhook: not an http or https URL";
  if (wrong == NULL)
    return secret_file == NULL || read_secret (options, secret_file, error);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, wrong);
  return FALSE;
}

static void
wipe (gchar *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static SandboxOptions *
make_defaults (void)
{
  SandboxOptions *options = g_new0 (SandboxOptions, 1);

  options->port = DEFAULT_PORT;
  options->auto_detection = TRUE;
  options->discovery = TRUE;
  options->max_chunk_duration = DEFAULT_MAX_CHUNK_DURATION;
  options->session_lifetime = DEFAULT_SESSION_LIFETIME;
  options->token_lifetime = DEFAULT_TOKEN_LIFETIME;
  options->faults =
      g_ptr_array_new_with_free_func ((GDestroyNotify)sandbox_fault_free);
  options->models = g_ptr_array_new_with_free_func (model_free);
  return options;
}

static gboolean
parse_transcriber (SandboxOptions *options,
                   const gchar *command,
                   GError **error)
{
  if (g_shell_parse_argv (command, NULL, &options->transcriber, error))
    return TRUE;
  g_prefix_error (error, "--transcriber: ");
  return FALSE;
}

/* What is no option. */
static gboolean
check_rest (int argc, char **argv, GError **error)
{
  if (argc < 2)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
               "“%s” is not an option", argv[1]);
  return FALSE;
}

/**
 * sandbox_options_parse:
 * @argc: (inout): as main() got it
 * @argv: (inout): as main() got it
 * @error: a #GOptionError or #GShellError that names the option
 *
 * `--help` prints and exits, as with every #GOptionContext.
 *
 * Returns: (transfer full): the options, or %NULL with @error set
 */
SandboxOptions *
sandbox_options_parse (int *argc, char ***argv, GError **error)
{
  g_autoptr (SandboxOptions) options = make_defaults ();
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree gchar *methods = NULL;
  g_autofree gchar *formats = NULL;
  g_autofree gchar *languages = NULL;
  g_autofree gchar *models = NULL;
  g_autofree gchar *final = NULL;
  g_autofree gchar *transcriber = NULL;
  g_autofree gchar *client = NULL;
  g_autofree gchar *secret_file = NULL;
  g_auto (GStrv) faults = NULL;
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &options->port,
      "Port to listen on; 0: any free one (default: 8800)", "PORT" },
    { "address", 0, 0, G_OPTION_ARG_STRING, &options->address,
      "IP address to listen on (default: 127.0.0.1)", "ADDRESS" },
    { "public-url", 0, 0, G_OPTION_ARG_STRING, &options->public_url,
      "API root that clients are told, where it isn't the one listened on",
      "URL" },
    { "tls-certificate", 0, 0, G_OPTION_ARG_FILENAME, &options->tls_certificate,
      "Serve HTTPS with the certificate and key of this PEM file", "FILE" },
    { "token", 't', 0, G_OPTION_ARG_STRING, &options->token,
      "Let in only this bearer token (default: any, or none)", "TOKEN" },
    { "client", 0, 0, G_OPTION_ARG_STRING, &client,
      "Who can log in, and gets tokens that are let in", "ID:SECRET" },
    { "token-lifetime", 0, 0, G_OPTION_ARG_DOUBLE, &options->token_lifetime,
      "Time that such a token lasts (default: 3600)", "SECONDS" },
    { "directory", 'd', 0, G_OPTION_ARG_FILENAME, &options->directory,
      "Keep sessions here (default: a temporary folder, removed at the end)",
      "DIR" },
    { "transcriber", 0, 0, G_OPTION_ARG_STRING, &transcriber,
      "Run COMMAND with the path of each session's recording.wav; what it "
      "prints is the transcript",
      "COMMAND" },
    { "processing-time", 0, 0, G_OPTION_ARG_DOUBLE, &options->processing_time,
      "Shortest time from End to the results (default: 0)", "SECONDS" },
    { "final", 0, 0, G_OPTION_ARG_STRING, &final,
      "End every session as completed (default), partial, failed or expired",
      "STATE" },
    { "session-lifetime", 0, 0, G_OPTION_ARG_DOUBLE, &options->session_lifetime,
      "Time from create until a session that was not ended expires "
      "(default: 3600)",
      "SECONDS" },
    { "max-chunk-duration", 0, 0, G_OPTION_ARG_DOUBLE,
      &options->max_chunk_duration,
      "Longest chunk, pre-roll included (default: 20)", "SECONDS" },
    { "upload-methods", 0, 0, G_OPTION_ARG_STRING, &methods,
      "Of chunked, single, stream (default: chunked)", "LIST" },
    { "audio-formats", 0, 0, G_OPTION_ARG_STRING, &formats,
      "Media types of uploads (default: the seven of the service)", "LIST" },
    { "models", 0, 0, G_OPTION_ARG_STRING, &models,
      "ID or ID:SECONDS of the longest recording; the first is the default "
      "model (default: " DEFAULT_MODELS ")",
      "LIST" },
    { "languages", 0, 0, G_OPTION_ARG_STRING, &languages,
      "Languages of all models (default: " DEFAULT_LANGUAGES
      "; lite: " DEFAULT_LITE_LANGUAGES ")",
      "LIST" },
    { "no-auto-detection", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE,
      &options->auto_detection, "Refuse the language hint auto_detect", NULL },
    { "no-discovery", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE,
      &options->discovery, "Answer discovery with 404", NULL },
    { "fault", 0, 0, G_OPTION_ARG_STRING_ARRAY, &faults,
      "What goes wrong: upload:2:lost, get:1-3:503, ...; docs/sandbox.md lists "
      "all; may be repeated",
      "WHERE:WHICH:WHAT" },
    { "append-duplicates", 0, 0, G_OPTION_ARG_NONE,
      &options->append_duplicates,
      "Take a file that is sent again for one more file", NULL },
    { "webhook", 0, 0, G_OPTION_ARG_STRING, &options->webhook,
      "Tell this URL what becomes of sessions", "URL" },
    { "webhook-secret-file", 0, 0, G_OPTION_ARG_FILENAME, &secret_file,
      "Sign that with the secret in this file", "FILE" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet,
      "No line on stderr for each request", NULL },
    { NULL }
  };

  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return NULL;
  if (!check_rest (*argc, *argv, error))
    return NULL;
  if (options->address == NULL)
    options->address = g_strdup (DEFAULT_ADDRESS);
  if (!parse_lists (options, methods, formats, languages, error) ||
      !parse_models (options, models ? models : DEFAULT_MODELS, error) ||
      (final != NULL && !parse_final (options, final, error)) ||
      (client != NULL && !parse_client (options, client, error)) ||
      !parse_faults (options, faults, error) ||
      !check_numbers (options, error) ||
      !parse_webhook (options, secret_file, error) ||
      (transcriber != NULL && !parse_transcriber (options, transcriber, error)))
    return NULL;
  return g_steal_pointer (&options);
}

/**
 * sandbox_options_free:
 * @options: (transfer full): to be freed
 */
void
sandbox_options_free (SandboxOptions *options)
{
  g_free (options->address);
  wipe (options->token);
  g_free (options->client_id);
  wipe (options->client_secret);
  g_clear_pointer (&options->faults, g_ptr_array_unref);
  g_free (options->public_url);
  g_free (options->tls_certificate);
  g_free (options->directory);
  g_strfreev (options->upload_methods);
  g_strfreev (options->audio_formats);
  g_strfreev (options->languages);
  g_strfreev (options->lite_languages);
  g_clear_pointer (&options->models, g_ptr_array_unref);
  g_strfreev (options->transcriber);
  g_free (options->webhook);
  wipe (options->webhook_secret);
  g_free (options);
}

/**
 * sandbox_options_find_model:
 * @options: the options
 * @id: (nullable): of a model; %NULL: the default one
 *
 * Returns: (nullable) (transfer none): the model of that id
 */
const SandboxModel *
sandbox_options_find_model (const SandboxOptions *options, const gchar *id)
{
  guint i;

  if (id == NULL)
    return g_ptr_array_index (options->models, 0);
  for (i = 0; i < options->models->len; i++)
    {
      const SandboxModel *model = g_ptr_array_index (options->models, i);

      if (g_str_equal (model->id, id))
        return model;
    }
  return NULL;
}
