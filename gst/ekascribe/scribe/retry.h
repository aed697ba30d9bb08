/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaRetry:
 * @attempts: failed tries in a row
 *
 * When to try again: exponential backoff with full jitter.
 */
typedef struct
{
  guint attempts;
} EkaRetry;

/* Bounds of the first and of the longest pause, in µs. */
#define EKA_RETRY_BASE (G_TIME_SPAN_SECOND / 2)
#define EKA_RETRY_CAP (30 * G_TIME_SPAN_SECOND)

/* The longest pause that a server's Retry-After is believed, in µs. */
#define EKA_RETRY_AFTER_CAP (5 * G_TIME_SPAN_MINUTE)

gint64 eka_retry_next        (EkaRetry    *retry,
                              gdouble      random,
                              gint64       retry_after);
void   eka_retry_reset       (EkaRetry    *retry);
gint64 eka_retry_parse_after (const gchar *value,
                              gint64       date);

G_END_DECLS
