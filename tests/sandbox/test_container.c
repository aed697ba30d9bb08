/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "container.h"

#include <string.h>

static GBytes *
make (const gchar *extension, gsize frames, const gchar *arguments)
{
  g_autoptr (GArray) samples = make_tone (16000, 1, frames, 440.0, 0.25);
  g_autoptr (GBytes) wav = make_wav (16000, 1, samples);

  return make_encoded (extension, wav, arguments);
}

/* The reason is %NULL where the file is good. */
static void
check (const gchar *extension,
       const gchar *media_type,
       GBytes      *file,
       const gchar *reason)
{
  g_autoptr (SandboxPackets) packets = NULL;
  g_autoptr (GError) error = NULL;
  gboolean good = sandbox_container_read (file, extension, media_type,
                                          &packets, &error);

  if (reason == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (good);
      g_assert_nonnull (packets);
      return;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_false (good);
  g_assert_null (packets);
  if (strstr (error->message, reason) == NULL)
    g_error ("“%s”, not “%s”", error->message, reason);
}

static GBytes *
append (GBytes *file, gconstpointer data, gsize size)
{
  GByteArray *array = g_byte_array_new ();

  g_byte_array_append (array, g_bytes_get_data (file, NULL),
                       (guint)g_bytes_get_size (file));
  g_byte_array_append (array, data, (guint)size);
  return g_byte_array_free_to_bytes (array);
}

static const struct
{
  const gchar *extension;
  const gchar *media_type;
  const gchar *arguments;
} FORMATS[] = {
  { "ogg", "audio/ogg", "-c:a libopus" },
  { "ogg", "audio/ogg", "-c:a libvorbis" },
  { "webm", "audio/webm;codecs=opus", "-c:a libopus" },
  { "m4a", "audio/m4a", "-c:a aac" },
  { "mp4", "audio/mp4", "-c:a aac -movflags +faststart" },
  { "mp3", "audio/mp3", "-c:a libmp3lame" },
  { "mp3", "audio/mp3", "-c:a libmp3lame -id3v2_version 0" },
  { "mp3", "audio/mp3", "-c:a libmp3lame -metadata title=x -write_id3v1 1" },
};

/* Wherever a file is cut, that is noticed: no audio is lost without a word.
 * (A tag behind an MP3 is no audio.) */
static void
test_cut (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    {
      g_autoptr (GBytes) file
          = make (FORMATS[i].extension, 16000, FORMATS[i].arguments);
      gsize size = g_bytes_get_size (file);
      gboolean tail = strstr (FORMATS[i].arguments, "id3v1") != NULL;
      gsize cut;

      g_test_message ("%s %s: %" G_GSIZE_FORMAT " bytes",
                      FORMATS[i].extension, FORMATS[i].arguments, size);
      check (FORMATS[i].extension, FORMATS[i].media_type, file, NULL);
      for (cut = 0; cut < size; cut++)
        {
          g_autoptr (GBytes) part = g_bytes_new_from_bytes (file, 0, cut);

          if (tail && cut + 128 == size)
            check (FORMATS[i].extension, FORMATS[i].media_type, part, NULL);
          else
            check (FORMATS[i].extension, FORMATS[i].media_type, part, "");
        }
    }
}

/* Nothing that is behind the end of a file belongs to it. */
static void
test_trailing (void)
{
  static const gchar zeros[200];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    {
      g_autoptr (GBytes) file
          = make (FORMATS[i].extension, 16000, FORMATS[i].arguments);
      g_autoptr (GBytes) byte = append (file, "x", 1);
      g_autoptr (GBytes) words = append (file, "there is more to come", 21);
      g_autoptr (GBytes) nothing = append (file, zeros, sizeof zeros);
      g_autoptr (GBytes) twice
          = append (file, g_bytes_get_data (file, NULL),
                    g_bytes_get_size (file));

      g_test_message ("%s %s", FORMATS[i].extension, FORMATS[i].arguments);
      check (FORMATS[i].extension, FORMATS[i].media_type, byte, "");
      check (FORMATS[i].extension, FORMATS[i].media_type, words, "");
      check (FORMATS[i].extension, FORMATS[i].media_type, nothing, "");
      check (FORMATS[i].extension, FORMATS[i].media_type, twice, "");
    }
}

/* Each file under each other name. */
static void
test_other_container (void)
{
  static const gchar *const reasons[]
      = { "the file is not Ogg", "the file is not Ogg", "the file is not WebM",
          "the file is not MP4", "the file is not MP4", "the file is not MP3" };
  g_autoptr (GArray) samples = make_tone (16000, 1, 16000, 440.0, 0.25);
  g_autoptr (GBytes) wav = make_wav (16000, 1, samples);
  gsize i;
  gsize k;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr (GBytes) file
          = make (FORMATS[i].extension, 16000, FORMATS[i].arguments);

      check (FORMATS[i].extension, FORMATS[i].media_type, wav, reasons[i]);
      check ("wav", "audio/wav", file, "the file is not WAV");
      for (k = 0; k < G_N_ELEMENTS (reasons); k++)
        if (!g_str_equal (reasons[k], reasons[i]))
          check (FORMATS[k].extension, FORMATS[k].media_type, file,
                 reasons[k]);
    }
}

/* The right container, and something else in it. */
static void
test_other_codec (void)
{
  g_autoptr (GBytes) vorbis = make ("ogg", 16000, "-c:a libvorbis");
  g_autoptr (GBytes) flac = make ("ogg", 16000, "-c:a flac");
  g_autoptr (GBytes) webm = make ("webm", 16000, "-c:a libvorbis");
  g_autoptr (GBytes) matroska = make ("mkv", 16000, "-c:a libopus");
  g_autoptr (GBytes) mp3 = make ("mp4", 16000, "-c:a libmp3lame");
  g_autoptr (GBytes) alac = make ("m4a", 16000, "-c:a alac");
  g_autoptr (GBytes) video
      = make ("mp4", 16000,
              "-f lavfi -i testsrc=d=1:s=64x64 -map 1 -c:v mpeg4");
  g_autoptr (GBytes) both
      = make ("mp4", 16000, "-f lavfi -i testsrc=d=1:s=64x64 -c:v mpeg4");
  g_autoptr (GBytes) pieces
      = make ("mp4", 16000, "-c:a aac -movflags +frag_keyframe+empty_moov");
  g_autoptr (GBytes) layer2 = make ("mp2", 16000, "-c:a mp2");

  check ("ogg", "audio/ogg", vorbis, NULL);
  check ("ogg", "audio/ogg;codecs=opus", vorbis, "the file holds no Opus");
  check ("ogg", "audio/ogg", flac, "neither Opus nor Vorbis");
  check ("webm", "audio/webm;codecs=opus", webm, "the file holds no Opus");
  check ("webm", "audio/webm;codecs=opus", matroska, "the file is not WebM");
  check ("mp4", "audio/mp4", mp3, "the file holds no AAC");
  check ("m4a", "audio/m4a", alac, "the file holds no AAC");
  check ("mp4", "audio/mp4", video, "the file holds no AAC");
  check ("mp4", "audio/mp4", both, "");
  check ("mp4", "audio/mp4", pieces, "the MP4 file is in fragments");
  check ("mp3", "audio/mp3", layer2, "the file is not MP3");
}

static void
put (GByteArray *file, const gchar *hex)
{
  for (; hex[0] != '\0'; hex += hex[0] == ' ' ? 1 : 2)
    if (hex[0] != ' ')
      {
        guint8 byte = (guint8)(g_ascii_xdigit_value (hex[0]) << 4
                               | g_ascii_xdigit_value (hex[1]));

        g_byte_array_append (file, &byte, 1);
      }
}

/* EBML, a segment of unknown size, a track with 312 samples of pre-skip and of
 * delay, and @blocks in a cluster. */
static GBytes *
make_webm (const gchar *delay, const gchar *blocks)
{
  GByteArray *file = g_byte_array_new ();

  put (file, "1a45dfa3 87 4282 84 7765626d");
  put (file, "18538067 01ffffffffffffff");
  put (file, "1654ae6b ac ae aa d7 81 01 83 81 02 86 86 415f4f505553");
  put (file, "56aa 83");
  put (file, delay);
  put (file, "63a2 93 4f70757348656164 01 01 3801 80bb0000 0000 00");
  put (file, "1f43b675 01ffffffffffffff e7 81 00");
  put (file, blocks);
  return g_byte_array_free_to_bytes (file);
}

static void
check_blocks (const gchar *blocks,
              guint        packets,
              guint64      skip,
              guint64      keep)
{
  g_autoptr (GBytes) file = make_webm ("632ea0", blocks);
  g_autoptr (SandboxPackets) read = NULL;
  g_autoptr (GError) error = NULL;

  sandbox_container_read (file, "webm", "audio/webm;codecs=opus", &read,
                          &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->data->len, ==, packets);
  g_assert_cmpuint (read->total, ==, packets * 960);
  g_assert_cmpuint (read->skip, ==, skip);
  g_assert_cmpuint (read->keep, ==, keep);
}

static void
check_wrong_blocks (const gchar *delay,
                    const gchar *blocks,
                    const gchar *reason)
{
  g_autoptr (GBytes) file = make_webm (delay, blocks);

  check ("webm", "audio/webm;codecs=opus", file, reason);
}

#define NONE "a3 86 81 0000 80 0801 "

static void
test_webm_blocks (void)
{
  check_blocks (NONE NONE, 2, 312, 2 * 960 - 312);
  check_blocks ("a3 8b 81 0000 82 01 02 0801 080102", 2, 312, 2 * 960 - 312);
  check_blocks ("a3 8b 81 0000 84 02 0801 0801 0801", 3, 312, 3 * 960 - 312);
  check_blocks ("a3 8d 81 0000 86 02 82 be 0801 08 080102", 3, 312,
                3 * 960 - 312);
  /* DiscardPadding of 10 ms, then of -1 ns. */
  check_blocks (NONE "a0 8f a1 86 81 0000 00 0801 75a2 84 00989680", 2, 312,
                2 * 960 - 312 - 480);
  check_wrong_blocks ("632ea0", NONE "a0 8c a1 86 81 0000 00 0801 75a2 81 ff",
                      "DiscardPadding is negative");
  check_wrong_blocks ("632ea0",
                      "a0 8f a1 86 81 0000 00 0801 75a2 84 00989680" NONE,
                      "DiscardPadding stands before the last block");
  check_wrong_blocks ("632ea0", "a3 86 82 0000 80 0801",
                      "a block is of no track");
  check_wrong_blocks ("632ea0", "a3 84 81 0000 80", "an Opus packet");
  check_wrong_blocks ("632ea0", "a3 86 81 0000 80 0b00", "an Opus packet");
  check_wrong_blocks ("632ea0", "", "the file holds no audio");
  check_wrong_blocks ("647d30", NONE, "CodecDelay is longer");
  check_wrong_blocks ("632ea0", "a3 87 81 0000 82 01 09 08", "damaged");
  check_wrong_blocks ("632ea0", "a3 88 81 0000 84 01 080108", "damaged");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/container/cut-at-every-byte", test_cut);
  g_test_add_func ("/sandbox/container/nothing-behind-the-end",
                   test_trailing);
  g_test_add_func ("/sandbox/container/another-container",
                   test_other_container);
  g_test_add_func ("/sandbox/container/another-codec", test_other_codec);
  g_test_add_func ("/sandbox/container/blocks-of-webm", test_webm_blocks);
  return g_test_run ();
}
