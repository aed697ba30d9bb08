/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixtures.h"

G_BEGIN_DECLS

/**
 * Camera:
 * @url: of its server, without a path
 *
 * A camera (camera.c) that runs as a process of its own.
 */
typedef struct
{
  GSubprocess *process;
  GDataInputStream *lines;
  gchar *url;
} Camera;

Camera *camera_new      (const gchar *options);
void    camera_free     (Camera      *camera);
void    camera_signal   (Camera      *camera,
                         gint         number);
gint64  camera_wait_for (Camera      *camera,
                         const gchar *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Camera, camera_free)

JsonObject *live_describe      (const gchar *folder);
gchar      *live_digits        (const gchar *folder);
void        live_assert_chunks (const gchar *folder,
                                const gchar *media_type);
gdouble     live_seconds       (const gchar *folder);

G_END_DECLS
