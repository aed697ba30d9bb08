/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/stamps.h"

#define MSECOND G_GINT64_CONSTANT (1000000)
/* 20 ms */
#define PACKET 320

static void
add (EkaStamps *self,
     guint      n,
     gint64     error)
{
  guint i;

  for (i = 0; i < n; i++)
    eka_stamps_add (self, error, PACKET);
}

static void
test_none (void)
{
  EkaStamps stamps = { 0 };
  gint64 floor;

  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 0);
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, 0);
  g_assert_cmpint (eka_stamps_get_most (&stamps), ==, 0);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 0);
  g_assert_false (eka_stamps_get_recent (&stamps, &floor));
  g_assert_false (eka_stamps_is_exact (&stamps));
}

static void
test_exact (void)
{
  EkaStamps stamps = { 0 };

  add (&stamps, 3, MSECOND);
  g_assert_false (eka_stamps_is_exact (&stamps));
  add (&stamps, 1, 0);
  g_assert_true (eka_stamps_is_exact (&stamps));
  add (&stamps, 1, 6 * MSECOND);
  g_assert_false (eka_stamps_is_exact (&stamps));
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, 0);
  g_assert_cmpint (eka_stamps_get_most (&stamps), ==, 6 * MSECOND);
  eka_stamps_clear (&stamps);
  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 0);
  add (&stamps, 4, 48 * MSECOND);
  g_assert_true (eka_stamps_is_exact (&stamps));
}

/* What is older than 16 s is forgotten. */
static void
test_oldest_goes (void)
{
  EkaStamps stamps = { 0 };

  add (&stamps, 25, -MSECOND);
  add (&stamps, 31 * 25, 0);
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, -MSECOND);
  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 32 * 25);
  add (&stamps, 1, 0);
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, 0);
  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 31 * 25 + 1);
}

/* One stamp that is too early is nothing, two are. */
static void
test_floor_bears_a_mistake (void)
{
  EkaStamps stamps = { 0 };

  add (&stamps, 200, 100 * MSECOND);
  add (&stamps, 1, -500 * MSECOND);
  add (&stamps, 200, 100 * MSECOND);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 100 * MSECOND);
  add (&stamps, 1, 20 * MSECOND);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 20 * MSECOND);
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, -500 * MSECOND);
}

/* Of a few all count. */
static void
test_floor_of_few (void)
{
  EkaStamps stamps = { 0 };

  add (&stamps, 50, 100 * MSECOND);
  add (&stamps, 1, 3 * MSECOND);
  add (&stamps, 50, 100 * MSECOND);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 3 * MSECOND);
}

static void
test_recent (void)
{
  EkaStamps stamps = { 0 };
  gint64 floor;

  add (&stamps, 400, 0);
  add (&stamps, 125, 50 * MSECOND);
  g_assert_true (eka_stamps_get_recent (&stamps, &floor));
  g_assert_cmpint (floor, ==, 0);
  add (&stamps, 25, 60 * MSECOND);
  g_assert_true (eka_stamps_get_recent (&stamps, &floor));
  g_assert_cmpint (floor, ==, 50 * MSECOND);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 0);
  eka_stamps_keep_recent (&stamps);
  g_assert_cmpint (eka_stamps_get_floor (&stamps), ==, 50 * MSECOND);
  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 150);
  g_assert_true (eka_stamps_get_recent (&stamps, &floor));
}

/* Long packets have few stamps: 16 seconds are enough of any. */
static void
test_recent_of_long_packets (void)
{
  EkaStamps stamps = { 0 };
  gint64 floor;
  guint i;

  for (i = 0; i < 31; i++)
    eka_stamps_add (&stamps, 70 * MSECOND, 8000);
  g_assert_false (eka_stamps_get_recent (&stamps, &floor));
  eka_stamps_add (&stamps, 60 * MSECOND, 8000);
  g_assert_true (eka_stamps_get_recent (&stamps, &floor));
  g_assert_cmpint (floor, ==, 60 * MSECOND);
}

static void
test_join (void)
{
  EkaStamps stamps = { 0 }, other = { 0 };
  guint i;

  add (&stamps, 10, 5 * MSECOND);
  add (&other, 30, 305 * MSECOND);
  eka_stamps_join (&stamps, &other, -300 * MSECOND);
  g_assert_cmpuint (eka_stamps_get_n (&stamps), ==, 40);
  g_assert_true (eka_stamps_is_exact (&stamps));
  /* the ring goes round */
  for (i = 0; i < 100; i++)
    eka_stamps_join (&stamps, &other, 0);
  g_assert_cmpint (eka_stamps_get_least (&stamps), ==, 305 * MSECOND);
  g_assert_cmpuint (stamps.n_parts, ==, EKA_STAMPS_PARTS);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stamps/none", test_none);
  g_test_add_func ("/stamps/exact", test_exact);
  g_test_add_func ("/stamps/oldest-goes", test_oldest_goes);
  g_test_add_func ("/stamps/floor-bears-a-mistake",
                   test_floor_bears_a_mistake);
  g_test_add_func ("/stamps/floor-of-few", test_floor_of_few);
  g_test_add_func ("/stamps/recent", test_recent);
  g_test_add_func ("/stamps/recent-of-long-packets",
                   test_recent_of_long_packets);
  g_test_add_func ("/stamps/join", test_join);
  return g_test_run ();
}
