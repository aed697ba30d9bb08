/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"

#include <stdio.h>
#include <string.h>

/* What mixed audio has; sox brings all else to it. */
#define RATE 16000

typedef struct
{
  guint8 payload_type;
  const gchar *caps;
  const gchar *branch;        /* NULL: not of interest */
  const gchar *branch_events; /* the same where keys are to be heard */
} Format;

#define CAPS "application/x-rtp,media=audio,clock-rate=8000,encoding-name="

static const Format formats[] = {
  { RTP_PCMU, CAPS "PCMU", "rtppcmudepay", "rtppcmudepay ! mulawdec" },
  { RTP_PCMA, CAPS "PCMA", "rtppcmadepay", "rtppcmadepay ! alawdec" },
  { RTP_NOISE, CAPS "CN", NULL, NULL },
  { RTP_EVENTS, CAPS "TELEPHONE-EVENT", NULL,
    /* It takes its caps from what comes after it, and does not choose. */
    "rtpdtmfdepay ! capsfilter "
    "caps=audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved" },
};

static const Format *
find_format (guint payload_type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].payload_type == payload_type)
      return &formats[i];
  return NULL;
}

static GstCaps *
map_payload_type (GstElement *rtpbin,
                  guint       session,
                  guint       payload_type)
{
  const Format *format = find_format (payload_type);

  return format != NULL ? gst_caps_from_string (format->caps) : NULL;
}

/* A stream that rtpbin found goes through its depayloader to its leg's funnel,
 * beside those that came before it with another SSRC or payload type. */
static void
link_stream (GstElement *rtpbin,
             GstPad     *pad,
             gpointer    user_data)
{
  Call *self = user_data;
  g_autoptr (GstElement) funnel = NULL;
  g_autofree gchar *name = NULL;
  const gchar *description = NULL;
  guint session, ssrc, payload_type;
  const Format *format;
  GstElement *branch;
  g_autoptr (GstPad) sink = NULL;
  g_autoptr (GError) error = NULL;

  if (sscanf (GST_PAD_NAME (pad), "recv_rtp_src_%u_%u_%u", &session, &ssrc,
              &payload_type) != 3)
    return;
  format = find_format (payload_type);
  if (format != NULL)
    description = self->events ? format->branch_events : format->branch;
  branch = gst_parse_bin_from_description (
      description != NULL ? description : "fakesink async=false", TRUE, &error);
  g_assert_no_error (error);
  gst_bin_add (GST_BIN (self->player->pipeline), branch);
  sink = gst_element_get_static_pad (branch, "sink");
  if (description != NULL)
    {
      name = g_strdup_printf ("leg%u", session);
      funnel = gst_bin_get_by_name (GST_BIN (self->player->pipeline), name);
      g_assert_true (gst_element_link (branch, funnel));
    }
  gst_element_sync_state_with_parent (branch);
  g_assert_cmpint (gst_pad_link (pad, sink), ==, GST_PAD_LINK_OK);
}

/* A stream is taken from its first packet on: two in a row, which rtpbin waits for
 * else, may never come where the network shuffles them. */
static void
trust_at_once (GstElement *rtpbin,
               guint       session)
{
  g_autoptr (GObject) internal = NULL;

  g_signal_emit_by_name (rtpbin, "get-internal-session", session, &internal);
  g_object_set (internal, "probation", 0, NULL);
}

/**
 * call_new:
 * @n_legs: 1 or 2
 * @options: more properties of ekascribesink
 *
 * Returns: (transfer full): a call that nobody speaks in, and its recorder
 */
Call *
call_new (guint        n_legs,
          const gchar *options)
{
  Call *self = g_new0 (Call, 1);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GstElement) rtpbin = NULL;
  guint i;

  self->sandbox = sandbox_new (NULL);
  g_string_printf (line,
                   "rtpbin name=rtp latency=%u "
                   "ekascribesink name=scribe base-url=%s "
                   "poll-interval=50000000 session-mode=consultation %s ",
                   CALL_LATENCY, self->sandbox->url, options);
  for (i = 0; i < n_legs; i++)
    {
      self->ports[i] = rtp_free_port ();
      self->legs[i] = rtp_leg_new (self->ports[i]);
      g_string_append_printf (
          line,
          "udpsrc address=127.0.0.1 port=%u caps=application/x-rtp ! "
          "rtp.recv_rtp_sink_%u funnel name=leg%u ! scribe.audio_%u ",
          self->ports[i], i, i, i);
    }
  self->player = player_new ("%s", line->str);
  rtpbin = gst_bin_get_by_name (GST_BIN (self->player->pipeline), "rtp");
  for (i = 0; i < n_legs; i++)
    trust_at_once (rtpbin, i);
  g_signal_connect (rtpbin, "request-pt-map", G_CALLBACK (map_payload_type),
                    NULL);
  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (link_stream), self);
  return self;
}

/**
 * call_free:
 * @call: (transfer full): a call
 */
void
call_free (Call *call)
{
  guint i;

  for (i = 0; i < CALL_LEGS; i++)
    g_clear_pointer (&call->legs[i], rtp_leg_free);
  player_free (call->player);
  sandbox_free (call->sandbox);
  g_free (call);
}

/**
 * call_start:
 * @call: a call, whose legs know what they have to send
 *
 * Both sides speak, and are recorded.
 */
void
call_start (Call *call)
{
  gint64 epoch;
  guint i;

  player_set (call->player, GST_STATE_PLAYING);
  epoch = g_get_monotonic_time ();
  for (i = 0; i < CALL_LEGS; i++)
    if (call->legs[i] != NULL)
      rtp_leg_start (call->legs[i], epoch);
}

/**
 * call_wait:
 * @call: a call
 *
 * Until all is sent, and the recorder has got what is late.
 */
void
call_wait (Call *call)
{
  gint64 last = 0, left;
  guint i;

  for (i = 0; i < CALL_LEGS; i++)
    if (call->legs[i] != NULL)
      last = MAX (last, rtp_leg_wait (call->legs[i]));
  left = last + 2 * CALL_LATENCY * G_TIME_SPAN_MILLISECOND -
         g_get_monotonic_time ();
  if (left > 0)
    g_usleep (left);
}

/* The end of a leg that rtpbin never heard of: there is no stream that could carry
 * it. */
static void
end_silent_leg (Call *self,
                guint leg)
{
  g_autofree gchar *name = g_strdup_printf ("leg%u", leg);
  g_autoptr (GstElement) funnel =
      gst_bin_get_by_name (GST_BIN (self->player->pipeline), name);
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstPad) peer = NULL;

  if (funnel->numsinkpads > 0)
    return;
  pad = gst_element_get_static_pad (funnel, "src");
  peer = gst_pad_get_peer (pad);
  gst_pad_send_event (peer, gst_event_new_eos ());
}

/**
 * call_end:
 * @call: a call
 *
 * The recorder ends, and has its results.
 */
void
call_end (Call *call)
{
  GstMessage *message;
  guint i;

  gst_element_send_event (call->player->pipeline, gst_event_new_eos ());
  for (i = 0; i < CALL_LEGS; i++)
    if (call->legs[i] != NULL)
      end_silent_leg (call, i);
  message = player_wait (call->player, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      g_autoptr (GError) error = NULL;
      g_autofree gchar *debug = NULL;

      gst_message_parse_error (message, &error, &debug);
      g_error ("%s | %s", error->message, debug);
    }
}

/* One channel of WAV files, of whatever encoding, one after the other. */
static GBytes *
decode (const gchar *files,
        guint        channel)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *command = g_strdup_printf (
      "sox %s -t raw -e signed -b 16 -r %u %s/samples remix %u", files, RATE,
      work, channel + 1);
  GBytes *samples;

  harness_run (command);
  samples = fixture_file (work, "samples");
  harness_folder_remove (work);
  return samples;
}

/* Puts a chunk where its running time says. */
static void
place_chunk (Call               *self,
             const GstStructure *chunk,
             guint               channel,
             GByteArray         *all)
{
  g_autofree gchar *file = NULL;
  g_autoptr (GBytes) samples = NULL;
  guint64 running_time, end;
  guint index;

  g_assert_true (gst_structure_get (chunk, "running-time", GST_TYPE_CLOCK_TIME,
                                    &running_time, "index", G_TYPE_UINT, &index,
                                    NULL));
  file = g_strdup_printf ("%s/%s/%u.wav", self->sandbox->folder,
                          gst_structure_get_string (chunk, "session-id"),
                          index);
  samples = decode (file, channel);
  running_time = 2 * gst_util_uint64_scale (running_time, RATE, GST_SECOND);
  end = running_time + g_bytes_get_size (samples);
  if (end > all->len)
    {
      guint before = all->len;

      g_byte_array_set_size (all, end);
      memset (all->data + before, 0, end - before);
    }
  memcpy (all->data + running_time, g_bytes_get_data (samples, NULL),
          g_bytes_get_size (samples));
}

/**
 * call_tones:
 * @call: a call that was recorded
 * @channel: of the recording, from 0
 *
 * Returns: (transfer full) (element-type Tone): what is heard in all its chunks, by
 *   running time
 */
GArray *
call_tones (Call *call,
            guint channel)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint i;

  for (i = 0; i < call->player->messages->len; i++)
    {
      GstMessage *message = g_ptr_array_index (call->player->messages, i);

      if (gst_message_has_name (message, "ekascribe-chunk"))
        place_chunk (call, gst_message_get_structure (message), channel, all);
    }
  return tones_find ((const gint16 *) all->data, all->len / 2, RATE);
}

/**
 * call_tones_in:
 * @folder: of a session of the sandbox whose chunks are WAV files
 * @channel: of them, from 0
 *
 * Returns: (transfer full) (element-type Tone): what is heard in it
 */
GArray *
call_tones_in (const gchar *folder,
               guint        channel)
{
  g_autoptr (GString) files = g_string_new (NULL);
  g_autoptr (GBytes) samples = NULL;
  guint n = fixture_chunks (folder, "wav");
  guint i;

  for (i = 0; i < n; i++)
    g_string_append_printf (files, "%s/%u.wav ", folder, i);
  samples = decode (files->str, channel);
  return tones_find (g_bytes_get_data (samples, NULL),
                     g_bytes_get_size (samples) / 2, RATE);
}

/**
 * call_sent:
 * @call: a call
 *
 * Returns: (transfer full) (element-type Tone): tones of all its legs, in order
 */
GArray *
call_sent (Call *call)
{
  g_autoptr (GArray) first = rtp_leg_tones (call->legs[0]);
  g_autoptr (GArray) second = NULL;

  if (call->legs[1] == NULL)
    return g_steal_pointer (&first);
  second = rtp_leg_tones (call->legs[1]);
  return tones_merge (first, second);
}

/**
 * call_digits_of:
 * @transcript: of the sandbox
 *
 * Returns: (transfer full): the digits that it tells
 */
gchar *
call_digits_of (const gchar *transcript)
{
  static const gchar mark[] = "DTMF digit ";
  GString *digits = g_string_new (NULL);

  while ((transcript = strstr (transcript, mark)) != NULL)
    {
      transcript += strlen (mark);
      g_string_append_c (digits, *transcript);
    }
  return g_string_free (digits, FALSE);
}

/**
 * call_digits:
 * @call: a call that was recorded
 *
 * Returns: (transfer full): the digits that the service heard
 */
gchar *
call_digits (Call *call)
{
  const GstStructure *transcript =
      player_last (call->player, "ekascribe-transcript");

  g_assert_nonnull (transcript);
  return call_digits_of (gst_structure_get_string (transcript, "text"));
}

/**
 * call_sessions:
 * @call: a call that was recorded
 *
 * Returns: in how many sessions
 */
guint
call_sessions (Call *call)
{
  g_auto (GStrv) list = sandbox_list (call->sandbox);

  return g_strv_length (list);
}

/**
 * call_without_doubles:
 * @digits: (transfer full): digits as a detector tells them that takes one with a
 *   hole for two
 *
 * Returns: (transfer full): the same, with no two equal ones in a row
 */
gchar *
call_without_doubles (gchar *digits)
{
  gchar *from, *to = digits;

  for (from = digits; *from != '\0'; from++)
    if (to == digits || to[-1] != *from)
      *to++ = *from;
  *to = '\0';
  return digits;
}

/* --- calls at the same time ---------------------------------------------- */

typedef struct
{
  const Scenario *scenario;
  Call *call;
} Running;

static Running *running;
static guint n_running;

static void
start_all (void)
{
  guint i;

  for (i = 0; i < n_running; i++)
    {
      const Scenario *scenario = running[i].scenario;

      running[i].call = call_new (scenario->n_legs, scenario->options);
      scenario->prepare (running[i].call);
    }
  for (i = 0; i < n_running; i++)
    call_start (running[i].call);
}

static void
run_scenario (gconstpointer data)
{
  const Running *self = data;

  if (self->call == NULL)
    start_all ();
  if (self->scenario->end != NULL)
    self->scenario->end (self->call);
  else
    {
      call_wait (self->call);
      call_end (self->call);
    }
  self->scenario->check (self->call);
}

/**
 * scenario_main:
 * @argc: as main() got it
 * @argv: as main() got it
 * @scenarios: (array length=n_scenarios): calls
 * @n_scenarios: how many
 *
 * Returns: for main()
 */
int
scenario_main (int             argc,
               char          **argv,
               const Scenario *scenarios,
               guint           n_scenarios)
{
  guint i;
  int result;

  harness_init (&argc, &argv);
  n_running = n_scenarios;
  running = g_new0 (Running, n_running);
  for (i = 0; i < n_running; i++)
    {
      g_autofree gchar *path = g_strconcat ("/live/", scenarios[i].name, NULL);

      running[i].scenario = &scenarios[i];
      g_test_add_data_func (path, &running[i], run_scenario);
    }
  result = g_test_run ();
  for (i = 0; i < n_running; i++)
    g_clear_pointer (&running[i].call, call_free);
  g_free (running);
  return result;
}
