/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/retry.h"

#include <string.h>

#include <libsoup/soup.h>

/**
 * eka_retry_next:
 * @retry: the count of one series of tries
 * @random: a random number in [0, 1)
 * @retry_after: what the server asked for in µs, or -1
 *
 * Counts a failed try. The pause is a random part of a span that doubles with
 * each failure (full jitter), so that many recorders that lost the same server
 * do not come back at once. A server that asks for a pause gets it, and the
 * jitter on top.
 *
 * Returns: µs to the next try
 */
gint64
eka_retry_next (EkaRetry *retry,
                gdouble   random,
                gint64    retry_after)
{
  gint64 span = EKA_RETRY_CAP;
  gint64 pause;

  /* 0.5 s doubled six times is past the cap. */
  if (retry->attempts < 6)
    span = MIN (EKA_RETRY_BASE << retry->attempts, EKA_RETRY_CAP);
  retry->attempts++;

  pause = (gint64) (span * random);
  if (retry_after < 0)
    return pause;
  /* With the server's own number the span only spreads the callers. */
  return MIN (retry_after, EKA_RETRY_AFTER_CAP) +
         MIN (pause, G_TIME_SPAN_SECOND);
}

/**
 * eka_retry_reset:
 * @retry: the count of one series of tries
 *
 * Says that a try went well.
 */
void
eka_retry_reset (EkaRetry *retry)
{
  retry->attempts = 0;
}

/**
 * eka_retry_parse_after:
 * @value: (nullable): a `Retry-After` header, RFC 9110 section 10.2.3: seconds
 *   or an HTTP date
 * @date: the `Date` header of the same answer in seconds since 1970, or -1; the
 *   server's clock is compared with itself, the local one may be wrong
 *
 * Returns: the pause in µs, or -1 where @value says nothing of use
 */
gint64
eka_retry_parse_after (const gchar *value,
                       gint64       date)
{
  g_autoptr (GDateTime) when = NULL;
  g_autofree gchar *text = NULL;
  gint64 seconds;

  if (value == NULL)
    return -1;
  text = g_strstrip (g_strdup (value));

  if (*text != '\0' && text[strspn (text, "0123456789")] == '\0')
    {
      /* Too many digits give the largest number, which is meant. */
      seconds = g_ascii_strtoll (text, NULL, 10);
      return MIN (seconds, EKA_RETRY_AFTER_CAP / G_TIME_SPAN_SECOND) *
             G_TIME_SPAN_SECOND;
    }

  when = soup_date_time_new_from_http_string (text);
  if (when == NULL)
    return -1;
  if (date < 0)
    date = g_get_real_time () / G_TIME_SPAN_SECOND;
  seconds = g_date_time_to_unix (when) - date;
  if (seconds < 0)
    return 0;
  return MIN (seconds, EKA_RETRY_AFTER_CAP / G_TIME_SPAN_SECOND) *
         G_TIME_SPAN_SECOND;
}
