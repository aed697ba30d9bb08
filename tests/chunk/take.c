/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "take.h"

#include "chunk/opus.h"

/**
 * take_new:
 * @channels: 1 or 2
 *
 * Returns: (transfer full): no packets yet, of Opus without a header
 */
Take *
take_new (guint channels)
{
  Take *take = g_new0 (Take, 1);

  eka_opus_init_codec (&take->codec, channels);
  take->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  take->data = g_byte_array_new ();
  return take;
}

/**
 * take_free:
 * @take: (transfer full): what take_new() returned
 */
void
take_free (Take *take)
{
  eka_codec_clear (&take->codec);
  g_array_unref (take->packets);
  g_byte_array_unref (take->data);
  g_free (take);
}

/**
 * take_add:
 * @take: packets
 * @data: (array length=size): one more
 * @size: length of @data
 */
void
take_add (Take         *take,
          const guint8 *data,
          gsize         size)
{
  const EkaPacketInfo info = {
    .running_time = EKA_TIME_NONE,
    .size = (guint) size,
    .samples = eka_opus_packet_samples (data, size),
  };

  g_assert_cmpuint (info.samples, >, 0);
  g_array_append_val (take->packets, info);
  g_byte_array_append (take->data, data, (guint) size);
}

/**
 * take_add_bytes:
 * @take: packets
 * @packet: one more
 */
void
take_add_bytes (Take   *take,
                GBytes *packet)
{
  take_add (take, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
}

/**
 * take_add_frame:
 * @take: packets
 * @config: of the new one, RFC 6716 section 3.1: 1 is 20 ms, 16 is 2.5 ms
 * @size: its length; all zeros but the first byte
 */
void
take_add_frame (Take *take,
                guint config,
                gsize size)
{
  g_autofree guint8 *data = g_malloc0 (size);

  data[0] = config << 3;
  take_add (take, data, size);
}

/**
 * take_get:
 * @take: packets
 * @first: the first one to be written
 * @n: how many
 * @skip: samples not heard at the start
 * @trim_end: and at the end
 *
 * Returns: what a writer takes, valid as long as @take does not grow
 */
EkaStream
take_get (const Take *take,
          guint       first,
          guint       n,
          guint64     skip,
          guint64     trim_end)
{
  EkaStream stream = {
    .codec = &take->codec,
    .skip = skip,
    .trim_end = trim_end,
    .packets = &g_array_index (take->packets, EkaPacketInfo, first),
    .n_packets = n,
    .data = take->data->data,
  };
  guint i;

  for (i = 0; i < first; i++)
    stream.data += g_array_index (take->packets, EkaPacketInfo, i).size;
  return stream;
}

/**
 * take_get_all:
 * @take: packets
 * @skip: samples not heard at the start
 * @trim_end: and at the end
 *
 * Returns: as take_get()
 */
EkaStream
take_get_all (const Take *take,
              guint64     skip,
              guint64     trim_end)
{
  return take_get (take, 0, take->packets->len, skip, trim_end);
}
