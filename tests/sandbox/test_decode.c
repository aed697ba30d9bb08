/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define OPUS "audio/ogg;codecs=opus"

static GBytes *
make_chunk (gint rate, gint channels, gsize frames)
{
  g_autoptr (GArray) samples
      = make_tone (rate, channels, frames, 440.0, 0.25);

  return make_wav (rate, channels, samples);
}

static void
check_state (Box *box, gint sent, const gchar *state, const gchar *reason)
{
  g_autoptr (Answer) answer = NULL;

  box_end (box, sent);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, state);
  if (reason != NULL)
    g_assert_nonnull (strstr (answer_string (answer, "error.message"),
                              reason));
}

static GArray *
read_joined (Box *box, gint *rate, gint *channels)
{
  g_autoptr (GBytes) joined = read_kept (box, "joined.wav");

  return read_wav (joined, rate, channels);
}

/* Odd lengths, 44.1 kHz, two channels: the join is sample for sample what was
 * sent, and the recording is as long at 16 kHz. */
static void
test_wav_join (void)
{
  static const gsize frames[] = { 44101, 1, 30007, 441 };
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GArray) sent = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autoptr (GArray) joined = NULL;
  g_autoptr (GArray) recording = NULL;
  g_autoptr (GBytes) file = NULL;
  gint rate = 0;
  gint channels = 0;
  gsize i;

  box_create (box, NULL);
  for (i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autoptr (GArray) samples
          = make_tone (44100, 2, frames[i], 200.0 + 50.0 * (gdouble)i, 0.5);
      g_autoptr (GBytes) chunk = make_wav (44100, 2, samples);
      g_autofree gchar *name
          = g_strdup_printf ("a_%" G_GSIZE_FORMAT ".wav", i);

      box_upload (box, name, "audio/wav", chunk);
      g_array_append_vals (sent, samples->data, samples->len);
    }
  check_state (box, 4, "completed", NULL);
  joined = read_joined (box, &rate, &channels);
  g_assert_cmpint (rate, ==, 44100);
  g_assert_cmpint (channels, ==, 2);
  g_assert_cmpmem (joined->data, joined->len * 2, sent->data, sent->len * 2);
  file = read_kept (box, "recording.wav");
  recording = read_wav (file, &rate, &channels);
  g_assert_cmpint (rate, ==, 16000);
  g_assert_cmpint (channels, ==, 1);
  g_assert_cmpint (
      ABS ((gint)recording->len - (gint)(74550.0 * 16000 / 44100)), <=, 2);
}

/* Chunks are joined by number, whatever order they come in. */
static void
test_join_order (void)
{
  static const gint order[] = { 6, 2, 0, 5, 1, 4, 3 };
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GArray) joined = NULL;
  gint rate;
  gint channels;
  gsize i;

  box_create (box, NULL);
  for (i = 0; i < G_N_ELEMENTS (order); i++)
    {
      g_autoptr (GArray) samples = make_tone (16000, 1, 100, 0.0, 0.0);
      g_autofree gchar *name = g_strdup_printf ("a_%d.wav", order[i]);
      g_autoptr (GBytes) chunk = NULL;
      guint k;

      for (k = 0; k < samples->len; k++)
        g_array_index (samples, gint16, k) = (gint16)order[i];
      chunk = make_wav (16000, 1, samples);
      box_upload (box, name, "audio/wav", chunk);
    }
  check_state (box, 7, "completed", NULL);
  joined = read_joined (box, &rate, &channels);
  g_assert_cmpuint (joined->len, ==, 700);
  for (i = 0; i < joined->len; i++)
    g_assert_cmpint (g_array_index (joined, gint16, i), ==, (gint)i / 100);
}

static const struct
{
  const gchar *extension;
  const gchar *media_type;
  const gchar *arguments;
  gint rate;
} CODECS[] = {
  { "ogg", OPUS, "-c:a libopus", 48000 },
  { "ogg", NULL, "-c:a libopus -ac 2", 48000 },
  { "webm", "audio/webm;codecs=opus", "-c:a libopus", 48000 },
  { "ogg", "audio/ogg", "-c:a libvorbis", 16000 },
  { "m4a", "audio/m4a", "-c:a aac", 16000 },
  { "mp4", "audio/mp4", "-c:a aac", 16000 },
  { "mp3", "audio/mp3", "-c:a libmp3lame", 16000 },
  { "wav", "audio/wav", "-c:a pcm_mulaw", 16000 },
};

/* Each chunk gives as many samples as went into it: what coders put in front
 * and behind is left out. */
static void
test_codecs (void)
{
  g_autoptr (GBytes) wav = make_chunk (16000, 1, 20011);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (CODECS); i++)
    {
      g_autoptr (Box) box = box_start (NULL);
      g_autoptr (GBytes) chunk = make_encoded (CODECS[i].extension, wav,
                                               CODECS[i].arguments);
      g_autofree gchar *first = g_strconcat ("a_0.", CODECS[i].extension, NULL);
      g_autofree gchar *second
          = g_strconcat ("a_1.", CODECS[i].extension, NULL);
      g_autoptr (GArray) joined = NULL;
      gint rate = 0;
      gint channels = 0;
      gint frames;
      gint expected;

      g_test_message ("%s %s", CODECS[i].extension, CODECS[i].arguments);
      box_create (box, NULL);
      box_upload (box, first, CODECS[i].media_type, chunk);
      box_upload (box, second, CODECS[i].media_type, chunk);
      check_state (box, 2, "completed", NULL);
      joined = read_joined (box, &rate, &channels);
      g_assert_cmpint (rate, ==, CODECS[i].rate);
      expected = 2 * 20011 * (rate / 16000);
      frames = (gint)joined->len / channels;
      g_test_message ("%d frames, %d expected", frames, expected);
      g_assert_cmpint (frames, ==, expected);
    }
}

/* A tone through the codec is still that tone, in place. */
static void
test_opus_content (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GArray) samples = make_tone (48000, 1, 96000, 440.0, 0.5);
  g_autoptr (GBytes) wav = make_wav (48000, 1, samples);
  g_autoptr (GBytes) chunk
      = make_encoded ("ogg", wav, "-c:a libopus -b:a 96k");
  g_autoptr (GArray) joined = NULL;
  gint rate;
  gint channels;
  guint i;

  box_create (box, NULL);
  box_upload (box, "a_0.ogg", OPUS, chunk);
  check_state (box, 1, "completed", NULL);
  joined = read_joined (box, &rate, &channels);
  g_assert_cmpuint (joined->len, ==, samples->len);
  for (i = 4800; i < 91200; i++)
    g_assert_cmpint (ABS (g_array_index (joined, gint16, i)
                          - g_array_index (samples, gint16, i)),
                     <, 1500);
}

static void
test_longest_chunk (void)
{
  g_autoptr (GBytes) exact = make_chunk (16000, 1, 320000);
  g_autoptr (GBytes) longer = make_chunk (16000, 1, 321600);
  g_autoptr (Box) good = box_start (NULL);
  g_autoptr (Box) bad = box_start (NULL);
  g_autoptr (Box) wide = box_start ("--max-chunk-duration=20.1", NULL);

  box_create (good, NULL);
  box_upload (good, "a_0.wav", "audio/wav", exact);
  check_state (good, 1, "completed", NULL);
  box_create (bad, NULL);
  box_upload (bad, "a_0.wav", "audio/wav", exact);
  box_upload (bad, "a_1.wav", "audio/wav", longer);
  check_state (bad, 2, "failed", "1.wav (a_1.wav): the file lasts 20.100 s");
  box_create (wide, NULL);
  box_upload (wide, "a_0.wav", "audio/wav", longer);
  check_state (wide, 1, "completed", NULL);
}

/* Opus pre-skip is time that the service has to decode: 19.999 s of audio are
 * too long with 6.5 ms in front of them. */
static void
test_longest_opus (void)
{
  g_autoptr (GBytes) wav = make_chunk (48000, 1, 959952);
  g_autoptr (GBytes) chunk = make_encoded ("ogg", wav, "-c:a libopus -b:a 8k");
  g_autoptr (Box) box = box_start (NULL);

  box_create (box, NULL);
  box_upload (box, "a_0.ogg", OPUS, chunk);
  check_state (box, 1, "failed", "the file lasts 20.0");
}

/* So is all that is in front of the audio and behind it in other formats: what
 * a decoder gives that knows nothing of it. 19.994 s of audio are no longer
 * alone. */
static void
test_longest_coded (void)
{
  g_autoptr (GBytes) wav = make_chunk (16000, 1, 319900);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (CODECS); i++)
    {
      g_autoptr (Box) box = box_start (NULL);
      g_autoptr (Box) wide = box_start ("--max-chunk-duration=20.2", NULL);
      g_autoptr (GBytes) chunk
          = make_encoded (CODECS[i].extension, wav, CODECS[i].arguments);
      g_autofree gchar *name = g_strconcat ("a_0.", CODECS[i].extension, NULL);
      gboolean plain = g_str_equal (CODECS[i].extension, "wav");

      g_test_message ("%s %s", CODECS[i].extension, CODECS[i].arguments);
      box_create (box, NULL);
      box_upload (box, name, CODECS[i].media_type, chunk);
      if (plain)
        check_state (box, 1, "completed", NULL);
      else
        check_state (box, 1, "failed", "the file lasts 20.");
      box_create (wide, NULL);
      box_upload (wide, name, CODECS[i].media_type, chunk);
      check_state (wide, 1, "completed", NULL);
    }
}

static GBytes *
cut (GBytes *chunk, gdouble share)
{
  return g_bytes_new_from_bytes (
      chunk, 0, (gsize)((gdouble)g_bytes_get_size (chunk) * share));
}

static GBytes *
spoil (GBytes *chunk)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);
  guint8 *copy = g_memdup2 (data, size);

  copy[size / 2] ^= 0x55;
  return g_bytes_new_take (copy, size);
}

static void
check_broken (const gchar *name,
              const gchar *type,
              GBytes      *good,
              GBytes      *bad,
              const gchar *reason)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autofree gchar *first = g_strconcat ("a_0", strrchr (name, '.'), NULL);
  g_autoptr (Answer) answer = NULL;

  g_test_message ("%s: %s", name, reason);
  box_create (box, "\"templates\":[\"soap_template\"]");
  box_upload (box, first, type, good);
  box_upload (box, name, type, bad);
  check_state (box, 2, "failed", reason);
  answer = box_get (box, "sessions/" SESSION);
  answer_check (answer, 200, "audio_decode_failed");
  g_assert_cmpstr (answer_string (answer, "error.details.audio_file"), ==,
                   strchr (name, '_') + 1);
  g_assert_cmpint (answer_int (answer, "audio_files_processed"), ==, 1);
  g_assert_null (answer_string (answer, "transcript"));
  g_assert_null (answer_find (answer, "templates.0"));
}

static void
test_undecodable (void)
{
  g_autoptr (GBytes) wav = make_chunk (16000, 1, 16000);
  g_autoptr (GBytes) ogg = make_encoded ("ogg", wav, "-c:a libopus");
  g_autoptr (GBytes) webm = make_encoded ("webm", wav, "-c:a libopus");
  g_autoptr (GBytes) vorbis = make_encoded ("ogg", wav, "-c:a libvorbis");
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) noise = g_bytes_new ("this is no audio at all......", 29);
  g_autoptr (GBytes) cut_wav = cut (wav, 0.5);
  g_autoptr (GBytes) cut_ogg = cut (ogg, 0.7);
  g_autoptr (GBytes) bad_ogg = spoil (ogg);
  g_autoptr (GBytes) mp4 = make_encoded ("mp4", wav, "-c:a aac");
  g_autoptr (GBytes) mp3 = make_encoded ("mp3", wav, "-c:a libmp3lame");
  g_autoptr (GBytes) cut_webm = cut (webm, 0.6);
  g_autoptr (GBytes) cut_mp4 = cut (mp4, 0.6);
  g_autoptr (GBytes) cut_mp3 = cut (mp3, 0.6);
  g_autoptr (GBytes) header = cut (wav, 44.0 / 32044.0);

  check_broken ("a_1.wav", "audio/wav", wav, empty, "the file is empty");
  check_broken ("a_1.wav", "audio/wav", wav, noise, "the file is not WAV");
  check_broken ("a_1.wav", "audio/wav", wav, ogg, "the file is not WAV");
  check_broken ("a_1.wav", "audio/wav", wav, cut_wav, "cut off");
  check_broken ("a_1.wav", "audio/wav", wav, header, "cut off");
  check_broken ("a_1.ogg", OPUS, ogg, noise, "not Ogg");
  check_broken ("a_1.ogg", OPUS, ogg, vorbis, "holds no Opus");
  check_broken ("a_1.ogg", OPUS, ogg, bad_ogg, "damaged");
  check_broken ("a_1.ogg", OPUS, ogg, cut_ogg, "Ogg page");
  check_broken ("a_1.webm", "audio/webm;codecs=opus", webm, ogg, "not WebM");
  check_broken ("a_1.webm", "audio/webm;codecs=opus", webm, cut_webm,
                "the WebM file is cut off");
  check_broken ("a_1.mp4", "audio/mp4", mp4, cut_mp4,
                "the MP4 file is cut off");
  check_broken ("a_1.mp3", "audio/mp3", mp3, cut_mp3,
                "the MP3 file is cut off");
  check_broken ("a_1.mp3", "audio/mp3", mp3, noise, "the file is not MP3");
}

static void
test_changed_rate (void)
{
  g_autoptr (GBytes) wide = make_chunk (16000, 1, 16000);
  g_autoptr (GBytes) narrow = make_chunk (8000, 1, 8000);
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", wide);
  box_upload (box, "a_1.wav", "audio/wav", narrow);
  check_state (box, 2, "failed", "8000 Hz");
  answer = box_get (box, "sessions/" SESSION);
  answer_check (answer, 200, "audio_format_changed");
}

static void
add_digit (GArray *samples, gdouble row, gdouble column, gsize frames)
{
  g_autoptr (GArray) low = make_tone (16000, 1, frames, row, 0.2);
  g_autoptr (GArray) high = make_tone (16000, 1, frames, column, 0.2);
  g_autoptr (GArray) pause = make_tone (16000, 1, 1600, 0.0, 0.0);
  guint i;

  for (i = 0; i < frames; i++)
    g_array_index (low, gint16, i) += g_array_index (high, gint16, i);
  g_array_append_vals (samples, low->data, low->len);
  g_array_append_vals (samples, pause->data, pause->len);
}

/* The cut goes through the middle of the 5: heard in the joined audio it is one
 * digit, not two. */
static void
test_digits_across_a_seam (void)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autoptr (GArray) head = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autoptr (GArray) tail = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = NULL;
  const guint seam = 2 * 1600 + 800;

  add_digit (samples, 697.0, 1209.0, 1600);
  add_digit (samples, 770.0, 1336.0, 1600);
  add_digit (samples, 941.0, 1477.0, 1600);
  g_array_append_vals (head, samples->data, seam);
  g_array_append_vals (tail, &g_array_index (samples, gint16, seam),
                       samples->len - seam);
  first = make_wav (16000, 1, head);
  second = make_wav (16000, 1, tail);
  box_create (box, "\"templates\":[\"soap_template\"]");
  box_upload (box, "a_0.wav", "audio/wav", first);
  box_upload (box, "a_1.wav", "audio/wav", second);
  check_state (box, 2, "completed", NULL);
  answer = box_get (box, "sessions/" SESSION);
  g_assert_cmpstr (
      answer_string (answer, "templates.0.soap_template.data.dtmf_digits"),
      ==, "15#");
  g_assert_nonnull (
      strstr (answer_string (answer, "transcript"), "DTMF digit 5 at 0.2"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/decode/wav-joins-sample-for-sample",
                   test_wav_join);
  g_test_add_func ("/sandbox/decode/joins-by-number", test_join_order);
  g_test_add_func ("/sandbox/decode/as-many-samples-as-went-in", test_codecs);
  g_test_add_func ("/sandbox/decode/opus-in-place", test_opus_content);
  g_test_add_func ("/sandbox/decode/longest-chunk", test_longest_chunk);
  g_test_add_func ("/sandbox/decode/pre-skip-counts", test_longest_opus);
  g_test_add_func ("/sandbox/decode/all-that-is-not-heard-counts",
                   test_longest_coded);
  g_test_add_func ("/sandbox/decode/names-the-broken-chunk",
                   test_undecodable);
  g_test_add_func ("/sandbox/decode/changed-rate", test_changed_rate);
  g_test_add_func ("/sandbox/decode/digit-across-a-seam",
                   test_digits_across_a_seam);
  return g_test_run ();
}
