/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeinputprivate.h"
#include "gstekascribejunction.h"
#include "gstekascribemixer.h"
#include "gstekascribemixtally.h"

G_BEGIN_DECLS

/* Between gstekascribejunction.c (pads that come and go), gstekascribemixing.c
 * (the mix that they make) and gstekascribelatency.c (how late they will be). */

/*
 * Alone: @mixer is NULL; @direct leads to the packet sink, or nobody does yet.
 * Mixing: @mixer is not NULL; each pad that counts has a leg of it. A pad that was
 * alone is still @direct until what is on its way has arrived; only then the mixer
 * is linked to the packet sink (@open).
 *
 * Each change makes a new @generation: a pad that finds that it has an older one
 * takes its new way itself, before its next data. For a pad that gets no data
 * the mixer's thread gives the old way up. So nobody waits for another pad's stream
 * lock while holding one.
 *
 * Lock order: stream lock of a pad, @lock; the one of an input comes after. @lock is
 * held while elements are added, so that the bin does not go down meanwhile.
 */
struct _GstEkascribeJunction
{
  GstBin *bin;
  GstEkascribePacketSink *sink;
  GstEkascribeSteering *steering;
  GstEkascribeJunctionFunc obey;
  GMutex flush_lock; /* one flush of ours after the other */
  guint flushes;     /* that were begun; guarded by it */
  GstEkascribeMixTally tally;

  GMutex lock;
  GCond cond; /* @direct or @halted changed */
  GstEkascribeRecording *recording; /* from start to stop */
  gboolean halted;                  /* no element may be added */
  GList *inputs;                    /* all pads of the element; a reference each */
  GstEkascribeInput *direct;        /* in @inputs, or NULL */
  GstEkascribeMixer *mixer;         /* in the bin, or NULL; a reference */
  GList *encoder;                   /* behind it; may be empty */
  gboolean open;
  guint generation; /* written with @lock, read without */
};

gboolean gst_ekascribe_junction_counts
                                       (const GstEkascribeInput *input);
gboolean gst_ekascribe_junction_has_stereo_locked
                                       (GstEkascribeJunction *self);
guint gst_ekascribe_junction_choose_channel_locked
                                       (GstEkascribeJunction *self,
                                        GstEkascribeInput *input);
void gst_ekascribe_junction_tell_labels_locked
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_renew_locked
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_open_locked
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_end_old_flush
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_ensure_leg_locked
                                       (GstEkascribeJunction *self,
                                        GstEkascribeInput *input);
void gst_ekascribe_junction_begin_mix_locked
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_drop_leg_locked
                                       (GstEkascribeInput *input);
void gst_ekascribe_junction_ask_latency_locked
                                       (GstEkascribeJunction *self,
                                        GstEkascribeInput *input);
void gst_ekascribe_junction_expect_locked
                                       (GstEkascribeJunction *self);
void gst_ekascribe_junction_end_mix_locked
                                       (GstEkascribeJunction *self);
gboolean gst_ekascribe_junction_is_mix_over_locked
                                       (GstEkascribeJunction *self);

G_END_DECLS
