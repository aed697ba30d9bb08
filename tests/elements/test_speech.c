/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "talker.h"

#include <string.h>

#define ELEMENT "ekascribesink name=s model=endless "
#define ROOM ELEMENT "start-on-speech=300000000 end-after-silence=2000000000 "

static guint
get_length (Fixture *f,
            guint    nth)
{
  g_autoptr (GByteArray) audio = visits_get_audio (f, nth);

  return audio->len / 32;
}

/* Where in all that was pushed a session begins, in ms. */
static guint
find_begin (Talker *t,
            guint   nth)
{
  g_autoptr (GByteArray) audio = visits_get_audio (t->f, nth);
  guint at;

  for (at = 0; at + audio->len <= t->audio->len; at += 640)
    if (memcmp (t->audio->data + at, audio->data, audio->len) == 0)
      return at / 32;
  g_error ("session %u is not what was said", nth);
}

static void
assert_sum (Talker *t)
{
  g_assert_cmpuint (fixture_get_stat (t->f, "audio-duration") +
                        fixture_get_stat (t->f, "time-paused") +
                        fixture_get_stat (t->f, "time-ignored"),
                    ==, t->audio->len / 32 * GST_MSECOND);
}

/* --- begin ---------------------------------------------------------------- */

/* The onset is there, and some of what was before it. */
static void
test_onset (Fixture      *f,
            gconstpointer data)
{
  Talker t;
  guint begin;

  talker_start (&t, f, ELEMENT "start-on-speech=300000000");
  talker_hush (&t, 5000);
  talker_speak (&t, 2000);
  talker_hush (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  begin = find_begin (&t, 0);
  g_assert_cmpuint (begin, <=, 4500);
  g_assert_cmpuint (begin, >=, 3500);
  g_assert_cmpuint (begin + get_length (f, 0), ==, 8000);
  assert_sum (&t);
  talker_stop (&t);
}

/* The last words of a visit are no beginning of the next one. */
static void
test_last_words (Fixture      *f,
                 gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "start-on-speech=500000000");
  talker_hush (&t, 2000);
  talker_speak (&t, 2000);
  g_assert_true (steer (f, "end-session"));
  talker_speak (&t, 300);
  talker_hush (&t, 2000);
  talker_speak (&t, 2000);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "resume"));
  talker_speak (&t, 300);
  talker_hush (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  g_assert_cmpuint (find_begin (&t, 0) + get_length (f, 0), ==, 4000);
  g_assert_cmpuint (find_begin (&t, 1) + get_length (f, 1), ==, 8300);
  g_assert_cmpuint (find_begin (&t, 1), >, 4300);
  assert_sum (&t);
  talker_stop (&t);
}

static gpointer
speak_for_two_seconds (gpointer data)
{
  return GINT_TO_POINTER (talker_try (data, 2000, TRUE));
}

/* What was kept for a session that began is recorded, though nobody had the time to
 * do so before a flush, and no packet comes after that. */
static void
test_flush_while_beginning (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (EkaWorker) worker = eka_worker_acquire ();
  const gchar *action = data;
  GstFlowReturn ret;
  GThread *thread;
  Talker t;

  fixture_close_gate (f, worker);
  talker_start (&t, f, ELEMENT "start-on-speech=1500000000");
  talker_hush (&t, 1000);
  thread = g_thread_new ("speaker", speak_for_two_seconds, &t);
  fixture_wait_for_stat (f, "audio-duration", GST_SECOND);
  gst_pad_send_event (t.pad, gst_event_new_flush_start ());
  ret = GPOINTER_TO_INT (g_thread_join (thread));
  g_assert_cmpint (ret, ==, GST_FLOW_FLUSHING);
  gst_pad_send_event (t.pad, gst_event_new_flush_stop (TRUE));
  if (action != NULL)
    g_assert_true (steer (f, action));
  fixture_open_gate (f);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  g_assert_cmpuint (find_begin (&t, 0) + get_length (f, 0), ==,
                    t.audio->len / 32);
  assert_sum (&t);
  talker_stop (&t);
}

/* A slammed door is no visit. */
static void
test_short_noise (Fixture      *f,
                  gconstpointer data)
{
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT "start-on-speech=1000000000");
  talker_hush (&t, 2000);
  for (i = 0; i < 5; i++) {
    talker_speak (&t, 300);
    talker_hush (&t, 1500);
  }
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "audio-duration"), ==, 0);
  assert_sum (&t);
  talker_stop (&t);
}

/* Nobody came: that is told in words that fit. */
static void
test_nobody (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  Talker t;

  talker_start (&t, f, ROOM);
  talker_hush (&t, 5000);
  g_assert_true (gst_pad_send_event (t.pad, gst_event_new_eos ()));
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "Nobody spoke");
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  g_assert_cmpuint (visits_count (f), ==, 0);
  assert_sum (&t);
  talker_stop (&t);
}

/* Who presses a button need not speak. */
static void
test_button (Fixture      *f,
             gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "start-on-speech=300000000");
  talker_hush (&t, 1000);
  g_assert_true (steer_to (f, "{\"patient-details\":{\"name\":\"Ravi\"}}"));
  talker_hush (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_audio (&t, 0, 1000, 2000);
  assert_sum (&t);
  talker_stop (&t);
}

/* --- end ------------------------------------------------------------------ */

/* Two visits in a room where nobody touches anything; each of them is whole. */
static void
test_unattended (Fixture      *f,
                 gconstpointer data)
{
  guint begin;
  Talker t;

  talker_start (&t, f,
                ROOM "patient-details={\"name\":\"Asha\"} templates=soap");
  talker_hush (&t, 4000);
  talker_speak (&t, 3000);
  talker_hush (&t, 1000);
  talker_speak (&t, 3000);
  talker_hush (&t, 6000);
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  talker_speak (&t, 3000);
  talker_hush (&t, 1000);
  talker_end (&t);

  g_assert_cmpuint (visits_count (f), ==, 2);
  begin = find_begin (&t, 0);
  g_assert_cmpuint (begin, <=, 3500);
  g_assert_cmpuint (begin + get_length (f, 0), >=, 11000 + 1900);
  g_assert_cmpuint (begin + get_length (f, 0), <=, 11000 + 2200);
  begin = find_begin (&t, 1);
  g_assert_cmpuint (begin, <=, 16500);
  g_assert_cmpuint (begin, >=, 15500);
  g_assert_cmpuint (begin + get_length (f, 1), ==, 21000);
  g_assert_nonnull (strstr (visits_get_request (f, 0), "Asha"));
  g_assert_null (strstr (visits_get_request (f, 1), "Asha"));
  g_assert_nonnull (strstr (visits_get_request (f, 1), "soap"));
  assert_sum (&t);
  talker_stop (&t);
}

/* Then somebody has to say who comes next. */
static void
test_silence_waits (Fixture      *f,
                    gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "end-after-silence=1000000000");
  talker_hush (&t, 500);
  talker_speak (&t, 1000);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  steer_refused (f, "end-session", "nothing is being recorded");
  g_assert_true (steer (f, "new-session"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  g_assert_cmpuint (get_length (f, 0), >=, 2400);
  g_assert_cmpuint (get_length (f, 0), <=, 2700);
  visits_assert_audio (&t, 1, 4500, 5500);
  assert_sum (&t);
  talker_stop (&t);
}

/* An empty room is one session, not a chain of them; the pause of a session does
 * not count. */
static void
test_empty_room (Fixture      *f,
                 gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "auto-start=true end-after-silence=1000000000");
  talker_hush (&t, 6000);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  talker_hush (&t, 3000);
  g_assert_true (steer (f, "resume"));
  talker_hush (&t, 800);
  talker_speak (&t, 1000);
  talker_hush (&t, 6000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  g_assert_cmpuint (get_length (f, 0), >=, 9700);
  g_assert_cmpuint (get_length (f, 0), <=, 10000);
  assert_sum (&t);
  talker_stop (&t);
}

/* --- packets -------------------------------------------------------------- */

static void
write_wav (const gchar *path,
           GByteArray  *audio)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  const guint32 sizes[] = { GUINT32_TO_LE (36 + audio->len),
                            GUINT32_TO_LE (audio->len) };
  const guint8 format[] = { 16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3e, 0, 0,
                            0, 0x7d, 0, 0, 2, 0, 16, 0 };

  g_byte_array_append (file, (const guint8 *) "RIFF", 4);
  g_byte_array_append (file, (const guint8 *) &sizes[0], 4);
  g_byte_array_append (file, (const guint8 *) "WAVEfmt ", 8);
  g_byte_array_append (file, format, sizeof format);
  g_byte_array_append (file, (const guint8 *) "data", 4);
  g_byte_array_append (file, (const guint8 *) &sizes[1], 4);
  g_byte_array_append (file, audio->data, audio->len);
  g_assert_true (g_file_set_contents (path, (const gchar *) file->data,
                                      file->len, NULL));
}

static GstClockTime
get_time (const GstStructure *structure,
          const gchar        *name)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;

  g_assert_true (gst_structure_get_clock_time (structure, name, &time));
  return time;
}

/* The same by what encoders tell, undecoded: two visits, each with its onset. */
static void
test_encoded (Fixture      *f,
              gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "room.wav", NULL);
  g_autofree gchar *line = g_strdup_printf (
      "filesrc location=%s ! wavparse ! audioconvert ! audioresample ! %s ! "
      "ekascribesink name=s start-on-speech=300000000 "
      "end-after-silence=2000000000 max-chunk-duration=1000000000",
      path, (const gchar *) data);
  g_autoptr (GstMessage) end = NULL;
  GstClockTime begin, over = 0;
  Talker t;
  guint i;

  f->service = fake_service_new (1);
  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 4000);
  talker_speak (&t, 3000);
  talker_hush (&t, 5000);
  talker_speak (&t, 3000);
  talker_hush (&t, 4000);
  write_wav (path, t.audio);
  talker_stop (&t);
  g_ptr_array_set_size (f->messages, 0);
  gst_clear_object (&f->sink);
  gst_clear_object (&f->bus);
  gst_clear_object (&f->pipeline);

  end = fixture_run (f, line);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (visits_count (f), ==, 2);
  begin = get_time (fixture_find (f, "ekascribe-chunk"), "running-time");
  g_assert_cmpuint (begin, <=, 3500 * GST_MSECOND);
  for (i = 0; i < fixture_count (f, "ekascribe-chunk"); i++) {
    const GstStructure *chunk = fixture_find_nth (f, "ekascribe-chunk", i);

    if (g_str_equal (gst_structure_get_string (chunk, "session-id"),
                     visits_get_id (f, 0)))
      over = MAX (over, get_time (chunk, "running-time") +
                            get_time (chunk, "duration"));
    else if (begin < 5 * GST_SECOND)
      begin = get_time (chunk, "running-time");
  }
  g_assert_cmpuint (over, >=, 8500 * GST_MSECOND);
  g_assert_cmpuint (over, <=, 9800 * GST_MSECOND);
  g_assert_cmpuint (begin, >=, over);
  g_assert_cmpuint (begin, <=, 11500 * GST_MSECOND);
}

int
main (int    argc,
      char **argv)
{
  static const gchar *const actions[] = { NULL, "pause", "end-session",
                                          "new-session" };
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/speech/onset", test_onset);
  add_test ("/speech/last-words", test_last_words);
  for (i = 0; i < G_N_ELEMENTS (actions); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/speech/flush-while-beginning/%s",
        actions[i] != NULL ? actions[i] : "end-of-stream");

    g_test_add (path, Fixture, actions[i], fixture_set_up,
                test_flush_while_beginning, fixture_tear_down);
  }
  add_test ("/speech/short-noise", test_short_noise);
  add_test ("/speech/nobody", test_nobody);
  add_test ("/speech/button", test_button);
  add_test ("/speech/unattended", test_unattended);
  add_test ("/speech/silence-waits", test_silence_waits);
  add_test ("/speech/empty-room", test_empty_room);
  g_test_add ("/speech/packets/opus", Fixture, "opusenc", fixture_set_up,
              test_encoded, fixture_tear_down);
  g_test_add ("/speech/packets/mulaw", Fixture,
              "audio/x-raw,rate=8000 ! mulawenc", fixture_set_up,
              test_encoded, fixture_tear_down);
  return g_test_run ();
}
