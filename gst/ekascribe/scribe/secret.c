/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/secret.h"

#include <string.h>

/* In bytes: from there on a credential is found inside of words, too. No service
 * gives out a shorter one. */
#define MIN_INSIDE 6

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

static gboolean
is_of_a_word (gchar c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-';
}

/* Whether no word goes on beyond either end of the @length bytes at @part. */
static gboolean
stands_alone (const gchar *text,
              const gchar *part,
              gsize        length)
{
  const gchar *last = part + length - 1;

  if (part > text && is_of_a_word (*part) && is_of_a_word (part[-1]))
    return FALSE;
  return !is_of_a_word (*last) || !is_of_a_word (last[1]);
}

/**
 * eka_secret_cut:
 * @secret: (nullable): what must not be shown
 * @length: from how many bytes on it is found inside of words, too
 * @text: (transfer full) (nullable): a text that may quote it
 *
 * A shorter secret is taken out only where it stands alone: else it would cut the
 * words of a message to pieces.
 *
 * Returns: (transfer full) (nullable): @text without it
 */
gchar *
eka_secret_cut (const gchar *secret,
                gsize        length,
                gchar       *text)
{
  const gchar *rest = text, *hit;
  GString *string;
  gsize size;

  if (text == NULL || secret == NULL || *secret == '\0' ||
      strstr (text, secret) == NULL)
    return text;
  size = strlen (secret);
  string = g_string_new (NULL);
  while ((hit = strstr (rest, secret)) != NULL)
    {
      const gboolean cut = size >= length || stands_alone (text, hit, size);

      g_string_append_len (string, rest, hit - rest + (cut ? 0 : 1));
      if (cut)
        g_string_append (string, "…");
      rest = hit + (cut ? size : 1);
    }
  g_string_append (string, rest);
  eka_secret_free (text);
  return g_string_free (string, FALSE);
}

/**
 * eka_secret_redact:
 * @secret: (nullable): a credential
 * @text: (transfer full) (nullable): a text that may quote it
 *
 * Returns: (transfer full) (nullable): @text without it, as eka_secret_cut() does it
 */
gchar *
eka_secret_redact (const gchar *secret,
                   gchar       *text)
{
  return eka_secret_cut (secret, MIN_INSIDE, text);
}
