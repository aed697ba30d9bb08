/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "print.h"

#include <stdio.h>
#include <string.h>

#include "scribe/json.h"

static gboolean be_quiet;
static gboolean be_verbose;

/**
 * print_set_verbosity:
 * @quiet: nothing on stderr but what went wrong
 * @verbose: more on stderr
 */
void
print_set_verbosity (gboolean quiet,
                     gboolean verbose)
{
  be_quiet = quiet;
  be_verbose = verbose && !quiet;
}

/**
 * print_clean:
 * @text: text that somebody else wrote
 *
 * Returns: (transfer full): valid UTF-8 without control characters but line
 *   breaks and tabs
 */
gchar *
print_clean (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_sized_new (strlen (valid));
  const gchar *at;

  for (at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '\n' || c == '\t' || !g_unichar_iscntrl (c))
        g_string_append_unichar (clean, c);
    }
  return g_string_free (clean, FALSE);
}

static void
write_line (FILE        *stream,
            const gchar *prefix,
            const gchar *format,
            va_list      args)
{
  g_autofree gchar *text = g_strdup_vprintf (format, args);
  g_autofree gchar *clean = print_clean (text);

  fprintf (stream, "%s%s\n", prefix, clean);
  fflush (stream);
}

/**
 * print_line:
 * @format: a line of what was asked for
 */
void
print_line (const gchar *format,
            ...)
{
  va_list args;

  va_start (args, format);
  write_line (stdout, "", format, args);
  va_end (args);
}

/**
 * print_text:
 * @text: all of what was asked for, with its line breaks
 */
void
print_text (const gchar *text)
{
  fputs (text, stdout);
  fflush (stdout);
}

/**
 * print_json:
 * @node: what was asked for
 */
void
print_json (JsonNode *node)
{
  g_autofree gchar *text = eka_json_to_text (node);

  fprintf (stdout, "%s\n", text);
  fflush (stdout);
}

/**
 * print_problem:
 * @format: what went wrong
 */
void
print_problem (const gchar *format,
               ...)
{
  va_list args;

  va_start (args, format);
  write_line (stderr, "ekascribe: ", format, args);
  va_end (args);
}

/**
 * print_note:
 * @format: what is good to know; not with `--quiet`
 */
void
print_note (const gchar *format,
            ...)
{
  va_list args;

  if (be_quiet)
    return;
  va_start (args, format);
  write_line (stderr, "", format, args);
  va_end (args);
}

/**
 * print_detail:
 * @format: what is told with `--verbose` only
 */
void
print_detail (const gchar *format,
              ...)
{
  va_list args;

  if (!be_verbose)
    return;
  va_start (args, format);
  write_line (stderr, "", format, args);
  va_end (args);
}

/**
 * print_size:
 * @bytes: a size
 *
 * Returns: (transfer full): it with a unit, without a space
 */
gchar *
print_size (guint64 bytes)
{
  static const gchar units[] = "kMGTPE";
  gdouble size = bytes;
  guint i;

  if (bytes < 1000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "B", bytes);
  for (i = 0; size >= 999.5 && i < sizeof units - 1; i++)
    size /= 1000;
  return g_strdup_printf (size < 9.95 ? "%.1f%cB" : "%.0f%cB", size,
                          units[i - 1]);
}

/**
 * print_duration:
 * @duration: ns
 *
 * Returns: (transfer full): it in seconds
 */
gchar *
print_duration (guint64 duration)
{
  return g_strdup_printf ("%.1f", duration / 1e9);
}
