/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeconfig.h"

#include "outbox/outbox.h"

G_BEGIN_DECLS

/**
 * GstEkascribeStore:
 *
 * The outbox on disk of one run: where it is, when audio goes there, and what
 * people are told of it. Nothing of it changes.
 */
typedef struct _GstEkascribeStore GstEkascribeStore;

gboolean           gst_ekascribe_store_is_wanted   (const GstEkascribeConfig *config);
gboolean           gst_ekascribe_store_is_required (const GstEkascribeConfig *config);
GstEkascribeStore *gst_ekascribe_store_new         (const GstEkascribeConfig *config,
                                                    GError                  **error);
void               gst_ekascribe_store_free        (GstEkascribeStore        *self);
EkaStore          *gst_ekascribe_store_get_folder  (GstEkascribeStore        *self);
EkaOutboxPolicy    gst_ekascribe_store_get_policy  (GstEkascribeStore        *self,
                                                    gboolean                  live);
void               gst_ekascribe_store_equip       (GstEkascribeStore        *self,
                                                    EkaOutbox                *outbox,
                                                    gboolean                  live);
gchar             *gst_ekascribe_store_advise      (GstEkascribeStore        *self,
                                                    EkaOutbox                *outbox,
                                                    gchar                   **folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeStore, gst_ekascribe_store_free)

G_END_DECLS
