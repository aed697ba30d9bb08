/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/opus.h"

#include "encode.h"
#include "oggreader.h"

/* --- an entropy decoder that reads what the library looks at ---------------- */

/* RFC 6716 section 4.1 */
typedef struct
{
  const guint8 *data;
  gsize size;
  guint rest; /* the bit of the last byte that is left over */
  guint32 range;
  guint32 difference;
} Decoder;

static guint
next_byte (Decoder *self)
{
  if (self->size == 0)
    return 0;
  self->size--;
  return *self->data++;
}

static void
normalize (Decoder *self)
{
  while (self->range <= 1u << 23)
    {
      const guint byte = next_byte (self);
      const guint symbol = (self->rest << 7 | byte >> 1) & 0xff;

      self->rest = byte & 1;
      self->range <<= 8;
      self->difference =
          (self->difference << 8 | (255 - symbol)) & 0x7fffffff;
    }
}

static void
decoder_init (Decoder      *self,
              const guint8 *data,
              gsize         size)
{
  guint byte;

  *self = (Decoder) { .data = data, .size = size, .range = 128 };
  byte = next_byte (self);
  self->difference = 127 - (byte >> 1);
  self->rest = byte & 1;
  normalize (self);
}

/* Section 4.1.3.2, with even odds */
static gboolean
decode_bit (Decoder *self)
{
  const guint32 half = self->range >> 1;
  const gboolean bit = self->difference < half;

  if (bit)
    {
      self->range = half;
    }
  else
    {
      self->difference -= half;
      self->range -= half;
    }
  normalize (self);
  return bit;
}

/* Section 4.2.3: flags and the one that tells redundancy, channel by channel */
static gboolean
is_frame_voiced (const guint8 *data,
                 gsize         size,
                 guint         n_flags,
                 guint         channels)
{
  gboolean voiced = FALSE;
  Decoder decoder;
  guint channel, i;

  if (size == 0)
    return FALSE;
  decoder_init (&decoder, data, size);
  for (channel = 0; channel < channels; channel++)
    {
      for (i = 0; i < n_flags; i++)
        voiced |= decode_bit (&decoder);
      decode_bit (&decoder);
    }
  return voiced;
}

/* --- packets of every form ------------------------------------------------ */

static EkaVoice
voice_of (const guint8 *data,
          gsize         size)
{
  /* a copy of the very size lets the sanitizer see reads past the end */
  g_autofree guint8 *copy = size > 0 ? g_memdup2 (data, size) : NULL;

  return eka_opus_packet_voice (copy, size);
}

/* Flags of 20 ms in a frame of this configuration; one of 10 ms has one too. */
static guint
count_flags (guint config)
{
  static const guint flags[] = { 1, 1, 2, 3 };

  return config < 12 ? flags[config & 3] : 1;
}

/* All first bytes of a frame, in a packet of one */
static void
test_single (void)
{
  guint config, stereo, byte, second;

  for (config = 0; config < 32; config++)
    for (stereo = 0; stereo < 2; stereo++)
      for (byte = 0; byte < 256; byte++)
        for (second = 0; second < 256; second += 51)
          {
            const guint8 packet[] = { config << 3 | stereo << 2, byte, second };
            const EkaVoice voice = voice_of (packet, sizeof packet);

            if (config >= 16)
              {
                g_assert_cmpint (voice, ==, EKA_VOICE_UNKNOWN);
                continue;
              }
            g_assert_cmpint (voice, ==,
                             is_frame_voiced (packet + 1, 2,
                                              count_flags (config), 1 + stereo)
                                 ? EKA_VOICE_ACTIVE
                                 : EKA_VOICE_NONE);
          }
}

/* The side channel of 60 ms has its flags behind three and one of the other. */
static void
test_side (void)
{
  static const guint8 sides[] = { 0x08, 0x04, 0x02 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      const guint8 mono[] = { 3 << 3, sides[i] };
      const guint8 stereo[] = { 3 << 3 | 4, sides[i] };

      g_assert_cmpint (voice_of (mono, 2), ==, EKA_VOICE_NONE);
      g_assert_cmpint (voice_of (stereo, 2), ==, EKA_VOICE_ACTIVE);
    }
  /* redundancy is no voice, of neither */
  g_assert_cmpint (voice_of ((const guint8[]){ 3 << 3 | 4, 0x11 }, 2), ==,
                   EKA_VOICE_NONE);
}

/* One voice, in any frame of a packet */
static void
test_codes (void)
{
  /* 20 ms of a wide band each */
  static const guint8 one_code1[] = { 0x49, 0x80, 0, 0, 0 };
  static const guint8 two_code1[] = { 0x49, 0, 0, 0x80, 0 };
  static const guint8 none_code1[] = { 0x49, 0x7f, 0xff, 0x7f, 0xff };
  static const guint8 one_code2[] = { 0x4a, 1, 0x80, 0 };
  static const guint8 two_code2[] = { 0x4a, 1, 0, 0x80 };
  static const guint8 none_code2[] = { 0x4a, 3, 0, 0x80, 0x80, 0 };
  static const guint8 three_cbr[] = { 0x4b, 0x03, 0, 1, 0, 1, 0x80, 1 };
  static const guint8 none_cbr[] = { 0x4b, 0x03, 0, 0x80, 0, 0x80, 0, 0x80 };
  static const guint8 three_vbr[] = { 0x4b, 0x83, 1, 2, 0, 0, 0x80, 0x80 };
  static const guint8 none_vbr[] = { 0x4b, 0x83, 1, 2, 0, 0, 0x80, 0 };
  static const guint8 padded[] = { 0x4b, 0x42, 2, 0, 0, 0x80, 0x80 };
  static const guint8 padded_vbr[] = { 0x4b, 0xc2, 1, 1, 0, 0x80, 0xff };

#define ASSERT(packet, voice)                          \
  g_assert_cmpint (voice_of (packet, sizeof packet), ==, EKA_VOICE_##voice)

  ASSERT (one_code1, ACTIVE);
  ASSERT (two_code1, ACTIVE);
  ASSERT (none_code1, NONE);
  ASSERT (one_code2, ACTIVE);
  ASSERT (two_code2, ACTIVE);
  ASSERT (none_code2, NONE);
  ASSERT (three_cbr, ACTIVE);
  ASSERT (none_cbr, NONE);
  ASSERT (three_vbr, ACTIVE);
  ASSERT (none_vbr, NONE);
  /* padding is nobody */
  ASSERT (padded, NONE);
  ASSERT (padded_vbr, ACTIVE);
}

/* Of packets without frames, an encoder in DTX sends one in 400 ms, and a hole
 * is filled with them. */
static void
test_dtx (void)
{
  guint config;

  for (config = 0; config < 32; config++)
    {
      const guint8 empty[] = { config << 3 };
      const guint8 two[] = { config << 3 | 1 };
      const guint8 half[] = { config << 3 | 2, 0, 0x80 };
      const EkaVoice none = config < 16 ? EKA_VOICE_NONE : EKA_VOICE_UNKNOWN;

      g_assert_cmpint (voice_of (empty, 1), ==, none);
      g_assert_cmpint (voice_of (two, 1), ==, none);
      g_assert_cmpint (voice_of (half, sizeof half), ==,
                       config < 16 ? EKA_VOICE_ACTIVE : EKA_VOICE_UNKNOWN);
    }
}

static void
test_damaged (void)
{
  static const guint8 uneven[] = { 0x49, 0x80, 0x80, 0x80 };
  static const guint8 too_long[] = { 0x4a, 9, 0x80 };
  static const guint8 no_frames[] = { 0x4b, 0, 0x80 };

  g_assert_cmpint (voice_of (NULL, 0), ==, EKA_VOICE_UNKNOWN);
  g_assert_cmpint (voice_of (uneven, sizeof uneven), ==, EKA_VOICE_UNKNOWN);
  g_assert_cmpint (voice_of (too_long, sizeof too_long), ==,
                   EKA_VOICE_UNKNOWN);
  g_assert_cmpint (voice_of (no_frames, sizeof no_frames), ==,
                   EKA_VOICE_UNKNOWN);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (423);
  guint round;

  for (round = 0; round < 20000; round++)
    {
      guint8 data[48];
      const gsize size = (gsize) g_rand_int_range (rand, 0, sizeof data);
      EkaVoice voice;
      gsize i;

      for (i = 0; i < size; i++)
        data[i] = (guint8) g_rand_int (rand);
      voice = voice_of (data, size);
      g_assert_true ((voice == EKA_VOICE_UNKNOWN) ==
                     (eka_opus_packet_samples (data, size) == 0 ||
                      data[0] >= 16 << 3));
    }
}

/* --- real packets --------------------------------------------------------- */

/* How far into a pause the encoder may still hear what was said, and how long
 * before its end it may hear what comes, in ms */
#define HANGOVER 400
#define LOOKAHEAD 60

/* Does the packet at @time ms lie in a pause, in speech (1), or between (-1)? */
static gint
place_of (const Speech *speech,
          gdouble       time)
{
  guint i;

  for (i = 0; i < speech->pauses->len; i += 2)
    {
      const gdouble from =
          g_array_index (speech->pauses, guint, i) * 1000. / ENCODE_RATE;
      const gdouble to =
          g_array_index (speech->pauses, guint, i + 1) * 1000. / ENCODE_RATE;

      if (time >= from + HANGOVER && time < to - LOOKAHEAD)
        return 0;
      if (time >= from - LOOKAHEAD && time < to + LOOKAHEAD)
        return -1;
    }
  return 1;
}

static void
check_flags (const Speech *speech,
             GBytes       *encoded)
{
  g_autoptr (OggFile) file = ogg_file_new (encoded);
  guint in_pause = 0, quiet = 0, in_speech = 0, voiced = 0, i;
  gint64 samples = -(gint64) file->codec.pre_skip;

  for (i = 0; i < file->packets->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (file->packets->pdata[i], &size);
      const EkaVoice voice = voice_of (data, size);
      const gint place = place_of (speech, samples / 48.);

      g_assert_cmpint (voice, !=, EKA_VOICE_UNKNOWN);
      if (place == 0)
        {
          in_pause++;
          quiet += voice == EKA_VOICE_NONE;
        }
      if (place == 1)
        {
          in_speech++;
          voiced += voice == EKA_VOICE_ACTIVE;
        }
      samples += eka_opus_packet_samples (data, size);
    }
  g_test_message ("pauses: %u of %u quiet; speech: %u of %u voiced", quiet,
                  in_pause, voiced, in_speech);
  g_assert_cmpuint (in_pause, >, 30);
  g_assert_cmpuint (in_speech, >, 100);
  g_assert_cmpuint (quiet * 100, >=, in_pause * 95);
  g_assert_cmpuint (voiced * 100, >=, in_speech * 75);
}

static void
test_real_voip (void)
{
  g_autoptr (Speech) speech = encode_speech (5);
  g_autoptr (GBytes) low = encode_opus_voip (speech, "12000");
  g_autoptr (GBytes) high = encode_opus_voip (speech, "24000");

  check_flags (speech, low);
  check_flags (speech, high);
}

static void
test_real_frames (void)
{
  static const gchar *const lengths[] = { "10", "20", "40", "60" };
  g_autoptr (Speech) speech = encode_speech (5);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      const gchar *argv[] = {
        "opusenc", "--quiet", "--raw", "--raw-rate", "22050", "--raw-chan",
        "1", "--speech", "--bitrate", "14", "--framesize", lengths[i],
        ENCODE_IN, ENCODE_OUT, NULL,
      };
      g_autoptr (GBytes) file = encode_run (
          speech->samples->data, speech->samples->len * 2, argv);

      check_flags (speech, file);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opus-voice/flags-of-every-first-byte", test_single);
  g_test_add_func ("/opus-voice/flags-of-the-side-channel", test_side);
  g_test_add_func ("/opus-voice/any-frame-of-codes-0-to-3", test_codes);
  g_test_add_func ("/opus-voice/nothing-sent-is-nobody", test_dtx);
  g_test_add_func ("/opus-voice/damaged-packets-tell-nothing", test_damaged);
  g_test_add_func ("/opus-voice/random-bytes-do-no-harm", test_random);
  g_test_add_func ("/opus-voice/pauses-of-libopus-for-telephony",
                   test_real_voip);
  g_test_add_func ("/opus-voice/pauses-in-frames-of-10-to-60-ms",
                   test_real_frames);
  return g_test_run ();
}
