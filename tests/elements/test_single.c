/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#define ELEMENT "ekascribesink name=s upload-type=single"

#define OFFERED ",\"upload_methods\":[\"chunked\",\"single\"]"

#define MAX_BYTES 10000000

/* 16 kHz mono S16LE */
#define BYTES_PER_SECOND 32000

static GstPad *
begin (Fixture       *f,
       const Packets *packets)
{
  inputs_offer (f, ALL_FORMATS, OFFERED);
  fixture_launch (f, ELEMENT);
  return packets_start (packets, f);
}

static void
assert_name (Fixture     *f,
             guint        nth,
             const gchar *name)
{
  const GstStructure *chunk = fixture_find_nth (f, "ekascribe-chunk", nth);

  g_assert_nonnull (chunk);
  g_assert_cmpstr (gst_structure_get_string (chunk, "name"), ==, name);
}

/* One file at the end, whatever lies in between. */
static void
test_one_file (Fixture      *f,
               gconstpointer data)
{
  const Format *format = data;
  const guint second = format->rate / format->samples;
  const gchar *const ends[] = { "ogg", "m4a", "mp3", "wav" };
  g_autoptr (Packets) packets = packets_new (format, 41);
  g_autoptr (GstPad) pad = begin (f, packets);
  g_autofree gchar *name = NULL;
  guint64 samples;

  name = g_strdup_printf ("audio_0.%s",
                          ends[format == &format_opus  ? 0 :
                               format == &format_aac   ? 1 :
                               format == &format_mp3   ? 2 : 3]);
  packets_push (packets, pad, 0, 15 * second);
  /* a hole that is filled, a GAP and a jump, back and forth */
  packets_push (packets, pad, 15 * second + 5, 20 * second);
  g_assert_true (gst_pad_send_event (
      pad, gst_event_new_gap (20 * GST_SECOND, 5 * GST_SECOND)));
  packets_push_at (packets, pad, 20 * second, 30 * second, 500 * GST_SECOND);
  packets_push_at (packets, pad, 30 * second, 40 * second, 100 * GST_SECOND);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "chunks"), ==, 0);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  assert_name (f, 0, name);
  samples = 40 * second * format->samples;
  if (format == &format_opus)
    samples -= 312;
  g_assert_cmpuint (inputs_count (f, format), ==, samples);
}

static void
check_refused (Fixture     *f,
               const gchar *methods)
{
  g_autoptr (GstMessage) end = NULL;

  inputs_offer (f, ALL_FORMATS, methods);
  end = fixture_run (f, "audiotestsrc num-buffers=100 ! " PCM " ! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (end, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "upload-type");
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

static void
test_not_listed (Fixture      *f,
                 gconstpointer data)
{
  check_refused (f, ",\"upload_methods\":[\"chunked\"]");
}

static void
test_nothing_listed (Fixture      *f,
                     gconstpointer data)
{
  check_refused (f, "");
}

/* No document at all is no offer either. */
static void
test_no_discovery (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
  end = fixture_run (f, "audiotestsrc num-buffers=100 ! " PCM " ! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (end, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "upload-type");
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

/* Writes a WAV file of 400 s. Returns: (transfer full): a pipeline of it */
static gchar *
write_wav (Fixture *f)
{
  g_autofree gchar *path = g_build_filename (f->folder, "long.wav", NULL);
  g_autofree gchar *write = g_strdup_printf (
      "audiotestsrc wave=silence num-buffers=400 samplesperbuffer=16000 ! " PCM
      " ! wavenc ! filesink location=%s", path);
  g_autoptr (GstElement) pipeline = gst_parse_launch (write, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  end = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
                                    GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return g_strdup_printf ("filesrc location=%s ! wavparse ! " ELEMENT, path);
}

/* A file tells its duration: it is not read to where it does not fit. */
static void
test_long_file (Fixture      *f,
                gconstpointer data)
{
  g_autofree gchar *line = write_wav (f);
  g_autoptr (GstMessage) end = NULL;

  inputs_offer (f, ALL_FORMATS, OFFERED);
  end = fixture_run (f, line);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (end, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "upload-type=chunked");
  g_assert_cmpuint (fixture_get_stat (f, "bytes-in"), <, 15 * BYTES_PER_SECOND);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

/* Of a long file the end alone is recorded, which fits. */
static void
test_part_of_file (Fixture      *f,
                   gconstpointer data)
{
  g_autofree gchar *line = write_wav (f);
  const gint64 patience = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;
  g_autoptr (GstMessage) end = NULL;

  inputs_offer (f, ALL_FORMATS, OFFERED);
  fixture_launch (f, line);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  /* before the header was read there is nothing to seek in */
  while (!gst_element_seek_simple (
      f->pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, 370 * GST_SECOND)) {
    g_assert_cmpint (g_get_monotonic_time (), <, patience);
    g_usleep (1000);
  }
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
}

/* Where nobody knows how long it will be, what fits is uploaded. */
static void
test_limit_is_reached (Fixture      *f,
                       gconstpointer data)
{
  GstFlowReturn ret = GST_FLOW_OK;
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GstPad) pad = NULL;
  gsize size;
  guint i;

  inputs_offer (f, ALL_FORMATS, OFFERED);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  for (i = 0; i < 320 && ret == GST_FLOW_OK; i++)
    ret = fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  g_assert_cmpint (ret, ==, GST_FLOW_ERROR);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "upload-type=chunked");
  /* it may have come before the error */
  if (fixture_find (f, "ekascribe-result") == NULL)
    gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  size = g_bytes_get_size (fixture_get_upload (f, 0, "audio/wav"));
  g_assert_cmpuint (size, <=, MAX_BYTES);
  g_assert_cmpuint (size, >, MAX_BYTES - 2 * BYTES_PER_SECOND);
  assert_name (f, 0, "audio_0.wav");
}

static void
restart (GstPad *pad)
{
  GstSegment segment;

  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
}

/* After an end comes another recording, with a file of its own. */
static void
test_again (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_opus, 3);
  g_autoptr (GstPad) pad = begin (f, packets);
  guint i;

  packets_push (packets, pad, 0, 100);
  inputs_end_quietly (f, pad);
  restart (pad);
  packets_push (packets, pad, 0, 100);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 2);
  for (i = 0; i < 2; i++)
    assert_name (f, i, "audio_0.ogg");
  g_assert_cmpuint (inputs_count (f, &format_opus), ==, 2 * (96000 - 312));
}

/* So does another codec. */
static void
test_another_codec (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (Packets) opus = packets_new (&format_opus, 3);
  g_autoptr (Packets) mp3 = packets_new (&format_mp3, 3);
  g_autoptr (GstPad) pad = begin (f, opus);

  packets_push (opus, pad, 0, 100);
  packets_set_caps (mp3, pad);
  packets_push_at (mp3, pad, 0, 50, 2 * GST_SECOND);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 2);
  g_assert_cmpuint (inputs_count_type (f, "audio/ogg;codecs=opus", 48000), ==,
                    96000 - 312);
  g_assert_cmpuint (inputs_count_type (f, "audio/mp3", 16000), ==, 50 * 576);
}

int
main (int    argc,
      char **argv)
{
  static const Format *const formats[] = { &format_opus, &format_aac,
                                           &format_mp3, &format_pcm };
  guint i;

  fixture_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/single/one-file/%s", formats[i]->name);

    g_test_add (name, Fixture, formats[i], fixture_set_up, test_one_file,
                fixture_tear_down);
  }
  add_test ("/single/not-listed", test_not_listed);
  add_test ("/single/nothing-listed", test_nothing_listed);
  add_test ("/single/no-discovery", test_no_discovery);
  add_test ("/single/long-file", test_long_file);
  add_test ("/single/part-of-a-long-file", test_part_of_file);
  add_test ("/single/limit-is-reached", test_limit_is_reached);
  add_test ("/single/again", test_again);
  add_test ("/single/another-codec", test_another_codec);
  return g_test_run ();
}
