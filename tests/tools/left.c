/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "left.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chunk/chunker.h"
#include "scribe/descriptor.h"

#define RATE 16000
#define PACKET (RATE / 10)
#define MSECOND G_GUINT64_CONSTANT (1000000)

/* A store of the test's own process. */
static EkaStore *
open_store (const gchar *outbox)
{
  EkaDisk *disk = eka_disk_acquire ();
  EkaStore *store = eka_store_new (disk, outbox, 0);

  eka_disk_release (disk);
  return store;
}

static void
wait_for_disk (EkaStore *store)
{
  g_assert_true (eka_disk_wait (eka_store_get_disk (store), -1));
}

static GBytes *
describe (const Left *left)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  EkaDescriptor descriptor = {
    .settings = settings,
    .session_id = (gchar *) (left->session_id != NULL ? left->session_id
                                                      : "ses_of_a_recording"),
    .created = left->created,
    .ended = left->ended,
    .started_at = (gchar *) "2026-07-12T09:30:00Z",
  };

  settings->base_url = g_strdup (left->base_url != NULL ? left->base_url
                                                        : "http://127.0.0.1:1");
  if (left->templates != NULL)
    settings->templates = g_strsplit (left->templates, ",", -1);
  settings->patient_details = g_strdup ("{\"name\":\"" LEFT_PATIENT "\"}");
  return eka_descriptor_print (&descriptor);
}

/* 100 ms of a tone that stops now and then, so that there is where to cut. */
static void
push (EkaChunker  *chunker,
      const EkaCodec *codec,
      guint        number,
      EkaPacket   *packet,
      guint8      *data)
{
  const gboolean pcm = codec->type == EKA_CODEC_PCM;
  guint i;

  for (i = 0; i < PACKET; i++)
    {
      gint16 sample = number % 20 == 19 ? 0
                                        : 8000 * sin (i * 440 * G_PI * 2 / RATE);

      if (pcm)
        memcpy (data + 2 * i, &(gint16) { GINT16_TO_LE (sample) }, 2);
      else
        data[i] = sample == 0 ? 0xff : (guint8) (sample >> 4);
    }
  *packet = (EkaPacket) { .data = data,
                          .size = pcm ? 2 * PACKET : PACKET,
                          .running_time = number * 100 * MSECOND };
  if (chunker != NULL)
    g_assert_true (eka_chunker_push (chunker, packet));
}

/* @chunker: gets 2 s for each chunk */
static void
add_chunks (EkaSpoolCommit *commit,
            EkaCodecType    type,
            guint           n,
            guint           acknowledged)
{
  const EkaChunkLimits limits = { .min_duration = LEFT_CHUNK,
                                  .max_duration = LEFT_CHUNK,
                                  .max_bytes = 10000000 };
  g_auto (EkaCodec) codec = { 0 };
  g_autoptr (EkaChunker) chunker = NULL;
  guint8 data[2 * PACKET];
  EkaPacket packet;
  EkaChunk *popped;
  guint i;

  eka_codec_init_samples (&codec, type, RATE, 1);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
  for (i = 0; i < 20 * n; i++)
    push (chunker, &codec, i, &packet, data);
  eka_chunker_close (chunker);
  for (i = 0; (popped = eka_chunker_pop (chunker)) != NULL; i++)
    {
      g_autoptr (EkaChunk) chunk = popped;
      guint number = commit->index->entries->len;
      g_autofree gchar *name = g_strdup_printf ("audio_%u.wav", number);
      gsize size;
      const guint8 *bytes = g_bytes_get_data (chunk->bytes, &size);

      eka_spool_commit_write (commit, name, chunk->bytes);
      eka_index_add (commit->index, name, size,
                     eka_index_checksum (bytes, size), chunk,
                     number < acknowledged ? EKA_INDEX_ACKNOWLEDGED
                                           : EKA_INDEX_WAITING);
    }
  g_assert_cmpuint (i, ==, n);
}

/* A journal begins with what a chunker holds: here, with all of its packets. */
static EkaChunkerState *
make_state (guint packets)
{
  const EkaChunkLimits limits = { .min_duration = 10 * LEFT_CHUNK,
                                  .max_duration = 10 * LEFT_CHUNK,
                                  .max_bytes = 10000000 };
  g_auto (EkaCodec) codec = { 0 };
  g_autoptr (EkaChunker) chunker = NULL;
  guint8 data[2 * PACKET];
  EkaPacket packet;
  guint i;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, RATE, 1);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
  for (i = 0; i < packets; i++)
    push (chunker, &codec, i, &packet, data);
  return eka_chunker_save (chunker);
}

static void
committed (const GError *error,
           gpointer      user_data)
{
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/**
 * left_make:
 * @outbox: a folder
 * @left: what lies there
 *
 * Returns: (transfer full): the name of the recording's folder
 */
gchar *
left_make (const gchar *outbox,
           const Left  *left)
{
  g_autoptr (EkaStore) store = open_store (outbox);
  g_autoptr (EkaSpool) spool = NULL;
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  eka_store_prepare (store, &error);
  g_assert_no_error (error);
  spool = eka_spool_new (store);
  commit->description = describe (left);
  commit->index = eka_index_new ();
  add_chunks (commit, EKA_CODEC_PCM, left->chunks - left->mulaw,
              left->acknowledged);
  add_chunks (commit, EKA_CODEC_MULAW, left->mulaw, left->acknowledged);
  if (left->journal > 0)
    commit->journal = make_state (left->journal);
  if (left->chunks == 0 && left->journal == 0)
    {
      /* A crash leaves such a folder, with a file that nothing names; one that has
       * nothing at all would go. */
      g_autoptr (GBytes) bytes = g_bytes_new_static ("", 1);

      eka_spool_commit_write (commit, "audio_0.wav", bytes);
    }
  eka_spool_commit (spool, commit, committed, &done);
  wait_for_disk (store);
  g_assert_true (done);
  eka_spool_close (spool);
  wait_for_disk (store);
  return g_strdup (eka_spool_get_name (spool));
}

/* The files stay the same ones: only the lock must be another. */
static void
link_files (const gchar *from,
            const gchar *to)
{
  g_autoptr (GDir) dir = g_dir_open (from, 0, NULL);
  const gchar *name;

  g_assert_cmpint (mkdir (to, 0700), ==, 0);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *old = g_build_filename (from, name, NULL);
      g_autofree gchar *new = g_build_filename (to, name, NULL);

      if (g_str_equal (name, "lock"))
        g_assert_true (g_file_set_contents_full (new, "", 0,
                                                 G_FILE_SET_CONTENTS_NONE, 0600,
                                                 NULL));
      else
        g_assert_cmpint (link (old, new), ==, 0);
    }
}

/**
 * left_copy:
 * @outbox: a folder
 * @name: of a recording in it
 * @copies: how many more of it there shall be
 */
void
left_copy (const gchar *outbox,
           const gchar *name,
           guint        copies)
{
  g_autofree gchar *from = g_build_filename (outbox, name, NULL);
  guint i;

  for (i = 0; i < copies; i++)
    {
      g_autofree gchar *copy = g_strdup_printf ("20200101T000000Z-%08x", i);
      g_autofree gchar *to = g_build_filename (outbox, copy, NULL);

      link_files (from, to);
    }
}

/**
 * left_hold:
 * @outbox: a folder
 * @name: of a recording in it
 *
 * Returns: (transfer full): it, in use by the test, until left_drop()
 */
EkaSpool *
left_hold (const gchar *outbox,
           const gchar *name)
{
  g_autoptr (EkaStore) store = open_store (outbox);
  g_autoptr (GError) error = NULL;
  EkaSpool *spool = eka_spool_open (store, name, &error);

  g_assert_no_error (error);
  return spool;
}

/**
 * left_drop:
 * @spool: (transfer full): what left_hold() gave
 */
void
left_drop (EkaSpool *spool)
{
  g_autoptr (EkaStore) store = eka_store_ref (eka_spool_get_store (spool));

  eka_spool_close (spool);
  wait_for_disk (store);
  eka_spool_unref (spool);
}

/**
 * left_count:
 * @outbox: a folder
 *
 * Returns: how many folders and files are in it, hidden ones too
 */
guint
left_count (const gchar *outbox)
{
  g_autoptr (GDir) dir = g_dir_open (outbox, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}
