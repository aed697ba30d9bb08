/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeformat.h"

#include "scribe/error.h"

#include <string.h>

#define NO_CODEC -1

typedef struct
{
  gint native;
  GstEkascribeContainer container;
  GstEkascribeEncode encode;
  const gchar *formats; /* of the service; NULL: not known */
  gint codec;           /* expected, or NO_CODEC: an error */
  const gchar *media_type; /* or what the error says */
} Case;

#define AUTO GST_EKASCRIBE_CONTAINER_AUTO
#define C(name) GST_EKASCRIBE_CONTAINER_##name
#define NONE GST_EKASCRIBE_ENCODE_NONE
#define ENCODE GST_EKASCRIBE_ENCODE_OPUS
#define O EKA_CODEC_OPUS
#define P EKA_CODEC_PCM

static const Case cases[] = {
  /* what each codec goes as, where nothing is known of the service */
  { O, AUTO, NONE, NULL, O, "audio/ogg;codecs=opus" },
  { EKA_CODEC_AAC, AUTO, NONE, NULL, EKA_CODEC_AAC, "audio/m4a" },
  { EKA_CODEC_MP3, AUTO, NONE, NULL, EKA_CODEC_MP3, "audio/mp3" },
  { EKA_CODEC_VORBIS, AUTO, NONE, NULL, EKA_CODEC_VORBIS, "audio/ogg" },
  { EKA_CODEC_MULAW, AUTO, NONE, NULL, EKA_CODEC_MULAW, "audio/wav" },
  { EKA_CODEC_ALAW, AUTO, NONE, NULL, EKA_CODEC_ALAW, "audio/wav" },
  { NO_CODEC, AUTO, NONE, NULL, P, "audio/wav" },
  { NO_CODEC, AUTO, ENCODE, NULL, O, "audio/ogg;codecs=opus" },
  /* what goes as it is is not encoded */
  { EKA_CODEC_MP3, AUTO, ENCODE, NULL, EKA_CODEC_MP3, "audio/mp3" },
  /* a container that was asked for */
  { O, C (OGG), NONE, NULL, O, "audio/ogg;codecs=opus" },
  { O, C (WEBM), NONE, NULL, O, "audio/webm;codecs=opus" },
  { O, C (WAV), NONE, NULL, P, "audio/wav" },
  { EKA_CODEC_AAC, C (MP4), NONE, NULL, EKA_CODEC_AAC, "audio/mp4" },
  { EKA_CODEC_AAC, C (M4A), NONE, NULL, EKA_CODEC_AAC, "audio/m4a" },
  { EKA_CODEC_AAC, C (WAV), NONE, NULL, P, "audio/wav" },
  { EKA_CODEC_MP3, C (MP3), NONE, NULL, EKA_CODEC_MP3, "audio/mp3" },
  { EKA_CODEC_VORBIS, C (OGG), NONE, NULL, EKA_CODEC_VORBIS, "audio/ogg" },
  { EKA_CODEC_MULAW, C (WAV), NONE, NULL, EKA_CODEC_MULAW, "audio/wav" },
  { EKA_CODEC_MP3, C (WEBM), ENCODE, NULL, O, "audio/webm;codecs=opus" },
  { NO_CODEC, C (WEBM), ENCODE, NULL, O, "audio/webm;codecs=opus" },
  /* and that can't hold what comes */
  { O, C (MP3), NONE, NULL, NO_CODEC, "container=mp3 can't hold Opus" },
  { O, C (M4A), ENCODE, NULL, NO_CODEC, "container=m4a can't hold Opus" },
  { EKA_CODEC_AAC, C (OGG), NONE, NULL, NO_CODEC, "encode=opus" },
  { EKA_CODEC_VORBIS, C (WEBM), NONE, NULL, NO_CODEC,
    "container=webm can't hold Vorbis" },
  { NO_CODEC, C (OGG), NONE, NULL, NO_CODEC, "container=ogg can't hold" },
  { NO_CODEC, C (MP3), ENCODE, NULL, NO_CODEC, "container=mp3 can't hold" },
  /* what the service allows */
  { O, AUTO, NONE, "audio/webm;codecs=opus,audio/wav", O,
    "audio/webm;codecs=opus" },
  { O, AUTO, NONE, "audio/ogg", O, "audio/ogg" },
  { O, AUTO, NONE, "audio/mp3,audio/wav", P, "audio/wav" },
  { EKA_CODEC_AAC, AUTO, NONE, "audio/mp4,audio/wav", EKA_CODEC_AAC,
    "audio/mp4" },
  { EKA_CODEC_AAC, AUTO, ENCODE, "audio/ogg;codecs=opus,audio/wav", O,
    "audio/ogg;codecs=opus" },
  { EKA_CODEC_VORBIS, AUTO, NONE, "audio/ogg;codecs=opus,audio/wav", P,
    "audio/wav" },
  { EKA_CODEC_MP3, AUTO, NONE, "audio/wav", P, "audio/wav" },
  { NO_CODEC, AUTO, ENCODE, "audio/wav", P, "audio/wav" },
  { O, AUTO, NONE, "audio/mp3", NO_CODEC, "It takes audio/mp3." },
  { O, C (WEBM), NONE, "audio/ogg;codecs=opus,audio/wav", NO_CODEC,
    "does not take Opus" },
  { NO_CODEC, AUTO, NONE, "audio/ogg;codecs=opus", NO_CODEC,
    "does not take samples" },
};

static EkaDiscovery *
make_discovery (const gchar *formats)
{
  g_auto (GStrv) list = g_strsplit (formats, ",", -1);
  g_autofree gchar *joined = g_strjoinv ("\",\"", list);
  g_autofree gchar *json = g_strdup_printf (
      "{\"capabilities\":{\"audio_formats\":[\"%s\"]}}", joined);
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  g_autoptr (GError) error = NULL;
  EkaDiscovery *discovery = eka_discovery_new_from_json (bytes, &error);

  g_assert_no_error (error);
  return discovery;
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (EkaDiscovery) discovery =
      c->formats != NULL ? make_discovery (c->formats) : NULL;
  const EkaCodecType native = c->native;
  const GstEkascribeFormatWish wish = {
    .native = c->native != NO_CODEC ? &native : NULL,
    .container = c->container,
    .encode = c->encode,
    .discovery = discovery,
  };
  const gint code = c->formats == NULL ? EKA_SCRIBE_ERROR_SETTINGS :
                                         EKA_SCRIBE_ERROR_REFUSED;
  g_autoptr (GError) error = NULL;
  GstEkascribeFormat format;
  gboolean good = gst_ekascribe_format_choose (&format, &wish, &error);

  if (c->codec == NO_CODEC) {
    g_assert_false (good);
    g_assert_error (error, EKA_SCRIBE_ERROR, code);
    g_assert_nonnull (strstr (error->message, c->media_type));
    return;
  }
  g_assert_no_error (error);
  g_assert_true (good);
  g_assert_cmpint (format.codec, ==, c->codec);
  g_assert_cmpstr (format.media_type, ==, c->media_type);
  g_assert_true (eka_container_holds (format.container, format.codec));
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/format/%02u-%s", i, cases[i].codec == NO_CODEC ? "refused" :
                                                     cases[i].media_type + 6);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  return g_test_run ();
}
