/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SandboxAudio:
 * @samples: S16LE, interleaved
 * @rate: Hz
 * @channels: count
 * @preroll: seconds that the file holds in front of @samples
 */
typedef struct
{
  GBytes *samples;
  gint rate;
  gint channels;
  gdouble preroll;
} SandboxAudio;

SandboxAudio *sandbox_decode         (const gchar        *path,
                                      const gchar        *media_type,
                                      gdouble             max_duration,
                                      GError            **error);
gdouble       sandbox_audio_duration (const SandboxAudio *audio);
void          sandbox_audio_free     (SandboxAudio       *audio);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxAudio, sandbox_audio_free)

G_END_DECLS
