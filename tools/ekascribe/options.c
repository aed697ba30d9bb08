/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "options.h"

#include <math.h>
#include <string.h>

#include "outbox/store.h"

#define NOT_TOLD (-G_MAXDOUBLE)

#define DEFAULT_BASE_URL "https://api.eka.care/voice/v1"

/* What is read before it is checked. */
typedef struct
{
  Options *options;
  gchar *trusted_hosts;
  gchar *templates;
  gdouble retry_time;
  gdouble timeout;
  gdouble settle_time;
} Raw;

static gboolean
refuse (GError     **error,
        const gchar *format,
        ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError     **error,
        const gchar *format,
        ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format,
                               args);
  va_end (args);
  return FALSE;
}

/* "a, b" in parts, or NULL where there are none. */
static gchar **
split (const gchar *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ",", -1);
  guint i, n = 0;

  for (i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      {
        g_strv_builder_add (builder, parts[i]);
        n++;
      }
  return n > 0 ? g_strv_builder_end (builder) : NULL;
}

static void
add_group (GOptionContext     *context,
           OptionGroups        groups,
           OptionGroups        group,
           const GOptionEntry *entries)
{
  if (group == 0 || (groups & group) != 0)
    g_option_context_add_main_entries (context, entries, NULL);
}

static void
add_service_entries (GOptionContext *context,
                     OptionGroups    groups,
                     Raw            *raw)
{
  Options *options = raw->options;
  const GOptionEntry entries[] = {
    { "base-url", 0, 0, G_OPTION_ARG_STRING, &options->base_url,
      "API root (default: $EKASCRIBE_BASE_URL, or " DEFAULT_BASE_URL ")",
      "URL" },
    { "access-token-file", 0, 0, G_OPTION_ARG_FILENAME,
      &options->access_token_file,
      "Take the token from a file (default: from $EKASCRIBE_ACCESS_TOKEN)",
      "FILE" },
    { "auth-url", 0, 0, G_OPTION_ARG_STRING, &options->auth_url,
      "Where clients log in", "URL" },
    { "trusted-hosts", 0, 0, G_OPTION_ARG_STRING, &raw->trusted_hosts,
      "Further hosts that may get credentials", "LIST" },
    { "allow-http", 0, 0, G_OPTION_ARG_NONE, &options->allow_http,
      "Let credentials and audio go unencrypted", NULL },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &options->proxy,
      "Proxy (default: the system's)", "URL" },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
      "Trust the certificates in a PEM file, in place of the system's", "FILE" },
    { "retry-time", 0, 0, G_OPTION_ARG_DOUBLE, &raw->retry_time,
      "Time in which failed calls are repeated", "SECONDS" },
    { NULL }
  };

  add_group (context, groups, OPTIONS_SERVICE, entries);
}

static void
add_entries (GOptionContext *context,
             OptionGroups    groups,
             Raw            *raw)
{
  Options *options = raw->options;
  const GOptionEntry outbox[] = {
    { "outbox", 0, 0, G_OPTION_ARG_FILENAME, &options->outbox_told,
      "Folder of the outbox (default: $EKASCRIBE_OUTBOX, or the user's)",
      "FOLDER" },
    { NULL }
  };
  const GOptionEntry session[] = {
    { "templates", 0, 0, G_OPTION_ARG_STRING, &raw->templates,
      "Create sessions with these templates, not with their own", "LIST" },
    { NULL }
  };
  const GOptionEntry results[] = {
    { "template", 0, 0, G_OPTION_ARG_STRING, &options->template_id,
      "Get the documents of one template only", "ID" },
    { "text", 0, 0, G_OPTION_ARG_NONE, &options->text,
      "Print the transcript and nothing else", NULL },
    { NULL }
  };
  const GOptionEntry json[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL },
    { NULL }
  };
  const GOptionEntry waiting[] = {
    { "wait", 0, 0, G_OPTION_ARG_NONE, &options->wait,
      "Wait until the results are there", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &raw->timeout,
      "Longest wait for results (default: 600; 0: no limit)", "SECONDS" },
    { "settle-time", 0, 0, G_OPTION_ARG_DOUBLE, &raw->settle_time,
      "Wait so long for a result that is failed or partial to change "
      "(default: 30)",
      "SECONDS" },
    { NULL }
  };
  const GOptionEntry output[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output,
      "Write to a file; -: to standard output", "FILE" },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &options->force,
      "Overwrite a file that is there", NULL },
    { NULL }
  };
  const GOptionEntry yes[] = {
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &options->yes, "Do not ask", NULL },
    { NULL }
  };
  const GOptionEntry common[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet,
      "Tell nothing but what went wrong", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, "Tell more",
      NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
      &options->arguments, NULL, NULL },
    { NULL }
  };

  add_group (context, groups, OPTIONS_SESSION, session);
  add_group (context, groups, OPTIONS_RESULT, results);
  add_group (context, groups, OPTIONS_WAIT, waiting);
  add_group (context, groups, OPTIONS_OUTPUT, output);
  add_group (context, groups, OPTIONS_YES, yes);
  add_group (context, groups, OPTIONS_JSON, json);
  add_group (context, groups, OPTIONS_OUTBOX, outbox);
  add_service_entries (context, groups, raw);
  add_group (context, groups, 0, common);
}

static const gchar *
get_environment (const gchar *name)
{
  const gchar *value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : NULL;
}

/* What the command line does not say. */
static void
set_defaults (Options *options)
{
  gsize length;

  if (options->outbox_told == NULL)
    options->outbox_told = g_strdup (get_environment ("EKASCRIBE_OUTBOX"));
  options->outbox = options->outbox_told != NULL
                        ? g_strdup (options->outbox_told)
                        : eka_store_dup_default_location ();
  if (options->base_url == NULL)
    options->base_url = g_strdup (get_environment ("EKASCRIBE_BASE_URL"));
  options->base_url_told = options->base_url != NULL;
  if (options->base_url == NULL)
    options->base_url = g_strdup (DEFAULT_BASE_URL);
  for (length = strlen (options->base_url);
       length > 0 && options->base_url[length - 1] == '/'; length--)
    options->base_url[length - 1] = '\0';
  if (options->arguments == NULL)
    options->arguments = g_new0 (gchar *, 1);
}

static gboolean
take_seconds (gdouble      seconds,
              const gchar *name,
              gint64      *time,
              GError     **error)
{
  *time = -1;
  if (seconds == NOT_TOLD)
    return TRUE;
  if (!isfinite (seconds) || seconds < 0 || seconds > 1e9)
    return refuse (error, "--%s takes seconds from 0 up", name);
  *time = (gint64) (seconds * G_TIME_SPAN_SECOND);
  return TRUE;
}

static gboolean
check_arguments (const Command *command,
                 const Options *options,
                 GError       **error)
{
  guint n = g_strv_length (options->arguments);
  guint i;

  if (n < command->least)
    return refuse (error, "%s is missing", command->arguments);
  if (n > command->most)
    return refuse (error, "“%s” is too much", options->arguments[command->most]);
  for (i = 0; i < n; i++)
    if (*options->arguments[i] == '\0')
      return refuse (error, "an argument is empty");
  if (options->text && options->json)
    return refuse (error, "--text and --json exclude each other");
  if (options->output != NULL && *options->output == '\0')
    return refuse (error, "--output is empty");
  return TRUE;
}

/**
 * options_parse:
 * @command: the command
 * @arguments: (array zero-terminated=1): the command line behind its words
 * @error: return location for a #GOptionError
 *
 * `--help` prints and exits, as with every #GOptionContext.
 *
 * Returns: (transfer full): the options, or %NULL
 */
Options *
options_parse (const Command *command,
               gchar        **arguments,
               GError       **error)
{
  g_autoptr (Options) options = g_new0 (Options, 1);
  Raw raw = { .options = options, .retry_time = NOT_TOLD, .timeout = NOT_TOLD,
              .settle_time = NOT_TOLD };
  g_autofree gchar *name = g_strjoin (
      " ", "ekascribe", command->group != NULL ? command->group : command->name,
      command->group != NULL ? command->name : NULL, NULL);
  g_autoptr (GOptionContext) context = g_option_context_new (
      command->arguments);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  gboolean good;

  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  add_entries (context, command->groups, &raw);
  g_set_prgname (name); /* the help shows it */
  g_strv_builder_add (builder, name);
  g_strv_builder_addv (builder, (const gchar **) arguments);
  argv = g_strv_builder_end (builder);
  good = g_option_context_parse_strv (context, &argv, error);
  options->trusted_hosts = split (raw.trusted_hosts);
  g_free (raw.trusted_hosts);
  options->templates = split (raw.templates);
  if (raw.templates != NULL && options->templates == NULL)
    options->templates = g_new0 (gchar *, 1); /* none at all */
  g_free (raw.templates);
  set_defaults (options);
  if (!good || !check_arguments (command, options, error) ||
      !take_seconds (raw.retry_time, "retry-time", &options->retry_time,
                     error) ||
      !take_seconds (raw.timeout, "timeout", &options->timeout, error) ||
      !take_seconds (raw.settle_time, "settle-time", &options->settle_time,
                     error))
    return NULL;
  return g_steal_pointer (&options);
}

/**
 * options_free:
 * @options: (transfer full): options
 */
void
options_free (Options *options)
{
  g_free (options->outbox);
  g_free (options->outbox_told);
  g_free (options->base_url);
  g_free (options->auth_url);
  g_free (options->access_token_file);
  g_strfreev (options->trusted_hosts);
  g_free (options->proxy);
  g_free (options->ca_file);
  g_free (options->output);
  g_strfreev (options->templates);
  g_free (options->template_id);
  g_strfreev (options->arguments);
  g_free (options);
}
