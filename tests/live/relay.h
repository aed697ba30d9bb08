/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rtp.h"

G_BEGIN_DECLS

/**
 * Relay:
 *
 * Stands between two SIP agents on loopback, as the box of a telephone system does
 * that records: each takes it for the other one. SIP is passed on with the ports
 * changed, RTP as it is; a copy of each RTP packet goes to a recorder. Its own
 * thread does that.
 */
typedef struct _Relay Relay;

Relay  *relay_new         (const guint  *agents,
                           const guint  *recorders);
void    relay_free        (Relay        *self);
guint   relay_get_port    (Relay        *self);
void    relay_impair      (Relay        *self,
                           guint32       seed,
                           guint         jitter,
                           guint         loss);
void    relay_start       (Relay        *self);
GArray *relay_tones       (Relay        *self,
                           guint         leg);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Relay, relay_free)

G_END_DECLS
