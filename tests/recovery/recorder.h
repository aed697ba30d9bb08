/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RecorderEvent:
 * @RECORDER_PACKET: the element is about to get packet `number`
 * @RECORDER_CHUNK: one more chunk is on the service
 * @RECORDER_WARNING: something is wrong, and it goes on
 * @RECORDER_END: the element has had all `number` packets, and is told so
 * @RECORDER_DONE: the pipeline is gone; `number`: whether it came to its end
 */
typedef enum
{
  RECORDER_PACKET,
  RECORDER_CHUNK,
  RECORDER_WARNING,
  RECORDER_END,
  RECORDER_DONE,
} RecorderEvent;

/**
 * RecorderNote:
 * @time: of g_get_monotonic_time()
 *
 * What the program `recorder` writes to its standard output.
 */
typedef struct
{
  RecorderEvent event;
  guint number;
  gint64 time;
} RecorderNote;

G_END_DECLS
