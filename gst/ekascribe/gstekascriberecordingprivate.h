/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascriberecording.h"

G_BEGIN_DECLS

/* Between gstekascriberecording.c (sessions, what they say, what the service
 * can do) and gstekascribecapture.c (what the pad brings). */
struct _GstEkascribeRecording
{
  gatomicrefcount refs;
  GWeakRef element;
  GstEkascribeConfig *config;
  EkaWorker *worker;
  EkaTransport *transport;
  GstEkascribeRecordingFunc part_done;

  /* Guards all below and the parts. Taken alone: no call of another layer and
   * no message while it is held, but for the outbox, whose lock is a leaf. */
  GMutex lock;
  GCond cond;           /* @settled, @unreachable, @failed, @stopped or a pad's
                         * flag changed */
  GPtrArray *parts;     /* of GstEkascribePart, oldest first */
  GstEkascribePart *current; /* the one that records, in @parts; or NULL */
  GQueue events;        /* of GstEkascribeEvent, not posted yet */
  gboolean dispatching; /* a thread is about to take from @events */
  EkaDiscovery *discovery;
  GstClockTime max_chunk_duration;
  const gchar *format;  /* what chunks are made of, once chosen */
  gchar *language;
  gboolean settled;     /* discovery is over */
  gboolean unreachable; /* it has failed so far */
  gboolean playing;
  gboolean flushing;    /* nobody may wait for room */
  gboolean failed;      /* ERROR was posted */
  gboolean stopped;

  guint64 packets;
  guint64 packets_damaged;
  guint64 bytes_in;
  guint64 chunks;
  GstClockTime duration;
};

void gst_ekascribe_recording_mark_failed (GstEkascribeRecording *self);

G_END_DECLS
