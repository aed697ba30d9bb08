/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "decode.h"
#include "dtmf.h"
#include "listener.h"

G_BEGIN_DECLS

#define SANDBOX_JOINED "joined.wav"
#define SANDBOX_RECORDING "recording.wav"

typedef struct _SandboxRecording SandboxRecording;

SandboxRecording *sandbox_recording_new      (const gchar         *directory);
void              sandbox_recording_free     (SandboxRecording    *recording);
gboolean          sandbox_recording_append   (SandboxRecording    *recording,
                                              const SandboxAudio  *audio,
                                              GError             **error);
gboolean          sandbox_recording_finish   (SandboxRecording    *recording,
                                              GError             **error);
gdouble           sandbox_recording_duration (SandboxRecording    *recording);
const GArray     *sandbox_recording_segments (SandboxRecording    *recording);
const GArray     *sandbox_recording_digits   (SandboxRecording    *recording);
const gchar      *sandbox_recording_path     (SandboxRecording    *recording);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxRecording, sandbox_recording_free)

G_END_DECLS
