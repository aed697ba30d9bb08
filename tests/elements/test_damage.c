/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#include <string.h>

#define N_PACKETS 100

/* OpusHead of opusenc: samples that are hidden at the start */
static guint
get_hidden (const Format *format)
{
  return format == &format_opus ? 312 : 0;
}

static GstPad *
begin (Fixture       *f,
       const Packets *packets)
{
  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  return packets_start (packets, f);
}

static guint64
count_all (Fixture      *f,
           const Format *format)
{
  return inputs_count (f, format) + get_hidden (format);
}

static void
push_bytes (const Packets *packets,
            GstPad        *pad,
            guint          nth,
            gconstpointer  data,
            gsize          size)
{
  GstBuffer *buffer =
      size > 0 ? gst_buffer_new_memdup (data, size) : gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = packets_get_time (packets, nth);
  GST_BUFFER_DURATION (buffer) = packets_get_time (packets, 1);
  g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
}

static void
check_warned (Fixture *f,
              guint64  damaged)
{
  g_assert_cmpuint (fixture_get_stat (f, "packets-damaged"), ==, damaged);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* No packet of any codec begins so: Opus that would last too long, AAC whose
 * first element is its end, MP3 without a syncword, Vorbis of no mode. */
static const guint8 *
get_garbage (void)
{
  static guint8 garbage[300];
  guint i;

  garbage[0] = garbage[1] = 0xff;
  for (i = 2; i < sizeof garbage; i++)
    garbage[i] = (guint8) (i * 37 + i / 7);
  return garbage;
}

/* Where a packet is garbage, there is silence as long, and a word of it. */
static void
test_garbage (Fixture      *f,
              gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 4);
  g_autoptr (GstPad) pad = begin (f, packets);
  guint i;

  for (i = 0; i < N_PACKETS; i++) {
    if (i % 10 == 5)
      push_bytes (packets, pad, i, get_garbage (), 300);
    else
      packets_push (packets, pad, i, i + 1);
  }
  inputs_end (f, pad);
  check_warned (f, N_PACKETS / 10);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (count_all (f, format), ==, N_PACKETS * format->samples);
}

static void
test_truncated (Fixture      *f,
                gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 4);
  g_autoptr (GstPad) pad = begin (f, packets);
  GstMapInfo map;
  guint i;

  for (i = 0; i < N_PACKETS; i++) {
    if (i % 10 == 5) {
      gst_buffer_map (packets->buffers->pdata[i], &map, GST_MAP_READ);
      push_bytes (packets, pad, i, map.data, map.size / 3);
      gst_buffer_unmap (packets->buffers->pdata[i], &map);
    } else {
      packets_push (packets, pad, i, i + 1);
    }
  }
  inputs_end (f, pad);
  check_warned (f, N_PACKETS / 10);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (count_all (f, format), ==, N_PACKETS * format->samples);
}

/* An empty buffer holds no audio, and the times tell that it is missing. */
static void
test_empty (Fixture      *f,
            gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 4);
  g_autoptr (GstPad) pad = begin (f, packets);
  guint i;

  for (i = 0; i < N_PACKETS; i++) {
    if (i % 10 == 5)
      push_bytes (packets, pad, i, NULL, 0);
    else
      packets_push (packets, pad, i, i + 1);
  }
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (count_all (f, format), ==, N_PACKETS * format->samples);
}

/* Nothing but garbage is no audio. */
static void
test_nothing_else (Fixture      *f,
                   gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 1);
  g_autoptr (GstPad) pad = begin (f, packets);
  guint i;

  for (i = 0; i < 20; i++)
    push_bytes (packets, pad, i, get_garbage () + i, 300 - 13 * i);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
}

/* Vorbis that is damaged in its first bit looks like a header: it is none. */
static void
test_vorbis (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_vorbis, 4);
  g_autoptr (GstPad) pad = begin (f, packets);
  guint i;

  for (i = 0; i < packets->buffers->len; i++) {
    GstBuffer *buffer = gst_buffer_ref (packets->buffers->pdata[i]);

    if (i == 40 || i == 45 || i == 50) {
      buffer = gst_buffer_make_writable (buffer);
      gst_buffer_memset (buffer, 0, 0xff, 2);
    }
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  inputs_end (f, pad);
  check_warned (f, 3);
  g_assert_cmpuint (inputs_count (f, &format_vorbis), >, 3 * 16000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* Half a sample is left out, and told of. */
static void
test_half_sample (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_pcm, 2);
  g_autoptr (GstPad) pad = begin (f, packets);
  static const guint8 bytes[641];

  packets_push (packets, pad, 0, 50);
  push_bytes (packets, pad, 50, bytes, sizeof bytes);
  packets_push (packets, pad, 51, 100);
  inputs_end (f, pad);
  g_assert_cmpuint (inputs_count (f, &format_pcm), ==, 100 * 320);
}

static void
add_for_each (const gchar *path,
              void (*func) (Fixture *, gconstpointer),
              gboolean     pcm)
{
  static const Format *const formats[] = { &format_opus, &format_aac,
                                           &format_mp3, &format_mulaw,
                                           &format_pcm };
  guint i;

  for (i = 0; i < (pcm ? 5 : 3); i++) {
    g_autofree gchar *name = g_strdup_printf ("%s/%s", path, formats[i]->name);

    g_test_add (name, Fixture, formats[i], fixture_set_up, func,
                fixture_tear_down);
  }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_for_each ("/damage/garbage", test_garbage, FALSE);
  g_test_add ("/damage/truncated/mp3", Fixture, &format_mp3, fixture_set_up,
              test_truncated, fixture_tear_down);
  add_for_each ("/damage/empty", test_empty, TRUE);
  add_for_each ("/damage/nothing-else", test_nothing_else, TRUE);
  g_test_add ("/damage/nothing-else/vorbis", Fixture, &format_vorbis,
              fixture_set_up, test_nothing_else, fixture_tear_down);
  add_test ("/damage/vorbis-is-no-header", test_vorbis);
  add_test ("/damage/half-a-sample", test_half_sample);
  return g_test_run ();
}
