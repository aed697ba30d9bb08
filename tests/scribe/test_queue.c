/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/queue.h"

typedef struct
{
  EkaQueue *queue;
  GString *log;
  gchar name;
  guint id;
  gboolean leaves;
} Guest;

static void
enter_done (gpointer user_data)
{
  Guest *guest = user_data;

  g_string_append_c (guest->log, guest->name);
  if (guest->leaves)
    eka_queue_leave (guest->queue, guest->id);
}

static void
test_first_come_first_served (void)
{
  g_autoptr (EkaQueue) queue = eka_queue_new (2);
  g_autoptr (GString) log = g_string_new (NULL);
  Guest guests[6];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      guests[i] = (Guest){ queue, log, 'a' + i };
      guests[i].id = eka_queue_enter (queue, enter_done, &guests[i]);
      g_assert_cmpuint (guests[i].id, !=, 0);
    }
  g_assert_cmpstr (log->str, ==, "ab");
  eka_queue_leave (queue, guests[1].id);
  g_assert_cmpstr (log->str, ==, "abc");
  eka_queue_leave (queue, guests[1].id);
  eka_queue_leave (queue, 0);
  g_assert_cmpstr (log->str, ==, "abc");

  /* One who waits leaves: nobody moves up. */
  eka_queue_leave (queue, guests[3].id);
  g_assert_cmpstr (log->str, ==, "abc");
  g_assert_cmpuint (eka_queue_count (queue), ==, 4);
  eka_queue_leave (queue, guests[0].id);
  g_assert_cmpstr (log->str, ==, "abce");
  eka_queue_leave (queue, guests[2].id);
  g_assert_cmpstr (log->str, ==, "abcef");
  eka_queue_leave (queue, guests[4].id);
  eka_queue_leave (queue, guests[5].id);
  g_assert_cmpuint (eka_queue_count (queue), ==, 0);
}

static void
test_may_leave_when_let_in (void)
{
  g_autoptr (EkaQueue) queue = eka_queue_new (1);
  g_autoptr (GString) log = g_string_new (NULL);
  Guest guests[5];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      guests[i] = (Guest){ queue, log, 'a' + i, 0, i > 0 };
      guests[i].id = eka_queue_enter (queue, enter_done, &guests[i]);
    }
  g_assert_cmpstr (log->str, ==, "a");
  eka_queue_leave (queue, guests[0].id);
  g_assert_cmpstr (log->str, ==, "abcde");
  g_assert_cmpuint (eka_queue_count (queue), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue/first-come-first-served",
                   test_first_come_first_served);
  g_test_add_func ("/queue/may-leave-when-let-in",
                   test_may_leave_when_let_in);
  return g_test_run ();
}
