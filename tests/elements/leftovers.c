/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "leftovers.h"

#include <string.h>

#include "chunk/wav.h"

#define PATIENCE G_TIME_SPAN_MINUTE

static GPtrArray *
list (const gchar *location)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *all = eka_leftover_list (location, &error);

  g_assert_no_error (error);
  return all;
}

guint
leftovers_count (const gchar *location)
{
  g_autoptr (GPtrArray) all = list (location);

  return all->len;
}

/* Returns: (transfer full): the one that was begun as the @nth */
EkaLeftover *
leftovers_get (const gchar *location,
               guint        nth)
{
  g_autoptr (GPtrArray) all = list (location);
  g_autoptr (GError) error = NULL;
  const EkaLeftover *found;
  EkaLeftover *leftover;

  g_assert_cmpuint (all->len, >, nth);
  found = g_ptr_array_index (all, nth);
  leftover = eka_leftover_look (location, found->name, &error);
  g_assert_no_error (error);
  return leftover;
}

/* Returns: (transfer full) */
EkaLeftover *
leftovers_get_only (const gchar *location)
{
  g_assert_cmpuint (leftovers_count (location), ==, 1);
  return leftovers_get (location, 0);
}

static void
append (GByteArray     *audio,
        const EkaChunk *chunk)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (chunk->bytes, &size);

  g_assert_cmpuint (size, >, EKA_WAV_HEADER_SIZE);
  g_byte_array_append (audio, data + EKA_WAV_HEADER_SIZE,
                       size - EKA_WAV_HEADER_SIZE);
}

/* Appends to @audio the samples that @leftover has of its WAV chunks, and what
 * can be made of its journal. */
void
leftovers_read (EkaLeftover *leftover,
                GByteArray  *audio)
{
  g_autoptr (GPtrArray) rebuilt = NULL;
  g_autoptr (GError) error = NULL;
  EkaJournalDamage damage;
  guint i;

  g_assert_nonnull (leftover->index);
  for (i = 0; i < leftover->index->entries->len; i++) {
    g_autoptr (EkaChunk) chunk = eka_leftover_read (leftover, i, &error);

    g_assert_no_error (error);
    append (audio, chunk);
  }
  if (leftover->journal == NULL)
    return;
  rebuilt = eka_journal_rebuild (leftover->journal, &damage, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (damage.packets, ==, 0);
  for (i = 0; i < rebuilt->len; i++)
    append (audio, g_ptr_array_index (rebuilt, i));
}

/* Whether a file in @folder holds @word. */
gboolean
leftovers_mention (const gchar *folder,
                   const gchar *word)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  gboolean found = FALSE;
  const gchar *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    g_autofree gchar *text = NULL;
    gsize size;

    g_assert_true (g_file_get_contents (path, &text, &size, NULL));
    found = found || memmem (text, size, word, strlen (word)) != NULL;
  }
  return found;
}

/* Waits until there is one that is @done. Returns: (transfer full): it */
EkaLeftover *
leftovers_await (const gchar *location,
                 gboolean   (*done) (EkaLeftover *))
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;

  while (g_get_monotonic_time () < end) {
    g_autoptr (GPtrArray) all = list (location);
    guint i;

    for (i = 0; i < all->len; i++) {
      EkaLeftover *leftover = g_ptr_array_index (all, i);

      if (done (leftover))
        return leftovers_get (location, i);
    }
    g_usleep (2000);
  }
  g_error ("nothing of the kind came to %s", location);
}
