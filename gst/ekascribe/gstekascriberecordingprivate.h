/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascriberecording.h"

#include "gstekascriberesume.h"
#include "gstekascribetally.h"

#include "scribe/monitor.h"

G_BEGIN_DECLS

/* Between gstekascriberecording.c (sessions and their numbers),
 * gstekascribefollowing.c (sessions that follow each other),
 * gstekascribetelling.c (what they say), gstekascribedrift.c (those that fail while
 * audio comes), gstekascribesaving.c (what goes to disk),
 * gstekascribeservice.c (what the service
 * can do), gstekascribecapture.c (what the pad brings) and
 * gstekascriberollover.c (recordings of several sessions). */
struct _GstEkascribeRecording
{
  gatomicrefcount refs;
  GWeakRef element;
  GstEkascribeConfig *config;
  EkaWorker *worker;
  EkaTransport *transport;
  GstEkascribeRecordingFunc part_done;
  EkaBudget *budget;
  EkaMonitor *monitor; /* of the network, until the run is stopped */
  GstEkascribeStore *store;   /* or NULL: audio is kept in memory only */

  /* Guards all below and the parts. Taken alone: no message is posted while it
   * is held, and nothing of another layer is called but the outbox, whose lock
   * is a leaf, and sessions, whose calls only queue. */
  GMutex lock;
  GCond cond;           /* @settled, @unreachable, @failed, @stopped, @chain or
                         * a pad's flag changed */
  GPtrArray *parts;     /* of GstEkascribePart, in the order of their audio */
  guint numbers;        /* that parts were given */
  GstEkascribeTally past; /* of those that are not in @parts any more */
  GstEkascribePart *current; /* the one that records, in @parts; or NULL */
  GstEkascribeChain *chain;  /* the recording that goes on, or NULL */
  GstEkascribeResume *resume; /* or NULL; until the run is stopped. Its lock is
                               * a leaf */
  GstEkascribePart *journaled; /* the one whose outbox gets what is being cut,
                                * in @parts; or NULL */
  GQueue events;        /* of GstEkascribeEvent, not posted yet */
  gboolean dispatching; /* a thread is about to take from @events */
  EkaDiscovery *discovery;
  GstClockTime max_chunk_duration;
  GstClockTime max_session_duration; /* of audio; 0: no limit is known */
  GstEkascribeFormat format; /* of the chunks, once chosen */
  gchar *language;
  gconstpointer language_pad; /* who said so, or NULL; not used otherwise */
  gchar *legs; /* who is heard on which pad, as JSON; or NULL */
  gboolean clash_told; /* that the recording has such a member of its own */
  gboolean settled;     /* discovery is over */
  gboolean unreachable; /* it has failed so far */
  GHashTable *spent_ids; /* ids that were asked for, and under which a session
                          * was created, or may have been */
  gboolean introduced;  /* the properties about a patient have had their
                         * session */
  gboolean paused;      /* whoever records rests */
  gboolean ended;       /* the stream has, and no audio came since */
  gboolean limit_told;  /* that sessions are shorter than an hour */
  gboolean telling;     /* the end of a session, and what follows from it */
  EkaSessionState notified_state; /* what the properties were last */
  gchar *notified_id;             /* ... on the dispatching thread */
  gboolean playing;
  gboolean live;        /* the audio that came last can't be played again */
  gboolean flushing;    /* nobody may wait for room */
  gboolean dropping;    /* audio finds no room, which was told */
  gboolean disk_fails;  /* audio can't be written there for now */
  gboolean failed;      /* ERROR was posted */
  gboolean stopped;
  gboolean closed;      /* @parts have been given up */
  GError *deferred;     /* an ERROR for when nothing else goes on */
  gchar *deferred_id;   /* the session it is about */

  guint sessions;       /* that got audio */
  GstClockTime time_paused;  /* audio that was left out then */
  GstClockTime time_ignored; /* audio that was for no session */
  guint64 packets;
  guint64 packets_damaged;
  GstClockTime filled; /* silence in place of audio that did not come */
  guint64 bytes_in;
  guint64 chunks;
  GstClockTime duration;
  guint64 chunks_dropped; /* for want of a session */
  GstClockTime dropped;   /* their sum */
};

void gst_ekascribe_recording_prune_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_mark_failed
                                    (GstEkascribeRecording *self);
GstEkascribePart *gst_ekascribe_recording_find_doomed_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_update_flushing_locked
                                    (GstEkascribeRecording *self);
EkaSettings *gst_ekascribe_recording_make_settings_locked
                                    (GstEkascribeRecording *self,
                                     const GstEkascribePart *part);
GstEkascribeChain *gst_ekascribe_recording_make_chain_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_start_session_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_get_newest_locked
                                    (GstEkascribeRecording *self,
                                     EkaSessionState       *state,
                                     gchar                **session_id);
void gst_ekascribe_recording_say_chunk_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
GstEkascribePart *gst_ekascribe_recording_add_part_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribeChain     *chain,
                                     guint                  position);

gboolean gst_ekascribe_recording_note_clash_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_note_disk
                                    (const GError          *error,
                                     gpointer               user_data);
void gst_ekascribe_recording_equip_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_journal_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     const EkaPacket       *packet,
                                     EkaChunker            *chunker);
void gst_ekascribe_recording_keep_journal_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_end_journal_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_keep_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     EkaChunk              *chunk,
                                     EkaChunkerState      **state);
gboolean gst_ekascribe_recording_claim
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     gboolean               rescuing);
void gst_ekascribe_recording_end_rescue
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
gboolean gst_ekascribe_recording_rescue
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     GError                *error);
gchar   *gst_ekascribe_recording_await_saved
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     gchar                **folder);
void gst_ekascribe_recording_settle
                                    (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     GstEkascribePart      *part,
                                     const gchar           *session_id);
void gst_ekascribe_recording_stop_parts
                                    (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     GPtrArray             *parts,
                                     const GstEkascribePart *current,
                                     GstClockTime           pending,
                                     gboolean               quiet);

void gst_ekascribe_recording_queue_event
                                    (GstEkascribeRecording *self,
                                     GstEkascribeEvent     *event);
void gst_ekascribe_recording_note   (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     const EkaSessionEvent *event);
gboolean gst_ekascribe_recording_tell_failure
                                    (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     GstEkascribePart      *part,
                                     const GError          *error,
                                     const gchar           *session_id);
void gst_ekascribe_recording_tell_deferred
                                    (GstEkascribeRecording *self,
                                     GstElement            *element);

void gst_ekascribe_recording_note_drift_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_end_drift_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_add_whereabouts
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     gboolean               goes_on,
                                     GError                *error);
void gst_ekascribe_recording_tell_drift
                                    (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     const GstEkascribeEvent *event);
void gst_ekascribe_recording_add_loss
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     GError                *error);

gboolean gst_ekascribe_recording_streams_locked
                                    (GstEkascribeRecording *self,
                                     const GstEkascribeChain *chain);
void gst_ekascribe_recording_settle_locked
                                    (GstEkascribeRecording *self,
                                     EkaDiscovery          *discovery);
void gst_ekascribe_recording_check_service
                                    (GstEkascribeRecording *self,
                                     GstElement            *element);

GstEkascribePart *gst_ekascribe_recording_ensure_part_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_fill_part_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part);
void gst_ekascribe_recording_roll_over_locked
                                    (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     GPtrArray             *rest);
void gst_ekascribe_recording_link_locked
                                    (GstEkascribeRecording *self);
void gst_ekascribe_recording_combine
                                    (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     GstEkascribeChain     *chain);

G_END_DECLS
