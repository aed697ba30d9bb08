/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixture.h"

/**
 * Format:
 * @name: of the codec
 * @launch: makes packets of noise; @rate and @samples hold for these
 * @media_type: of the chunks
 * @rate: samples a second, as they are counted in the codec
 * @samples: in each packet
 *
 * What packets are made and how they come out.
 */
typedef struct
{
  const gchar *name;
  const gchar *launch;
  const gchar *media_type;
  guint rate;
  guint samples;
} Format;

extern const Format format_opus;
extern const Format format_mulaw;
extern const Format format_pcm;
extern const Format format_aac;
extern const Format format_mp3;
extern const Format format_flac;
extern const Format format_vorbis;

/**
 * Packets:
 * @caps: as the encoder tells them
 * @buffers: (element-type GstBuffer): what it made
 *
 * Audio of an encoder, to be pushed by hand.
 */
typedef struct
{
  const Format *format;
  GstCaps *caps;
  GPtrArray *buffers;
} Packets;

Packets      *packets_new         (const Format     *format,
                                   guint             seconds);
Packets      *packets_from_launch (const Format     *format,
                                   const gchar      *launch);
void          packets_free        (Packets          *packets);
GstClockTime  packets_get_time    (const Packets    *packets,
                                   guint             nth);
GstBuffer    *packets_copy        (const Packets    *packets,
                                   guint             nth);
GstBuffer    *packets_stamp       (const Packets    *packets,
                                   guint             nth,
                                   GstClockTime      pts);
void          packets_push        (const Packets    *packets,
                                   GstPad           *pad,
                                   guint             first,
                                   guint             end);
void          packets_push_at     (const Packets    *packets,
                                   GstPad           *pad,
                                   guint             first,
                                   guint             end,
                                   GstClockTime      pts);
GstPad       *packets_start       (const Packets    *packets,
                                   Fixture          *f);
void          packets_set_caps    (const Packets    *packets,
                                   GstPad           *pad);

#define ALL_FORMATS                                                           \
  "audio/ogg;codecs=opus,audio/ogg,audio/webm;codecs=opus,audio/m4a,"         \
  "audio/mp4,audio/mp3,audio/wav"

void          inputs_offer        (Fixture          *f,
                                   const gchar      *formats,
                                   const gchar      *more);
void          inputs_end          (Fixture          *f,
                                   GstPad           *pad);
void          inputs_end_quietly  (Fixture          *f,
                                   GstPad           *pad);
guint64       inputs_count_type   (Fixture          *f,
                                   const gchar      *media_type,
                                   guint             rate);
guint64       inputs_count        (Fixture          *f,
                                   const Format     *format);
GstClockTime  inputs_get_time     (Fixture          *f,
                                   guint             nth,
                                   const gchar      *field);
GstClockTime  inputs_sum_durations (Fixture         *f);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Packets, packets_free)
