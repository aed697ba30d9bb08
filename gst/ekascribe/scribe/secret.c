/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/secret.h"

#include <string.h>

/* A shorter secret is none, and taking it out would cut words to pieces. */
#define MIN_REDACTED 3

/**
 * eka_secret_free:
 * @secret: (transfer full) (nullable): a string
 *
 * Wipes and frees it.
 */
void
eka_secret_free (gpointer secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/**
 * eka_secret_clear:
 * @secret: (inout) (transfer full) (nullable): a string
 *
 * Wipes and frees it, where there is one.
 */
void
eka_secret_clear (gchar **secret)
{
  g_clear_pointer (secret, eka_secret_free);
}

/**
 * eka_secret_set:
 * @secret: (inout): where a secret is kept
 * @value: (nullable): what takes its place; copied
 */
void
eka_secret_set (gchar      **secret,
                const gchar *value)
{
  gchar *copy = g_strdup (value);

  eka_secret_clear (secret);
  *secret = copy;
}

/**
 * eka_secret_is_credential:
 * @value: a string
 *
 * Returns: whether it may stand in a header field (RFC 9110 section 5.5), blanks
 *   left out
 */
gboolean
eka_secret_is_credential (const gchar *value)
{
  if (*value == '\0')
    return FALSE;
  for (; *value != '\0'; value++)
    if (!g_ascii_isgraph (*value))
      return FALSE;
  return TRUE;
}

/**
 * eka_secret_redact:
 * @secret: (nullable): what must not be shown
 * @text: (transfer full) (nullable): a text that may quote it
 *
 * Returns: (transfer full) (nullable): @text without it
 */
gchar *
eka_secret_redact (const gchar *secret,
                   gchar       *text)
{
  GString *string;

  if (text == NULL || secret == NULL || strlen (secret) < MIN_REDACTED ||
      strstr (text, secret) == NULL)
    return text;
  string = g_string_new (text);
  g_string_replace (string, secret, "…", 0);
  eka_secret_free (text);
  return g_string_free (string, FALSE);
}
