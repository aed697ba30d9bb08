/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include <gio/gio.h>

#include "../checked.h"
#include "chunk/packet.h"
#include "outbox/index.h"
#include "outbox/names.h"

#define FOLDER "20260102T030405Z-0a1b2c3d"

static void
add (EkaIndex     *index,
     const gchar  *file,
     guint64       running_time,
     EkaIndexState state)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("bytes", 5);
  g_autoptr (EkaChunk) chunk =
      eka_chunk_new (9, bytes, "audio/ogg;codecs=opus", "ogg", running_time,
                     G_GUINT64_CONSTANT (5000000000), 240000);

  chunk->utc = G_GUINT64_CONSTANT (1700000000123456789);
  chunk->pre_roll = 80000000;
  eka_index_add (index, file, 5, 0x0000abcd, chunk, state);
}

static EkaIndex *
new_index (void)
{
  EkaIndex *index = eka_index_new ();

  add (index, NULL, 0, EKA_INDEX_ACKNOWLEDGED);
  add (index, "audio_1.ogg", EKA_TIME_NONE, EKA_INDEX_ACKNOWLEDGED);
  add (index, "audio_12.ogg", G_MAXUINT64 - 1, EKA_INDEX_WAITING);
  index->journal = g_strdup ("journal_3");
  g_ptr_array_add (index->taken, g_strdup (FOLDER "/audio_7.ogg"));
  g_ptr_array_add (index->taken, g_strdup (FOLDER "/journal_0"));
  return index;
}

static void
test_text (void)
{
  g_autoptr (EkaIndex) index = new_index ();
  g_autoptr (GBytes) bytes = eka_index_print (index);
  g_autofree gchar *text =
      g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_assert_cmpstr (
      text, ==,
      "ekascribe-outbox 1\n"
      "# file\ttype\textension\tsize\tcrc32\trunning time\tutc\tduration\t"
      "samples\tpre-roll\tstate\n"
      "-\taudio/ogg;codecs=opus\togg\t5\t0000abcd\t0\t1700000000123456789\t"
      "5000000000\t240000\t80000000\tacknowledged\n"
      "audio_1.ogg\taudio/ogg;codecs=opus\togg\t5\t0000abcd\t-\t"
      "1700000000123456789\t5000000000\t240000\t80000000\tacknowledged\n"
      "audio_12.ogg\taudio/ogg;codecs=opus\togg\t5\t0000abcd\t"
      "18446744073709551614\t1700000000123456789\t5000000000\t240000\t80000000\t"
      "waiting\n"
      "journal journal_3\n"
      "taken " FOLDER "/audio_7.ogg\n"
      "taken " FOLDER "/journal_0\n"
      "crc32 f56a7b07\n");
}

static void
test_round (void)
{
  g_autoptr (EkaIndex) index = new_index ();
  g_autoptr (GBytes) bytes = eka_index_print (index);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaIndex) parsed = eka_index_parse (bytes, &error);
  g_autoptr (GBytes) again = NULL;
  EkaIndexEntry *entry;

  g_assert_no_error (error);
  again = eka_index_print (parsed);
  g_assert_true (g_bytes_equal (bytes, again));
  g_assert_cmpuint (parsed->entries->len, ==, 3);
  entry = g_ptr_array_index (parsed->entries, 1);
  g_assert_cmpstr (entry->file, ==, "audio_1.ogg");
  g_assert_cmpuint (entry->chunk->index, ==, 1);
  g_assert_null (entry->chunk->bytes);
  g_assert_true (entry->chunk->running_time == EKA_TIME_NONE);
  g_assert_true (entry->chunk->media_type ==
                 g_intern_string ("audio/ogg;codecs=opus"));
  g_assert_true (entry->chunk->extension == g_intern_string ("ogg"));
  /* the chunk that was added is not kept with its bytes */
  entry = g_ptr_array_index (index->entries, 0);
  g_assert_null (entry->chunk->bytes);
}

static void
test_empty (void)
{
  g_autoptr (EkaIndex) index = eka_index_new ();
  g_autoptr (GBytes) bytes = eka_index_print (index);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaIndex) parsed = eka_index_parse (bytes, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (parsed->entries->len, ==, 0);
  g_assert_null (parsed->journal);
}

static void
assert_code (gconstpointer data,
             gsize         size,
             gint          code)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaIndex) parsed = eka_index_parse (bytes, &error);

  g_assert_null (parsed);
  g_assert_error (error, G_IO_ERROR, code);
}

/* Cut at every byte, and every bit of every byte flipped */
static void
test_damage (void)
{
  g_autoptr (EkaIndex) index = new_index ();
  g_autoptr (GBytes) bytes = eka_index_print (index);
  gsize size, i;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *copy = NULL;
  guint bit;

  for (i = 0; i < size; i++)
    assert_code (data, i, G_IO_ERROR_INVALID_DATA);
  copy = g_memdup2 (data, size);
  for (i = 0; i < size; i += checked_count (1, 3))
    {
      for (bit = 0; bit < 8; bit++)
        {
          copy[i] ^= 1 << bit;
          assert_code (copy, size, G_IO_ERROR_INVALID_DATA);
          copy[i] ^= 1 << bit;
        }
    }
}

/* Returns: @lines with the end that they should have */
static gchar *
with_end (const gchar *lines)
{
  return g_strdup_printf (
      "%scrc32 %08x\n", lines,
      eka_index_checksum ((const guint8 *) lines, strlen (lines)));
}

static void
test_newer (void)
{
  static const gchar *const newer[] = {
    "ekascribe-outbox 2\nall is other\n",
    "ekascribe-outbox 17\n",
  };
  g_autofree gchar *text = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (newer); i++)
    {
      g_autofree gchar *ended = with_end (newer[i]);

      assert_code (newer[i], strlen (newer[i]), G_IO_ERROR_NOT_SUPPORTED);
      assert_code (ended, strlen (ended), G_IO_ERROR_NOT_SUPPORTED);
    }
  text = with_end ("ekascribe-outbox 1\n");
  text[strlen ("ekascribe-outbox ")] = '3';
  assert_code (text, strlen (text), G_IO_ERROR_INVALID_DATA);
}

/* With a good checksum, but not as we write it */
static void
test_strict (void)
{
#define GOOD "audio_1.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n"
  static const gchar *const bad[] = {
    "ekascribe-outbox 0\n",
    "ekascribe-outbox 01\n",
    "ekascribe-outbox\n",
    "ekascribe 1\n",
    "ekascribe-outbox 1\nnonsense\n",
    "ekascribe-outbox 1\n\n",
    "ekascribe-outbox 1\n" GOOD GOOD,
    "ekascribe-outbox 1\njournal journal_1\njournal journal_2\n",
    "ekascribe-outbox 1\njournal journal_1\n" GOOD,
    "ekascribe-outbox 1\njournal ../journal_1\n",
    "ekascribe-outbox 1\njournal lock\n",
    "ekascribe-outbox 1\ntaken audio_1.ogg\n",
    "ekascribe-outbox 1\ntaken ../audio_1.ogg\n",
    "ekascribe-outbox 1\ntaken " FOLDER "/../x\n",
    "ekascribe-outbox 1\ntaken " FOLDER "/lock\n",
    "ekascribe-outbox 1\n../a.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\n.a.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\twav\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/o\x1bgg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t-5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t+5\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t05\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t5\t0000ABCD\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t5\tabcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t99999999999999999999\t0000abcd\t0\t0\t1\t1\t0\twaiting\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\tsent\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\n",
    "ekascribe-outbox 1\naudio_1.ogg\taudio/ogg\togg\t5\t0000abcd\t0\t0\t1\t1\t0\twaiting\tmore\n",
  };
  g_autofree gchar *good = with_end ("ekascribe-outbox 1\n" GOOD);
  g_autoptr (GBytes) bytes = g_bytes_new (good, strlen (good));
  g_autoptr (EkaIndex) index = eka_index_parse (bytes, NULL);
  g_autofree gchar *more = NULL;
  guint i;

  g_assert_nonnull (index);
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree gchar *text = with_end (bad[i]);

      assert_code (text, strlen (text), G_IO_ERROR_INVALID_DATA);
    }
  more = g_strconcat (good, "taken\n", NULL);
  assert_code (more, strlen (more), G_IO_ERROR_INVALID_DATA);
  assert_code (good, strlen (good) + 1, G_IO_ERROR_INVALID_DATA);
}

static void
test_large (void)
{
  g_autoptr (EkaIndex) index = eka_index_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (EkaIndex) parsed = NULL;
  const guint n = checked_count (100000, 10000);
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("audio_%u.ogg", i);

      add (index, name, i, EKA_INDEX_WAITING);
    }
  bytes = eka_index_print (index);
  parsed = eka_index_parse (bytes, NULL);
  g_assert_nonnull (parsed);
  g_assert_cmpuint (parsed->entries->len, ==, n);
}

static void
test_names (void)
{
  static const gchar *const audio[] = { "audio_0.ogg", "audio_999999999.m4a" };
  static const gchar *const no_audio[] = {
    "audio_.ogg", "audio_00.ogg", "audio_1", "audio_1.", "audio_1.OGG",
    "audio_1.ogg.tmp", ".audio_1.ogg", "audio_1.ogg/x", "audio_1./..", "journal_1",
    "audio_1234567890.ogg", "audio_-1.ogg", "audio_1.toolongext", "lock", "",
    "chunks.txt", "audio_1 .ogg",
  };
  static const gchar *const no_session[] = {
    "", "20260102T030405Z-0a1b2c3", FOLDER "x", "." FOLDER, "../" FOLDER,
    "20260102T030405Z_0a1b2c3d", "2026010AT030405Z-0a1b2c3d", ".new-" FOLDER,
  };
  g_autofree gchar *made = eka_name_make_session ();
  g_autofree gchar *journal = eka_name_make_journal (12);
  guint i, number;

  for (i = 0; i < G_N_ELEMENTS (audio); i++)
    g_assert_true (eka_name_is_audio (audio[i], NULL));
  for (i = 0; i < G_N_ELEMENTS (no_audio); i++)
    g_assert_false (eka_name_is_audio (no_audio[i], NULL));
  for (i = 0; i < G_N_ELEMENTS (no_session); i++)
    g_assert_false (eka_name_is_session (no_session[i]));
  g_assert_true (eka_name_is_session (made));
  g_assert_true (eka_name_is_journal (journal, &number));
  g_assert_cmpuint (number, ==, 12);
  g_assert_false (eka_name_is_journal ("journal_", NULL));
  g_assert_false (eka_name_is_journal ("journal_1.tmp", NULL));
  g_assert_true (eka_name_is_audio ("audio_42.wav", &number));
  g_assert_cmpuint (number, ==, 42);
  g_assert_true (eka_name_is_temporary_session (".new-" FOLDER));
  g_assert_true (eka_name_is_temporary_session (".del-" FOLDER));
  g_assert_false (eka_name_is_temporary_session (".new-x"));
  g_assert_false (eka_name_is_temporary_session (FOLDER));
  g_assert_true (eka_name_is_temporary (".chunks.txt.tmp"));
  g_assert_false (eka_name_is_temporary (".tmp"));
  g_assert_false (eka_name_is_temporary ("chunks.txt.tmp"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/index/text", test_text);
  g_test_add_func ("/index/round", test_round);
  g_test_add_func ("/index/empty", test_empty);
  g_test_add_func ("/index/damage", test_damage);
  g_test_add_func ("/index/newer", test_newer);
  g_test_add_func ("/index/strict", test_strict);
  g_test_add_func ("/index/large", test_large);
  g_test_add_func ("/index/names", test_names);
  return g_test_run ();
}
