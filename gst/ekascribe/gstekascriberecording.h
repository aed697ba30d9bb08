/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeconfig.h"
#include "gstekascribeformat.h"
#include "gstekascribepart.h"
#include "gstekascribestore.h"

#include "chunk/chunkerstate.h"

G_BEGIN_DECLS

/**
 * GstEkascribeRecording:
 *
 * The data of one run, from READY→PAUSED to PAUSED→READY: its sessions, of
 * which at most one records while others drain or wait for results. Reference
 * counted and thread safe.
 */
typedef struct _GstEkascribeRecording GstEkascribeRecording;

/**
 * GstEkascribeRecordingFunc:
 *
 * Called when a session has said its last word, on a thread that may run the
 * application's code.
 */
typedef void (*GstEkascribeRecordingFunc) (GstElement *element);

/**
 * GstEkascribeWait:
 * @GST_EKASCRIBE_WAIT_SETTLED: it is known what the service can do
 * @GST_EKASCRIBE_WAIT_TIMEOUT: not yet
 * @GST_EKASCRIBE_WAIT_INTERRUPTED: the pad is flushing, or the run is over
 * @GST_EKASCRIBE_WAIT_FAILED: there will be no session; ERROR was posted
 */
typedef enum
{
  GST_EKASCRIBE_WAIT_SETTLED,
  GST_EKASCRIBE_WAIT_TIMEOUT,
  GST_EKASCRIBE_WAIT_INTERRUPTED,
  GST_EKASCRIBE_WAIT_FAILED,
} GstEkascribeWait;

GstEkascribeRecording *gst_ekascribe_recording_new
                                    (GstElement                *element,
                                     GstEkascribeConfig        *config,
                                     EkaWorker                 *worker,
                                     EkaTransport              *transport,
                                     GstEkascribeStore         *store,
                                     GstEkascribeRecordingFunc  part_done);
GstEkascribeRecording *gst_ekascribe_recording_ref
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_unref
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_open
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_set_playing
                                    (GstEkascribeRecording     *self,
                                     GstElement                *element,
                                     gboolean                   playing);
void          gst_ekascribe_recording_halt
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_stop
                                    (GstEkascribeRecording     *self,
                                     GstElement                *element,
                                     GstClockTime               pending);
gboolean      gst_ekascribe_recording_is_done
                                    (GstEkascribeRecording     *self);
GstStructure *gst_ekascribe_recording_get_stats
                                    (GstEkascribeRecording     *self,
                                     EkaSessionState           *state,
                                     gchar                    **session_id);

void          gst_ekascribe_recording_add_spent_ids
                                    (GstEkascribeRecording     *self,
                                     GHashTable                *ids);

/* What the service can do. */
GstEkascribeWait gst_ekascribe_recording_wait_settled
                                    (GstEkascribeRecording     *self,
                                     const gboolean            *interrupted,
                                     gint64                     end_time);
void          gst_ekascribe_recording_interrupt
                                    (GstEkascribeRecording     *self,
                                     gboolean                  *interrupted,
                                     gboolean                   value);
gboolean      gst_ekascribe_recording_choose_format
                                    (GstEkascribeRecording     *self,
                                     const EkaCodecType        *native,
                                     GstEkascribeFormat        *format,
                                     GError                   **error);
gboolean      gst_ekascribe_recording_is_streaming
                                    (GstEkascribeRecording     *self);
guint         gst_ekascribe_recording_get_timeout
                                    (GstEkascribeRecording     *self);

GstEkascribeWait gst_ekascribe_recording_wait_playing
                                    (GstEkascribeRecording     *self,
                                     const gboolean            *interrupted);
GstEkascribeMix gst_ekascribe_recording_get_mix
                                    (GstEkascribeRecording     *self);

/* What goes to disk. */
void          gst_ekascribe_recording_set_live
                                    (GstEkascribeRecording     *self,
                                     gboolean                   live);
gboolean      gst_ekascribe_recording_wants_state
                                    (GstEkascribeRecording     *self);
gboolean      gst_ekascribe_recording_wants_rest
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_put_rest
                                    (GstEkascribeRecording     *self,
                                     EkaChunk                  *chunk,
                                     EkaChunkerState          **state);

/* What the pad brings; on the streaming thread. */
void          gst_ekascribe_recording_forget_pad
                                    (GstEkascribeRecording     *self,
                                     gconstpointer              pad);
void          gst_ekascribe_recording_set_language
                                    (GstEkascribeRecording     *self,
                                     gconstpointer              pad,
                                     const gchar               *language);
gboolean      gst_ekascribe_recording_set_legs
                                    (GstEkascribeRecording     *self,
                                     const gchar               *legs);
void          gst_ekascribe_recording_get_limits
                                    (GstEkascribeRecording     *self,
                                     EkaChunkLimits            *limits);
GstClockTime  gst_ekascribe_recording_get_max_session
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_fail
                                    (GstEkascribeRecording     *self,
                                     const GError              *error);
gboolean      gst_ekascribe_recording_is_full
                                    (GstEkascribeRecording     *self,
                                     GstClockTime               duration);
GstFlowReturn gst_ekascribe_recording_add_packet
                                    (GstEkascribeRecording     *self,
                                     const EkaPacket           *packet,
                                     EkaChunker                *chunker,
                                     gboolean                   pcm,
                                     GstClockTime               duration);
void          gst_ekascribe_recording_add_filled
                                    (GstEkascribeRecording     *self,
                                     GstClockTime               duration);
gboolean      gst_ekascribe_recording_add_damaged
                                    (GstEkascribeRecording     *self,
                                     gboolean                   whole);
GstFlowReturn gst_ekascribe_recording_put
                                    (GstEkascribeRecording     *self,
                                     EkaChunk                  *chunk,
                                     EkaChunkerState          **state,
                                     gboolean                   live);
void          gst_ekascribe_recording_roll_over
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_end
                                    (GstEkascribeRecording     *self,
                                     gboolean                   listening);
void          gst_ekascribe_recording_set_flushing
                                    (GstEkascribeRecording     *self,
                                     gboolean                   flushing);
gboolean      gst_ekascribe_recording_is_discarded
                                    (GstEkascribeRecording     *self);

/* Sessions that follow each other; on the streaming thread. */
const EkaSettings *gst_ekascribe_recording_get_settings
                                    (GstEkascribeRecording     *self);
const gchar  *gst_ekascribe_recording_check_settings
                                    (GstEkascribeRecording     *self,
                                     const EkaSettings         *settings);
gboolean      gst_ekascribe_recording_starts_itself
                                    (GstEkascribeRecording     *self);
GstClockTime  gst_ekascribe_recording_get_start_on_speech
                                    (GstEkascribeRecording     *self);
GstClockTime  gst_ekascribe_recording_get_end_after_silence
                                    (GstEkascribeRecording     *self);
gboolean      gst_ekascribe_recording_has_audio
                                    (GstEkascribeRecording     *self);
gboolean      gst_ekascribe_recording_has_used_id
                                    (GstEkascribeRecording     *self,
                                     const gchar               *id);
void          gst_ekascribe_recording_add_left_out
                                    (GstEkascribeRecording     *self,
                                     gboolean                   paused,
                                     GstClockTime               duration);
void          gst_ekascribe_recording_set_paused
                                    (GstEkascribeRecording     *self,
                                     gboolean                   paused);
void          gst_ekascribe_recording_end_session
                                    (GstEkascribeRecording     *self);
void          gst_ekascribe_recording_begin_session
                                    (GstEkascribeRecording     *self,
                                     EkaSettings               *settings);

/* What the application asks for. */
gboolean      gst_ekascribe_recording_set_token
                                    (GstEkascribeRecording     *self,
                                     const gchar               *value);
void          gst_ekascribe_recording_retry
                                    (GstEkascribeRecording     *self);
gboolean      gst_ekascribe_recording_discard
                                    (GstEkascribeRecording     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeRecording,
                               gst_ekascribe_recording_unref)

G_END_DECLS
