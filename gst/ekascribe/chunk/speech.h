/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/**
 * EkaSpeech:
 *
 * Whether somebody speaks, packet by packet, by what the cut goes by, too: the
 * codec's own detector, a level that somebody measured, the loudness of samples,
 * what the encoder spent. Learns the noise of the room.
 */
typedef struct _EkaSpeech EkaSpeech;

EkaSpeech *eka_speech_new         (void);
void       eka_speech_free        (EkaSpeech            *self);
void       eka_speech_reset       (EkaSpeech            *self);
void       eka_speech_push        (EkaSpeech            *self,
                                   const EkaCodec       *codec,
                                   const EkaPacketInfo  *packet);
void       eka_speech_push_packet (EkaSpeech            *self,
                                   const EkaCodec       *codec,
                                   const EkaPacket      *packet);
gboolean   eka_speech_is_active   (const EkaSpeech      *self);
gboolean   eka_speech_is_quiet    (const EkaSpeech      *self);
guint64    eka_speech_get_spoken  (const EkaSpeech      *self);
guint64    eka_speech_get_silence (const EkaSpeech      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaSpeech, eka_speech_free)

G_END_DECLS
