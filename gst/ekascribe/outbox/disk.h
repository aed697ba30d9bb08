/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/files.h"

G_BEGIN_DECLS

/**
 * EkaDisk:
 *
 * The one thread of the process that writes to disk and reads from it. It does
 * what it is given in order. Started by the first eka_disk_acquire(), gone after
 * the last eka_disk_release(), which never waits and may come from any thread,
 * its own included: what it was given before is done first.
 */
typedef struct _EkaDisk EkaDisk;

/**
 * EkaDiskFunc:
 *
 * Called once, on the disk's thread.
 */
typedef void (*EkaDiskFunc) (gpointer user_data);

EkaDisk  *eka_disk_acquire    (void);
EkaDisk  *eka_disk_new_test   (EkaFiles       *files);
EkaDisk  *eka_disk_ref        (EkaDisk        *disk);
void      eka_disk_release    (EkaDisk        *disk);
EkaFiles *eka_disk_get_files  (EkaDisk        *disk);
void      eka_disk_push       (EkaDisk        *disk,
                               EkaDiskFunc     func,
                               gpointer        user_data,
                               GDestroyNotify  notify);
void      eka_disk_push_later (EkaDisk        *disk,
                               gint64          delay,
                               EkaDiskFunc     func,
                               gpointer        user_data,
                               GDestroyNotify  notify);
gboolean  eka_disk_wait       (EkaDisk        *disk,
                               gint64          end_time);
gboolean  eka_disk_is_current (EkaDisk        *disk);
gboolean  eka_disk_wait_gone  (gint64          timeout);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaDisk, eka_disk_release)

G_END_DECLS
