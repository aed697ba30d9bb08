/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/leftoverprivate.h"

#include <string.h>

#include "chunk/container.h"
#include "outbox/names.h"
#include "outbox/reading.h"

static gint
compare_numbers (gconstpointer a,
                 gconstpointer b)
{
  guint one = 0, other = 0;

  eka_name_is_audio (*(const gchar *const *) a, &one);
  eka_name_is_audio (*(const gchar *const *) b, &other);
  return one < other ? -1 : one > other;
}

static gboolean
find_container (const gchar  *extension,
                EkaContainer *container)
{
  guint i;

  for (i = EKA_CONTAINER_OGG; i <= EKA_CONTAINER_WAV; i++)
    {
      if (strcmp (extension, eka_container_get_extension ((EkaContainer) i)) != 0)
        continue;
      *container = (EkaContainer) i;
      return TRUE;
    }
  return FALSE;
}

/* Returns: (transfer full) (nullable): what @bytes tell of themselves */
static EkaChunk *
parse_chunk (const gchar *file,
             GBytes      *bytes,
             guint        index)
{
  g_auto (EkaFile) parsed = { 0 };
  const gchar *extension = strchr (file, '.') + 1;
  EkaContainer container;
  const gchar *media_type;
  guint64 samples, hidden;
  EkaChunk *chunk;

  eka_file_init (&parsed);
  if (!find_container (extension, &container) ||
      !eka_container_read (container, &parsed, bytes))
    return NULL;
  media_type = eka_container_get_media_type (container, parsed.codec.type);
  if (media_type == NULL)
    return NULL;
  samples = eka_file_count_samples (&parsed);
  hidden = MIN (samples, parsed.skip + parsed.trim_end);
  chunk = eka_chunk_new (
      index, NULL, media_type, eka_container_get_extension (container),
      EKA_TIME_NONE,
      eka_codec_time_from_samples (&parsed.codec, samples - hidden),
      samples - hidden);
  chunk->pre_roll = eka_codec_time_from_samples (&parsed.codec, parsed.skip);
  return chunk;
}

static gboolean
add_file (EkaIndex    *index,
          int          at,
          const gchar *file)
{
  g_autoptr (GBytes) bytes = eka_reading_load (at, file, G_MAXUINT64, NULL);
  g_autoptr (EkaChunk) chunk = NULL;
  gconstpointer data;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  chunk = parse_chunk (file, bytes, index->entries->len);
  if (chunk == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  eka_index_add (index, file, size, eka_index_checksum (data, size), chunk,
                 EKA_INDEX_WAITING);
  return TRUE;
}

/**
 * eka_leftover_salvage:
 * @at: descriptor of the folder of a session
 * @names: (element-type utf8): what is in it
 * @unreadable: (out): how many files with audio could not be read
 *
 * Makes up an index of the files that are there: chunks by the numbers in their
 * names, and the journal. Of two journals the first is the one, for it has all that
 * the second one has; the chunk between them may be there twice.
 *
 * Returns: (transfer full): the index
 */
EkaIndex *
eka_leftover_salvage (int        at,
                      GPtrArray *names,
                      guint     *unreadable)
{
  EkaIndex *index = eka_index_new ();
  g_autoptr (GPtrArray) audio = g_ptr_array_new ();
  guint i, number, least = G_MAXUINT;

  *unreadable = 0;
  for (i = 0; i < names->len; i++)
    {
      gchar *name = g_ptr_array_index (names, i);

      if (eka_name_is_audio (name, NULL))
        g_ptr_array_add (audio, name);
      else if (eka_name_is_journal (name, &number) && number < least)
        {
          least = number;
          g_free (index->journal);
          index->journal = g_strdup (name);
        }
    }
  g_ptr_array_sort (audio, compare_numbers);
  for (i = 0; i < audio->len; i++)
    {
      if (!add_file (index, at, g_ptr_array_index (audio, i)))
        ++*unreadable;
    }
  return index;
}
