/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outbox.h"

#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)

static EkaChunk *
new_chunk (guint   index,
           gsize   size,
           guint64 duration)
{
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return eka_chunk_new (index, bytes, "audio/wav", "wav", 0, duration, 1);
}

static void
put_new (EkaOutbox *outbox,
         guint      index,
         gsize      size,
         guint64    duration)
{
  g_autoptr (EkaChunk) chunk = new_chunk (index, size, duration);

  eka_outbox_put (outbox, chunk);
}

static void
assert_head (EkaOutbox *outbox,
             gint       index)
{
  g_autoptr (EkaChunk) chunk = eka_outbox_peek (outbox);

  if (index < 0)
    {
      g_assert_null (chunk);
      return;
    }
  g_assert_nonnull (chunk);
  g_assert_cmpint (chunk->index, ==, index);
}

static void
assert_stats (EkaOutbox *outbox,
              guint      chunks,
              guint64    bytes,
              guint64    duration)
{
  EkaOutboxStats stats;

  memset (&stats, 0xff, sizeof stats);
  eka_outbox_get_stats (outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, chunks);
  g_assert_cmpuint (stats.bytes, ==, bytes);
  g_assert_cmpuint (stats.duration, ==, duration);
}

static void
test_order (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (0, 0);

  assert_head (outbox, -1);
  put_new (outbox, 0, 10, SECOND);
  put_new (outbox, 1, 20, 2 * SECOND);
  put_new (outbox, 2, 30, 3 * SECOND);
  assert_stats (outbox, 3, 60, 6 * SECOND);
  assert_head (outbox, 0);
  assert_head (outbox, 0);
  g_assert_true (eka_outbox_release (outbox, 0));
  assert_head (outbox, 1);
  assert_stats (outbox, 2, 50, 5 * SECOND);
  g_assert_true (eka_outbox_release (outbox, 1));
  g_assert_true (eka_outbox_release (outbox, 2));
  assert_head (outbox, -1);
  assert_stats (outbox, 0, 0, 0);
}

static void
test_release_other (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (0, 0);

  g_assert_false (eka_outbox_release (outbox, 0));
  put_new (outbox, 4, 10, SECOND);
  put_new (outbox, 5, 10, SECOND);
  g_assert_false (eka_outbox_release (outbox, 3));
  g_assert_false (eka_outbox_release (outbox, 5));
  assert_stats (outbox, 2, 20, 2 * SECOND);
  assert_head (outbox, 4);
}

static void
test_reference (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (0, 0);
  g_autoptr (EkaChunk) chunk = NULL;

  put_new (outbox, 0, 10, SECOND);
  chunk = eka_outbox_peek (outbox);
  g_assert_true (eka_outbox_release (outbox, 0));
  g_assert_cmpuint (g_bytes_get_size (chunk->bytes), ==, 10);
}

static void
test_bytes (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (100, 0);
  g_autoptr (EkaChunk) large = new_chunk (0, 1000, SECOND);
  g_autoptr (EkaChunk) fits = new_chunk (1, 40, SECOND);
  g_autoptr (EkaChunk) over = new_chunk (1, 41, SECOND);

  g_assert_true (eka_outbox_has_room (outbox, large));
  put_new (outbox, 0, 60, SECOND);
  g_assert_true (eka_outbox_has_room (outbox, fits));
  g_assert_false (eka_outbox_has_room (outbox, over));
}

static void
test_duration (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (0, 10 * SECOND);
  g_autoptr (EkaChunk) large = new_chunk (0, 1, 20 * SECOND);
  g_autoptr (EkaChunk) fits = new_chunk (1, 1, 4 * SECOND);
  g_autoptr (EkaChunk) over = new_chunk (1, 1, 4 * SECOND + 1);

  g_assert_true (eka_outbox_has_room (outbox, large));
  put_new (outbox, 0, 1, 6 * SECOND);
  g_assert_true (eka_outbox_has_room (outbox, fits));
  g_assert_false (eka_outbox_has_room (outbox, over));
}

static void
test_no_bound (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (0, 0);
  g_autoptr (EkaChunk) chunk = new_chunk (1, 1000000, 1000 * SECOND);

  put_new (outbox, 0, 1000000, 1000 * SECOND);
  g_assert_true (eka_outbox_has_room (outbox, chunk));
  g_assert_true (eka_outbox_wait_for_room (outbox, chunk));
}

static void
test_put_never_refuses (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (1, 1);

  put_new (outbox, 0, 10, SECOND);
  put_new (outbox, 1, 10, SECOND);
  assert_stats (outbox, 2, 20, 2 * SECOND);
}

/* A thread that waits for room; the test waits for its answer. */
typedef struct
{
  EkaOutbox *outbox;
  EkaChunk *chunk;
  GAsyncQueue *answers;
} Waiter;

static gpointer
wait_in_thread (gpointer user_data)
{
  Waiter *waiter = user_data;
  gboolean room;

  room = eka_outbox_wait_for_room (waiter->outbox, waiter->chunk);
  g_async_queue_push (waiter->answers, GINT_TO_POINTER (room ? 1 : 2));
  return NULL;
}

static gint
pop_answer (GAsyncQueue *answers,
            guint64      timeout)
{
  return GPOINTER_TO_INT (g_async_queue_timeout_pop (answers, timeout));
}

static void
test_wait_released (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (100, 0);
  g_autoptr (EkaChunk) chunk = new_chunk (2, 60, SECOND);
  g_autoptr (GAsyncQueue) answers = g_async_queue_new ();
  Waiter waiter = { outbox, chunk, answers };
  GThread *thread;

  put_new (outbox, 0, 30, SECOND);
  put_new (outbox, 1, 50, SECOND);
  thread = g_thread_new ("waiter", wait_in_thread, &waiter);

  /* one release isn't enough, the second is */
  g_assert_true (eka_outbox_release (outbox, 0));
  g_assert_cmpint (pop_answer (answers, 50000), ==, 0);
  g_assert_true (eka_outbox_release (outbox, 1));
  g_assert_cmpint (pop_answer (answers, 10 * G_USEC_PER_SEC), ==, 1);
  g_thread_join (thread);
}

static void
test_wait_flushed (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (100, 0);
  g_autoptr (EkaChunk) chunk = new_chunk (1, 60, SECOND);
  g_autoptr (GAsyncQueue) answers = g_async_queue_new ();
  Waiter waiter = { outbox, chunk, answers };
  GThread *threads[2];
  guint i;

  put_new (outbox, 0, 60, SECOND);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("waiter", wait_in_thread, &waiter);
  g_assert_cmpint (pop_answer (answers, 50000), ==, 0);

  eka_outbox_set_flushing (outbox, TRUE);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (pop_answer (answers, 10 * G_USEC_PER_SEC), ==, 2);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  /* flushing loses nothing, and refuses even where there is room */
  assert_stats (outbox, 1, 60, SECOND);
  g_assert_true (eka_outbox_release (outbox, 0));
  g_assert_false (eka_outbox_wait_for_room (outbox, chunk));
  eka_outbox_set_flushing (outbox, FALSE);
  g_assert_true (eka_outbox_wait_for_room (outbox, chunk));
}

static gpointer
take_in_thread (gpointer user_data)
{
  EkaOutbox *outbox = user_data;
  guint index = 0;

  while (index < 2000)
    {
      g_autoptr (EkaChunk) chunk = eka_outbox_peek (outbox);

      if (chunk == NULL)
        {
          g_thread_yield ();
          continue;
        }
      g_assert_cmpuint (chunk->index, ==, index);
      g_assert_true (eka_outbox_release (outbox, index));
      index++;
    }
  return NULL;
}

static void
test_two_threads (void)
{
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (100, 0);
  GThread *thread;
  guint i;

  thread = g_thread_new ("taker", take_in_thread, outbox);
  for (i = 0; i < 2000; i++)
    {
      g_autoptr (EkaChunk) chunk = new_chunk (i, 30, SECOND);
      EkaOutboxStats stats;

      g_assert_true (eka_outbox_wait_for_room (outbox, chunk));
      eka_outbox_put (outbox, chunk);
      eka_outbox_get_stats (outbox, &stats);
      g_assert_cmpuint (stats.bytes, <=, 100);
    }
  g_thread_join (thread);
  assert_stats (outbox, 0, 0, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outbox/chunks-leave-in-order", test_order);
  g_test_add_func ("/outbox/release-takes-only-the-oldest", test_release_other);
  g_test_add_func ("/outbox/peek-outlives-release", test_reference);
  g_test_add_func ("/outbox/bound-in-bytes", test_bytes);
  g_test_add_func ("/outbox/bound-in-time", test_duration);
  g_test_add_func ("/outbox/zero-is-no-bound", test_no_bound);
  g_test_add_func ("/outbox/put-never-refuses", test_put_never_refuses);
  g_test_add_func ("/outbox/release-wakes-who-waits", test_wait_released);
  g_test_add_func ("/outbox/flushing-wakes-all", test_wait_flushed);
  g_test_add_func ("/outbox/two-threads-within-the-bound", test_two_threads);
  return g_test_run ();
}
