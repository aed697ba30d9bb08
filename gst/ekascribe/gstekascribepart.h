/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribechain.h"
#include "gstekascribeprogress.h"

#include "scribe/session.h"

G_BEGIN_DECLS

/**
 * GstEkascribePart:
 * @number: of the session in its run, from 1
 * @chain: the recording that it is a part of
 * @session: the session
 * @outbox: its audio, until its results are there
 * @feed: (nullable): its audio, while it is streamed
 * @progress: its PROGRESS messages
 * @state: what the session entered last
 * @session_id: on the service, where it is created later, or never
 * @doom: (nullable): why the session can't be saved
 * @failure: (nullable): why it came to its end without results
 * @running_time: of the first packet, or %GST_CLOCK_TIME_NONE
 * @length: audio of its chunks in ns, as a service may count it
 * @streamed: audio in ns that went to @feed
 * @roll_wanted: the next packet is for another session
 * @chunks: made so far
 * @transcript: (nullable): of its result
 * @language: (nullable): of @transcript
 * @started: audio has come
 * @equipped: it is settled where its audio goes on disk
 * @linked: the session knows which ones came before it
 * @finished: no more audio will come
 * @over: the session has said its last word
 * @adrift: that was a failure, and audio still comes
 * @lost: audio in ns that came then and can't be kept
 * @named: an ERROR said in which folder its audio is
 * @told: what became of its audio is told, or just about to be
 * @rescuing: its audio is being saved for that
 * @done: that has been passed on
 * @dropped: it never began, and something else comes in its place
 *
 * One session of a run. Guarded by the lock of the recording, but for what
 * never changes: @number, @chain, @session, @outbox and @progress.
 */
typedef struct
{
  gatomicrefcount refs;
  guint number;
  GstEkascribeChain *chain;
  EkaSession *session;
  EkaOutbox *outbox;
  EkaFeed *feed;
  GstEkascribeProgress progress;

  EkaSessionState state;
  gchar *session_id;
  GError *doom;
  GError *failure;
  GstClockTime running_time;
  GstClockTime length;
  GstClockTime streamed;
  gboolean roll_wanted;
  guint chunks;
  gchar *transcript;
  gchar *language;
  gboolean started;
  gboolean equipped;
  gboolean linked;
  gboolean finished;
  gboolean over;
  gboolean adrift;
  GstClockTime lost;
  gboolean named;
  gboolean told;
  gboolean rescuing;
  gboolean done;
  gboolean dropped;
} GstEkascribePart;

GstEkascribePart *gst_ekascribe_part_new   (guint             number,
                                            GstEkascribeChain *chain,
                                            EkaOutbox        *outbox);
GstEkascribePart *gst_ekascribe_part_ref   (GstEkascribePart *part);
void              gst_ekascribe_part_unref (GstEkascribePart *part);
gboolean          gst_ekascribe_part_is_safe
                                           (const GstEkascribePart *part,
                                            GstClockTime      pending);
void              gst_ekascribe_part_add_advice
                                           (GError           *error,
                                            const gchar      *advice,
                                            const gchar      *folder);
void              gst_ekascribe_part_stop  (GstEkascribePart *part,
                                            GstElement       *element,
                                            GstClockTime      left,
                                            const gchar      *kept,
                                            const gchar      *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribePart, gst_ekascribe_part_unref)

/**
 * GstEkascribeEvent:
 *
 * A copy of what a session said, or of what the disk has come to (without @part), on
 * its way from the worker thread to one that may run the application's code.
 * @fatal: of a warning: what is wrong will not pass by itself
 * @adrift: it is the last word of the session, but not on its audio
 */
typedef struct
{
  GstEkascribePart *part;
  EkaSessionEventType type;
  gboolean fatal;
  gboolean adrift;
  EkaSessionState state;
  GstClockTime running_time;
  gchar *session_id;
  gchar *previous_id;
  EkaAudit audit;
  EkaChunk *chunk;
  guint number;
  gchar *name;
  guint attempts;
  gchar *text;
  gchar *language;
  GError *error;
  EkaResult *result;
} GstEkascribeEvent;

GstEkascribeEvent *gst_ekascribe_event_new  (GstEkascribePart      *part,
                                             const EkaSessionEvent *event);
GstEkascribeEvent *gst_ekascribe_event_new_fault
                                            (const GError          *error);
void               gst_ekascribe_event_free (GstEkascribeEvent     *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeEvent, gst_ekascribe_event_free)

G_END_DECLS
