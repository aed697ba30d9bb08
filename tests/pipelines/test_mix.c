/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <string.h>

#include "../live/tones.h"

/* Two legs that gst-launch records: what each of them dials is heard. */

#define SCRIBE "ekascribesink name=s poll-interval=50000000 base-url=%s"
#define LENGTH (12000 * TONES_MS)

/* Coders and resamplers take a little at the ends; in ms. */
#define TOLERANCE 25

typedef struct
{
  gchar *folder;
  gchar *paths[2];
  GArray *tones[2]; /* of Tone */
} Voices;

/* Each dials when the other one does not. */
static void
voices_init (Voices *self)
{
  static const gchar *const digits[] = { "159D#", "2A48" };
  guint i;

  self->folder = harness_folder_new ();
  for (i = 0; i < 2; i++) {
    g_autofree gint16 *samples = g_new0 (gint16, LENGTH);
    g_autofree gchar *name = g_strdup_printf ("%u.wav", i);

    tones_render (samples, LENGTH, digits[i], 500 + 1000 * i, 2000, 120);
    self->tones[i] = tones_find (samples, LENGTH, TONES_RATE);
    self->paths[i] = g_build_filename (self->folder, name, NULL);
    tones_save (self->paths[i], samples, LENGTH);
  }
}

static void
voices_clear (Voices *self)
{
  guint i;

  for (i = 0; i < 2; i++) {
    g_array_unref (self->tones[i]);
    g_free (self->paths[i]);
  }
  harness_folder_remove (self->folder);
  g_free (self->folder);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Voices, voices_clear)

static gint16 *
get_channel (GBytes *samples,
             guint   channels,
             guint   channel,
             gsize  *n)
{
  gsize size, i;
  const guint8 *data = g_bytes_get_data (samples, &size);
  gint16 *out;

  *n = size / 2 / channels;
  out = g_new (gint16, *n);
  for (i = 0; i < *n; i++)
    out[i] = (gint16) GST_READ_UINT16_LE (data + 2 * (i * channels + channel));
  return out;
}

/* What is heard in one channel of all chunks together. */
static GArray *
hear (Sandbox *sandbox,
      guint    channels,
      guint    channel)
{
  g_autofree gchar *folder = sandbox_only (sandbox);
  g_autoptr (GBytes) joined = fixture_wav_data (folder, "joined.wav");
  g_autofree gint16 *samples = NULL;
  gsize n;

  samples = get_channel (joined, channels, channel, &n);
  return tones_find (samples, n, 16000);
}

static void
assert_transcript (Sandbox     *sandbox,
                   const gchar *digits)
{
  g_autoptr (JsonObject) description = sandbox_describe (sandbox);
  JsonObject *session =
      json_object_get_object_member (description, "session");
  const gchar *text = json_object_get_string_member (session, "transcript");
  const gchar *rest = text;

  for (; *digits != '\0'; digits++) {
    g_autofree gchar *line = g_strdup_printf ("DTMF digit %c ", *digits);

    rest = strstr (rest, line);
    if (rest == NULL)
      g_error ("no %c where it belongs in %s", *digits, text);
    rest += strlen (line);
  }
  g_assert_null (strstr (rest, "DTMF digit"));
}

/* Opus of one and G.711 of the other, faster than real time. */
static void
test_mono (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_autoptr (GArray) expected = NULL;
  g_autoptr (GArray) found = NULL;
  g_auto (Voices) voices = { 0 };

  voices_init (&voices);
  launch = launch_run (
      NULL,
      SCRIBE " filesrc location=%s ! wavparse ! audioresample ! opusenc ! s. "
      "filesrc location=%s ! wavparse ! mulawenc ! s.",
      sandbox->url, voices.paths[0], voices.paths[1]);
  g_assert_cmpint (launch->exit_code, ==, 0);
  assert_transcript (sandbox, "125A94D8#");
  expected = tones_merge (voices.tones[0], voices.tones[1]);
  found = hear (sandbox, 1, 0);
  tones_assert_same (expected, found, TOLERANCE);
}

static void
assert_leg (JsonArray   *legs,
            guint        nth,
            const gchar *pad,
            const gchar *label,
            const gchar *channel)
{
  JsonObject *leg = json_array_get_object_element (legs, nth);

  g_assert_cmpstr (json_object_get_string_member (leg, "pad"), ==, pad);
  g_assert_cmpstr (json_object_get_string_member (leg, "label"), ==, label);
  g_assert_cmpstr (json_object_get_string_member (leg, "channel"), ==,
                   channel);
}

/* As it is typed: pads by name, and who is heard there. */
static void
test_stereo (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonObject) description = NULL;
  g_auto (Voices) voices = { 0 };
  JsonArray *legs;
  guint i;

  voices_init (&voices);
  launch = launch_run (
      NULL,
      SCRIBE " mix=stereo audio_0::label=doctor audio_1::label=patient "
      "filesrc location=%s ! wavparse ! alawenc ! s.audio_1 "
      "filesrc location=%s ! wavparse ! s.audio_0",
      sandbox->url, voices.paths[1], voices.paths[0]);
  g_assert_cmpint (launch->exit_code, ==, 0);
  for (i = 0; i < 2; i++) {
    g_autoptr (GArray) found = hear (sandbox, 2, i);

    tones_assert_same (voices.tones[i], found, TOLERANCE);
  }
  assert_transcript (sandbox, "125A94D8#");
  description = sandbox_describe (sandbox);
  legs = json_object_get_array_member (
      json_object_get_object_member (
          json_object_get_object_member (description, "session"),
          "additional_data"),
      "legs");
  g_assert_cmpuint (json_array_get_length (legs), ==, 2);
  for (i = 0; i < 2; i++) {
    JsonObject *leg = json_array_get_object_element (legs, i);
    const gboolean left =
        g_str_equal (json_object_get_string_member (leg, "pad"), "audio_0");

    assert_leg (legs, i, left ? "audio_0" : "audio_1",
                left ? "doctor" : "patient", left ? "left" : "right");
  }
}

/* Opus of two channels goes up, and is decoded there. */
static void
test_encoded_stereo (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_autofree gchar *folder = NULL;
  g_auto (Voices) voices = { 0 };

  voices_init (&voices);
  launch = launch_run (
      NULL,
      SCRIBE " mix=stereo encode=opus "
      "filesrc location=%s ! wavparse ! s. filesrc location=%s ! wavparse ! s.",
      sandbox->url, voices.paths[0], voices.paths[1]);
  g_assert_cmpint (launch->exit_code, ==, 0);
  folder = sandbox_only (sandbox);
  g_assert_cmpuint (fixture_chunks (folder, "ogg"), >=, 1);
  g_assert_cmpuint (fixture_chunks (folder, "wav"), ==, 0);
  assert_transcript (sandbox, "125A94D8#");
}

/* uridecodebin finds out what it has while the pipeline is PAUSED: both are there
 * when it begins to play. */
static void
test_files_of_any_kind (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_auto (Voices) voices = { 0 };

  voices_init (&voices);
  launch = launch_run (
      NULL, SCRIBE " uridecodebin uri=file://%s ! s. uridecodebin uri=file://%s ! s.",
      sandbox->url, voices.paths[0], voices.paths[1]);
  g_assert_cmpint (launch->exit_code, ==, 0);
  assert_transcript (sandbox, "125A94D8#");
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/mix/mono", test_mono);
  g_test_add_func ("/mix/stereo", test_stereo);
  g_test_add_func ("/mix/encoded-stereo", test_encoded_stereo);
  g_test_add_func ("/mix/files-of-any-kind", test_files_of_any_kind);
  return g_test_run ();
}
