/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "opus.h"

#include <string.h>

#define HEAD_SIZE 19
#define PRESKIP_AT 10
#define RATE_AT 12
#define FAMILY_AT 18
#define MAX_DURATION 5760 /* 120 ms */
/* RFC 7845 wants a second header; its contents tell a decoder nothing. */
#define TAGS "OpusTags\0\0\0\0\0\0\0\0"
#define TAGS_SIZE 16

/**
 * sandbox_opus_duration:
 * @packet: an Opus packet
 *
 * Source: RFC 6716, 3.1 and 3.2.
 *
 * Returns: samples at 48 kHz; 0: it is none
 */
guint
sandbox_opus_duration (GBytes *packet)
{
  static const guint silk[] = { 480, 960, 1920, 2880 };
  gsize size;
  const guint8 *data = g_bytes_get_data (packet, &size);
  guint config;
  guint frames;
  guint frame;

  if (size == 0)
    return 0;
  config = data[0] >> 3;
  if (config < 12)
    frame = silk[config & 3];
  else if (config < 16)
    frame = config & 1 ? 960 : 480;
  else
    frame = 120u << (config & 3);
  if ((data[0] & 3) == 3)
    frames = size > 1 ? data[1] & 63 : 0;
  else
    frames = (data[0] & 3) == 0 ? 1 : 2;
  return frame * frames <= MAX_DURATION ? frame * frames : 0;
}

static GstBuffer *
make_header (gconstpointer data, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_HEADER);
  return buffer;
}

static void
append_header (GValue *list, gconstpointer data, gsize size)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_BUFFER);
  g_value_take_boxed (&value, make_header (data, size));
  gst_value_array_append_value (list, &value);
}

/* A decoder that reads the pre-skip would drop it; the sandbox does. And
 * opusdec of GStreamer 1.22 would take the rate that the input had, which
 * rounds every count, or leak memory where it may not. */
static void
set_headers (GstStructure *format, const guint8 *head, gsize size)
{
  g_auto (GValue) list = G_VALUE_INIT;
  g_autofree guint8 *copy = g_memdup2 (head, size);

  memset (copy + PRESKIP_AT, 0, 2);
  memcpy (copy + RATE_AT, "\x80\xbb\0\0", 4); /* 48000 */
  g_value_init (&list, GST_TYPE_ARRAY);
  append_header (&list, copy, size);
  append_header (&list, TAGS, TAGS_SIZE);
  gst_structure_set_value (format, "streamheader", &list);
}

static void
set_mapping (GstStructure *format, const guint8 *mapping, guint channels)
{
  g_auto (GValue) list = G_VALUE_INIT;
  guint i;

  g_value_init (&list, GST_TYPE_ARRAY);
  for (i = 0; i < channels; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_value_init (&value, G_TYPE_INT);
      g_value_set_int (&value, mapping[i]);
      gst_value_array_append_value (&list, &value);
    }
  gst_structure_set_value (format, "channel-mapping", &list);
}

/**
 * sandbox_opus_set_head:
 * @packets: to be decoded as Opus
 * @head: identification header
 * @preskip: (out): samples at 48 kHz that it asks to be dropped
 *
 * Source: RFC 7845, 5.1.
 *
 * Returns: whether @head is one
 */
gboolean
sandbox_opus_set_head (SandboxPackets *packets, GBytes *head, guint *preskip)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (head, &size);
  guint channels;
  GstStructure *format;

  if (size < HEAD_SIZE || memcmp (data, "OpusHead", 8) != 0 ||
      data[8] >> 4 != 0)
    return FALSE;
  channels = data[9];
  if (channels == 0 || (data[FAMILY_AT] == 0 && channels > 2) ||
      (data[FAMILY_AT] != 0 && size < HEAD_SIZE + 2 + channels))
    return FALSE;
  packets->caps = gst_caps_new_simple (
      "audio/x-opus", "rate", G_TYPE_INT, SANDBOX_OPUS_RATE, "channels",
      G_TYPE_INT, channels, "channel-mapping-family", G_TYPE_INT,
      data[FAMILY_AT], NULL);
  format = gst_caps_get_structure (packets->caps, 0);
  if (data[FAMILY_AT] != 0)
    {
      gst_structure_set (format, "stream-count", G_TYPE_INT, data[HEAD_SIZE],
                         "coupled-count", G_TYPE_INT, data[HEAD_SIZE + 1],
                         NULL);
      set_mapping (format, data + HEAD_SIZE + 2, channels);
    }
  set_headers (format, data, size);
  packets->decoder = "opusdec max-errors=0 ! audio/x-raw,rate=48000";
  packets->rate = SANDBOX_OPUS_RATE;
  *preskip = data[PRESKIP_AT] | (guint)data[PRESKIP_AT + 1] << 8;
  return TRUE;
}

/**
 * sandbox_opus_measure:
 * @packets: all of the file
 *
 * Counts the samples that @packets give.
 *
 * Returns: whether each is a packet of at most 120 ms
 */
gboolean
sandbox_opus_measure (SandboxPackets *packets)
{
  guint i;

  packets->total = 0;
  for (i = 0; i < packets->data->len; i++)
    {
      guint duration =
          sandbox_opus_duration (g_ptr_array_index (packets->data, i));

      if (duration == 0)
        return FALSE;
      packets->total += duration;
    }
  return TRUE;
}
