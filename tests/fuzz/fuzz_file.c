/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of every container, read back: a byte for the container, then the file.
 */
#include "input.h"

#include "chunk/container.h"
#include "chunk/join.h"
#include "chunk/split.h"

#define N_CONTAINERS (EKA_CONTAINER_WAV + 1)

/* What was read is written again as it was. MP4 is read under both its names. */
static void
check_again (EkaContainer   container,
             const EkaFile *file,
             GBytes        *bytes)
{
  const EkaStream stream = eka_file_get_stream (file);
  g_autoptr (GBytes) again = NULL;

  if (stream.n_packets == 0)
    return;
  again = eka_container_write (container, &stream);
  if (g_bytes_equal (bytes, again))
    return;
  g_bytes_unref (again);
  g_assert_true (container == EKA_CONTAINER_M4A ||
                 container == EKA_CONTAINER_MP4);
  again = eka_container_write (container == EKA_CONTAINER_M4A
                                   ? EKA_CONTAINER_MP4
                                   : EKA_CONTAINER_M4A,
                               &stream);
  g_assert_true (g_bytes_equal (bytes, again));
}

/* Nothing is lost where a chunk follows itself. */
static void
check_join (EkaContainer  container,
            EkaChunk     *chunk)
{
  g_autoptr (EkaJoin) join = eka_join_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_auto (EkaFile) file = { 0, };

  g_assert_true (eka_join_add (join, chunk, NULL));
  g_assert_true (eka_join_add (join, chunk, NULL));
  bytes = eka_join_finish (join, NULL, NULL);
  g_assert_true ((bytes == NULL) == (chunk->samples == 0));
  if (bytes == NULL)
    return;
  eka_file_init (&file);
  g_assert_true (eka_container_read (container, &file, bytes));
  g_assert_cmpuint (eka_file_count_samples (&file), >=,
                    file.skip + file.trim_end + 2 * chunk->samples);
}

static void
check_split (EkaContainer   container,
             const EkaFile *file,
             GBytes        *bytes)
{
  const guint64 total = eka_file_count_samples (file);
  g_autoptr (EkaChunk) chunk = NULL;
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;

  if (total < file->skip + file->trim_end)
    return;
  chunk = eka_chunk_new (
      0, bytes, eka_container_get_media_type (container, file->codec.type),
      eka_container_get_extension (container), 0, 0,
      total - file->skip - file->trim_end);
  check_join (container, chunk);
  if (eka_split_chunk (chunk, &first, &second))
    g_assert_cmpuint (first->samples + second->samples, ==, chunk->samples);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Input input = { data, size };
  const EkaContainer container = input_take_byte (&input) % N_CONTAINERS;
  g_autoptr (GBytes) bytes = g_bytes_new (input.data, input.size);
  g_auto (EkaFile) file = { 0, };

  eka_file_init (&file);
  if (!eka_container_read (container, &file, bytes))
    return 0;
  check_again (container, &file, bytes);
  check_split (container, &file, bytes);
  return 0;
}
