/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

GBytes *synth_opus_packet        (GRand *rand,
                                  guint  config,
                                  guint  code,
                                  gsize  max_frame);
GBytes *synth_random_opus_packet (GRand *rand,
                                  gsize  max_frame);
