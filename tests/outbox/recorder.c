/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "recorder.h"

#include <string.h>

#include "chunk/container.h"
#include "outbox/journal.h"

#define PACKET_TIME G_GUINT64_CONSTANT (200000000)
#define CHUNK_PACKETS 5

/* A spool calls back in the disk's thread; that is over when the disk has done
 * what it was given. */
typedef struct
{
  guint n;
  GBytes *bytes;
  GError *error;
} Result;

void
wait_disk (EkaSpool *spool)
{
  g_assert_true (
      eka_disk_wait (eka_store_get_disk (eka_spool_get_store (spool)), -1));
}

static void
take_error (const GError *error,
            gpointer      user_data)
{
  Result *result = user_data;

  result->n++;
  result->error = error != NULL ? g_error_copy (error) : NULL;
}

static gboolean
finish (EkaSpool *spool,
        Result   *result,
        GError  **error)
{
  wait_disk (spool);
  g_assert_cmpuint (result->n, ==, 1);
  if (result->error == NULL)
    return TRUE;
  g_propagate_error (error, result->error);
  return FALSE;
}

gboolean
wait_commit (EkaSpool       *spool,
             EkaSpoolCommit *commit,
             GError        **error)
{
  Result result = { 0 };

  eka_spool_commit (spool, commit, take_error, &result);
  return finish (spool, &result, error);
}

gboolean
wait_drop (EkaSpool *spool,
           GError  **error)
{
  Result result = { 0 };

  eka_spool_drop_journal (spool, take_error, &result);
  return finish (spool, &result, error);
}

static void
take_bytes (GBytes       *bytes,
            const GError *error,
            gpointer      user_data)
{
  Result *result = user_data;

  g_assert_true ((bytes == NULL) == (error != NULL));
  take_error (error, user_data);
  result->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
}

GBytes *
wait_read (EkaSpool    *spool,
           const gchar *file,
           GError     **error)
{
  Result result = { 0 };

  eka_spool_read (spool, file, take_bytes, &result);
  finish (spool, &result, error);
  return result.bytes;
}

EkaChunker *
recorder_new_chunker (void)
{
  const EkaChunkLimits limits = {
    .max_duration = CHUNK_PACKETS * PACKET_TIME,
    .max_bytes = 1 << 20,
  };
  g_auto (EkaCodec) codec = { 0 };

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 8000, 1);
  return eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
}

Recorder *
recorder_new (EkaStore *store)
{
  Recorder *self = g_new0 (Recorder, 1);

  self->store = eka_store_ref (store);
  self->spool = eka_spool_new (store);
  self->chunker = recorder_new_chunker ();
  self->index = eka_index_new ();
  self->not_stored =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  return self;
}

void
recorder_free (Recorder *self)
{
  wait_disk (self->spool);
  eka_spool_unref (self->spool);
  eka_disk_wait (eka_store_get_disk (self->store), -1);
  eka_store_unref (self->store);
  eka_chunker_free (self->chunker);
  eka_index_free (self->index);
  g_ptr_array_unref (self->not_stored);
  g_free (self);
}

/* The packet that comes as @number, of %RECORDER_PACKET_SIZE bytes. */
void
recorder_fill_packet (guint8 *data,
                      guint   number)
{
  guint i;

  for (i = 0; i < RECORDER_PACKET_SIZE / 4; i++)
    {
      const guint32 value = GUINT32_TO_LE (number << 12 | i);

      memcpy (data + 4 * i, &value, 4);
    }
}

/* Takes a packet; no chunk is taken out. */
void
recorder_push (Recorder *self)
{
  guint8 data[RECORDER_PACKET_SIZE];
  const EkaPacket packet = {
    .data = data,
    .size = sizeof data,
    .running_time = self->n_packets * PACKET_TIME,
  };

  recorder_fill_packet (data, self->n_packets++);
  eka_spool_add_packet (self->spool, &packet);
  eka_chunker_push (self->chunker, &packet);
}

/* What the next commit has to do so that all that was recorded is on disk. */
EkaSpoolCommit *
recorder_prepare (Recorder *self,
                  gboolean  ends)
{
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  EkaChunk *chunk;
  guint i;

  if (ends)
    eka_chunker_close (self->chunker);
  while ((chunk = eka_chunker_pop (self->chunker)) != NULL)
    {
      g_autofree gchar *name = g_strdup_printf ("audio_%u.wav", self->n_chunks++);
      gsize size;
      const guint8 *data = g_bytes_get_data (chunk->bytes, &size);

      eka_index_add (self->index, name, size, eka_index_checksum (data, size),
                     chunk, EKA_INDEX_WAITING);
      g_ptr_array_add (self->not_stored, chunk);
    }
  for (i = 0; i < self->not_stored->len; i++)
    {
      const guint place = self->n_chunks - self->not_stored->len + i;
      EkaIndexEntry *entry = g_ptr_array_index (self->index->entries, place);

      chunk = g_ptr_array_index (self->not_stored, i);
      eka_spool_commit_write (commit, entry->file, chunk->bytes);
    }
  commit->index = eka_index_new ();
  for (i = 0; i < self->index->entries->len; i++)
    {
      EkaIndexEntry *entry = g_ptr_array_index (self->index->entries, i);

      eka_index_add (commit->index, entry->file, entry->size, entry->checksum,
                     entry->chunk, entry->state);
    }
  if (!self->described)
    commit->description = g_bytes_new_static ("{}", 2);
  commit->ends_journal = ends;
  if (!ends)
    commit->journal = eka_chunker_save (self->chunker);
  return commit;
}

void
recorder_stored (Recorder *self)
{
  self->described = TRUE;
  g_ptr_array_set_size (self->not_stored, 0);
}

gboolean
recorder_commit (Recorder *self,
                 gboolean  ends,
                 GError  **error)
{
  if (!wait_commit (self->spool, recorder_prepare (self, ends), error))
    return FALSE;
  recorder_stored (self);
  return TRUE;
}

/* Nothing of what was stored is there any more, nor in memory. */
void
recorder_start_anew (Recorder *self)
{
  g_ptr_array_set_size (self->not_stored, 0);
  g_ptr_array_set_size (self->index->entries, 0);
  self->n_chunks = 0;
  self->described = FALSE;
}

/* Records @n packets, with a commit before the first and for each chunk. */
void
recorder_add (Recorder *self,
              guint     n)
{
  g_autoptr (GError) error = NULL;
  guint i;

  if (self->n_packets == 0)
    g_assert_true (recorder_commit (self, FALSE, &error));
  for (i = 0; i < n; i++)
    {
      recorder_push (self);
      if (self->n_packets % CHUNK_PACKETS == 1)
        g_assert_true (recorder_commit (self, FALSE, &error));
      g_assert_no_error (error);
    }
}

/* Appends what is heard of @chunk. */
void
recorder_append (GByteArray *audio,
                 EkaChunk   *chunk)
{
  g_auto (EkaFile) file = { 0 };

  eka_file_init (&file);
  g_assert_true (eka_container_read (EKA_CONTAINER_WAV, &file, chunk->bytes));
  g_byte_array_append (audio, file.data->data, file.data->len);
}

/* Returns: all audio that @leftover has */
GByteArray *
recorder_recover (const EkaLeftover *leftover)
{
  GByteArray *audio = g_byte_array_new ();
  g_autoptr (GPtrArray) rebuilt = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_assert_nonnull (leftover->index);
  for (i = 0; i < leftover->index->entries->len; i++)
    {
      g_autoptr (EkaChunk) chunk = eka_leftover_read (leftover, i, &error);

      g_assert_no_error (error);
      recorder_append (audio, chunk);
    }
  if (leftover->journal == NULL)
    return audio;
  rebuilt = eka_journal_rebuild (leftover->journal, NULL, &error);
  g_assert_no_error (error);
  for (i = 0; i < rebuilt->len; i++)
    recorder_append (audio, g_ptr_array_index (rebuilt, i));
  return audio;
}

/* Returns: (nullable): all audio of the only session in @location that has any */
GByteArray *
recorder_recover_only (const gchar *location)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = eka_leftover_list (location, &error);
  g_autoptr (GByteArray) found = NULL;
  guint i;

  g_assert_no_error (error);
  for (i = 0; i < list->len; i++)
    {
      const EkaLeftover *leftover = g_ptr_array_index (list, i);
      g_autoptr (GByteArray) audio = NULL;

      if (leftover->index == NULL)
        continue;
      audio = recorder_recover (leftover);
      if (audio->len == 0)
        continue;
      g_assert_null (found);
      found = g_steal_pointer (&audio);
    }
  return g_steal_pointer (&found);
}

/* Returns: how many packets @audio has, which are those from the first one on */
guint
recorder_count (GByteArray *audio)
{
  guint8 data[RECORDER_PACKET_SIZE];
  guint i;

  if (audio == NULL)
    return 0;
  g_assert_cmpuint (audio->len % RECORDER_PACKET_SIZE, ==, 0);
  for (i = 0; i < audio->len / RECORDER_PACKET_SIZE; i++)
    {
      recorder_fill_packet (data, i);
      g_assert_cmpmem (audio->data + i * RECORDER_PACKET_SIZE, sizeof data, data,
                       sizeof data);
    }
  return i;
}
