/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <stdio.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/* The far end of a stream: counts audio and, after the stop, closes. */
typedef struct _BenchWs BenchWs;

BenchWs *bench_ws_accept (gint         fd,
                          const gchar *head,
                          FILE        *arrivals);
gboolean bench_ws_take   (BenchWs     *self,
                          GByteArray  *input,
                          gint64       now);
guint64  bench_ws_free   (BenchWs     *self);

G_END_DECLS
