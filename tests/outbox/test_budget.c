/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "putter.h"

/* A budget and two sessions that share it. */
typedef struct
{
  EkaBudget *budget;
  EkaOutbox *first;
  EkaOutbox *second;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  const guint64 *bounds = data;

  f->budget = eka_budget_new (bounds[0], bounds[1]);
  f->first = eka_outbox_new (f->budget);
  f->second = eka_outbox_new (f->budget);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_outbox_unref (f->first);
  eka_outbox_unref (f->second);
  eka_budget_unref (f->budget);
}

static guint
count_kept (EkaOutbox *outbox)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (outbox, &stats);
  return stats.kept;
}

static gboolean
has_room (Fixture *f,
          gsize    size,
          guint64  duration)
{
  g_autoptr (EkaChunk) chunk = new_chunk (99, size, duration);

  return eka_budget_make_room (f->budget, chunk);
}

static EkaBudgetLoss
force (Fixture *f,
       gsize    size)
{
  g_autoptr (EkaChunk) chunk = new_chunk (99, size, SECOND);
  EkaBudgetLoss loss;

  memset (&loss, 0xff, sizeof loss);
  eka_budget_force_room (f->budget, chunk, &loss);
  return loss;
}

static const guint64 of_bytes[] = { 100, 0 };
static const guint64 of_time[] = { 0, 10 * SECOND };
static const guint64 unbounded[] = { 0, 0 };
static const guint64 huge[] = { G_MAXUINT64, G_MAXUINT64 };

static void
test_bytes_are_bounded (Fixture      *f,
                        gconstpointer data)
{
  put_new (f->first, 0, 60);
  g_assert_true (has_room (f, 40, 1000 * SECOND));
  g_assert_false (has_room (f, 41, 0));
  put_new (f->second, 0, 40); /* both count */
  g_assert_false (has_room (f, 1, 0));
}

static void
test_time_is_bounded (Fixture      *f,
                      gconstpointer data)
{
  put_new (f->first, 0, 1000);
  put_new (f->second, 0, 1000);
  g_assert_true (has_room (f, 1000, 8 * SECOND));
  g_assert_false (has_room (f, 1, 8 * SECOND + 1));
}

static void
test_no_bound_is_no_bound (Fixture      *f,
                           gconstpointer data)
{
  guint i;

  for (i = 0; i < 100; i++)
    put_new (f->first, i, 1000);
  g_assert_true (has_room (f, 1000000, G_MAXUINT64 / 2));
  g_assert_cmpuint (force (f, 1000000).chunks, ==, 0);
  g_assert_cmpuint (count_kept (f->first), ==, 100);
}

static void
test_an_empty_memory_takes_any_chunk (Fixture      *f,
                                      gconstpointer data)
{
  g_assert_true (has_room (f, 1000, 1000 * SECOND));
  put_new (f->first, 0, 1000);
  g_assert_false (has_room (f, 1, 1));
  send (f->first, 1);
  settle_all (f->first);
  g_assert_true (has_room (f, 1000, 1000 * SECOND));
  g_assert_cmpuint (count_kept (f->first), ==, 0);
}

static void
test_what_is_settled_goes_oldest_first (Fixture      *f,
                                        gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    put_new (i < 3 ? f->first : f->second, i, 20);
  send (f->first, 3);
  send (f->second, 2);
  settle_all (f->first);
  settle_all (f->second);
  g_assert_true (has_room (f, 20, 0));
  g_assert_cmpuint (count_kept (f->first), ==, 2);
  g_assert_cmpuint (count_kept (f->second), ==, 2);
  g_assert_true (has_room (f, 70, 0));
  g_assert_cmpuint (count_kept (f->first), ==, 0);
  g_assert_cmpuint (count_kept (f->second), ==, 1);
}

static void
test_what_is_not_settled_stays (Fixture      *f,
                                gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    put_new (f->first, i, 20);
  send (f->first, 3);
  g_assert_false (has_room (f, 20, 0));
  g_assert_cmpuint (count_kept (f->first), ==, 5);
}

static void
assert_let_go (EkaOutbox *outbox,
               guint      let_go,
               guint      dropped)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (outbox, &stats);
  g_assert_cmpuint (stats.let_go, ==, let_go * SECOND);
  g_assert_cmpuint (stats.dropped_chunks, ==, dropped);
  g_assert_cmpuint (stats.dropped, ==, dropped * SECOND);
}

/* Settled, acknowledged, waiting; and what was tried never. */
static void
test_force_has_an_order (Fixture      *f,
                         gconstpointer data)
{
  static const gboolean listed[] = { TRUE };
  EkaBudgetLoss loss;
  guint number;
  guint i;

  for (i = 0; i < 10; i++)
    put_new (f->first, i, 20);
  send (f->first, 1);
  eka_outbox_settle (f->first, listed, 1);
  send (f->first, 1);
  eka_chunk_unref (eka_outbox_try (f->first, &number));

  loss = force (f, 20);
  g_assert_cmpuint (loss.chunks, ==, 0);
  assert_let_go (f->first, 1, 0);
  loss = force (f, 40);
  g_assert_cmpuint (loss.chunks, ==, 0);
  assert_let_go (f->first, 2, 0);
  loss = force (f, 80);
  g_assert_cmpuint (loss.chunks, ==, 2);
  g_assert_cmpuint (loss.duration, ==, 2 * SECOND);
  assert_let_go (f->first, 2, 2);
  loss = force (f, 1000);
  g_assert_cmpuint (loss.chunks, ==, 5);
  g_assert_cmpuint (count_kept (f->first), ==, 1);
  eka_outbox_acknowledge (f->first, number); /* it is the one that was tried */
  assert_let_go (f->first, 2, 7);
}

static void
test_force_takes_twice_the_bound (Fixture      *f,
                                  gconstpointer data)
{
  guint i;

  for (i = 0; i < 10; i++)
    put_new (f->first, i, 20);
  g_assert_cmpuint (count_kept (f->first), ==, 10);
  g_assert_cmpuint (force (f, 1).chunks, ==, 1); /* 201 bytes are too many */
  g_assert_cmpuint (force (f, 20).chunks, ==, 0);
}

static void
test_a_huge_bound_holds_all (Fixture      *f,
                             gconstpointer data)
{
  put_new (f->first, 0, 1000);
  g_assert_true (has_room (f, 1000, SECOND));
  g_assert_cmpuint (force (f, 1000).chunks, ==, 0);
}

/* Nobody waits; then a quarter of the bound is worth a question, or all that is
 * left. */
static void
test_an_audit_is_wanted_where_it_helps (Fixture      *f,
                                        gconstpointer data)
{
  guint i;

  for (i = 0; i < 10; i++)
    put_new (f->first, i, 10);
  send (f->first, 5);
  g_assert_false (eka_outbox_wants_audit (f->first));
  g_assert_false (has_room (f, 10, 0));
  g_assert_true (eka_outbox_wants_audit (f->first));
  g_assert_false (eka_outbox_wants_audit (f->second)); /* has nothing */
  settle_all (f->first);
  g_assert_false (eka_outbox_wants_audit (f->first));
  g_assert_true (has_room (f, 10, 0));
  put_new (f->second, 10, 10);
  g_assert_true (has_room (f, 40, 0));
  put_new (f->second, 11, 40);
  send (f->first, 2);
  g_assert_false (has_room (f, 60, 0));
  g_assert_false (eka_outbox_wants_audit (f->first));
  send (f->first, 1);
  g_assert_true (eka_outbox_wants_audit (f->first));
}

static void
test_the_last_chunk_is_worth_a_question (Fixture      *f,
                                         gconstpointer data)
{
  put_new (f->first, 0, 10);
  put_new (f->second, 0, 90);
  send (f->first, 1);
  g_assert_false (has_room (f, 10, 0));
  g_assert_true (eka_outbox_wants_audit (f->first));
}

/* --- waiting ------------------------------------------------------------ */

static gpointer
wait_for_room (gpointer data)
{
  Fixture *f = data;
  g_autoptr (EkaChunk) chunk = new_chunk (99, 100, SECOND);

  return GINT_TO_POINTER (eka_budget_wait_for_room (f->budget, chunk));
}

/* Fills the memory and has a thread wait; it does so once an audit is wanted. */
static GThread *
wait_in_thread (Fixture *f)
{
  GThread *thread;

  put_new (f->first, 0, 100);
  send (f->first, 1);
  thread = g_thread_new ("waiter", wait_for_room, f);
  while (!eka_outbox_wants_audit (f->first))
    g_thread_yield ();
  return thread;
}

static void
test_a_waiter_wakes_when_there_is_room (Fixture      *f,
                                        gconstpointer data)
{
  GThread *thread = wait_in_thread (f);

  settle_all (f->first);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_cmpuint (count_kept (f->first), ==, 0);
  /* Nobody waits any more. */
  put_new (f->first, 1, 100);
  send (f->first, 1);
  g_assert_false (eka_outbox_wants_audit (f->first));
}

static void
test_a_waiter_wakes_when_all_is_forgotten (Fixture      *f,
                                           gconstpointer data)
{
  GThread *thread = wait_in_thread (f);

  eka_outbox_clear (f->first);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
}

static void
test_flushing_wakes_and_keeps (Fixture      *f,
                               gconstpointer data)
{
  GThread *thread = wait_in_thread (f);

  eka_budget_set_flushing (f->budget, TRUE);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_false (GPOINTER_TO_INT (wait_for_room (f)));
  g_assert_cmpuint (count_kept (f->first), ==, 1);
  eka_budget_set_flushing (f->budget, FALSE);
  settle_all (f->first);
  g_assert_true (GPOINTER_TO_INT (wait_for_room (f)));
}

#define add(path, bounds, func) \
  g_test_add ("/budget/" path, Fixture, bounds, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("bytes-are-bounded", of_bytes, test_bytes_are_bounded);
  add ("time-is-bounded", of_time, test_time_is_bounded);
  add ("no-bound-is-no-bound", unbounded, test_no_bound_is_no_bound);
  add ("an-empty-memory-takes-any-chunk", of_bytes,
       test_an_empty_memory_takes_any_chunk);
  add ("what-is-settled-goes-oldest-first", of_bytes,
       test_what_is_settled_goes_oldest_first);
  add ("what-is-not-settled-stays", of_bytes, test_what_is_not_settled_stays);
  add ("force-has-an-order", of_bytes, test_force_has_an_order);
  add ("force-takes-twice-the-bound", of_bytes,
       test_force_takes_twice_the_bound);
  add ("a-huge-bound-holds-all", huge, test_a_huge_bound_holds_all);
  add ("an-audit-is-wanted-where-it-helps", of_bytes,
       test_an_audit_is_wanted_where_it_helps);
  add ("the-last-chunk-is-worth-a-question", of_bytes,
       test_the_last_chunk_is_worth_a_question);
  add ("a-waiter-wakes-when-there-is-room", of_bytes,
       test_a_waiter_wakes_when_there_is_room);
  add ("a-waiter-wakes-when-all-is-forgotten", of_bytes,
       test_a_waiter_wakes_when_all_is_forgotten);
  add ("flushing-wakes-and-keeps", of_bytes, test_flushing_wakes_and_keeps);
  return g_test_run ();
}
