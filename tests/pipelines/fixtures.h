/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "harness.h"

G_BEGIN_DECLS

void    fixture_make      (const gchar *format,
                           ...) G_GNUC_PRINTF (1, 2);
gchar  *fixture_speech    (const gchar *folder,
                           guint        paragraphs);
GBytes *fixture_wav_data  (const gchar *folder,
                           const gchar *name);
GBytes *fixture_file      (const gchar *folder,
                           const gchar *name);
guint   fixture_chunks    (const gchar *folder,
                           const gchar *extension);
GBytes *fixture_join      (const gchar *folder);

G_END_DECLS
