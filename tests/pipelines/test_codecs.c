/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <string.h>

/* What the element takes, and what arrives. A tone of 440 Hz goes through each
 * codec; the sandbox decodes what came. */

#define SCRIBE "ekascribesink poll-interval=50000000 "
#define SECONDS 3
#define RATE 16000

/* Zero crossings upwards in the middle second: the frequency in Hz. */
static guint
measure_pitch (GBytes *samples)
{
  const gint16 *data = g_bytes_get_data (samples, NULL);
  gsize count = g_bytes_get_size (samples) / sizeof (gint16);
  guint crossings = 0;
  gsize i;

  g_assert_cmpuint (count, >=, 2 * RATE);
  for (i = RATE / 2; i < RATE / 2 + RATE; i++)
    crossings += data[i] < 0 && data[i + 1] >= 0;
  return crossings;
}

static void
assert_tone (GBytes *samples)
{
  gdouble seconds =
      g_bytes_get_size (samples) / (gdouble) (RATE * sizeof (gint16));

  g_test_message ("%.3f s of %u Hz", seconds, measure_pitch (samples));
  g_assert_cmpfloat (seconds, >, SECONDS - 0.1);
  g_assert_cmpfloat (seconds, <, SECONDS + 0.2);
  g_assert_cmpuint (measure_pitch (samples), >=, 435);
  g_assert_cmpuint (measure_pitch (samples), <=, 445);
}

static void
assert_eos (Player *player)
{
  GstMessage *end = player_run (player);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    gst_message_parse_error (end, &error, NULL);
  g_assert_no_error (error);
  g_assert_nonnull (player_last (player, "ekascribe-result"));
}

typedef struct
{
  const gchar *name;
  const gchar *coding; /* what stands between raw audio and the element */
  const gchar *settings;
  const gchar *extension; /* of the chunks */
} Codec;

static void
test_arrives (gconstpointer data)
{
  const Codec *codec = data;
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;

  player = player_new ("audiotestsrc num-buffers=%d samplesperbuffer=441 "
                       "volume=0.5 ! audio/x-raw,rate=44100 ! audioconvert ! "
                       "audioresample ! %s ! " SCRIBE "%s base-url=%s",
                       SECONDS * 100, codec->coding, codec->settings,
                       sandbox->url);
  assert_eos (player);
  g_assert_null (player_find (player, GST_MESSAGE_WARNING));
  folder = sandbox_only (sandbox);
  g_assert_cmpuint (fixture_chunks (folder, codec->extension), ==, 1);
  samples = fixture_wav_data (folder, "recording.wav");
  assert_tone (samples);
}

static void
test_opus_passes (gconstpointer coding)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;

  player = player_new ("audiotestsrc num-buffers=%d samplesperbuffer=480 "
                       "volume=0.5 ! audio/x-raw,rate=48000 ! audioconvert ! "
                       "opusenc ! %s ! " SCRIBE "base-url=%s",
                       SECONDS * 100, (const gchar *) coding, sandbox->url);
  assert_eos (player);
  folder = sandbox_only (sandbox);
  g_assert_cmpuint (fixture_chunks (folder, "ogg"), ==, 1);
  samples = fixture_wav_data (folder, "recording.wav");
  assert_tone (samples);
}

static gsize
count_bytes (const gchar *coding,
             const gchar *settings)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;

  player = player_new ("audiotestsrc num-buffers=40 samplesperbuffer=1024 "
                       "volume=0.5 ! audio/x-raw,rate=16000,channels=1 ! "
                       "avenc_aac bitrate=64000 ! %s ! " SCRIBE
                       "%s base-url=%s", coding, settings, sandbox->url);
  assert_eos (player);
  folder = sandbox_only (sandbox);
  samples = fixture_join (folder);
  return g_bytes_get_size (samples);
}

/* rtpmp4adepay (1.22) leaves the length in front of the first packet. */
static void
test_latm_arrives_from_its_first_packet (void)
{
  static const gchar *const settings[] = { "", "container=wav" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      const gsize whole = count_bytes ("aacparse", settings[i]);

      g_assert_cmpuint (
          count_bytes ("rtpmp4apay ! rtpmp4adepay", settings[i]), ==, whole);
      g_assert_cmpuint (
          count_bytes ("rtpmp4apay ! rtpmp4adepay ! aacparse", settings[i]),
          ==, whole);
    }
}

static void
test_video_gives_its_sound (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;

  fixture_make ("audiotestsrc num-buffers=%d samplesperbuffer=441 volume=0.5 ! "
                "audio/x-raw,rate=44100 ! audioconvert ! vorbisenc ! queue ! "
                "matroskamux name=mux ! filesink location=%s/film.mkv "
                "videotestsrc num-buffers=%d ! "
                "video/x-raw,width=64,height=48,framerate=10/1 ! vp8enc ! "
                "queue ! mux.", SECONDS * 100, work, SECONDS * 10);
  player = player_new ("filesrc location=%s/film.mkv ! decodebin name=d "
                       "d. ! audio/x-raw ! queue ! " SCRIBE "base-url=%s "
                       "d. ! video/x-raw ! queue ! fakesink", work,
                       sandbox->url);
  assert_eos (player);
  folder = sandbox_only (sandbox);
  samples = fixture_join (folder);
  assert_tone (samples);
  harness_folder_remove (work);
}

static void
test_opus_becomes_wav_where_only_that_is_taken (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--audio-formats audio/wav");
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;

  player = player_new ("audiotestsrc num-buffers=%d samplesperbuffer=480 "
                       "volume=0.5 ! audio/x-raw,rate=48000 ! audioconvert ! "
                       "opusenc ! " SCRIBE "base-url=%s",
                       SECONDS * 100, sandbox->url);
  assert_eos (player);
  folder = sandbox_only (sandbox);
  samples = fixture_join (folder);
  assert_tone (samples);
}

/* 3 s in chunks of 1 s, and no sample more or less. */
static void
test_chunks_are_as_long_as_discovery_says (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--max-chunk-duration 1");
  g_autoptr (Player) player = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autofree gchar *folder = NULL;
  guint i;

  player = player_new ("audiotestsrc num-buffers=%d samplesperbuffer=160 ! "
                       "audio/x-raw,rate=16000,channels=1,format=S16LE ! "
                       SCRIBE "base-url=%s", SECONDS * 100,
                       sandbox->url);
  assert_eos (player);
  folder = sandbox_only (sandbox);
  g_assert_cmpuint (fixture_chunks (folder, "wav"), ==, SECONDS);
  for (i = 0; i < SECONDS; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("%u.wav", i);
      g_autoptr (GBytes) data = fixture_wav_data (folder, name);

      g_assert_cmpuint (g_bytes_get_size (data), ==, RATE * sizeof (gint16));
    }
}

int
main (int    argc,
      char **argv)
{
  static const Codec codecs[] = {
    { "pcm-f32-stereo-44100",
      "audio/x-raw,format=F32LE,channels=2,rate=44100", "", "wav" },
    { "pcm-u8-mono-8000", "audio/x-raw,format=U8,channels=1,rate=8000", "",
      "wav" },
    { "pcm-s24-5.1-48000", "audio/x-raw,format=S24BE,channels=6,rate=48000", "",
      "wav" },
    { "pcm-encoded", "identity", "encode=opus", "ogg" },
    { "pcm-encoded-webm", "identity", "encode=opus container=webm", "webm" },
    { "mulaw", "audio/x-raw,rate=8000,channels=1 ! mulawenc", "", "wav" },
    { "mulaw-decoded", "audio/x-raw,rate=16000,channels=1 ! mulawenc", "",
      "wav" },
    { "alaw", "audio/x-raw,rate=8000,channels=1 ! alawenc", "", "wav" },
    { "mp3", "lamemp3enc", "", "mp3" },
    { "mp3-decoded", "lamemp3enc", "container=wav", "wav" },
    { "mp3-encoded", "lamemp3enc", "container=ogg encode=opus", "ogg" },
    { "aac-raw", "avenc_aac ! audio/mpeg,stream-format=raw", "", "m4a" },
    { "aac-mp4", "avenc_aac ! audio/mpeg,stream-format=raw", "container=mp4",
      "mp4" },
    { "aac-adts", "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts", "",
      "m4a" },
    { "aac-decoded", "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts",
      "container=wav", "wav" },
    { "aac-latm-from-rtp", "avenc_aac ! rtpmp4apay ! rtpmp4adepay", "", "m4a" },
    { "aac-generic-from-rtp", "avenc_aac ! rtpmp4gpay ! rtpmp4gdepay", "",
      "m4a" },
    { "flac", "audio/x-raw,format=S16LE ! flacenc", "", "wav" },
    { "vorbis", "vorbisenc", "", "ogg" },
    { "vorbis-decoded", "vorbisenc", "container=wav", "wav" },
    { "g722", "audio/x-raw,rate=16000,channels=1 ! avenc_g722", "", "wav" },
    { "amr-nb", "audio/x-raw,rate=8000,channels=1 ! amrnbenc", "", "wav" },
    { "rtp-mulaw", "audio/x-raw,rate=8000,channels=1 ! mulawenc ! "
                   "rtppcmupay ! rtppcmudepay", "", "wav" },
  };
  guint i;

  harness_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (codecs); i++)
    {
      g_autofree gchar *path =
          g_strconcat ("/codecs/arrives/", codecs[i].name, NULL);

      g_test_add_data_func (path, &codecs[i], test_arrives);
    }
  g_test_add_data_func ("/codecs/opus-passes", "identity", test_opus_passes);
  g_test_add_data_func ("/codecs/opus-from-rtp-passes",
                        "rtpopuspay ! rtpopusdepay", test_opus_passes);
  g_test_add_func ("/codecs/latm-arrives-from-its-first-packet",
                   test_latm_arrives_from_its_first_packet);
  g_test_add_func ("/codecs/video-gives-its-sound",
                   test_video_gives_its_sound);
  g_test_add_func ("/codecs/opus-becomes-wav-where-only-that-is-taken",
                   test_opus_becomes_wav_where_only_that_is_taken);
  g_test_add_func ("/codecs/chunks-are-as-long-as-discovery-says",
                   test_chunks_are_as_long_as_discovery_says);
  return g_test_run ();
}
