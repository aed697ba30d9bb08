/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* What espeak-ng speaks in */
#define ENCODE_RATE 22050

/* Stand for files in arguments of encode_run(). */
#define ENCODE_IN "@IN@"
#define ENCODE_OUT "@OUT@"

/**
 * Speech:
 * @samples: (element-type gint16): mono, of #ENCODE_RATE
 * @pauses: (element-type guint): where a pause begins and where it ends, in
 *   samples, in turn; nobody speaks in between
 */
typedef struct
{
  GArray *samples;
  GArray *pauses;
} Speech;

Speech *encode_speech      (guint               n_sentences);
void    speech_free        (Speech             *speech);
GBytes *encode_run         (const void         *data,
                            gsize               size,
                            const gchar *const *argv);
GBytes *encode_opus_voip   (const Speech       *speech,
                            const gchar        *bitrate);
GBytes *encode_vorbis      (const Speech       *speech,
                            const gchar        *rate,
                            const gchar        *channels,
                            const gchar        *quality);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Speech, speech_free)
