/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/disk.h"

G_BEGIN_DECLS

/**
 * EkaStore:
 *
 * A folder with a folder for each session, and how much all of them may take.
 * Several processes may use it at once, on several machines if they share the
 * volume and its locks. Thread safe and reference counted.
 */
typedef struct _EkaStore EkaStore;

/**
 * EkaStoreFaultFunc:
 * @error: (nullable): why audio can't be written to disk, or %NULL: it can again
 *
 * Called once for each change, on the disk's thread; that the disk does not answer
 * is told on another one. One call at a time.
 */
typedef void (*EkaStoreFaultFunc) (const GError *error,
                                   gpointer      user_data);

gchar       *eka_store_dup_default_location
                                   (void);
EkaStore    *eka_store_new         (EkaDisk           *disk,
                                    const gchar       *location,
                                    guint64            max_bytes);
EkaStore    *eka_store_ref         (EkaStore          *store);
void         eka_store_unref       (EkaStore          *store);
const gchar *eka_store_get_location
                                   (EkaStore          *store);
EkaDisk     *eka_store_get_disk    (EkaStore          *store);
gboolean     eka_store_prepare     (EkaStore          *store,
                                    GError           **error);
void         eka_store_set_fault_func
                                   (EkaStore          *store,
                                    EkaStoreFaultFunc  func,
                                    gpointer           user_data,
                                    GDestroyNotify     notify);
void         eka_store_note_fault  (EkaStore          *store,
                                    const GError      *error);
void         eka_store_note_late   (EkaStore          *store);
void         eka_store_queue_fault (EkaStore          *store,
                                    const GError      *error);
gboolean     eka_store_take_space  (EkaStore          *store,
                                    guint64            bytes,
                                    GError           **error);
void         eka_store_return_space
                                   (EkaStore          *store,
                                    guint64            bytes);
void         eka_store_set_scan_interval
                                   (EkaStore          *store,
                                    gint64             interval);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaStore, eka_store_unref)

G_END_DECLS
