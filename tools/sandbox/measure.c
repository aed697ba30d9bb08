/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "measure.h"

#include <math.h>

#define NOTE                                                                   \
  "Measured by ekascribe-sandbox: measurements of the signal, not "            \
  "recognised words."

static void
add_string (JsonBuilder *body, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_string_value (body, value);
}

/* Integers: json-glib writes 3.1 as 3.1000000000000001. */
static void
add_rounded (JsonBuilder *body, const gchar *name, gdouble value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_int_value (body, (gint64)round (value));
}

static void
add_duration (JsonBuilder *body, const gchar *name, gdouble seconds)
{
  add_rounded (body, name, seconds * 1000.0);
}

static gdouble
sum_speech (const GArray *segments)
{
  gdouble sum = 0.0;
  guint i;

  for (i = 0; i < segments->len; i++)
    {
      const SandboxSegment *segment =
          &g_array_index (segments, SandboxSegment, i);

      sum += segment->end - segment->start;
    }
  return sum;
}

/**
 * sandbox_measure_transcript:
 * @recording: what was heard so far
 * @files: chunks in it
 *
 * Returns: (transfer full): what the listener has to say, in lines
 */
gchar *
sandbox_measure_transcript (SandboxRecording *recording, guint files)
{
  const GArray *segments = sandbox_recording_segments (recording);
  const GArray *digits = sandbox_recording_digits (recording);
  gdouble duration = sandbox_recording_duration (recording);
  gdouble speech = sum_speech (segments);
  GString *text = g_string_new (NOTE "\n");
  guint i;

  g_string_append_printf (
      text,
      "Audio: %.3f s in %u files. Speech: %.2f s in %u segments. "
      "Silence: %.2f s.\n",
      duration, files, speech, segments->len, MAX (duration - speech, 0.0));
  for (i = 0; i < segments->len; i++)
    {
      const SandboxSegment *segment =
          &g_array_index (segments, SandboxSegment, i);

      g_string_append_printf (text, "Speech from %.2f s to %.2f s, %.1f dBFS\n",
                              segment->start, segment->end, segment->loudness);
    }
  for (i = 0; i < digits->len; i++)
    {
      const SandboxDigit *digit = &g_array_index (digits, SandboxDigit, i);

      g_string_append_printf (text, "DTMF digit %c at %.2f s\n", digit->digit,
                              digit->start);
    }
  g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}

static void
add_segments (JsonBuilder *body, const GArray *segments)
{
  guint i;

  json_builder_set_member_name (body, "speech_segments");
  json_builder_begin_array (body);
  for (i = 0; i < segments->len; i++)
    {
      const SandboxSegment *segment =
          &g_array_index (segments, SandboxSegment, i);

      json_builder_begin_object (body);
      add_duration (body, "start_ms", segment->start);
      add_duration (body, "end_ms", segment->end);
      add_rounded (body, "loudness_dbfs", segment->loudness);
      json_builder_end_object (body);
    }
  json_builder_end_array (body);
}

static void
add_digits (JsonBuilder *body, const GArray *digits)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  json_builder_set_member_name (body, "dtmf");
  json_builder_begin_array (body);
  for (i = 0; i < digits->len; i++)
    {
      const SandboxDigit *digit = &g_array_index (digits, SandboxDigit, i);
      gchar name[2] = { digit->digit, '\0' };

      g_string_append_c (text, digit->digit);
      json_builder_begin_object (body);
      add_string (body, "digit", name);
      add_duration (body, "start_ms", digit->start);
      add_duration (body, "end_ms", digit->end);
      json_builder_end_object (body);
    }
  json_builder_end_array (body);
  add_string (body, "dtmf_digits", text->str);
}

/**
 * sandbox_measure_describe:
 * @recording: the whole of it
 * @files: chunks in it
 *
 * Returns: (transfer full): an object, `data` of each document
 */
JsonNode *
sandbox_measure_describe (SandboxRecording *recording, guint files)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();
  const GArray *segments = sandbox_recording_segments (recording);
  gdouble duration = sandbox_recording_duration (recording);
  gdouble speech = sum_speech (segments);

  json_builder_begin_object (body);
  add_string (body, "note", NOTE);
  add_duration (body, "audio_ms", duration);
  add_rounded (body, "audio_files", files);
  add_duration (body, "speech_ms", speech);
  add_duration (body, "silence_ms", MAX (duration - speech, 0.0));
  add_rounded (body, "speech_threshold_dbfs", SANDBOX_SPEECH_LEVEL);
  add_segments (body, segments);
  add_digits (body, sandbox_recording_digits (recording));
  json_builder_end_object (body);
  return json_builder_get_root (body);
}
