/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SANDBOX_LISTENER_RATE 16000
#define SANDBOX_SPEECH_LEVEL (-45.0)

/**
 * SandboxSegment:
 * @start: seconds
 * @end: seconds
 * @loudness: dBFS (RMS; 0 is a square wave of full scale)
 */
typedef struct
{
  gdouble start;
  gdouble end;
  gdouble loudness;
} SandboxSegment;

typedef struct _SandboxListener SandboxListener;

SandboxListener *sandbox_listener_new      (void);
void             sandbox_listener_free     (SandboxListener *listener);
void             sandbox_listener_feed     (SandboxListener *listener,
                                            const gint16    *samples,
                                            gsize            count);
void             sandbox_listener_finish   (SandboxListener *listener);
const GArray    *sandbox_listener_segments (SandboxListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxListener, sandbox_listener_free)

G_END_DECLS
