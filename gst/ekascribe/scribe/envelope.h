/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The texts of a stream (Stream Audio in the service's documents). Those that the
 * service sends are documented nowhere. */

/* Ends a stream of either form. */
#define EKA_ENVELOPE_STOP "{\"event\":\"stop\"}"

/* Begins a stream of JSON: little endian samples of 16 bits at 16 kHz, mono. */
#define EKA_ENVELOPE_START                                                     \
  "{\"event\":\"start\",\"start\":{\"mediaFormat\":{"                          \
  "\"encoding\":\"audio/x-l16\",\"sampleRate\":16000}}}"

gchar   *eka_envelope_media            (GBytes  *samples);
gboolean eka_envelope_parse_transcript (GBytes  *message,
                                        gchar  **text,
                                        gchar  **language);

G_END_DECLS
