/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/silence.h"

#include "chunk/opus.h"
#include "chunk/pcm.h"

/* Fills a hole as callers do.
 *
 * Returns: samples that nothing stands for */
static guint64
fill (const EkaCodec *codec,
      const guint8   *like,
      guint64         samples,
      GByteArray     *all)
{
  while (samples > 0)
    {
      g_autoptr (GByteArray) packet = g_byte_array_new ();
      guint previous = 0, length = 0;

      if (!eka_silence_write (codec, like, samples, packet))
        break;
      g_assert_true (eka_codec_measure_packet (codec, packet->data,
                                               packet->len, &previous,
                                               &length));
      g_assert_cmpuint (length, <=, samples);
      samples -= length;
      g_byte_array_append (all, packet->data, packet->len);
    }
  return samples;
}

/* Frames of the same mode as before, one a packet, none of them heard. */
static void
test_opus (void)
{
  guint config, code, stereo;

  for (config = 0; config < 32; config++)
    for (code = 0; code < 4; code++)
      for (stereo = 0; stereo < 2; stereo++)
        {
          const guint8 toc = config << 3 | stereo << 2;
          const guint8 like[EKA_SILENCE_LIKE] = { toc | code, 0xff };
          const guint frame = eka_opus_packet_samples (&toc, 1);
          g_autoptr (GByteArray) all = g_byte_array_new ();
          EkaCodec codec;
          guint i;

          eka_opus_init_codec (&codec, 1 + stereo);
          g_assert_cmpuint (fill (&codec, like, 10 * frame + frame / 2, all),
                            ==, frame / 2);
          g_assert_cmpuint (all->len, ==, 10);
          for (i = 0; i < all->len; i++)
            g_assert_cmphex (all->data[i], ==, toc);
          g_assert_cmpint (eka_opus_packet_voice (all->data, 1), !=,
                           EKA_VOICE_ACTIVE);
          g_assert_cmpuint (fill (&codec, like, frame - 1, all), ==,
                            frame - 1);
        }
}

/* To the sample, and silent. */
static void
test_samples (void)
{
  static const EkaCodecType types[] = {
    EKA_CODEC_PCM, EKA_CODEC_MULAW, EKA_CODEC_ALAW,
  };
  static const guint8 like[EKA_SILENCE_LIKE] = { 1, 2, 3, 4 };
  guint i, channels;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    for (channels = 1; channels <= 2; channels++)
      {
        g_autoptr (GByteArray) all = g_byte_array_new ();
        EkaCodec codec;

        eka_codec_init_samples (&codec, types[i], 8000, channels);
        g_assert_cmpuint (fill (&codec, like, 8007, all), ==, 0);
        g_assert_cmpuint (all->len, ==, 8007 * eka_codec_frame_size (&codec));
        g_assert_cmpuint (eka_pcm_measure (&codec, all->data, all->len), ==,
                          1);
      }
}

/* Two blocks overlap: nothing fits between those that were there. */
static void
test_vorbis (void)
{
  static const guint8 like[EKA_SILENCE_LIKE] = { 0 };
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  const EkaCodec codec = {
    .type = EKA_CODEC_VORBIS,
    .rate = 44100,
    .channels = 1,
  };

  g_assert_false (eka_silence_write (&codec, like, 44100, packet));
  g_assert_cmpuint (packet->len, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/silence/opus-of-every-mode", test_opus);
  g_test_add_func ("/silence/samples-to-the-last", test_samples);
  g_test_add_func ("/silence/vorbis-has-none", test_vorbis);
  return g_test_run ();
}
