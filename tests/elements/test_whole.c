/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribewhole.h"

#include "scribe/error.h"

#include <string.h>

#define MB 1000000

static void
check (gsize        bytes,
       guint        elapsed,
       guint        total,
       guint        max_duration,
       const gchar *reason)
{
  const GstEkascribeWhole whole = {
    .bytes = bytes,
    .elapsed = elapsed * GST_SECOND,
    .total = total > 0 ? total * GST_SECOND : GST_CLOCK_TIME_NONE,
    .max_bytes = 10 * MB,
    .max_duration = max_duration * GST_SECOND,
  };
  g_autoptr (GError) error = NULL;
  gboolean fits = gst_ekascribe_whole_check (&whole, &error);

  g_assert_true (fits == (reason == NULL));
  if (fits) {
    g_assert_no_error (error);
    return;
  }
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, reason));
  g_assert_nonnull (strstr (error->message, "upload-type=chunked"));
}

static void
test_size (void)
{
  check (10 * MB, 3000, 0, 0, NULL);
  check (10 * MB + 1, 3000, 0, 0, "reached after 3000 s");
}

static void
test_estimate (void)
{
  /* 32 kB/s: five minutes fit, six don't */
  check (320000, 10, 300, 0, NULL);
  check (320000, 10, 360, 0, "about 12 MB");
  /* too early to tell */
  check (319999, 9, 360, 0, NULL);
  /* so little more may be wrong */
  check (320000, 10, 320, 0, NULL);
  /* a duration that is wrong already */
  check (9 * MB, 400, 10, 0, NULL);
}

static void
test_session (void)
{
  check (MB, 600, 0, 600, NULL);
  check (MB, 601, 0, 600, "at most 600 s");
  check (100, 1, 601, 600, "at most 600 s");
  check (100, 1, 600, 600, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/whole/size", test_size);
  g_test_add_func ("/whole/estimate", test_estimate);
  g_test_add_func ("/whole/what-a-session-takes", test_session);
  return g_test_run ();
}
