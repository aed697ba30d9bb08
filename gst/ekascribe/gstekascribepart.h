/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeprogress.h"

#include "scribe/session.h"

G_BEGIN_DECLS

/**
 * GstEkascribePart:
 * @number: of the session in its run, from 1
 * @session: the session
 * @outbox: what waits for the uplink
 * @progress: its PROGRESS messages
 * @state: what the session entered last
 * @session_id: (nullable): once it is known
 * @doom: (nullable): why the session can't be saved
 * @running_time: of the first packet, or %GST_CLOCK_TIME_NONE
 * @duration: audio that was taken, in ns
 * @chunks: made so far; the next one gets this index
 * @started: audio has come
 * @finished: no more audio will come
 * @done: all that the session says has been said
 *
 * One session of a run. Guarded by the lock of the recording, but for what
 * never changes: @number, @session, @outbox and @progress.
 */
typedef struct
{
  gatomicrefcount refs;
  guint number;
  EkaSession *session;
  EkaOutbox *outbox;
  GstEkascribeProgress progress;

  EkaSessionState state;
  gchar *session_id;
  GError *doom;
  GstClockTime running_time;
  GstClockTime duration;
  guint chunks;
  gboolean started;
  gboolean finished;
  gboolean done;
} GstEkascribePart;

GstEkascribePart *gst_ekascribe_part_new   (guint             number,
                                            EkaOutbox        *outbox);
GstEkascribePart *gst_ekascribe_part_ref   (GstEkascribePart *part);
void              gst_ekascribe_part_unref (GstEkascribePart *part);
void              gst_ekascribe_part_stop  (GstEkascribePart *part,
                                            GstElement       *element,
                                            GstClockTime      pending);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribePart, gst_ekascribe_part_unref)

/**
 * GstEkascribeEvent:
 *
 * A copy of what a session said, on its way from the worker thread to one that
 * may run the application's code.
 */
typedef struct
{
  GstEkascribePart *part;
  EkaSessionEventType type;
  EkaSessionState state;
  GstClockTime running_time;
  gchar *session_id;
  EkaChunk *chunk;
  gchar *name;
  guint attempts;
  gchar *text;
  gchar *language;
  GError *error;
  EkaResult *result;
} GstEkascribeEvent;

GstEkascribeEvent *gst_ekascribe_event_new  (GstEkascribePart      *part,
                                             const EkaSessionEvent *event);
void               gst_ekascribe_event_free (GstEkascribeEvent     *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeEvent, gst_ekascribe_event_free)

G_END_DECLS
