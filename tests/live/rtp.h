/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

#include "tones.h"

G_BEGIN_DECLS

/* Payload types of RFC 3551; events have what the parties agree upon. */
#define RTP_PCMU 0
#define RTP_PCMA 8
#define RTP_NOISE 13
#define RTP_EVENTS 101

/* A packet's worth of audio. */
#define RTP_PTIME 20
#define RTP_PACKET (RTP_PTIME * TONES_MS)

/**
 * RtpLeg:
 *
 * What one side of a call sends, written down beforehand, packet by packet; then
 * sent over UDP on loopback by a thread, when it is due.
 */
typedef struct _RtpLeg RtpLeg;

RtpLeg       *rtp_leg_new        (guint          port);
void          rtp_leg_free       (RtpLeg        *self);
void          rtp_leg_change     (RtpLeg        *self);
void          rtp_leg_add_audio  (RtpLeg        *self,
                                  guint8         payload_type,
                                  const gint16  *samples,
                                  guint          n_packets);
void          rtp_leg_add_noise  (RtpLeg        *self,
                                  guint          n_packets);
void          rtp_leg_add_event  (RtpLeg        *self,
                                  gchar          digit,
                                  guint          n_packets);
void          rtp_leg_add_pause  (RtpLeg        *self,
                                  guint          n_packets);
void          rtp_leg_impair     (RtpLeg        *self,
                                  guint32        seed,
                                  guint          jitter,
                                  guint          loss);
void          rtp_leg_start      (RtpLeg        *self,
                                  gint64         epoch);
gint64        rtp_leg_wait       (RtpLeg        *self);
guint         rtp_leg_count      (RtpLeg        *self);
GBytes       *rtp_leg_get_packet (RtpLeg        *self,
                                  guint          index,
                                  gint64        *due);
GArray       *rtp_leg_tones      (RtpLeg        *self);

GSocket      *rtp_socket_new     (guint          port);
guint         rtp_socket_port    (GSocket       *socket);
void          rtp_socket_send    (GSocket       *socket,
                                  guint          port,
                                  gconstpointer  data,
                                  gsize          size);
guint         rtp_free_port      (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtpLeg, rtp_leg_free)

G_END_DECLS
