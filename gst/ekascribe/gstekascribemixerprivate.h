/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribemixer.h"

G_BEGIN_DECLS

/* Between gstekascribemixer.c (the thread that mixes) and gstekascribemixerlegs.c
 * (what comes in). */

#define GST_EKASCRIBE_MIXER_LEG_CAPS                                          \
  "audio/x-raw, format = (string) S16LE, layout = (string) interleaved, "     \
  "rate = (int) 16000, channels = (int) 1"

/* Bytes of one sample */
#define GST_EKASCRIBE_MIXER_BPS 2

/* It has no @number until its caps come: the mix does not know it yet. It is in the
 * list of legs for as long as its pad is there. */
typedef struct
{
  GstPad *pad;
  guint channel;
  gboolean numbered;
  guint number;
  GstSegment segment;
  gboolean flushing;
  gboolean hurried; /* nobody may wait: its pad is about to go */
  gboolean ended;
  gboolean left; /* its source has gone: it is ended, but for what is on its way */
  gboolean given;   /* a sample or a gap came */
  gboolean waiting; /* its thread is, for others */
  gint64 heard_at;  /* monotonic time: something came */
  gboolean missed;  /* and was told about */
  gboolean live;
  GstClockTime latency;
} GstEkascribeMixerLeg;

struct _GstEkascribeMixer
{
  GstElement parent;

  GstPad *src;
  guint channels;
  const GstEkascribeMixerFuncs *funcs;
  gpointer user_data;

  /* Guards all below. Nothing is called while it is held but the mix. */
  GMutex lock;
  GCond cond; /* anything of it changed */
  EkaMix *mix;
  GList *legs; /* of GstEkascribeMixerLeg */
  guint next_pad;
  GstClockTime expected; /* latency of what may begin yet */
  gint64 start_until;   /* monotonic time: legs without caps are waited for */
  gint64 longest_silence; /* in µs; of a leg that all wait for, before it is told */
  gint64 silent_from;   /* monotonic time: silence counts */
  gint64 ended_at;      /* monotonic time: the last leg that did */
  gboolean halted;
  guint drains;         /* how often somebody waited until nothing was left */
  guint drained;        /* up to which of them that was done */
  gboolean busy;        /* the thread pushes */
  gboolean open;        /* the way is free */
  gboolean done;        /* EOS was pushed */
  gboolean revived;     /* but it was no end */
  gint64 pour_after;    /* monotonic time: legs that are left are looked at again */
  guint seqnum;         /* of the EOS of the leg that ended last */
  GstFlowReturn flow;   /* what the last push came to */
  GstBuffer *refused;   /* by a flush; to be pushed again */

  /* Of the thread */
  gboolean begun; /* stream-start and caps were pushed */
  GstClockTime next; /* where the next buffer is expected */
};

extern GstStaticPadTemplate gst_ekascribe_mixer_leg_template;

gboolean gst_ekascribe_mixer_awaits_leg_locked
                                         (GstEkascribeMixer *self);
GstPad  *gst_ekascribe_mixer_find_missed_locked
                                         (GstEkascribeMixer *self,
                                          gint64            *until);
gboolean gst_ekascribe_mixer_is_any_left_locked
                                         (GstEkascribeMixer *self);
gboolean gst_ekascribe_mixer_have_all_ended_locked
                                         (GstEkascribeMixer *self);

G_END_DECLS
