/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "mix/mix.h"

G_BEGIN_DECLS

/**
 * GstEkascribeMixer:
 *
 * A child of ekascribesink where it has several pads: takes S16LE, 16 kHz, one
 * channel, on any number of request pads and gives out one stream of one or two
 * channels, whose timestamps are running times. Its own thread pushes; those of its
 * pads never wait for what comes after it, but for each other where the pipeline
 * isn't live.
 */
#define GST_TYPE_EKASCRIBE_MIXER (gst_ekascribe_mixer_get_type ())
G_DECLARE_FINAL_TYPE (GstEkascribeMixer,
                      gst_ekascribe_mixer,
                      GST,
                      EKASCRIBE_MIXER,
                      GstElement)

/**
 * GstEkascribeMixerFuncs:
 * @open: called on the mixer's thread before it pushes anything: makes the way
 *   free, and may wait for that
 * @is_asked: whether @obey has something to do; called with the mixer's lock
 * @obey: called on the mixer's thread when gst_ekascribe_mixer_drain() has its will,
 *   before anything that comes later is pushed
 * @pour: called on the mixer's thread while legs are left: has what is on its way to
 *   them arrive, and calls gst_ekascribe_mixer_return_leg(); again and again, where
 *   it can't yet
 * @miss: called on the mixer's thread, once for each leg that all wait for and that
 *   has been silent for long
 * @count: how many packets have arrived at the end of the way; tells a buffer that
 *   was taken, although its push was interrupted later, from one that was not
 *
 * What a mixer has to know of what comes after it.
 */
typedef struct
{
  void (*open) (GstEkascribeMixer *mixer, gpointer user_data);
  gboolean (*is_asked) (gpointer user_data);
  void (*obey) (gpointer user_data);
  void (*pour) (GstEkascribeMixer *mixer, gpointer user_data);
  void (*miss) (GstEkascribeMixer *mixer, GstPad *leg, gpointer user_data);
  guint64 (*count) (gpointer user_data);
} GstEkascribeMixerFuncs;

GstElement *gst_ekascribe_mixer_new      (guint              channels,
                                          const GstEkascribeMixerFuncs *funcs,
                                          gpointer           user_data);
GstPad     *gst_ekascribe_mixer_add_leg  (GstEkascribeMixer *self,
                                          guint              channel);
void        gst_ekascribe_mixer_hurry_leg
                                         (GstEkascribeMixer *self,
                                          GstPad            *pad);
void        gst_ekascribe_mixer_end_leg  (GstEkascribeMixer *self,
                                          GstPad            *pad);
void        gst_ekascribe_mixer_leave_leg
                                         (GstEkascribeMixer *self,
                                          GstPad            *pad);
gboolean    gst_ekascribe_mixer_is_leg_left
                                         (GstEkascribeMixer *self,
                                          GstPad            *pad);
void        gst_ekascribe_mixer_return_leg
                                         (GstEkascribeMixer *self,
                                          GstPad            *pad);
void        gst_ekascribe_mixer_remove_leg
                                         (GstEkascribeMixer *self,
                                          GstPad            *pad);
void        gst_ekascribe_mixer_expect  (GstEkascribeMixer *self,
                                         GstClockTime       latency);
gboolean    gst_ekascribe_mixer_drain    (GstEkascribeMixer *self,
                                          GstPad            *pad);
gboolean    gst_ekascribe_mixer_is_done  (GstEkascribeMixer *self);
void        gst_ekascribe_mixer_wait_done
                                         (GstEkascribeMixer *self);
void        gst_ekascribe_mixer_halt     (GstEkascribeMixer *self);
gboolean    gst_ekascribe_mixer_is_halted
                                         (GstEkascribeMixer *self);
void        gst_ekascribe_mixer_take_rest
                                         (GstEkascribeMixer *self,
                                          GQueue            *rest);
void        gst_ekascribe_mixer_set_limits
                                         (GstEkascribeMixer *self,
                                          gint64             longest_start,
                                          gint64             longest_silence);
void        gst_ekascribe_mixer_get_stats
                                         (GstEkascribeMixer *self,
                                          EkaMixStats       *stats);

G_END_DECLS
