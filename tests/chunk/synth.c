/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "synth.h"

/* The shortest frame, of 2.5 ms, 48 times: as many as a packet holds. */
static guint
max_frames (guint config)
{
  static const guint celt[] = { 48, 24, 12, 6 };
  static const guint silk[] = { 12, 6, 3, 2 };

  if (config >= 16)
    return celt[config & 3];
  return silk[config < 12 ? config & 3 : config & 1];
}

/**
 * synth_opus_packet:
 * @rand: where its bytes come from
 * @config: 0 to 31 (RFC 6716 section 3.1)
 * @code: frame count code, 0 to 3
 * @max_frame: bytes of a frame at most
 *
 * Returns: (transfer full): a packet of valid form with random contents
 */
GBytes *
synth_opus_packet (GRand *rand,
                   guint  config,
                   guint  code,
                   gsize  max_frame)
{
  const gsize frame = g_rand_int_range (rand, 0, max_frame + 1);
  GByteArray *packet = g_byte_array_new ();
  guint8 head[2] = { config << 3 | code };
  gsize i, size = frame;

  g_byte_array_append (packet, head, 1);
  if (code == 1)
    size = 2 * frame;
  if (code == 2)
    {
      head[0] = MIN (frame, 251);
      g_byte_array_append (packet, head, 1);
      size = head[0] + frame;
    }
  if (code == 3)
    {
      head[0] = g_rand_int_range (rand, 1, max_frames (config) + 1);
      g_byte_array_append (packet, head, 1);
      size = head[0] * frame;
    }
  for (i = 0; i < size; i++)
    {
      head[0] = g_rand_int (rand);
      g_byte_array_append (packet, head, 1);
    }
  return g_byte_array_free_to_bytes (packet);
}

/**
 * synth_random_opus_packet:
 * @rand: where it comes from
 * @max_frame: bytes of a frame at most
 *
 * Returns: (transfer full): a packet of any duration and code, valid in form
 */
GBytes *
synth_random_opus_packet (GRand *rand,
                          gsize  max_frame)
{
  const guint config = g_rand_int_range (rand, 0, 32);

  return synth_opus_packet (rand, config, g_rand_int_range (rand, 0, 4),
                            max_frame);
}
