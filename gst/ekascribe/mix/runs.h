/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaRuns:
 *
 * Samples that wait, in their places on a line: runs of audio, of silence that was
 * announced, and holes between them. Silence and holes take no memory.
 */
typedef struct _EkaRuns EkaRuns;

EkaRuns *eka_runs_new         (void);
void     eka_runs_free        (EkaRuns       *self);
void     eka_runs_add         (EkaRuns       *self,
                               gint64         place,
                               const gint16  *samples,
                               guint64        n_samples);
gboolean eka_runs_find_audio  (const EkaRuns *self,
                               gint64        *place);
guint64  eka_runs_get_n_held  (const EkaRuns *self);
guint    eka_runs_take        (EkaRuns       *self,
                               gint64         place,
                               gint32        *sum,
                               guint          n_samples);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaRuns, eka_runs_free)

G_END_DECLS
