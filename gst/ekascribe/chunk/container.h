/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

/**
 * EkaContainer:
 * @EKA_CONTAINER_OGG: Opus or Vorbis (RFC 7845, RFC 5334)
 * @EKA_CONTAINER_WEBM: Opus
 * @EKA_CONTAINER_M4A: AAC, under its audio name
 * @EKA_CONTAINER_MP4: the same, under the general name
 * @EKA_CONTAINER_MP3: MP3
 * @EKA_CONTAINER_WAV: PCM, µ-law, A-law
 *
 * What chunks are wrapped in.
 */
typedef enum
{
  EKA_CONTAINER_OGG,
  EKA_CONTAINER_WEBM,
  EKA_CONTAINER_M4A,
  EKA_CONTAINER_MP4,
  EKA_CONTAINER_MP3,
  EKA_CONTAINER_WAV,
} EkaContainer;

gboolean     eka_container_holds          (EkaContainer     container,
                                           EkaCodecType     type);
const gchar *eka_container_get_media_type (EkaContainer     container,
                                           EkaCodecType     type);
const gchar *eka_container_get_extension  (EkaContainer     container);
gsize        eka_container_header_size    (EkaContainer     container,
                                           const EkaCodec  *codec);
gsize        eka_container_packet_cost    (EkaContainer     container,
                                           const EkaCodec  *codec,
                                           gsize            size,
                                           guint            samples);
GBytes      *eka_container_write          (EkaContainer     container,
                                           const EkaStream *stream);
gboolean     eka_container_from_media_type
                                          (const gchar     *media_type,
                                           EkaContainer    *container);
gboolean     eka_container_read           (EkaContainer     container,
                                           EkaFile         *file,
                                           GBytes          *bytes);

G_END_DECLS
