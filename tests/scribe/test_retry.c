/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/retry.h"

#define SECOND G_TIME_SPAN_SECOND

static void
test_span_doubles_up_to_the_cap (void)
{
  static const gint64 spans[] = { SECOND / 2, SECOND, 2 * SECOND, 4 * SECOND,
                                  8 * SECOND, 16 * SECOND, 30 * SECOND,
                                  30 * SECOND };
  EkaRetry retry = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (spans); i++)
    {
      EkaRetry same = retry;

      g_assert_cmpint (eka_retry_next (&same, 0.0, -1), ==, 0);
      g_assert_cmpint (eka_retry_next (&retry, 0.5, -1), ==, spans[i] / 2);
    }
  for (; i < 100; i++)
    g_assert_cmpint (eka_retry_next (&retry, 0.999999, -1), <, 30 * SECOND);
  eka_retry_reset (&retry);
  g_assert_cmpint (eka_retry_next (&retry, 0.5, -1), ==, SECOND / 4);
}

/* A thousand recorders that lost one server come back evenly spread. */
static void
test_jitter_is_full (void)
{
  guint tenths[10] = { 0 };
  guint i;

  for (i = 0; i < 1000; i++)
    {
      EkaRetry retry = { 9 };
      gint64 pause = eka_retry_next (&retry, (i + 0.5) / 1000, -1);

      g_assert_cmpint (pause, <, EKA_RETRY_CAP);
      tenths[pause / (EKA_RETRY_CAP / 10)]++;
    }
  for (i = 0; i < 10; i++)
    g_assert_cmpuint (tenths[i], ==, 100);
}

static void
test_server_gets_its_pause (void)
{
  EkaRetry retry = { 0 };

  g_assert_cmpint (eka_retry_next (&retry, 0.5, 7 * SECOND), ==,
                   7 * SECOND + SECOND / 4);
  retry.attempts = 20;
  g_assert_cmpint (eka_retry_next (&retry, 0.9, 7 * SECOND), ==, 8 * SECOND);
  g_assert_cmpint (eka_retry_next (&retry, 0.0, G_MAXINT64), ==,
                   EKA_RETRY_AFTER_CAP);
  g_assert_cmpint (eka_retry_next (&retry, 0.0, 0), ==, 0);
}

static void
test_header_is_read (void)
{
  /* 784111777 is the example of RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT */
  static const struct
  {
    const gchar *value;
    gint64 pause;
  } cases[] = {
    { NULL, -1 },
    { "", -1 },
    { " ", -1 },
    { "0", 0 },
    { "120", 120 * SECOND },
    { " 120 ", 120 * SECOND },
    { "31536000", EKA_RETRY_AFTER_CAP },
    { "9223372036854775807", EKA_RETRY_AFTER_CAP },
    { "99999999999999999999999", EKA_RETRY_AFTER_CAP },
    { "-5", -1 },
    { "-99999999999999999999999", -1 },
    { "+5", -1 },
    { "1.5", -1 },
    { "5 s", -1 },
    { "soon", -1 },
    { "2026-01-01T00:00:00Z", -1 },
    { "Sun, 06 Nov 1994 08:49:47 GMT", 10 * SECOND },
    { "Sunday, 06-Nov-94 08:49:47 GMT", 10 * SECOND },
    { "Sun Nov  6 08:49:47 1994", 10 * SECOND },
    { "Sun, 06 Nov 1994 08:49:00 GMT", 0 },
    { "Mon, 06 Nov 1995 08:49:37 GMT", EKA_RETRY_AFTER_CAP },
    { "Fri, 31 Dec 9999 23:59:59 GMT", EKA_RETRY_AFTER_CAP },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (eka_retry_parse_after (cases[i].value, 784111777), ==,
                     cases[i].pause);
  /* Without a Date the local clock has to do. */
  g_assert_cmpint (eka_retry_parse_after (cases[16].value, -1), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/retry/" name, func)
  ADD ("the span doubles up to the cap", test_span_doubles_up_to_the_cap);
  ADD ("the jitter is full", test_jitter_is_full);
  ADD ("the server gets the pause it asks for, within reason",
       test_server_gets_its_pause);
  ADD ("Retry-After is read in all its forms", test_header_is_read);
  return g_test_run ();
}
