/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/names.h"

#include <string.h>

#define AUDIO_PREFIX "audio_"
#define JOURNAL_PREFIX "journal_"
#define MAX_DIGITS 9
#define MAX_EXTENSION 8

/**
 * eka_name_make_session:
 *
 * Returns: (transfer full): a name for the folder of a session, which says when
 *   it was made, and is no other's: the time in UTC and 32 bits of chance
 */
gchar *
eka_name_make_session (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format (now, "%Y%m%dT%H%M%SZ");

  return g_strdup_printf ("%s-%08x", time, g_random_int ());
}

/**
 * eka_name_make_journal:
 * @number: of the journal
 *
 * Returns: (transfer full): the name of its file
 */
gchar *
eka_name_make_journal (guint number)
{
  return g_strdup_printf (JOURNAL_PREFIX "%u", number);
}

/**
 * eka_name_is_session:
 * @name: a name
 *
 * Returns: whether it is that of a session's folder
 */
gboolean
eka_name_is_session (const gchar *name)
{
  static const gchar pattern[] = "ddddddddTddddddZ-xxxxxxxx";
  gsize i;

  for (i = 0; pattern[i] != '\0'; i++)
    {
      if (pattern[i] == 'd'   ? !g_ascii_isdigit (name[i])
          : pattern[i] == 'x' ? !g_ascii_isxdigit (name[i])
                              : name[i] != pattern[i])
        return FALSE;
    }
  return name[i] == '\0';
}

/**
 * eka_name_is_temporary_session:
 * @name: a name
 *
 * Returns: whether it is that of a session's folder while that is made or removed
 */
gboolean
eka_name_is_temporary_session (const gchar *name)
{
  if (!g_str_has_prefix (name, EKA_NAME_NEW_PREFIX) &&
      !g_str_has_prefix (name, EKA_NAME_GONE_PREFIX))
    return FALSE;
  return eka_name_is_session (name + strlen (EKA_NAME_NEW_PREFIX));
}

/* Returns: (nullable): what comes after the number; %NULL: there is none, or it is
 *   not written as we do */
static const gchar *
read_number (const gchar *text,
             guint       *number)
{
  guint64 value = 0;
  guint i;

  for (i = 0; g_ascii_isdigit (text[i]); i++)
    {
      if (i == MAX_DIGITS)
        return NULL;
      value = value * 10 + (guint) (text[i] - '0');
    }
  if (i == 0 || (i > 1 && text[0] == '0'))
    return NULL;
  if (number != NULL)
    *number = (guint) value;
  return text + i;
}

/**
 * eka_name_is_audio:
 * @name: a name
 * @number: (out) (optional): of the file
 *
 * Returns: whether it is that of a chunk, `audio_N.EXTENSION`
 */
gboolean
eka_name_is_audio (const gchar *name,
                   guint       *number)
{
  const gchar *rest;
  gsize i;

  if (!g_str_has_prefix (name, AUDIO_PREFIX))
    return FALSE;
  rest = read_number (name + strlen (AUDIO_PREFIX), number);
  if (rest == NULL || *rest != '.')
    return FALSE;
  rest++;
  for (i = 0; rest[i] != '\0'; i++)
    {
      if (i == MAX_EXTENSION ||
          !(g_ascii_islower (rest[i]) || g_ascii_isdigit (rest[i])))
        return FALSE;
    }
  return i > 0;
}

/**
 * eka_name_is_journal:
 * @name: a name
 * @number: (out) (optional): of the file
 *
 * Returns: whether it is that of a journal, `journal_N`
 */
gboolean
eka_name_is_journal (const gchar *name,
                     guint       *number)
{
  const gchar *rest;

  if (!g_str_has_prefix (name, JOURNAL_PREFIX))
    return FALSE;
  rest = read_number (name + strlen (JOURNAL_PREFIX), number);
  return rest != NULL && *rest == '\0';
}

/**
 * eka_name_is_temporary:
 * @name: a name
 *
 * Returns: whether it is that of a file that was not yet written in full
 */
gboolean
eka_name_is_temporary (const gchar *name)
{
  return name[0] == '.' && strlen (name) > strlen (".tmp") + 1 &&
         g_str_has_suffix (name, ".tmp");
}
