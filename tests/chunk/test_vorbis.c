/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/vorbis.h"

#include <ogg/ogg.h>
#include <string.h>

#include "encode.h"

/* A file of an encoder, taken apart by libogg alone.
 *
 * @packets: (element-type GBytes): audio
 * @granules: (element-type gint64): behind each packet, or -1 */
typedef struct
{
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  guint n_headers;
  GPtrArray *packets;
  GArray *granules;
} Source;

static void
add_packet (Source           *self,
            const ogg_packet *packet)
{
  GBytes *bytes = g_bytes_new (packet->packet, (gsize) packet->bytes);
  const gint64 granule = packet->granulepos;

  if (self->n_headers < EKA_VORBIS_N_HEADERS)
    {
      self->headers[self->n_headers++] = bytes;
      return;
    }
  g_ptr_array_add (self->packets, bytes);
  g_array_append_val (self->granules, granule);
}

static void
source_init (Source *self,
             GBytes *file)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  ogg_stream_state stream;
  ogg_sync_state sync;
  ogg_page page;
  ogg_packet packet;
  gboolean first = TRUE;

  *self = (Source) {
    .packets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref),
    .granules = g_array_new (FALSE, FALSE, sizeof (gint64)),
  };
  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong) size), data, size);
  ogg_sync_wrote (&sync, (glong) size);
  while (ogg_sync_pageout (&sync, &page) == 1)
    {
      if (first)
        ogg_stream_init (&stream, ogg_page_serialno (&page));
      first = FALSE;
      g_assert_cmpint (ogg_stream_pagein (&stream, &page), ==, 0);
      while (ogg_stream_packetout (&stream, &packet) == 1)
        add_packet (self, &packet);
    }
  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  g_assert_cmpuint (self->n_headers, ==, EKA_VORBIS_N_HEADERS);
  g_assert_cmpuint (self->packets->len, >, 100);
}

static void
source_clear (Source *self)
{
  guint i;

  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_bytes_unref (self->headers[i]);
  g_ptr_array_unref (self->packets);
  g_array_unref (self->granules);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

static void
make_source (Source      *self,
             const gchar *channels)
{
  g_autoptr (Speech) speech = encode_speech (3);
  g_autoptr (GBytes) file = encode_vorbis (speech, "22050", channels, "3");

  source_init (self, file);
}

static void
assert_header (const EkaCodec *codec,
               guint           i,
               gconstpointer   expected,
               gsize           expected_size)
{
  const guint8 *data = NULL;
  gsize size = 0;

  g_assert_true (eka_vorbis_get_header (codec, i, &data, &size));
  g_assert_cmpmem (data, size, expected, expected_size);
}

static gboolean
contains (GBytes      *bytes,
          const gchar *word)
{
  gsize size, i;
  const gchar *data = g_bytes_get_data (bytes, &size);

  for (i = 0; i + strlen (word) <= size; i++)
    {
      if (memcmp (data + i, word, strlen (word)) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
test_headers (void)
{
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };
  const guint8 *data;
  gsize size;
  guint i;

  make_source (&source, "2");
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  g_assert_cmpint (codec.type, ==, EKA_CODEC_VORBIS);
  g_assert_cmpuint (codec.rate, ==, ENCODE_RATE);
  g_assert_cmpuint (codec.channels, ==, 2);
  g_assert_cmpuint (codec.pre_skip, ==, 0);
  g_assert_cmpuint (eka_codec_sample_rate (&codec), ==, ENCODE_RATE);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i += 2)
    assert_header (&codec, i, g_bytes_get_data (source.headers[i], NULL),
                   g_bytes_get_size (source.headers[i]));
  g_assert_false (
      eka_vorbis_get_header (&codec, EKA_VORBIS_N_HEADERS, &data, &size));
}

/* Comments tell of people; ours do not. */
static void
test_comments (void)
{
  static const guint8 ours[] = "\x03vorbis\x0d\0\0\0gst-ekascribe\0\0\0\0\x01";
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };

  make_source (&source, "1");
  g_assert_true (contains (source.headers[1], "Nightingale"));
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  assert_header (&codec, 1, ours, sizeof ours - 1);
  g_assert_false (contains (codec.config, "Nightingale"));
}

/* What is told of a stream must be enough to make the same codec again. */
static void
test_again (void)
{
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };
  g_auto (EkaCodec) again = { 0, };
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  guint i;

  make_source (&source, "1");
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    {
      const guint8 *data;
      gsize size;

      g_assert_true (eka_vorbis_get_header (&codec, i, &data, &size));
      headers[i] = g_bytes_new (data, size);
    }
  g_assert_true (eka_vorbis_init_codec (&again, headers));
  g_assert_true (eka_codec_is_equal (&codec, &again));
  g_assert_cmpmem (codec.blocks, sizeof codec.blocks, again.blocks,
                   sizeof again.blocks);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_bytes_unref (headers[i]);
}

/* For which an encoder takes short blocks */
static Speech *
make_clicks (void)
{
  Speech *speech = encode_speech (3);
  guint i;

  for (i = 9000; i < speech->samples->len; i += 9000)
    g_array_index (speech->samples, gint16, i) = 30000;
  return speech;
}

/* The encoder tells how many samples each page ends with. */
static void
check_samples (const gchar *rate,
               const gchar *channels,
               const gchar *quality)
{
  g_autoptr (Speech) speech = make_clicks ();
  g_autoptr (GBytes) file = encode_vorbis (speech, rate, channels, quality);
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };
  guint previous = 0, pages = 0, i;
  guint shortest = G_MAXUINT, longest = 0;
  gint64 total = 0;

  source_init (&source, file);
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  for (i = 0; i < source.packets->len; i++)
    {
      const gint64 granule = g_array_index (source.granules, gint64, i);
      const guint before = previous;
      guint samples = 99;
      gsize size;
      const guint8 *data = g_bytes_get_data (source.packets->pdata[i], &size);

      g_assert_true (eka_codec_measure_packet (&codec, data, size, &previous,
                                               &samples));
      g_assert_cmpuint (samples, ==,
                        i == 0 ? 0 : before / 4 + previous / 4);
      shortest = MIN (shortest, previous);
      longest = MAX (longest, previous);
      total += samples;
      if (granule < 0)
        continue;
      pages++;
      /* the last one cuts off what the recording did not fill */
      if (i + 1 < source.packets->len)
        g_assert_cmpint (granule, ==, total);
      else
        g_assert_cmpint (granule, <=, total);
    }
  g_assert_cmpuint (pages, >, 5);
  g_test_message ("blocks of %u to %u", shortest, longest);
  /* short and long blocks were there, where the encoder has both */
  if (codec.rate > 40000)
    g_assert_cmpuint (shortest, <, longest);
}

static void
test_samples (void)
{
  check_samples ("16000", "1", "-1");
  check_samples ("44100", "1", "5");
  check_samples ("48000", "2", "3");
}

static void
test_no_audio (void)
{
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };
  guint previous = 256, samples = 7, i;
  guint8 packet[] = { 1, 0 };

  make_source (&source, "1");
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  g_assert_false (
      eka_vorbis_measure_packet (&codec, packet, 0, &previous, &samples));
  /* headers */
  for (i = 1; i < 256; i += 2)
    {
      packet[0] = (guint8) i;
      g_assert_false (eka_vorbis_measure_packet (&codec, packet, 2, &previous,
                                                 &samples));
    }
  /* no such mode */
  memset (codec.blocks, 0, sizeof codec.blocks);
  packet[0] = 0;
  g_assert_false (
      eka_vorbis_measure_packet (&codec, packet, 2, &previous, &samples));
  g_assert_cmpuint (previous, ==, 256);
  g_assert_cmpuint (samples, ==, 7);
}

/* No chunk could hold it. */
static void
test_too_large (void)
{
  g_auto (Source) source = { 0, };
  g_auto (EkaCodec) codec = { 0, };
  g_auto (EkaCodec) none = { 0, };
  g_autofree guint8 *large = g_malloc0 (100000);
  guint previous = 0, samples;
  gsize size;
  const guint8 *setup;
  GBytes *headers[EKA_VORBIS_N_HEADERS];

  make_source (&source, "1");
  g_assert_true (eka_vorbis_init_codec (&codec, source.headers));
  g_assert_true (
      eka_vorbis_measure_packet (&codec, large, 8000, &previous, &samples));
  g_assert_false (
      eka_vorbis_measure_packet (&codec, large, 100000, &previous, &samples));

  /* libvorbis does not mind what stands behind a header */
  setup = g_bytes_get_data (source.headers[2], &size);
  memcpy (large, setup, size);
  memcpy (headers, source.headers, sizeof headers);
  headers[2] = g_bytes_new (large, 100000);
  g_assert_false (eka_vorbis_init_codec (&none, headers));
  g_bytes_unref (headers[2]);
}

static gboolean
try_headers (Source       *source,
             guint         i,
             gconstpointer data,
             gsize         size)
{
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  EkaCodec codec = { .type = EKA_CODEC_ALAW };
  gboolean good;

  memcpy (headers, source->headers, sizeof headers);
  headers[i] = g_bytes_new (data, size);
  good = eka_vorbis_init_codec (&codec, headers);
  g_bytes_unref (headers[i]);
  if (good)
    {
      g_assert_cmpuint (codec.channels, >=, 1);
      g_assert_cmpuint (codec.channels, <=, 2);
      g_assert_cmpuint (codec.rate, >, 0);
      eka_codec_clear (&codec);
    }
  else
    {
      /* untouched */
      g_assert_cmpint (codec.type, ==, EKA_CODEC_ALAW);
    }
  return good;
}

/* Every byte of each header, in a block of just its size, so that the sanitizer
 * and valgrind see who reads on. */
static void
test_damage (void)
{
  g_auto (Source) source = { 0, };
  guint i;

  make_source (&source, "1");
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    {
      gsize size, at;
      const guint8 *good = g_bytes_get_data (source.headers[i], &size);
      g_autofree guint8 *bad = g_memdup2 (good, size);

      g_assert_true (try_headers (&source, i, good, size));
      for (at = 0; at < size; at++)
        {
          /* a type and a name */
          const gboolean vital = at < 7;

          g_assert_false (try_headers (&source, i, good, at));
          bad[at] ^= 0xff;
          g_assert_true (!try_headers (&source, i, bad, size) || !vital);
          bad[at] ^= 0xfe;
          g_assert_true (!try_headers (&source, i, bad, size) || !vital);
          bad[at] = good[at];
        }
    }
}

static void
assert_bad_identity (Source *source,
                     gsize   at,
                     guint8  value)
{
  gsize size;
  const guint8 *good = g_bytes_get_data (source->headers[0], &size);
  g_autofree guint8 *bad = g_memdup2 (good, size);

  bad[at] = value;
  g_assert_false (try_headers (source, 0, bad, size));
}

/* Vorbis I specification section 4.2.2 */
static void
test_identity (void)
{
  g_auto (Source) source = { 0, };
  gsize size;
  guint8 *bad;

  make_source (&source, "1");
  assert_bad_identity (&source, 7, 1);     /* version */
  assert_bad_identity (&source, 11, 0);    /* channels */
  assert_bad_identity (&source, 11, 3);
  assert_bad_identity (&source, 11, 255);
  assert_bad_identity (&source, 28, 0x8b); /* the first block is the shorter */
  assert_bad_identity (&source, 28, 0x05); /* of 64 or more */
  assert_bad_identity (&source, 28, 0xe8); /* and 8192 or less */
  assert_bad_identity (&source, 29, 0);    /* framing */

  /* no rate */
  bad = g_memdup2 (g_bytes_get_data (source.headers[0], &size),
                   g_bytes_get_size (source.headers[0]));
  memset (bad + 12, 0, 4);
  g_assert_false (try_headers (&source, 0, bad, size));
  g_free (bad);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vorbis/headers-are-kept", test_headers);
  g_test_add_func ("/vorbis/comments-of-people-are-not", test_comments);
  g_test_add_func ("/vorbis/kept-headers-are-enough", test_again);
  g_test_add_func ("/vorbis/samples-are-those-of-the-encoder", test_samples);
  g_test_add_func ("/vorbis/what-is-no-audio-is-refused", test_no_audio);
  g_test_add_func ("/vorbis/what-no-chunk-holds-is-refused", test_too_large);
  g_test_add_func ("/vorbis/every-damaged-byte-of-headers", test_damage);
  g_test_add_func ("/vorbis/fields-of-the-identification-header",
                   test_identity);
  return g_test_run ();
}
