/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "dtmf.h"
#include "listener.h"

#include <math.h>
#include <string.h>

static GArray *
make_digits (const gchar *digits,
             gsize        tone,
             gsize        pause,
             gdouble      low_level,
             gdouble      high_level)
{
  static const gchar keys[] = "123A456B789C*0#D";
  static const gdouble rows[] = { 697, 770, 852, 941 };
  static const gdouble columns[] = { 1209, 1336, 1477, 1633 };
  GArray *samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  gsize i;

  for (; *digits != '\0'; digits++)
    {
      gsize key = (gsize)(strchr (keys, *digits) - keys);
      g_autoptr (GArray) low
          = make_tone (8000, 1, tone, rows[key / 4], low_level);
      g_autoptr (GArray) high
          = make_tone (8000, 1, tone, columns[key % 4], high_level);

      for (i = 0; i < tone; i++)
        g_array_index (low, gint16, i) += g_array_index (high, gint16, i);
      g_array_append_vals (samples, low->data, low->len);
      g_array_set_size (samples, samples->len + (guint)pause);
    }
  return samples;
}

static gchar *
hear (const GArray *samples, gsize step)
{
  g_autoptr (SandboxDtmf) dtmf = sandbox_dtmf_new ();
  GString *text = g_string_new (NULL);
  const GArray *digits;
  gsize at;
  guint i;

  for (at = 0; at < samples->len; at += step)
    sandbox_dtmf_feed (dtmf, &g_array_index (samples, gint16, at),
                       MIN (step, samples->len - at));
  sandbox_dtmf_finish (dtmf);
  digits = sandbox_dtmf_digits (dtmf);
  for (i = 0; i < digits->len; i++)
    g_string_append_c (text, g_array_index (digits, SandboxDigit, i).digit);
  return g_string_free (text, FALSE);
}

/* ITU-T Q.24: tones and pauses of 40 ms, however the audio is divided. */
static void
test_all_digits (void)
{
  static const gsize steps[] = { 1, 7, 160, 100000 };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GArray) samples
          = make_digits ("0123456789ABCD*#00", 400, 400, 0.2, 0.2);
      g_autofree gchar *text = hear (samples, steps[i]);

      g_assert_cmpstr (text, ==, "0123456789ABCD*#00");
    }
}

static void
test_digit_levels (void)
{
  g_autoptr (GArray) quiet = make_digits ("159D", 800, 800, 0.03, 0.03);
  g_autoptr (GArray) twisted = make_digits ("159D", 800, 800, 0.1, 0.2);
  g_autoptr (GArray) single = make_digits ("159D", 800, 800, 0.0, 0.2);
  g_autoptr (GArray) silent = make_digits ("159D", 800, 800, 0.001, 0.001);
  g_autofree gchar *text_quiet = hear (quiet, 160);
  g_autofree gchar *text_twisted = hear (twisted, 160);
  g_autofree gchar *text_single = hear (single, 160);
  g_autofree gchar *text_silent = hear (silent, 160);

  g_assert_cmpstr (text_quiet, ==, "159D");
  g_assert_cmpstr (text_twisted, ==, "159D");
  g_assert_cmpstr (text_single, ==, "");
  g_assert_cmpstr (text_silent, ==, "");
}

static void
test_digit_times (void)
{
  g_autoptr (SandboxDtmf) dtmf = sandbox_dtmf_new ();
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_autoptr (GArray) digit = make_digits ("5", 1600, 800, 0.2, 0.2);
  const SandboxDigit *heard;

  g_array_set_size (samples, 16000);
  g_array_append_vals (samples, digit->data, digit->len);
  sandbox_dtmf_feed (dtmf, (const gint16 *)samples->data, samples->len);
  sandbox_dtmf_finish (dtmf);
  g_assert_cmpuint (sandbox_dtmf_digits (dtmf)->len, ==, 1);
  heard = &g_array_index (sandbox_dtmf_digits (dtmf), SandboxDigit, 0);
  g_assert_cmpfloat_with_epsilon (heard->start, 2.0, 0.03);
  g_assert_cmpfloat_with_epsilon (heard->end, 2.2, 0.03);
}

/* Noise and a sweep through all frequencies are no digits. */
static void
test_no_digits (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (GArray) noise = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_autoptr (GArray) sweep = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_autofree gchar *text_noise = NULL;
  g_autofree gchar *text_sweep = NULL;
  gdouble phase = 0.0;
  guint i;

  g_array_set_size (noise, 160000);
  g_array_set_size (sweep, 160000);
  for (i = 0; i < noise->len; i++)
    {
      g_array_index (noise, gint16, i)
          = (gint16)g_rand_int_range (random, -8000, 8000);
      phase += 2.0 * G_PI * (300.0 + 3000.0 * i / sweep->len) / 8000.0;
      g_array_index (sweep, gint16, i) = (gint16)(8000.0 * sin (phase));
    }
  text_noise = hear (noise, 160);
  text_sweep = hear (sweep, 160);
  g_assert_cmpstr (text_noise, ==, "");
  g_assert_cmpstr (text_sweep, ==, "");
}

/* A second of silence, a second of tone at -12 dBFS peak (-15 RMS), a gap of
 * 200 ms within it that counts as part, silence. */
static void
test_speech (void)
{
  g_autoptr (SandboxListener) listener = sandbox_listener_new ();
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_autoptr (GArray) tone = make_tone (16000, 1, 8000, 300.0, 0.25);
  const SandboxSegment *segment;

  g_array_set_size (samples, 16000);
  g_array_append_vals (samples, tone->data, tone->len);
  g_array_set_size (samples, samples->len + 3200);
  g_array_append_vals (samples, tone->data, tone->len);
  g_array_set_size (samples, samples->len + 16000);
  g_array_append_vals (samples, tone->data, tone->len);
  sandbox_listener_feed (listener, (const gint16 *)samples->data, 20001);
  sandbox_listener_feed (listener,
                         &g_array_index (samples, gint16, 20001),
                         samples->len - 20001);
  g_assert_cmpuint (sandbox_listener_segments (listener)->len, ==, 1);
  sandbox_listener_finish (listener);
  g_assert_cmpuint (sandbox_listener_segments (listener)->len, ==, 2);
  segment
      = &g_array_index (sandbox_listener_segments (listener), SandboxSegment,
                        0);
  g_assert_cmpfloat_with_epsilon (segment->start, 1.0, 0.001);
  g_assert_cmpfloat_with_epsilon (segment->end, 2.2, 0.001);
  g_assert_cmpfloat_with_epsilon (segment->loudness, -15.8, 0.2);
  segment++;
  g_assert_cmpfloat_with_epsilon (segment->start, 3.2, 0.001);
  g_assert_cmpfloat_with_epsilon (segment->end, 3.7, 0.001);
  g_assert_cmpfloat_with_epsilon (segment->loudness, -15.05, 0.05);
}

/* Clicks and what is below the threshold are no speech. */
static void
test_no_speech (void)
{
  g_autoptr (SandboxListener) listener = sandbox_listener_new ();
  g_autoptr (GArray) murmur = make_tone (16000, 1, 16000, 300.0, 0.005);
  guint i;

  for (i = 0; i < 20; i++)
    g_array_index (murmur, gint16, i * 800) = 30000;
  sandbox_listener_feed (listener, (const gint16 *)murmur->data, murmur->len);
  sandbox_listener_finish (listener);
  g_assert_cmpuint (sandbox_listener_segments (listener)->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/dtmf/all-digits", test_all_digits);
  g_test_add_func ("/sandbox/dtmf/levels", test_digit_levels);
  g_test_add_func ("/sandbox/dtmf/times", test_digit_times);
  g_test_add_func ("/sandbox/dtmf/nothing-else", test_no_digits);
  g_test_add_func ("/sandbox/speech/segments", test_speech);
  g_test_add_func ("/sandbox/speech/nothing-else", test_no_speech);
  return g_test_run ();
}
