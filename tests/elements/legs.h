/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixture.h"

/* In ms: how far ahead of another one the buffer is that has to wait. */
#define LEG_TOO_FAR 5020

/* One source of an ekascribesink that stands alone, with its pad. What it pushes has
 * one value, by which it is found in a mix. */
typedef struct
{
  Fixture *f;
  GstPad *source;
  GstPad *pad;
  gint16 value;
  GstClockTime time; /* of the next sample */
  GMutex lock;       /* guards @begun and @cond */
  GCond cond;
  GstClockTime begun; /* first sample of the last buffer that was pushed */
  GstClockTime latency; /* that it says it has, where it is live */
  gint drift;        /* of its clock: ns too much in each buffer of 20 ms */
  GThread *thread;
  guint milliseconds; /* what the thread is to push */
  gboolean ends;      /* and whether an end comes after it */
  GstFlowReturn flow;
} Leg;

Leg          *leg_new      (Fixture      *f,
                            const gchar  *name,
                            gint16        value,
                            gboolean      live);
Leg          *leg_new_slow (Fixture      *f,
                            gint16        value,
                            GstClockTime  latency);
void          leg_begin    (Leg          *self,
                            const gchar  *caps,
                            GstClockTime  start);
GstFlowReturn leg_push     (Leg          *self,
                            guint         milliseconds);
void          leg_start    (Leg          *self,
                            guint         milliseconds,
                            gboolean      ends);
void          leg_await    (Leg          *self,
                            guint         milliseconds);
void          leg_join     (Leg          *self);
void          leg_end      (Leg          *self);
void          leg_flush    (Leg          *self);
void          leg_release  (Leg          *self);
void          leg_free     (Leg          *self);

GArray       *legs_collect (Fixture      *f,
                            guint         channels);
guint         legs_count   (GArray       *samples,
                            guint         channels,
                            guint         channel,
                            gint16        value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Leg, leg_free)
