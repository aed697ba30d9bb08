/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "putter.h"

static EkaOutbox *
new_outbox (void)
{
  g_autoptr (EkaBudget) budget = eka_budget_new (0, 0);

  return eka_outbox_new (budget);
}

/* @index: of the chunk at the head, or -1: none waits */
static void
assert_head (EkaOutbox *outbox,
             gint       index)
{
  g_autoptr (EkaChunk) chunk = eka_outbox_peek (outbox, NULL);

  g_assert_cmpint (chunk != NULL ? (gint) chunk->index : -1, ==, index);
}

static void
assert_next (EkaOutbox *outbox,
             guint      index,
             guint      number)
{
  guint got = G_MAXUINT;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (outbox, &got);

  g_assert_nonnull (chunk);
  g_assert_cmpuint (chunk->index, ==, index);
  g_assert_cmpuint (got, ==, number);
}

/* Chunks are of 10 bytes and one second. */
static void
assert_holds (EkaOutbox *outbox,
              guint      waiting,
              guint      kept)
{
  EkaOutboxStats stats;

  memset (&stats, 0xff, sizeof stats);
  eka_outbox_get_stats (outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, waiting);
  g_assert_cmpuint (stats.bytes, ==, waiting * 10);
  g_assert_cmpuint (stats.duration, ==, waiting * SECOND);
  g_assert_cmpuint (stats.kept, ==, kept);
  g_assert_cmpuint (stats.kept_duration, ==, kept * SECOND);
}

static void
assert_gone (EkaOutbox *outbox,
             guint      let_go,
             guint      dropped)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (outbox, &stats);
  g_assert_cmpuint (stats.let_go, ==, let_go * SECOND);
  g_assert_cmpuint (stats.dropped, ==, dropped * SECOND);
  g_assert_cmpuint (stats.dropped_chunks, ==, dropped);
}

static void
put_some (EkaOutbox *outbox,
          guint      n)
{
  guint i;

  for (i = 0; i < n; i++)
    put_new (outbox, i, 10);
}

static void
test_chunks_go_in_order_and_stay (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  guint i;

  assert_head (outbox, -1);
  put_some (outbox, 3);
  assert_holds (outbox, 3, 3);
  for (i = 0; i < 3; i++)
    {
      assert_head (outbox, i);
      assert_next (outbox, i, i);
      assert_next (outbox, i, i); /* a second try */
      eka_outbox_acknowledge (outbox, i);
      assert_holds (outbox, 2 - i, 3);
      g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, i + 1);
    }
  assert_head (outbox, -1);
  assert_gone (outbox, 0, 0);
}

static void
test_the_last_one_is_known (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;
  gboolean last = TRUE;

  g_assert_null (eka_outbox_peek (outbox, &last));
  g_assert_false (last);
  put_some (outbox, 2);
  first = eka_outbox_peek (outbox, &last);
  g_assert_false (last);
  send (outbox, 1);
  second = eka_outbox_peek (outbox, &last);
  g_assert_true (last);
}

/* Only the number that was tried last is acknowledged. */
static void
test_strange_acknowledgements_do_nothing (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  eka_outbox_acknowledge (outbox, 0);
  put_some (outbox, 2);
  eka_outbox_acknowledge (outbox, 0); /* never tried */
  assert_holds (outbox, 2, 2);
  assert_next (outbox, 0, 0);
  eka_outbox_acknowledge (outbox, 1);
  assert_holds (outbox, 2, 2);
  eka_outbox_acknowledge (outbox, 0);
  eka_outbox_acknowledge (outbox, 0);
  assert_holds (outbox, 1, 2);
}

static void
test_a_skipped_chunk_gives_its_number_back (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 3);
  send (outbox, 1);
  assert_next (outbox, 1, 1);
  eka_outbox_skip (outbox);
  assert_holds (outbox, 1, 2);
  assert_gone (outbox, 0, 1);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 1);
  assert_next (outbox, 2, 1);
}

static void
test_a_chunk_that_was_not_tried_has_none_to_give (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 2);
  eka_outbox_skip (outbox);
  assert_gone (outbox, 0, 1);
  assert_next (outbox, 1, 0);
  eka_outbox_acknowledge (outbox, 0);
  eka_outbox_skip (outbox); /* nothing waits */
  assert_gone (outbox, 0, 1);
  assert_holds (outbox, 0, 1);
}

static void
test_what_is_removed_is_no_loss (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 2);
  assert_next (outbox, 0, 0);
  eka_outbox_remove (outbox);
  assert_holds (outbox, 1, 1);
  assert_gone (outbox, 0, 0);
  assert_next (outbox, 1, 0);
}

static void
test_halves_take_the_place_of_the_whole (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  g_autoptr (EkaChunk) first = new_chunk (10, 4, SECOND / 4);
  g_autoptr (EkaChunk) second = new_chunk (11, 5, SECOND / 2);
  EkaOutboxStats stats;

  put_some (outbox, 3);
  send (outbox, 1);
  assert_next (outbox, 1, 1);
  eka_outbox_replace (outbox, first, second);
  eka_outbox_get_stats (outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, 3);
  g_assert_cmpuint (stats.bytes, ==, 4 + 5 + 10);
  g_assert_cmpuint (stats.duration, ==, SECOND + SECOND / 4 + SECOND / 2);
  g_assert_cmpuint (stats.kept, ==, 4);
  assert_next (outbox, 10, 1);
  eka_outbox_acknowledge (outbox, 1);
  assert_next (outbox, 11, 2);
  eka_outbox_acknowledge (outbox, 2);
  assert_next (outbox, 2, 3);
}

static void
test_one_takes_the_place_of_one (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  g_autoptr (EkaChunk) other = new_chunk (10, 10, SECOND);

  eka_outbox_replace (outbox, other, NULL); /* of nothing */
  assert_holds (outbox, 0, 0);
  put_some (outbox, 2);
  eka_outbox_replace (outbox, other, NULL);
  assert_holds (outbox, 2, 2);
  assert_next (outbox, 10, 0);
}

static void
test_the_rest_leaves_in_order (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  g_autoptr (GPtrArray) rest = NULL;
  g_autoptr (GPtrArray) nothing = NULL;
  guint i;

  put_some (outbox, 5);
  send (outbox, 2);
  assert_next (outbox, 2, 2);
  rest = eka_outbox_take_rest (outbox);
  g_assert_cmpuint (rest->len, ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (((EkaChunk *) rest->pdata[i])->index, ==, 2 + i);
  assert_holds (outbox, 0, 2);
  assert_gone (outbox, 0, 0);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 2);
  nothing = eka_outbox_take_rest (outbox);
  g_assert_cmpuint (nothing->len, ==, 0);
}

static void
test_what_the_list_lacks_is_sent_again_once (void)
{
  static const gboolean lacking[] = { TRUE, FALSE, TRUE };
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 3);
  send (outbox, 3);
  g_assert_cmpuint (eka_outbox_settle (outbox, lacking, 3), ==, 1);
  assert_holds (outbox, 1, 3);
  assert_next (outbox, 1, 1);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 3);
  eka_outbox_acknowledge (outbox, 1);
  /* Still not there, and its second acknowledgement has to do. */
  g_assert_cmpuint (eka_outbox_settle (outbox, lacking, 3), ==, 1);
  assert_holds (outbox, 0, 3);
}

static void
test_a_short_list_lacks_its_end (void)
{
  static const gboolean listed[] = { TRUE };
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 3);
  send (outbox, 2);
  g_assert_cmpuint (eka_outbox_settle (outbox, listed, 1), ==, 1);
  assert_next (outbox, 1, 1);
  eka_outbox_acknowledge (outbox, 1);
  assert_next (outbox, 2, 2); /* was not sent, and is not missed */
}

static void
test_without_a_list_all_is_settled (void)
{
  g_autoptr (EkaBudget) budget = eka_budget_new (25, 0);
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (budget);
  g_autoptr (EkaChunk) more = new_chunk (9, 10, SECOND);

  put_some (outbox, 2);
  send (outbox, 2);
  g_assert_false (eka_budget_make_room (budget, more));
  g_assert_cmpuint (eka_outbox_settle (outbox, NULL, 0), ==, 0);
  g_assert_true (eka_budget_make_room (budget, more));
  assert_gone (outbox, 1, 0);
}

static void
test_a_lost_session_begins_anew (void)
{
  static const gboolean lacking[] = { FALSE };
  g_autoptr (EkaOutbox) outbox = new_outbox ();
  guint i;

  put_some (outbox, 4);
  send (outbox, 1);
  eka_outbox_settle (outbox, lacking, 1);
  send (outbox, 2);
  assert_next (outbox, 2, 2);
  g_assert_cmpuint (eka_outbox_rewind (outbox), ==, 0);
  assert_holds (outbox, 4, 4);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 0);
  for (i = 0; i < 4; i++)
    {
      assert_next (outbox, i, i);
      eka_outbox_acknowledge (outbox, i);
      if (i == 0)
        {
          /* A new session may lack it once more. */
          eka_outbox_settle (outbox, lacking, 1);
          assert_next (outbox, 0, 0);
          eka_outbox_acknowledge (outbox, 0);
        }
    }
}

static void
test_what_was_let_go_is_lost_with_the_session (void)
{
  g_autoptr (EkaBudget) budget = eka_budget_new (30, 0);
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (budget);
  g_autoptr (EkaChunk) more = new_chunk (3, 20, SECOND);

  put_some (outbox, 3);
  send (outbox, 3);
  settle_all (outbox);
  g_assert_true (eka_budget_make_room (budget, more));
  assert_gone (outbox, 2, 0);
  g_assert_cmpuint (eka_outbox_rewind (outbox), ==, 2 * SECOND);
  assert_gone (outbox, 0, 0);
  g_assert_cmpuint (eka_outbox_rewind (outbox), ==, 0); /* told once */
  assert_next (outbox, 2, 0);
}

/* A stream has taken them: they may go, and come back like any others. */
static void
test_settled_without_being_sent (void)
{
  g_autoptr (EkaBudget) budget = eka_budget_new (30, 0);
  g_autoptr (EkaOutbox) outbox = eka_outbox_new (budget);
  g_autoptr (EkaChunk) more = new_chunk (3, 20, SECOND);

  put_some (outbox, 3);
  g_assert_false (eka_budget_make_room (budget, more));
  eka_outbox_settle_all (outbox);
  assert_holds (outbox, 0, 3);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 0);
  g_assert_true (eka_budget_make_room (budget, more));
  assert_gone (outbox, 2, 0);
  g_assert_cmpuint (eka_outbox_rewind (outbox), ==, 2 * SECOND);
  assert_next (outbox, 2, 0);
}

static void
test_clear_forgets_all (void)
{
  g_autoptr (EkaOutbox) outbox = new_outbox ();

  put_some (outbox, 4);
  send (outbox, 2);
  settle_all (outbox);
  eka_outbox_clear (outbox);
  assert_holds (outbox, 0, 0);
  assert_gone (outbox, 0, 0);
  assert_head (outbox, -1);
  g_assert_cmpuint (eka_outbox_count_sent (outbox), ==, 2);
}

static void
test_an_outbox_that_goes_frees_its_room (void)
{
  g_autoptr (EkaBudget) budget = eka_budget_new (10, 0);
  EkaOutbox *outbox = eka_outbox_new (budget);
  g_autoptr (EkaChunk) more = new_chunk (1, 10, SECOND);

  put_some (outbox, 1);
  g_assert_false (eka_budget_make_room (budget, more));
  eka_outbox_unref (eka_outbox_ref (outbox));
  g_assert_false (eka_budget_make_room (budget, more));
  eka_outbox_unref (outbox);
  g_assert_true (eka_budget_make_room (budget, more));
}

/* --- threads ------------------------------------------------------------ */

#define CHUNKS 10000

typedef struct
{
  EkaBudget *budget;
  EkaOutbox *outbox;
  gint put; /* atomic */
} Shared;

static gpointer
put_all (gpointer data)
{
  Shared *shared = data;
  guint i;

  for (i = 0; i < CHUNKS; i++)
    {
      g_autoptr (EkaChunk) chunk = new_chunk (i, 10, SECOND);

      if (!eka_budget_make_room (shared->budget, chunk))
        g_assert_true (eka_budget_wait_for_room (shared->budget, chunk));
      eka_outbox_put (shared->outbox, chunk);
      g_atomic_int_inc (&shared->put);
    }
  return NULL;
}

/* One thread puts and waits, the other sends, settles and makes room. */
static void
test_two_threads_share_it (void)
{
  Shared shared = { .budget = eka_budget_new (200, 0) };
  EkaOutboxStats stats;
  GThread *putter;
  guint sent = 0;

  shared.outbox = eka_outbox_new (shared.budget);
  putter = g_thread_new ("putter", put_all, &shared);
  while (sent < CHUNKS)
    {
      guint number = 0;
      g_autoptr (EkaChunk) chunk = eka_outbox_try (shared.outbox, &number);

      if (chunk != NULL)
        {
          g_assert_cmpuint (chunk->index, ==, sent);
          g_assert_cmpuint (number, ==, sent++);
          eka_outbox_acknowledge (shared.outbox, number);
        }
      else
        g_thread_yield ();
      if (eka_outbox_wants_audit (shared.outbox))
        settle_all (shared.outbox);
      eka_outbox_get_stats (shared.outbox, &stats);
      g_assert_cmpuint (stats.kept, <=, 20);
    }
  g_thread_join (putter);
  eka_outbox_get_stats (shared.outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, 0);
  g_assert_cmpuint (stats.kept_duration + stats.let_go, ==, CHUNKS * SECOND);
  g_assert_cmpuint (stats.dropped_chunks, ==, 0);
  eka_outbox_unref (shared.outbox);
  eka_budget_unref (shared.budget);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outbox/chunks-go-in-order-and-stay",
                   test_chunks_go_in_order_and_stay);
  g_test_add_func ("/outbox/the-last-one-is-known",
                   test_the_last_one_is_known);
  g_test_add_func ("/outbox/strange-acknowledgements-do-nothing",
                   test_strange_acknowledgements_do_nothing);
  g_test_add_func ("/outbox/a-skipped-chunk-gives-its-number-back",
                   test_a_skipped_chunk_gives_its_number_back);
  g_test_add_func ("/outbox/a-chunk-that-was-not-tried-has-none-to-give",
                   test_a_chunk_that_was_not_tried_has_none_to_give);
  g_test_add_func ("/outbox/what-is-removed-is-no-loss",
                   test_what_is_removed_is_no_loss);
  g_test_add_func ("/outbox/halves-take-the-place-of-the-whole",
                   test_halves_take_the_place_of_the_whole);
  g_test_add_func ("/outbox/one-takes-the-place-of-one",
                   test_one_takes_the_place_of_one);
  g_test_add_func ("/outbox/the-rest-leaves-in-order",
                   test_the_rest_leaves_in_order);
  g_test_add_func ("/outbox/what-the-list-lacks-is-sent-again-once",
                   test_what_the_list_lacks_is_sent_again_once);
  g_test_add_func ("/outbox/a-short-list-lacks-its-end",
                   test_a_short_list_lacks_its_end);
  g_test_add_func ("/outbox/without-a-list-all-is-settled",
                   test_without_a_list_all_is_settled);
  g_test_add_func ("/outbox/a-lost-session-begins-anew",
                   test_a_lost_session_begins_anew);
  g_test_add_func ("/outbox/what-was-let-go-is-lost-with-the-session",
                   test_what_was_let_go_is_lost_with_the_session);
  g_test_add_func ("/outbox/settled-without-being-sent",
                   test_settled_without_being_sent);
  g_test_add_func ("/outbox/clear-forgets-all", test_clear_forgets_all);
  g_test_add_func ("/outbox/an-outbox-that-goes-frees-its-room",
                   test_an_outbox_that_goes_frees_its_room);
  g_test_add_func ("/outbox/two-threads-share-it", test_two_threads_share_it);
  return g_test_run ();
}
