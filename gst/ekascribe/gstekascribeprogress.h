/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/session.h"

G_BEGIN_DECLS

/**
 * GstEkascribeStep:
 *
 * What a session goes through; the codes of its PROGRESS messages are `open`,
 * `upload`, `close` and `results`.
 */
typedef enum
{
  GST_EKASCRIBE_STEP_OPEN,
  GST_EKASCRIBE_STEP_UPLOAD,
  GST_EKASCRIBE_STEP_CLOSE,
  GST_EKASCRIBE_STEP_RESULTS,
  GST_EKASCRIBE_N_STEPS,
} GstEkascribeStep;

/**
 * GstEkascribeProgressState:
 * @GST_EKASCRIBE_PROGRESS_NONE: nothing to be told
 * @GST_EKASCRIBE_PROGRESS_HELD: it goes on, and START waits for PLAYING
 * @GST_EKASCRIBE_PROGRESS_PASSED: it is complete, and both messages wait
 * @GST_EKASCRIBE_PROGRESS_STARTED: it goes on, and START was posted
 */
typedef enum
{
  GST_EKASCRIBE_PROGRESS_NONE,
  GST_EKASCRIBE_PROGRESS_HELD,
  GST_EKASCRIBE_PROGRESS_PASSED,
  GST_EKASCRIBE_PROGRESS_STARTED,
} GstEkascribeProgressState;

/**
 * GstEkascribeProgress:
 * @lock: guards all; never held while posting
 * @messages: to be posted, in order
 * @poster: the thread that is posting them, or NULL
 * @posted: @poster is through
 * @playing: START may be posted
 * @steps: state of each step
 *
 * The PROGRESS messages of one session. A START outside PLAYING makes
 * gst-launch wait for its end before it starts the pipeline, so that it is held
 * back until then; what has started is always finished.
 */
typedef struct
{
  GMutex lock;
  GQueue messages;
  GThread *poster;
  GCond posted;
  gboolean playing;
  GstEkascribeProgressState steps[GST_EKASCRIBE_N_STEPS];
} GstEkascribeProgress;

void gst_ekascribe_progress_init        (GstEkascribeProgress *self);
void gst_ekascribe_progress_clear       (GstEkascribeProgress *self);
void gst_ekascribe_progress_set_playing (GstEkascribeProgress *self,
                                         GstElement           *element,
                                         gboolean              playing);
void gst_ekascribe_progress_enter       (GstEkascribeProgress *self,
                                         GstElement           *element,
                                         EkaSessionState       state);
void gst_ekascribe_progress_uploaded    (GstEkascribeProgress *self,
                                         GstElement           *element,
                                         guint                 number,
                                         const EkaChunk       *chunk);
void gst_ekascribe_progress_finish      (GstEkascribeProgress *self,
                                         GstElement           *element,
                                         GstProgressType       type,
                                         const gchar          *text);

G_END_DECLS
