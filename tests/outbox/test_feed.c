/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "chunk/wav.h"
#include "outbox/feed.h"

/* What was pushed, read and cut, as it should come out. */
typedef struct
{
  EkaFeed *feed;
  GByteArray *pushed;
  GByteArray *read;
  gsize cut;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->feed = eka_feed_new ();
  f->pushed = g_byte_array_new ();
  f->read = g_byte_array_new ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_feed_unref (f->feed);
  g_byte_array_unref (f->pushed);
  g_byte_array_unref (f->read);
}

static gboolean
push (Fixture *f,
      gsize    size)
{
  g_autofree guint8 *data = g_malloc (size);
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (guint8) g_test_rand_int ();
  g_byte_array_append (f->pushed, data, (guint) size);
  return eka_feed_push (f->feed, data, size);
}

static void
cut (Fixture *f,
     gsize    size)
{
  g_autoptr (GBytes) wav = NULL;
  g_autoptr (EkaChunk) chunk = NULL;
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  wav = eka_wav_write (&codec, f->pushed->data + f->cut, size);
  chunk = eka_chunk_new (0, wav, "audio/wav", "wav", 0, 0, size / 2);
  f->cut += size;
  eka_feed_cut (f->feed, chunk);
}

/* Returns: how many bytes came */
static gsize
read_some (Fixture *f,
           gsize    size,
           gboolean ended)
{
  g_autoptr (GBytes) bytes = eka_feed_read (f->feed, size, ended);
  gsize got = 0;
  const guint8 *data;

  if (bytes == NULL)
    return 0;
  data = g_bytes_get_data (bytes, &got);
  g_byte_array_append (f->read, data, (guint) got);
  return got;
}

static void
assert_all_read (Fixture *f)
{
  while (read_some (f, 3200, TRUE) > 0)
    ;
  g_assert_cmpmem (f->read->data, f->read->len, f->pushed->data,
                   f->pushed->len);
  g_assert_cmpuint (eka_feed_get_waiting (f->feed), ==, 0);
  g_assert_cmpuint (eka_feed_count_read (f->feed), ==, f->pushed->len);
}

static void
test_whole_pieces_until_the_end (Fixture      *f,
                                 gconstpointer data)
{
  push (f, 250);
  g_assert_cmpuint (read_some (f, 100, FALSE), ==, 100);
  g_assert_cmpuint (read_some (f, 100, FALSE), ==, 100);
  g_assert_cmpuint (read_some (f, 100, FALSE), ==, 0);
  g_assert_cmpuint (eka_feed_get_waiting (f->feed), ==, 50);
  g_assert_cmpuint (read_some (f, 100, TRUE), ==, 50);
  g_assert_cmpuint (read_some (f, 100, TRUE), ==, 0);
  assert_all_read (f);
}

/* Once, and not before there is enough. */
static void
test_push_tells_who_waits (Fixture      *f,
                           gconstpointer data)
{
  g_assert_false (push (f, 300));
  g_assert_cmpuint (read_some (f, 200, FALSE), ==, 200);
  g_assert_cmpuint (read_some (f, 200, FALSE), ==, 0);
  g_assert_false (push (f, 98));
  g_assert_true (push (f, 2));
  g_assert_false (push (f, 500));
  g_assert_cmpuint (read_some (f, 200, FALSE), ==, 200);
  g_assert_false (push (f, 500));
}

/* What a chunk has is read from there, wherever the reader stands. */
static void
test_a_reader_behind_the_cut (Fixture      *f,
                              gconstpointer data)
{
  push (f, 1000);
  g_assert_cmpuint (read_some (f, 100, FALSE), ==, 100);
  cut (f, 400);
  push (f, 1000);
  cut (f, 1000);
  g_assert_cmpuint (read_some (f, 1200, FALSE), ==, 1200);
  cut (f, 600);
  assert_all_read (f);
}

static void
test_a_reader_before_the_cut (Fixture      *f,
                              gconstpointer data)
{
  push (f, 1000);
  g_assert_cmpuint (read_some (f, 900, FALSE), ==, 900);
  cut (f, 600);
  cut (f, 300);
  cut (f, 100);
  push (f, 10);
  assert_all_read (f);
}

static void
test_any_order (Fixture      *f,
                gconstpointer data)
{
  guint i;

  for (i = 0; i < 20000; i++)
    {
      gsize open = f->pushed->len - f->cut;

      switch (g_test_rand_int_range (0, 4))
        {
        case 0:
        case 1:
          push (f, 2 * (gsize) g_test_rand_int_range (0, 40));
          break;
        case 2:
          read_some (f, 2 * (gsize) g_test_rand_int_range (1, 50), FALSE);
          break;
        default:
          if (open > 0 && g_test_rand_int_range (0, 10) == 0)
            cut (f, 2 * (gsize) g_test_rand_int_range (
                            1, (gint32) (open / 2 + 1)));
        }
    }
  assert_all_read (f);
}

static void
test_closed (Fixture      *f,
             gconstpointer data)
{
  push (f, 1000);
  cut (f, 500);
  g_assert_cmpuint (read_some (f, 2000, FALSE), ==, 0);
  eka_feed_close (f->feed);
  g_assert_false (push (f, 2000));
  cut (f, 2500);
  g_assert_cmpuint (read_some (f, 100, TRUE), ==, 0);
  g_assert_cmpuint (eka_feed_get_waiting (f->feed), ==, 0);
}

#define add(path, func) \
  g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/feed/whole-pieces", test_whole_pieces_until_the_end);
  add ("/feed/tells", test_push_tells_who_waits);
  add ("/feed/behind", test_a_reader_behind_the_cut);
  add ("/feed/before", test_a_reader_before_the_cut);
  add ("/feed/any-order", test_any_order);
  add ("/feed/closed", test_closed);
  return g_test_run ();
}
