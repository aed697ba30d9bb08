/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaQueue:
 *
 * A number of slots and a line before them, first come, first served. Used in
 * one thread.
 */
typedef struct _EkaQueue EkaQueue;

typedef void (*EkaQueueFunc) (gpointer user_data);

EkaQueue *eka_queue_new   (guint         slots);
void      eka_queue_free  (EkaQueue     *queue);
guint     eka_queue_enter (EkaQueue     *queue,
                           EkaQueueFunc  func,
                           gpointer      user_data);
void      eka_queue_leave (EkaQueue     *queue,
                           guint         id);
guint     eka_queue_count (EkaQueue     *queue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaQueue, eka_queue_free)

G_END_DECLS
