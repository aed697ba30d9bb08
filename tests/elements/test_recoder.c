/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecoder.h"

#include "chunk/container.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <math.h>

#include "chunk/chunker.h"
#include "chunk/opus.h"
#include "chunk/ogg.h"
#include "chunk/wav.h"
#include "fixture.h"
#include "oggreader.h"
#include "scribe/error.h"

#define RATE 48000
#define PATIENCE (60 * GST_SECOND)
#define SINK "appsink name=sink sync=false wait-on-eos=false"

/* What a hard cut in Opus may cost, in steps of 16 bit samples. */
#define MAX_ERROR 2

/* --- recordings ----------------------------------------------------------- */

/* Runs a pipeline from an appsrc to an appsink, both named. */
static GByteArray *
run (const gchar *line,
     const gchar *caps,
     GBytes      *in)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstElement) src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  GByteArray *out = g_byte_array_new ();
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (in);
  GstSample *sample;

  g_assert_no_error (error);
  if (caps != NULL) {
    g_autoptr (GstCaps) format = gst_caps_from_string (caps);

    g_object_set (src, "caps", format, "format", GST_FORMAT_TIME, NULL);
    GST_BUFFER_PTS (buffer) = 0;
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_app_src_push_buffer (GST_APP_SRC (src), buffer);
  gst_app_src_end_of_stream (GST_APP_SRC (src));
  message = gst_bus_timed_pop_filtered (bus, PATIENCE,
                                        GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  while ((sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 0)) !=
         NULL) {
    GstMapInfo map;

    gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ);
    g_byte_array_append (out, map.data, map.size);
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return out;
}

/* Vowels of changing pitch with pauses between, and hiss: decoders converge on
 * it as they do on speech. Each channel has a voice of its own. */
static GBytes *
make_speech (guint samples,
             guint channels)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  gint16 *data = g_new (gint16, samples * channels);
  gdouble phase[2] = { 0, 0 };
  guint i, c, h;

  for (i = 0; i < samples; i++) {
    for (c = 0; c < channels; c++) {
      const gdouble t = i / (gdouble) RATE + c * 0.4;
      const gdouble pitch = 110 + 60 * c + 30 * sin (2 * G_PI * 0.7 * t);
      const gdouble loud = MAX (0, sin (2 * G_PI * 2.3 * t));
      gdouble value = 0;

      phase[c] += 2 * G_PI * pitch / RATE;
      for (h = 1; h < 20; h++)
        value += sin (h * phase[c]) /
                 (1 + fabs (h * pitch - 600 - 300 * sin (2 * t)) / 200);
      data[i * channels + c] =
          2500 * loud * value + g_rand_int_range (rand, -60, 60);
    }
  }
  return g_bytes_new_take (data, samples * channels * sizeof (gint16));
}

/* Ogg Opus of @samples at 48 kHz. */
static GBytes *
encode (guint samples,
        guint channels)
{
  g_autofree gchar *caps = g_strdup_printf (
      "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=%u",
      channels);
  g_autoptr (GBytes) speech = make_speech (samples, channels);

  return g_byte_array_free_to_bytes (
      run ("appsrc name=src ! opusenc bitrate=32000 ! oggmux ! " SINK,
           caps, speech));
}

/* One decode and one resampling, by elements. */
static GByteArray *
decode_uncut (GBytes *recording)
{
  return run ("appsrc name=src ! oggdemux ! opusdec ! audio/x-raw,rate=48000 ! "
              "audioconvert dithering=none ! "
              "audio/x-raw,format=F32LE,channels=1 ! audioresample ! "
              "audio/x-raw,rate=16000 ! audioconvert dithering=none ! "
              "audio/x-raw,format=S16LE ! " SINK,
              NULL, recording);
}

static GPtrArray *
cut (const OggFile *file,
     GstClockTime   max_duration)
{
  const EkaChunkLimits limits = {
    .min_duration = max_duration,
    .max_duration = max_duration,
    .max_bytes = 10000000,
  };
  g_autoptr (EkaChunker) chunker = 
      eka_chunker_new (&file->codec, EKA_CONTAINER_OGG, &limits);
  GPtrArray *chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  EkaChunk *chunk;
  guint i;

  for (i = 0; i < file->packets->len; i++) {
    EkaPacket packet = { .running_time = i == 0 ? 7 : EKA_TIME_NONE };

    packet.data = g_bytes_get_data (file->packets->pdata[i], &packet.size);
    if (i + 1 == file->packets->len)
      packet.trim_end = file->trim_end;
    g_assert_true (eka_chunker_push (chunker, &packet));
  }
  eka_chunker_close (chunker);
  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
  return chunks;
}

/* A recording in chunks. */
static GPtrArray *
record (guint        samples,
        guint        channels,
        GstClockTime max_duration)
{
  g_autoptr (GBytes) recording = encode (samples, channels);
  g_autoptr (OggFile) file = ogg_file_new (recording);

  g_assert_cmpuint (file->samples, ==, samples);
  g_assert_cmpuint (file->codec.channels, ==, channels);
  return cut (file, max_duration);
}

/* --- recoding ------------------------------------------------------------- */

static void
check_wav (EkaChunk   *wav,
           EkaChunk   *chunk,
           GByteArray *out)
{
  g_autoptr (GBytes) again = NULL;
  EkaCodec codec;
  gsize size;
  const guint8 *data = g_bytes_get_data (wav->bytes, &size);

  g_assert_cmpuint (wav->index, ==, chunk->index);
  g_assert_cmpstr (wav->media_type, ==, "audio/wav");
  g_assert_cmpstr (wav->extension, ==, "wav");
  g_assert_cmpuint (wav->running_time, ==, chunk->running_time);
  g_assert_cmpuint (wav->duration, ==, wav->samples * 62500);
  g_assert_cmpuint (size, ==, EKA_WAV_HEADER_SIZE + 2 * wav->samples);
  /* no more than a few samples wait for the next one */
  g_assert_cmpint (ABS ((gint64) (3 * wav->samples - chunk->samples)), <=, 120);

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  again = eka_wav_write (&codec, data + EKA_WAV_HEADER_SIZE,
                         size - EKA_WAV_HEADER_SIZE);
  g_assert_true (g_bytes_equal (wav->bytes, again));
  g_byte_array_append (out, data + EKA_WAV_HEADER_SIZE,
                       size - EKA_WAV_HEADER_SIZE);
}

static GByteArray *
recode_all (GstEkascribeRecoder *recoder,
            GPtrArray           *chunks)
{
  GByteArray *out = g_byte_array_new ();
  guint i;

  for (i = 0; i < chunks->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EkaChunk) wav = gst_ekascribe_recoder_recode (
        recoder, chunks->pdata[i], i + 1 == chunks->len, &error);

    g_assert_no_error (error);
    check_wav (wav, chunks->pdata[i], out);
  }
  return out;
}

static void
assert_same (GByteArray *a,
             GByteArray *b)
{
  g_assert_cmpmem (a->data, a->len, b->data, b->len);
}

static void
assert_close (GByteArray *uncut,
              GByteArray *joined)
{
  const gint16 *x = (const gint16 *) (gpointer) uncut->data;
  const gint16 *y = (const gint16 *) (gpointer) joined->data;
  gint largest = 0, loudest = 0;
  guint i;

  /* audioresample rounds the end up */
  g_assert_cmpuint (uncut->len, >=, joined->len);
  g_assert_cmpuint (uncut->len, <=, joined->len + 2);
  for (i = 0; i < joined->len / 2; i++) {
    largest = MAX (largest, ABS (x[i] - y[i]));
    loudest = MAX (loudest, ABS (x[i]));
  }
  g_test_message ("largest difference %d LSB", largest);
  g_assert_cmpint (largest, <=, MAX_ERROR);
  g_assert_cmpint (loudest, >, 3000);
}

static void
check_recording (guint        samples,
                 guint        channels,
                 GstClockTime max_duration,
                 guint        min_chunks)
{
  g_autoptr (GBytes) recording = encode (samples, channels);
  g_autoptr (OggFile) file = ogg_file_new (recording);
  g_autoptr (GPtrArray) chunks = cut (file, max_duration);
  g_autoptr (GByteArray) uncut = decode_uncut (recording);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) joined = recode_all (recoder, chunks);

  g_assert_cmpuint (file->samples, ==, samples);
  g_assert_cmpuint (file->codec.channels, ==, channels);
  g_assert_cmpuint (chunks->len, >=, min_chunks);
  g_assert_cmpuint (joined->len / 2, ==, (samples + 1) / 3);
  assert_close (uncut, joined);
}

static void
test_mono (void)
{
  check_recording (9 * RATE, 1, 2 * GST_SECOND, 6);
}

static void
test_stereo (void)
{
  check_recording (8 * RATE + 101, 2, 2 * GST_SECOND, 5);
}

static void
test_many_seams (void)
{
  check_recording (6 * RATE + 7, 1, GST_SECOND, 8);
}

static void
test_one_chunk (void)
{
  check_recording (3 * RATE, 1, 20 * GST_SECOND, 1);
}

/* Two channels stay apart, each as it would be alone. */
static void
test_stereo_stays (void)
{
  const guint samples = 5 * RATE;
  g_autoptr (GBytes) recording = encode (samples, 2);
  g_autoptr (OggFile) file = ogg_file_new (recording);
  g_autoptr (GPtrArray) chunks = cut (file, 2 * GST_SECOND);
  g_autoptr (GByteArray) uncut = run (
      "appsrc name=src ! oggdemux ! opusdec ! audio/x-raw,rate=48000 ! "
      "audioconvert dithering=none ! audio/x-raw,format=F32LE,channels=2 ! "
      "audioresample ! audio/x-raw,rate=16000 ! audioconvert dithering=none ! "
      "audio/x-raw,format=S16LE ! " SINK,
      NULL, recording);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  guint i;

  gst_ekascribe_recoder_set_stereo (recoder, TRUE);
  for (i = 0; i < chunks->len; i++) {
    g_autoptr (GError) error = NULL;
    g_auto (EkaFile) wav = { 0 };
    g_autoptr (EkaChunk) chunk = gst_ekascribe_recoder_recode (
        recoder, chunks->pdata[i], i + 1 == chunks->len, &error);

    g_assert_no_error (error);
    eka_file_init (&wav);
    g_assert_true (eka_container_read (EKA_CONTAINER_WAV, &wav, chunk->bytes));
    g_assert_cmpint (wav.codec.channels, ==, 2);
    g_assert_cmpuint (chunk->samples, ==, wav.data->len / 4);
    g_byte_array_append (joined, wav.data->data, wav.data->len);
  }
  g_assert_cmpuint (joined->len / 4, ==, (samples + 1) / 3);
  g_byte_array_set_size (uncut, MIN (uncut->len, joined->len));
  assert_close (uncut, joined);
}

/* Any rest of the division by three. */
static void
test_lengths (void)
{
  guint samples;

  for (samples = 2 * RATE; samples < 2 * RATE + 4; samples++) {
    g_autoptr (GPtrArray) chunks = record (samples, 1, GST_SECOND);
    g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
    g_autoptr (GByteArray) joined = recode_all (recoder, chunks);

    g_assert_cmpuint (chunks->len, >, 1);
    g_assert_cmpuint (joined->len / 2, ==, (samples + 1) / 3);
  }
}

/* What comes after the last chunk is another recording. */
static void
test_again (void)
{
  g_autoptr (GPtrArray) chunks = record (2 * RATE, 1, GST_SECOND);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) once = recode_all (recoder, chunks);
  g_autoptr (GByteArray) twice = recode_all (recoder, chunks);

  assert_same (once, twice);
}

/* A file of 20 ms of Opus, of which a few samples are heard. */
static EkaChunk *
make_crumb (guint64 heard)
{
  const EkaPacketInfo info = { .size = 3, .samples = 960 };
  EkaStream stream = {
    .skip = 960 - heard,
    .packets = &info,
    .n_packets = 1,
    .data = (const guint8 *) "\xf8\xff\xfe",
  };
  g_autoptr (GBytes) file = NULL;
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  stream.codec = &codec;
  file = eka_ogg_write (&stream);
  return eka_chunk_new (0, file, "audio/ogg", "ogg", EKA_TIME_NONE,
                        heard * GST_SECOND / RATE, heard);
}

static void
test_crumbs (void)
{
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  guint64 taken = 0, given = 0;
  guint i;

  for (i = 1; i <= 200; i++) {
    g_autoptr (EkaChunk) crumb = make_crumb (i % 7 + 1);
    g_autoptr (EkaChunk) wav = NULL;

    wav = gst_ekascribe_recoder_recode (recoder, crumb, i == 200, NULL);
    g_assert_nonnull (wav);
    if (i == 1)
      g_assert_cmpuint (wav->samples, ==, 0);
    g_assert_cmpuint (wav->running_time, ==, EKA_TIME_NONE);
    taken += crumb->samples;
    given += wav->samples;
  }
  g_assert_cmpuint (given, ==, (taken + 1) / 3);
}

static void
test_wav_passes (void)
{
  static const guint8 samples[3200] = { 0, };
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GBytes) file = NULL;
  g_autoptr (EkaChunk) chunk = NULL;
  g_autoptr (EkaChunk) same = NULL;
  g_autoptr (GError) error = NULL;
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  file = eka_wav_write (&codec, samples, sizeof samples);
  chunk = eka_chunk_new (4, file, "audio/wav", "wav", 0, 100 * GST_MSECOND,
                         1600);
  same = gst_ekascribe_recoder_recode (recoder, chunk, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (same == chunk);
}

/* --- what can't be recoded ------------------------------------------------ */

static void
assert_refused (GstEkascribeRecoder *recoder,
                GBytes              *bytes,
                const gchar         *media_type,
                guint64              samples)
{
  g_autoptr (EkaChunk) chunk = eka_chunk_new (
      9, bytes, media_type, "ogg", 0, samples * GST_SECOND / RATE, samples);
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_ekascribe_recoder_recode (recoder, chunk, FALSE, &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (error->message, "Chunk 9 "));
}

static void
test_garbage (void)
{
  g_autoptr (GPtrArray) chunks = record (3 * RATE, 1, GST_SECOND);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) good = recode_all (recoder, chunks);
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  guint i;

  for (i = 0; i < chunks->len; i++) {
    EkaChunk *chunk = chunks->pdata[i];
    const gsize size = g_bytes_get_size (chunk->bytes);
    g_autoptr (GBytes) half = g_bytes_new_from_bytes (chunk->bytes, 0,
                                                      size / 2);
    g_autoptr (GBytes) head = g_bytes_new_from_bytes (chunk->bytes, 0, 90);
    g_autoptr (GBytes) tail = g_bytes_new_from_bytes (chunk->bytes, 90,
                                                      size - 90);
    g_autoptr (GBytes) none = g_bytes_new (NULL, 0);
    g_autoptr (EkaChunk) wav = NULL;

    assert_refused (recoder, half, "audio/ogg", chunk->samples);
    assert_refused (recoder, head, "audio/ogg", chunk->samples);
    assert_refused (recoder, tail, "audio/ogg;codecs=opus", chunk->samples);
    assert_refused (recoder, none, "audio/ogg", chunk->samples);
    assert_refused (recoder, chunk->bytes, "audio/ogg", chunk->samples + 1);
    assert_refused (recoder, chunk->bytes, "audio/mp4", chunk->samples);

    /* and nothing of it is in what follows */
    wav = gst_ekascribe_recoder_recode (recoder, chunk, i + 1 == chunks->len,
                                        NULL);
    g_assert_nonnull (wav);
    check_wav (wav, chunk, joined);
  }
  assert_same (good, joined);
}

/* --- threads -------------------------------------------------------------- */

typedef struct {
  GstEkascribeRecoder *recoder;
  EkaChunk *chunk;
  gboolean last;
} Job;

static void
recode_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  Job *job = task_data;
  GError *error = NULL;
  EkaChunk *wav = gst_ekascribe_recoder_recode (job->recoder, job->chunk,
                                                job->last, &error);

  if (wav != NULL)
    g_task_return_pointer (task, wav, (GDestroyNotify) eka_chunk_unref);
  else
    g_task_return_error (task, error);
}

/* Nobody runs a main loop. */
static void
test_threads (void)
{
  g_autoptr (GPtrArray) chunks = record (3 * RATE, 2, GST_SECOND);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) here = recode_all (recoder, chunks);
  g_autoptr (GByteArray) there = g_byte_array_new ();
  guint i;

  for (i = 0; i < chunks->len; i++) {
    Job job = { recoder, chunks->pdata[i], i + 1 == chunks->len };
    g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (EkaChunk) wav = NULL;

    g_task_set_task_data (task, &job, NULL);
    g_task_run_in_thread_sync (task, recode_in_thread);
    wav = g_task_propagate_pointer (task, &error);
    g_assert_no_error (error);
    check_wav (wav, chunks->pdata[i], there);
  }
  g_assert_false (g_main_context_pending (NULL));
  assert_same (here, there);
}

/* --- a decoder that hangs ------------------------------------------------- */

/* Guards the two below. */
static GMutex stuck_lock;
static GCond stuck_cond;
static gboolean stuck;
static guint n_alive;

typedef struct {
  GstElement parent;
  gint max_errors;
} StuckDecoder;

typedef GstElementClass StuckDecoderClass;

static GType stuck_decoder_get_type (void);
G_DEFINE_TYPE (StuckDecoder, stuck_decoder, GST_TYPE_ELEMENT)

static GstStaticPadTemplate stuck_sink = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-opus"));
static GstStaticPadTemplate stuck_src = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-raw"));

static GstFlowReturn
stuck_chain (GstPad    *pad,
             GstObject *parent,
             GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  g_mutex_lock (&stuck_lock);
  while (stuck)
    g_cond_wait (&stuck_cond, &stuck_lock);
  g_mutex_unlock (&stuck_lock);
  return GST_FLOW_ERROR;
}

static void
count_stuck (gint change)
{
  g_mutex_lock (&stuck_lock);
  n_alive += change;
  g_cond_broadcast (&stuck_cond);
  g_mutex_unlock (&stuck_lock);
}

static void
stuck_decoder_finalize (GObject *object)
{
  G_OBJECT_CLASS (stuck_decoder_parent_class)->finalize (object);
  count_stuck (-1);
}

static void
stuck_decoder_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *spec)
{
  ((StuckDecoder *) object)->max_errors = g_value_get_int (value);
}

static void
stuck_decoder_class_init (StuckDecoderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = stuck_decoder_finalize;
  object_class->set_property = stuck_decoder_set_property;
  g_object_class_install_property (
      object_class, 1,
      g_param_spec_int ("max-errors", NULL, NULL, -1, G_MAXINT, -1,
                        G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (klass, &stuck_sink);
  gst_element_class_add_static_pad_template (klass, &stuck_src);
  gst_element_class_set_static_metadata (klass, "Stuck", "Decoder/Audio", "Hangs",
                                         "gst-ekascribe");
}

static void
stuck_decoder_init (StuckDecoder *self)
{
  GstPad *sink = gst_pad_new_from_static_template (&stuck_sink, "sink");

  gst_pad_set_chain_function (sink, stuck_chain);
  gst_element_add_pad (GST_ELEMENT (self), sink);
  gst_element_add_pad (GST_ELEMENT (self),
                       gst_pad_new_from_static_template (&stuck_src, "src"));
  count_stuck (1);
}

/* Lets the decoder go on, and waits until it was thrown away. */
static void
release_stuck (void)
{
  const gint64 end = g_get_monotonic_time () + GST_TIME_AS_USECONDS (PATIENCE);

  g_mutex_lock (&stuck_lock);
  stuck = FALSE;
  g_cond_broadcast (&stuck_cond);
  while (n_alive > 0)
    g_assert_true (g_cond_wait_until (&stuck_cond, &stuck_lock, end));
  g_mutex_unlock (&stuck_lock);
}

static void
test_stuck (void)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPluginFeature) real =
      gst_registry_lookup_feature (registry, "opusdec");
  g_autoptr (GPtrArray) chunks = record (RATE, 1, 20 * GST_SECOND);
  g_autoptr (GstEkascribeRecoder) recoder = gst_ekascribe_recoder_new ();
  g_autoptr (GByteArray) joined = NULL;
  g_autoptr (GError) error = NULL;

  stuck = TRUE;
  g_assert_true (gst_element_register (NULL, "opusdec", GST_RANK_PRIMARY + 1,
                                       stuck_decoder_get_type ()));
  gst_ekascribe_recoder_set_patience (recoder, 200 * GST_MSECOND);
  g_assert_null (gst_ekascribe_recoder_recode (recoder, chunks->pdata[0], TRUE,
                                               &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT);
  g_assert_cmpuint (n_alive, ==, 1);
  gst_registry_add_feature (registry, real);
  release_stuck ();

  gst_ekascribe_recoder_set_patience (recoder, PATIENCE);
  joined = recode_all (recoder, chunks);
  g_assert_cmpuint (joined->len, ==, 2 * 16000);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  g_test_add_func ("/recoder/mono-is-the-uncut-recording", test_mono);
  g_test_add_func ("/recoder/stereo-is-the-uncut-recording", test_stereo);
  g_test_add_func ("/recoder/stereo-is-the-uncut-recording-stays", test_stereo_stays);
  g_test_add_func ("/recoder/many-seams-are-not-heard", test_many_seams);
  g_test_add_func ("/recoder/one-chunk-is-the-recording", test_one_chunk);
  g_test_add_func ("/recoder/last-rounds-to-a-sample", test_lengths);
  g_test_add_func ("/recoder/after-last-comes-another-recording", test_again);
  g_test_add_func ("/recoder/crumbs-add-up", test_crumbs);
  g_test_add_func ("/recoder/wav-passes", test_wav_passes);
  g_test_add_func ("/recoder/garbage-is-an-error-and-no-more", test_garbage);
  g_test_add_func ("/recoder/works-in-a-pool-thread", test_threads);
  g_test_add_func ("/recoder/gives-up-what-hangs", test_stuck);
  return g_test_run ();
}
