/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * MatrixCase:
 * @first: a fault, as `ekascribe-sandbox --fault` takes it
 * @second: (nullable): another one
 * @discards: the recording is discarded, for the call is PATCH
 * @impossible: (nullable): why no client can survive it
 */
typedef struct
{
  gchar *first;
  gchar *second;
  gboolean discards;
  const gchar *impossible;
} MatrixCase;

GPtrArray *matrix_cells (void);
GPtrArray *matrix_pairs (void);

G_END_DECLS
