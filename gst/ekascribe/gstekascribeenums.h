/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/settings.h"

G_BEGIN_DECLS

/* The enumerations of properties, for GObject. */

typedef enum
{
  GST_EKASCRIBE_SESSION_MODE_DICTATION,
  GST_EKASCRIBE_SESSION_MODE_CONSULTATION,
} GstEkascribeSessionMode;

/* In the order of EkaContainer, behind the first one. */
typedef enum
{
  GST_EKASCRIBE_CONTAINER_AUTO,
  GST_EKASCRIBE_CONTAINER_OGG,
  GST_EKASCRIBE_CONTAINER_WEBM,
  GST_EKASCRIBE_CONTAINER_M4A,
  GST_EKASCRIBE_CONTAINER_MP4,
  GST_EKASCRIBE_CONTAINER_MP3,
  GST_EKASCRIBE_CONTAINER_WAV,
} GstEkascribeContainer;

typedef enum
{
  GST_EKASCRIBE_ENCODE_NONE,
  GST_EKASCRIBE_ENCODE_OPUS,
} GstEkascribeEncode;

typedef enum
{
  GST_EKASCRIBE_OUTBOX_POLICY_AUTO,
  GST_EKASCRIBE_OUTBOX_POLICY_ALWAYS,
  GST_EKASCRIBE_OUTBOX_POLICY_ON_FAILURE,
  GST_EKASCRIBE_OUTBOX_POLICY_NEVER,
} GstEkascribeOutboxPolicy;

/**
 * GstEkascribeMix:
 * @GST_EKASCRIBE_MIX_MONO: all pads in one channel
 * @GST_EKASCRIBE_MIX_STEREO: the first pad left, all others right
 */
typedef enum
{
  GST_EKASCRIBE_MIX_MONO,
  GST_EKASCRIBE_MIX_STEREO,
} GstEkascribeMix;

GType gst_ekascribe_session_mode_get_type  (void);
GType gst_ekascribe_discovery_get_type     (void);
GType gst_ekascribe_chunk_error_get_type   (void);
GType gst_ekascribe_state_get_type         (void);
GType gst_ekascribe_upload_type_get_type   (void);
GType gst_ekascribe_stream_format_get_type (void);
GType gst_ekascribe_container_get_type     (void);
GType gst_ekascribe_encode_get_type        (void);
GType gst_ekascribe_outbox_policy_get_type (void);
GType gst_ekascribe_mix_get_type           (void);

#define GST_TYPE_EKASCRIBE_SESSION_MODE (gst_ekascribe_session_mode_get_type ())
#define GST_TYPE_EKASCRIBE_DISCOVERY (gst_ekascribe_discovery_get_type ())
#define GST_TYPE_EKASCRIBE_CHUNK_ERROR (gst_ekascribe_chunk_error_get_type ())
#define GST_TYPE_EKASCRIBE_STATE (gst_ekascribe_state_get_type ())
#define GST_TYPE_EKASCRIBE_UPLOAD_TYPE (gst_ekascribe_upload_type_get_type ())
#define GST_TYPE_EKASCRIBE_STREAM_FORMAT                                       \
  (gst_ekascribe_stream_format_get_type ())
#define GST_TYPE_EKASCRIBE_CONTAINER (gst_ekascribe_container_get_type ())
#define GST_TYPE_EKASCRIBE_ENCODE (gst_ekascribe_encode_get_type ())
#define GST_TYPE_EKASCRIBE_OUTBOX_POLICY                                       \
  (gst_ekascribe_outbox_policy_get_type ())
#define GST_TYPE_EKASCRIBE_MIX (gst_ekascribe_mix_get_type ())

G_END_DECLS
