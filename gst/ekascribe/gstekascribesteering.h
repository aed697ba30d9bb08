/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/settings.h"

G_BEGIN_DECLS

/**
 * GstEkascribeOrder:
 * @GST_EKASCRIBE_ORDER_PAUSE: no audio is taken
 * @GST_EKASCRIBE_ORDER_RESUME: it is again
 * @GST_EKASCRIBE_ORDER_END_SESSION: the session ends, the pipeline goes on
 * @GST_EKASCRIBE_ORDER_NEW_SESSION: another one begins
 * @GST_EKASCRIBE_ORDER_SETTLE: it does now, wherever it waits for a pause
 */
typedef enum
{
  GST_EKASCRIBE_ORDER_PAUSE,
  GST_EKASCRIBE_ORDER_RESUME,
  GST_EKASCRIBE_ORDER_END_SESSION,
  GST_EKASCRIBE_ORDER_NEW_SESSION,
  GST_EKASCRIBE_ORDER_SETTLE,
} GstEkascribeOrder;

/**
 * GstEkascribeCommand:
 * @order: what to do
 * @settings: (nullable): of the session that begins
 *
 * What the application has asked for.
 */
typedef struct
{
  GstEkascribeOrder order;
  EkaSettings *settings;
} GstEkascribeCommand;

/**
 * GstEkascribeMode:
 * @paused: audio is left out until `resume`
 * @waiting: audio is left out until `new-session`
 * @listening: it is until somebody speaks
 * @recording: audio has come that a session takes
 * @expected: `new-session` has begun one that takes what comes
 *
 * What becomes of audio.
 */
typedef struct
{
  gboolean paused;
  gboolean waiting;
  gboolean listening;
  gboolean recording;
  gboolean expected;
} GstEkascribeMode;

/**
 * GstEkascribeSteering:
 *
 * The way from the application to the streaming thread: commands in their order,
 * and what state they meet. Reference counted and thread safe; its lock is a
 * leaf, so that action signals may be emitted wherever application code runs.
 */
typedef struct _GstEkascribeSteering GstEkascribeSteering;

GstEkascribeSteering *gst_ekascribe_steering_new   (GstElement           *element);
GstEkascribeSteering *gst_ekascribe_steering_ref   (GstEkascribeSteering *self);
void     gst_ekascribe_steering_unref              (GstEkascribeSteering *self);
void     gst_ekascribe_steering_install            (GType                 type);
void     gst_ekascribe_steering_start              (GstEkascribeSteering *self,
                                                    gboolean              auto_start,
                                                    gboolean              on_speech);
void     gst_ekascribe_steering_stop               (GstEkascribeSteering *self);

/* On the streaming thread. */
gboolean gst_ekascribe_steering_is_pending         (GstEkascribeSteering *self);
void     gst_ekascribe_steering_note_audio         (GstEkascribeSteering *self);
GstEkascribeMode gst_ekascribe_steering_get_mode   (GstEkascribeSteering *self);
GstEkascribeCommand *gst_ekascribe_steering_peek   (GstEkascribeSteering *self);
void     gst_ekascribe_steering_finish             (GstEkascribeSteering *self,
                                                    GstEkascribeCommand  *command);
void     gst_ekascribe_steering_set_undecided      (GstEkascribeSteering *self,
                                                    gboolean              undecided);
void     gst_ekascribe_steering_session_began      (GstEkascribeSteering *self);
void     gst_ekascribe_steering_session_ended      (GstEkascribeSteering *self);
gboolean gst_ekascribe_steering_end                (GstEkascribeSteering *self);
void     gst_ekascribe_steering_reopen             (GstEkascribeSteering *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeSteering,
                               gst_ekascribe_steering_unref)

G_END_DECLS
