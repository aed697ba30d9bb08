/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tool.h"

#include <string.h>

/* Whether this process is looked at by valgrind: then the command is, too. */
static gboolean
is_checked (void)
{
  const gchar *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded != NULL && strstr (preloaded, "vgpreload") != NULL;
}

/* Some seconds go by until valgrind has begun, and most commands do little else: one
 * in a few is looked at. The address sanitizer sees all of them. */
static gboolean
is_its_turn (void)
{
  static gint n;

  return g_atomic_int_add (&n, 1) % 3 == 0;
}

/* What the command gets in the environment: it has the sanitizer in itself, and
 * has to free what it took.
 * @environment: (nullable) */
static GPtrArray *
make_environment (const gchar *const *environment)
{
  static const gchar *const own[] = {
    "LD_PRELOAD",    "",
    "ASAN_OPTIONS",  "detect_leaks=1:intercept_tls_get_addr=0",
    "LSAN_OPTIONS",  "print_suppressions=0",
  };
  GPtrArray *all = g_ptr_array_new ();
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (own); i++)
    g_ptr_array_add (all, (gpointer) own[i]);
  for (; environment != NULL && *environment != NULL; environment++)
    g_ptr_array_add (all, (gpointer) *environment);
  g_ptr_array_add (all, NULL);
  return all;
}

static Launch *
start_valist (const gchar *const *environment,
              const gchar        *format,
              va_list             args)
{
  g_autoptr (GPtrArray) all = make_environment (environment);
  g_autofree gchar *arguments = g_strdup_vprintf (format, args);
  const gchar *wrapper = "";

#ifdef VALGRIND
  if (is_checked () && is_its_turn ())
    wrapper = VALGRIND;
#else
  g_assert_false (is_checked ());
#endif
  return launch_start ((const gchar *const *) all->pdata, "!%s %s %s", wrapper,
                       EKASCRIBE_PATH, arguments);
}

/**
 * tool_start:
 * @environment: (nullable): names and values in turn
 * @format: the arguments of ekascribe, as for a shell
 *
 * Returns: (transfer full): a process that runs
 */
Launch *
tool_start (const gchar *const *environment,
            const gchar        *format,
            ...)
{
  Launch *launch;
  va_list args;

  va_start (args, format);
  launch = start_valist (environment, format, args);
  va_end (args);
  return launch;
}

/**
 * tool_run:
 * @environment: (nullable): names and values in turn
 * @code: the exit code that is expected
 * @format: the arguments of ekascribe, as for a shell
 *
 * Fails, too, where what was printed holds %HARNESS_TOKEN.
 *
 * Returns: (transfer full): a process that has ended
 */
Launch *
tool_run (const gchar *const *environment,
          int                 code,
          const gchar        *format,
          ...)
{
  Launch *launch;
  va_list args;

  va_start (args, format);
  launch = start_valist (environment, format, args);
  va_end (args);
  launch_wait (launch);
  if (launch->exit_code != code)
    g_error ("ekascribe ended with %d, not with %d:\n%s\n%s",
             launch->exit_code, code, launch->out->str, launch->err->str);
  g_assert_null (strstr (launch->out->str, HARNESS_TOKEN));
  g_assert_null (strstr (launch->err->str, HARNESS_TOKEN));
  return launch;
}

/**
 * tool_parse:
 * @launch: a process that has ended
 *
 * Returns: (transfer full): the JSON that it printed
 */
JsonNode *
tool_parse (Launch *launch)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (launch->out->str, &error);

  g_assert_no_error (error);
  g_assert_nonnull (node);
  return node;
}

/**
 * tool_record:
 * @url: API root of a sandbox
 * @token: (nullable): what it lets in
 *
 * Records the session %TOOL_SESSION, with one document, and does not wait for
 * its results.
 */
void
tool_record (const gchar *url,
             const gchar *token)
{
  const gchar *environment[] = { "EKASCRIBE_ACCESS_TOKEN",
                                 token != NULL ? token : "none", NULL };
  g_autoptr (Launch) launch = launch_run (
      environment,
      "audiotestsrc num-buffers=100 samplesperbuffer=160 ! "
      "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
      "ekascribesink base-url=%s session-id=" TOOL_SESSION
      " templates=soap_template wait-for-results=false",
      url);

  if (launch->exit_code != 0)
    g_error ("the recording failed:\n%s", launch->err->str);
}

/**
 * tool_assert_says:
 * @text: what was printed
 * @part: what must be in it
 */
void
tool_assert_says (const gchar *text,
                  const gchar *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in:\n%s", part, text);
}
