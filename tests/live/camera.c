/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <gst/app/gstappsrc.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <glib-unix.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A camera for the tests: an RTSP server on loopback that says DTMF digits, in
 * real time, in the codec of the path. It prints its URL, then a line for each
 * thing that happens, with the Unix time in µs: "play", "away", "back". SIGUSR1:
 * it goes away, with its connections and its port; SIGUSR2: it is back. */

#define RATE 16000
#define BLOCK (RATE / 50)
#define TONE (RATE * 12 / 100)
#define PAUSE (RATE * 8 / 100)

static struct
{
  gchar *digits;
  gint linger;
  gint lose;
  gint swap;
  gint skew;
  gboolean wrong_year;
} options = { .digits = NULL };

typedef struct
{
  GMainLoop *loop;
  GstRTSPServer *server;
  GSource *listening; /* NULL while it is away */
  guint plays;        /* how often a client asked for audio */
} Camera;

#define TONES(name)                                                         \
  "appsrc name=" name " format=time max-bytes=0 caps=audio/x-raw,"          \
  "format=S16LE,rate=16000,channels=1,layout=interleaved ! audioconvert ! " \
  "audioresample ! "
#define PCMU "audio/x-raw,rate=8000 ! mulawenc ! rtppcmupay "
#define PCMA "audio/x-raw,rate=8000 ! alawenc ! rtppcmapay "

static const gchar *const mounts[][2] = {
  { "/opus", TONES ("tones") "opusenc ! rtpopuspay name=pay0" },
  { "/aac", TONES ("tones") "avenc_aac ! rtpmp4gpay name=pay0" },
  { "/latm", TONES ("tones") "avenc_aac ! rtpmp4apay name=pay0" },
  { "/pcmu", TONES ("tones") PCMU "name=pay0" },
  { "/pcma", TONES ("tones") PCMA "name=pay0" },
  { "/g722", TONES ("tones") "avenc_g722 ! rtpg722pay name=pay0" },
  { "/g726", TONES ("tones") "audio/x-raw,rate=8000 ! "
             "avenc_g726 bitrate=32000 ! rtpg726pay name=pay0" },
  { "/film", TONES ("tones") PCMU "name=pay1 videotestsrc is-live=true ! "
             "video/x-raw,format=I420,width=64,height=48,framerate=10/1 ! "
             "jpegenc ! rtpjpegpay name=pay0" },
};

/* These change in the middle: their SSRC, their payload type (and codec) with the
 * same SSRC, and both. Packets are numbered on: rtpjitterbuffer (1.22) takes a
 * new SSRC whose numbers lie before that of RTP-Info for old packets. */
static const gchar *const changing[][2] = {
  { "/ssrc", TONES ("tones") PCMU "seqnum-offset=0 ! concat name=c "
             TONES ("more") PCMU "name=other ! c." },
  { "/type", TONES ("tones") PCMU "timestamp-offset=0 seqnum-offset=0 ! "
             "concat name=c "
             TONES ("more") PCMA "timestamp-offset=0 name=same ! c." },
  { "/both", TONES ("tones") PCMU "seqnum-offset=0 ! concat name=c "
             TONES ("more") PCMA "name=other ! c." },
};

static void
tell (const gchar *what)
{
  g_print ("%s %" G_GINT64_FORMAT "\n", what, g_get_real_time ());
}

/* --- what it says ------------------------------------------------------- */

static void
append_digit (GArray *samples,
              gchar   digit)
{
  static const gdouble rows[] = { 697, 770, 852, 941 };
  static const gdouble columns[] = { 1209, 1336, 1477, 1633 };
  static const gchar keys[] = "123A456B789C*0#D";
  const gsize key = strchr (keys, digit) - keys;
  const gsize start = samples->len;
  guint i;

  g_array_set_size (samples, start + TONE + PAUSE);
  for (i = 0; i < TONE; i++)
    {
      const gdouble t = 2 * G_PI * i / RATE;

      g_array_index (samples, gint16, start + i) =
          8000 * (sin (rows[key / 4] * t) + sin (columns[key % 4] * t));
    }
}

/* All that @source will ever say. */
static void
push_samples (GstAppSrc    *source,
              const gint16 *samples,
              gsize         count)
{
  gsize i;

  for (i = 0; i + BLOCK <= count; i += BLOCK)
    {
      GstBuffer *buffer = gst_buffer_new_memdup (
          samples + i, BLOCK * sizeof (gint16));

      GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, RATE);
      GST_BUFFER_DURATION (buffer) = GST_SECOND * BLOCK / RATE;
      gst_app_src_push_buffer (source, buffer);
    }
  gst_app_src_end_of_stream (source);
}

/* All payloaders of a stream get the same SSRC from the server; it is at octet 8
 * of a packet's header. */
static GstPadProbeReturn
change_ssrc (GstPad          *pad,
             GstPadProbeInfo *info,
             gpointer         user_data)
{
  static const guint8 ssrc[] = { 0x0b, 0xad, 0xca, 0xfe };

  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  gst_buffer_fill (info->data, 8, ssrc, sizeof ssrc);
  return GST_PAD_PROBE_OK;
}

static void
speak_in_two (GstBin       *media,
              const gint16 *samples,
              gsize         count)
{
  const gsize first = count / 2 / BLOCK * BLOCK;
  g_autoptr (GstElement) tones = gst_bin_get_by_name (media, "tones");
  g_autoptr (GstElement) more = gst_bin_get_by_name (media, "more");
  g_autoptr (GstElement) same = gst_bin_get_by_name (media, "same");
  g_autoptr (GstElement) other = gst_bin_get_by_name (media, "other");

  g_object_set (same != NULL ? same : other, "seqnum-offset",
                (gint) (first / BLOCK), NULL);
  if (other != NULL)
    {
      g_autoptr (GstPad) pad = gst_element_get_static_pad (other, "src");

      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, change_ssrc, NULL,
                         NULL);
    }
  push_samples (GST_APP_SRC (tones), samples, first);
  push_samples (GST_APP_SRC (more), samples + first, count - first);
}

static void
speak (GstBin      *media,
       const gchar *digits)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_autoptr (GstElement) tones = gst_bin_get_by_name (media, "tones");
  g_autoptr (GstElement) more = gst_bin_get_by_name (media, "more");

  for (; *digits != '\0'; digits++)
    append_digit (samples, *digits);
  if (more != NULL)
    {
      speak_in_two (media, (const gint16 *) samples->data, samples->len);
      return;
    }
  g_array_set_size (samples, samples->len + options.linger * RATE);
  push_samples (GST_APP_SRC (tones), (const gint16 *) samples->data,
                samples->len);
}

/* --- a network that loses packets and swaps them ------------------------- */

typedef struct
{
  guint packets;
  GstBuffer *held;
} Network;

static void
network_free (gpointer data)
{
  Network *self = data;

  gst_clear_buffer (&self->held);
  g_free (self);
}

static GstPadProbeReturn
spoil_packet (GstPad          *pad,
              GstPadProbeInfo *info,
              gpointer         user_data)
{
  Network *self = user_data;
  GstBuffer *next;

  if (self->held != NULL)
    {
      next = GST_PAD_PROBE_INFO_BUFFER (info);
      info->data = g_steal_pointer (&self->held);
      /* This comes here again, and goes through: nothing is held, and the
       * packet after one that is swapped is neither lost nor swapped. */
      gst_pad_push (pad, next);
      return GST_PAD_PROBE_OK;
    }
  self->packets++;
  if (options.lose > 0 && self->packets % options.lose == 0)
    return GST_PAD_PROBE_DROP;
  if (options.swap == 0 || self->packets % options.swap != 0)
    return GST_PAD_PROBE_OK;
  self->held = gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_DROP;
}

/* --- media, with clocks that are wrong ----------------------------------- */

typedef GstRTSPMedia CameraMedia;
typedef GstRTSPMediaClass CameraMediaClass;

GType camera_media_get_type (void);
G_DEFINE_TYPE (CameraMedia, camera_media, GST_TYPE_RTSP_MEDIA)

/* What its sender reports take for the time of day begins with the machine's
 * start, in 1900. */
static gboolean
camera_media_setup_rtpbin (GstRTSPMedia *media,
                           GstElement   *rtpbin)
{
  if (options.wrong_year)
    gst_util_set_object_arg (G_OBJECT (rtpbin), "ntp-time-source",
                             "clock-time");
  return TRUE;
}

/* A stream that changes says so before. */
static gboolean
camera_media_setup_sdp (GstRTSPMedia  *media,
                        GstSDPMessage *sdp,
                        GstSDPInfo    *info)
{
  g_autoptr (GstElement) element = gst_rtsp_media_get_element (media);
  g_autoptr (GstElement) more =
      gst_bin_get_by_name (GST_BIN (element), "more");
  GstSDPMedia *audio;

  if (!GST_RTSP_MEDIA_CLASS (camera_media_parent_class)
           ->setup_sdp (media, sdp, info))
    return FALSE;
  if (more == NULL)
    return TRUE;
  audio = (GstSDPMedia *) gst_sdp_message_get_media (sdp, 0);
  gst_sdp_media_add_format (audio, "8");
  gst_sdp_media_add_attribute (audio, "rtpmap", "8 PCMA/8000");
  return TRUE;
}

static void
camera_media_class_init (CameraMediaClass *klass)
{
  klass->setup_rtpbin = camera_media_setup_rtpbin;
  klass->setup_sdp = camera_media_setup_sdp;
}

static void
camera_media_init (CameraMedia *self)
{
}

/* What is said the nth time: the nth group of digits, or the last one. */
static gchar *
choose_digits (Camera *self)
{
  g_auto (GStrv) groups = g_strsplit (options.digits, ",", -1);
  const guint n = g_strv_length (groups);

  return g_strdup (groups[MIN (self->plays, n - 1)]);
}

static void
configure_media (GstRTSPMediaFactory *factory,
                 GstRTSPMedia        *media,
                 gpointer             user_data)
{
  Camera *self = user_data;
  g_autoptr (GstElement) element = gst_rtsp_media_get_element (media);
  g_autofree gchar *digits = choose_digits (self);

  if (options.lose > 0 || options.swap > 0)
    {
      g_autoptr (GstElement) payloader =
          gst_bin_get_by_name (GST_BIN (element), "pay0");
      g_autoptr (GstPad) pad = gst_element_get_static_pad (payloader, "src");

      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, spoil_packet,
                         g_new0 (Network, 1), network_free);
    }
  if (options.skew != 0)
    {
      g_autoptr (GstClock) clock =
          g_object_new (GST_TYPE_SYSTEM_CLOCK, NULL);
      const GstClockTime now = gst_clock_get_internal_time (clock);

      gst_object_ref_sink (clock);
      gst_clock_set_calibration (clock, now, now, 1000000 + options.skew,
                                 1000000);
      gst_rtsp_media_set_clock (media, clock);
    }
  speak (GST_BIN (element), digits);
}

/* --- payloaders that are two -------------------------------------------- */

typedef GstRTSPMediaFactory ChangingFactory;
typedef GstRTSPMediaFactoryClass ChangingFactoryClass;

GType changing_factory_get_type (void);
G_DEFINE_TYPE (ChangingFactory, changing_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

/* The server takes a bin for a payloader where one is in it. */
static GstElement *
changing_factory_create_element (GstRTSPMediaFactory *factory,
                                 const GstRTSPUrl    *url)
{
  g_autofree gchar *line = gst_rtsp_media_factory_get_launch (factory);
  g_autoptr (GError) error = NULL;
  GstElement *payloader = gst_parse_bin_from_description (line, TRUE, &error);
  GstElement *media = gst_bin_new (NULL);

  if (payloader == NULL)
    g_error ("%s: %s", line, error->message);
  gst_object_set_name (GST_OBJECT (payloader), "pay0");
  gst_bin_add (GST_BIN (media), payloader);
  return media;
}

static void
changing_factory_class_init (ChangingFactoryClass *klass)
{
  klass->create_element = changing_factory_create_element;
}

static void
changing_factory_init (ChangingFactory *self)
{
}

/* --- the server ---------------------------------------------------------- */

static void
note_play (GstRTSPClient  *client,
           GstRTSPContext *context,
           gpointer        user_data)
{
  Camera *self = user_data;

  self->plays++;
  tell ("play");
}

static void
watch_client (GstRTSPServer *server,
              GstRTSPClient *client,
              gpointer       user_data)
{
  g_signal_connect (client, "play-request", G_CALLBACK (note_play), user_data);
}

static void
add_mount (Camera              *self,
           const gchar         *path,
           GstRTSPMediaFactory *factory,
           const gchar         *line)
{
  g_autoptr (GstRTSPMountPoints) points =
      gst_rtsp_server_get_mount_points (self->server);

  gst_rtsp_media_factory_set_launch (factory, line);
  gst_rtsp_media_factory_set_media_gtype (factory, camera_media_get_type ());
  g_signal_connect (factory, "media-configure", G_CALLBACK (configure_media),
                    self);
  gst_rtsp_mount_points_add_factory (points, path, factory);
}

static void
add_mounts (Camera *self)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (mounts); i++)
    {
      g_autofree gchar *line = g_strdup_printf ("( %s )", mounts[i][1]);

      add_mount (self, mounts[i][0], gst_rtsp_media_factory_new (), line);
    }
  for (i = 0; i < G_N_ELEMENTS (changing); i++)
    add_mount (self, changing[i][0],
               g_object_new (changing_factory_get_type (), NULL),
               changing[i][1]);
}

static gboolean
listen_again (Camera *self)
{
  g_autoptr (GError) error = NULL;

  self->listening =
      gst_rtsp_server_create_source (self->server, NULL, &error);
  if (self->listening == NULL)
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  g_source_attach (self->listening, NULL);
  return TRUE;
}

static GstRTSPFilterResult
drop_client (GstRTSPServer *server,
             GstRTSPClient *client,
             gpointer       user_data)
{
  return GST_RTSP_FILTER_REMOVE;
}

static gboolean
go_away (gpointer user_data)
{
  Camera *self = user_data;

  if (self->listening == NULL)
    return G_SOURCE_CONTINUE;
  g_source_destroy (self->listening);
  g_clear_pointer (&self->listening, g_source_unref);
  g_list_free_full (
      gst_rtsp_server_client_filter (self->server, drop_client, NULL),
      g_object_unref);
  tell ("away");
  return G_SOURCE_CONTINUE;
}

static gboolean
come_back (gpointer user_data)
{
  Camera *self = user_data;

  if (self->listening == NULL && listen_again (self))
    tell ("back");
  return G_SOURCE_CONTINUE;
}

static gboolean
end (gpointer user_data)
{
  Camera *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
parse_options (int    *argc,
               char ***argv)
{
  const GOptionEntry entries[] = {
    { "digits", 0, 0, G_OPTION_ARG_STRING, &options.digits,
      "What it says; after a comma: what it says the next time", "DIGITS" },
    { "linger", 0, 0, G_OPTION_ARG_INT, &options.linger,
      "Silence after that", "SECONDS" },
    { "lose", 0, 0, G_OPTION_ARG_INT, &options.lose,
      "Every Nth packet is lost", "N" },
    { "swap", 0, 0, G_OPTION_ARG_INT, &options.swap,
      "Every Nth packet comes after the next one", "N" },
    { "skew", 0, 0, G_OPTION_ARG_INT, &options.skew,
      "How much too fast its clock is", "PPM" },
    { "wrong-year", 0, 0, G_OPTION_ARG_NONE, &options.wrong_year,
      "Its reports tell a time in 1900", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  if (options.digits == NULL)
    options.digits = g_strdup ("0123456789");
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  Camera self = { NULL };
  g_autofree gchar *service = NULL;

  if (!parse_options (&argc, &argv))
    return 2;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self.server, "127.0.0.1");
  gst_rtsp_server_set_service (self.server, "0");
  g_signal_connect (self.server, "client-connected",
                    G_CALLBACK (watch_client), &self);
  add_mounts (&self);
  if (!listen_again (&self))
    return 1;
  g_unix_signal_add (SIGUSR1, go_away, &self);
  g_unix_signal_add (SIGUSR2, come_back, &self);
  g_unix_signal_add (SIGTERM, end, &self);
  service = g_strdup_printf (
      "%d", gst_rtsp_server_get_bound_port (self.server));
  /* The port is the same when it comes back. */
  gst_rtsp_server_set_service (self.server, service);
  g_print ("rtsp://127.0.0.1:%s\n", service);
  g_main_loop_run (self.loop);
  return 0;
}
