/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaClock:
 *
 * Time and timers of the worker thread, monotonic. The real clock runs its
 * timers in the GMainContext it was made for; the test clock stands still until
 * it is moved. Reference counted; used in one thread.
 */
typedef struct _EkaClock EkaClock;

typedef void (*EkaClockFunc) (gpointer user_data);

EkaClock *eka_clock_new      (GMainContext *context);
EkaClock *eka_clock_new_test (void);
EkaClock *eka_clock_ref      (EkaClock     *clock);
void      eka_clock_unref    (EkaClock     *clock);
gint64    eka_clock_now      (EkaClock     *clock);
void      eka_clock_set_rate (EkaClock     *clock,
                              guint         rate);
guint     eka_clock_schedule (EkaClock     *clock,
                              gint64        delay,
                              EkaClockFunc  func,
                              gpointer      user_data);
void      eka_clock_cancel   (EkaClock     *clock,
                              guint         id);
void      eka_clock_advance  (EkaClock     *clock,
                              gint64        delay);
gint64    eka_clock_next     (EkaClock     *clock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaClock, eka_clock_unref)

G_END_DECLS
