/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/clock.h"

typedef struct
{
  EkaClock *clock;
  GString *log;
  gchar name;
  gint64 again;
  guint id;
} Entry;

/* Writes its name and the time; schedules itself once more after @again. */
static void
note (gpointer user_data)
{
  Entry *entry = user_data;
  gint64 again = entry->again;

  entry->id = 0;
  entry->again = -1;
  g_string_append_printf (entry->log, "%c%" G_GINT64_FORMAT " ", entry->name,
                          eka_clock_now (entry->clock));
  if (again >= 0)
    entry->id = eka_clock_schedule (entry->clock, again, note, entry);
}

static void
cancel_other (gpointer user_data)
{
  Entry *entry = user_data;

  eka_clock_cancel (entry->clock, entry->id);
  g_string_append_c (entry->log, entry->name);
}

static void
test_stands_still_until_advanced (void)
{
  g_autoptr (EkaClock) clock = eka_clock_new_test ();

  g_assert_cmpint (eka_clock_now (clock), ==, 0);
  g_assert_cmpint (eka_clock_next (clock), ==, -1);
  eka_clock_advance (clock, 24 * G_TIME_SPAN_HOUR);
  g_assert_cmpint (eka_clock_now (clock), ==, 24 * G_TIME_SPAN_HOUR);
}

static void
test_runs_in_order_each_at_its_time (void)
{
  g_autoptr (EkaClock) clock = eka_clock_new_test ();
  g_autoptr (GString) log = g_string_new (NULL);
  Entry a = { clock, log, 'a', -1 }, b = { clock, log, 'b', 5 };
  Entry c = { clock, log, 'c', -1 }, d = { clock, log, 'd', -1 };

  eka_clock_schedule (clock, 30, note, &a);
  eka_clock_schedule (clock, 10, note, &b);
  eka_clock_schedule (clock, 15, note, &c);
  eka_clock_schedule (clock, -7, note, &d);
  g_assert_cmpint (eka_clock_next (clock), ==, 0);
  g_assert_cmpstr (log->str, ==, "");

  eka_clock_advance (clock, 0);
  g_assert_cmpstr (log->str, ==, "d0 ");
  g_assert_cmpint (eka_clock_next (clock), ==, 10);
  eka_clock_advance (clock, 20);
  g_assert_cmpstr (log->str, ==, "d0 b10 c15 b15 ");
  g_assert_cmpint (eka_clock_now (clock), ==, 20);
  g_assert_cmpint (eka_clock_next (clock), ==, 10);
  eka_clock_advance (clock, 10);
  g_assert_cmpstr (log->str, ==, "d0 b10 c15 b15 a30 ");
  g_assert_cmpint (eka_clock_next (clock), ==, -1);
}

static void
test_cancelled_timer_does_not_run (void)
{
  g_autoptr (EkaClock) clock = eka_clock_new_test ();
  g_autoptr (GString) log = g_string_new (NULL);
  Entry a = { clock, log, 'a', -1 }, b = { clock, log, 'b', -1 };

  b.id = eka_clock_schedule (clock, 10, note, &a);
  g_assert_cmpuint (b.id, !=, 0);
  eka_clock_schedule (clock, 5, cancel_other, &b);
  eka_clock_advance (clock, 100);
  g_assert_cmpstr (log->str, ==, "b");

  eka_clock_cancel (clock, b.id);
  eka_clock_cancel (clock, 0);
  a.id = eka_clock_schedule (clock, 1, note, &a);
  eka_clock_cancel (clock, b.id);
  g_assert_cmpuint (a.id, !=, b.id);
  g_assert_cmpint (eka_clock_next (clock), ==, 1);
}

static void
drop_clock (gpointer user_data)
{
  g_clear_pointer ((EkaClock **) user_data, eka_clock_unref);
}

static void
test_clock_may_go_in_its_own_timer (void)
{
  EkaClock *clock = eka_clock_new_test ();
  EkaClock *real = eka_clock_new (NULL);

  eka_clock_schedule (clock, 1, drop_clock, &clock);
  eka_clock_schedule (clock, 2, drop_clock, &clock);
  eka_clock_advance (clock, 1);
  g_assert_null (clock);

  eka_clock_schedule (real, 0, drop_clock, &real);
  while (real != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
add_char (gpointer user_data)
{
  g_string_append_c (user_data, 'x');
}

static void
test_real_clock_runs_in_its_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (EkaClock) clock = eka_clock_new (context);
  g_autoptr (GString) log = g_string_new (NULL);
  gint64 start = eka_clock_now (clock);
  guint never;

  eka_clock_schedule (clock, 20000, add_char, log);
  eka_clock_schedule (clock, 1000, add_char, log);
  never = eka_clock_schedule (clock, 500, add_char, log);
  eka_clock_cancel (clock, never);
  g_assert_cmpint (eka_clock_next (clock), <=, 1000);

  while (log->len < 1)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (eka_clock_now (clock) - start, >=, 1000);
  while (log->len < 2)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (eka_clock_now (clock) - start, >=, 20000);
  g_assert_cmpint (eka_clock_next (clock), ==, -1);
}

/* A minute in a tenth of a second, and no earlier. */
static void
test_real_clock_runs_faster (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (EkaClock) clock = eka_clock_new (context);
  g_autoptr (GString) log = g_string_new (NULL);
  gint64 start = eka_clock_now (clock);
  gint64 began = g_get_monotonic_time ();

  eka_clock_schedule (clock, G_TIME_SPAN_MINUTE, add_char, log);
  eka_clock_set_rate (clock, 600);
  g_assert_cmpint (eka_clock_now (clock) - start, <, G_TIME_SPAN_MINUTE);
  while (log->len < 1)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (eka_clock_now (clock) - start, >=, G_TIME_SPAN_MINUTE);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 99000);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 30 * G_TIME_SPAN_SECOND);

  /* It does not jump when it slows down. */
  start = eka_clock_now (clock);
  eka_clock_set_rate (clock, 1);
  g_assert_cmpint (eka_clock_now (clock), >=, start);
  g_assert_cmpint (eka_clock_now (clock) - start, <, 30 * G_TIME_SPAN_MINUTE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/stands-still-until-advanced",
                   test_stands_still_until_advanced);
  g_test_add_func ("/clock/runs-in-order-each-at-its-time",
                   test_runs_in_order_each_at_its_time);
  g_test_add_func ("/clock/cancelled-timer-does-not-run",
                   test_cancelled_timer_does_not_run);
  g_test_add_func ("/clock/may-go-in-its-own-timer",
                   test_clock_may_go_in_its_own_timer);
  g_test_add_func ("/clock/real-one-runs-in-its-context",
                   test_real_clock_runs_in_its_context);
  g_test_add_func ("/clock/real-one-runs-faster", test_real_clock_runs_faster);
  return g_test_run ();
}
