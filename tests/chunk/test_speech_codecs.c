/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Whether somebody speaks, by what real encoders make of rooms that are more or
 * less quiet. */
#include "chunk/speech.h"

#include <math.h>
#include <string.h>

#include "chunk/aac.h"
#include "encode.h"
#include "mp3source.h"
#include "oggreader.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MSECOND G_GUINT64_CONSTANT (1000000)
#define N_SENTENCES 5
/* Of noise before the first sentence, and after each */
#define LEAD (8 * ENCODE_RATE)
#define PAUSE (3 * ENCODE_RATE)

/* --- rooms ---------------------------------------------------------------- */

typedef gdouble (*NoiseFunc) (GRand   *rand,
                              guint    i,
                              gdouble *memory);

/* All of them have a power of 1. */
static gdouble
make_white (GRand   *rand,
            guint    i,
            gdouble *memory)
{
  return g_rand_double_range (rand, -sqrt (3), sqrt (3));
}

static gdouble
make_fan (GRand   *rand,
          guint    i,
          gdouble *memory)
{
  *memory = 0.95 * *memory + make_white (rand, i, NULL);
  return *memory * sqrt (1 - 0.95 * 0.95);
}

static gdouble
make_hum (GRand   *rand,
          guint    i,
          gdouble *memory)
{
  const gdouble turn = 2 * G_PI * 50 * i / ENCODE_RATE;

  return 1.1 * sin (turn) + 0.7 * sin (2 * turn) + 0.5 * sin (3 * turn) +
         0.01 * make_white (rand, i, NULL);
}

typedef struct
{
  const gchar *name;
  NoiseFunc make;
  gdouble level; /* dBFS */
} Room;

static const Room rooms[] = {
  { "quiet", make_white, -70 },
  { "noise-50", make_white, -50 },
  { "noise-40", make_white, -40 },
  { "fan-40", make_fan, -40 },
  { "hum-40", make_hum, -40 },
};

/* What is said in the room, and where: begin and end of each sentence, in
 * samples */
typedef struct
{
  GArray *samples;
  guint begins[N_SENTENCES];
  guint ends[N_SENTENCES];
} Scene;

static void
append_nothing (Scene *self,
                guint  n)
{
  g_array_set_size (self->samples, self->samples->len + n);
}

static void
add_noise (Scene      *self,
           const Room *room)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  const gdouble scale = 32768 * pow (10, room->level / 20);
  gdouble memory = 0;
  guint i;

  for (i = 0; i < self->samples->len; i++)
    {
      gint16 *sample = &g_array_index (self->samples, gint16, i);
      const gdouble sum = *sample + scale * room->make (rand, i, &memory);

      *sample = (gint16) CLAMP (sum, G_MININT16, G_MAXINT16);
    }
}

static Scene *
scene_new (const Speech *speech,
           const Room   *room)
{
  Scene *self = g_new0 (Scene, 1);
  guint from = 0, i;

  self->samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  append_nothing (self, LEAD);
  for (i = 0; i < N_SENTENCES; i++)
    {
      const guint to = g_array_index (speech->pauses, guint, 2 * i);

      self->begins[i] = self->samples->len;
      g_array_append_vals (self->samples,
                           &g_array_index (speech->samples, gint16, from),
                           to - from);
      self->ends[i] = self->samples->len;
      append_nothing (self, PAUSE);
      from = g_array_index (speech->pauses, guint, 2 * i + 1);
    }
  add_noise (self, room);
  return self;
}

static void
scene_free (Scene *self)
{
  g_array_unref (self->samples);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free)

/* --- what is heard -------------------------------------------------------- */

typedef struct
{
  EkaSpeech *speech;
  EkaCodec codec;
  guint64 now;     /* of the recording, in ns */
  const Scene *scene;
  guint64 spoken[N_SENTENCES];
  guint64 found[N_SENTENCES];  /* after how long */
  guint64 silent[N_SENTENCES]; /* likewise, after its end */
  guint64 silence[N_SENTENCES]; /* at the end of the pause after it */
  guint64 wrong;   /* how long somebody was heard where nobody spoke */
} Heard;

static guint64
to_time (guint samples)
{
  return samples * SECOND / ENCODE_RATE;
}

static void
note (Heard  *self,
      guint64 duration)
{
  const gboolean active = eka_speech_is_active (self->speech);
  guint i;

  self->now += duration;
  for (i = N_SENTENCES; i > 0 && self->now < to_time (self->scene->begins[i - 1]);
       i--)
    ;
  if (i == 0)
    {
      self->wrong += active ? duration : 0;
      return;
    }
  i--;
  if (self->now < to_time (self->scene->ends[i]))
    {
      if (active && self->found[i] == 0)
        self->found[i] = self->now - to_time (self->scene->begins[i]);
      self->spoken[i] = MAX (self->spoken[i],
                             eka_speech_get_spoken (self->speech));
      return;
    }
  if (!active && self->silent[i] == 0)
    self->silent[i] = self->now - to_time (self->scene->ends[i]);
  if (active && self->silent[i] > 0)
    self->wrong += duration;
  if (self->now <
      to_time (self->scene->ends[i] + PAUSE) - 200 * MSECOND)
    self->silence[i] = eka_speech_get_silence (self->speech);
}

static void
push (Heard        *self,
      const guint8 *data,
      gsize         size)
{
  const EkaPacket packet = { .data = data, .size = size,
                             .running_time = EKA_TIME_NONE };
  guint previous = 0, samples = 0;

  eka_speech_push_packet (self->speech, &self->codec, &packet);
  if (eka_codec_measure_packet (&self->codec, data, size, &previous, &samples))
    note (self, eka_codec_time_from_samples (&self->codec, samples));
}

/* --- encoders ------------------------------------------------------------- */

typedef void (*EncodeFunc) (Heard        *heard,
                            const gchar *const *arguments);

static GBytes *
encode (const Scene        *scene,
        const gchar *const *arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  static const gchar *const head[] = { "ffmpeg", "-v", "error", "-f", "s16le",
                                       "-ar", "22050", "-ac", "1", "-i",
                                       ENCODE_IN };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (head); i++)
    g_ptr_array_add (argv, (gchar *) head[i]);
  for (i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gchar *) arguments[i]);
  g_ptr_array_add (argv, (gchar *) ENCODE_OUT);
  g_ptr_array_add (argv, NULL);
  return encode_run (scene->samples->data, scene->samples->len * 2,
                     (const gchar *const *) argv->pdata);
}

static void
hear_opus (Heard              *heard,
           const gchar *const *arguments)
{
  g_autoptr (GBytes) bytes = encode (heard->scene, arguments);
  g_autoptr (OggFile) file = ogg_file_new (bytes);
  guint i;

  eka_codec_copy (&heard->codec, &file->codec);
  for (i = 0; i < file->packets->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (file->packets->pdata[i], &size);

      push (heard, data, size);
    }
}

static void
hear_aac (Heard              *heard,
          const gchar *const *arguments)
{
  g_autoptr (GBytes) bytes = encode (heard->scene, arguments);
  gsize size, length;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (; size > 0; data += length, size -= length)
    {
      gsize head;

      g_assert_cmpuint (size, >, 7);
      length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5;
      if (heard->codec.config == NULL)
        g_assert_true (
            eka_aac_init_codec_from_adts (&heard->codec, data, length));
      head = eka_aac_adts_header_size (data, length);
      g_assert_cmpuint (head, >, 0);
      push (heard, data + head, length - head);
    }
}

static void
hear_mp3 (Heard              *heard,
          const gchar *const *arguments)
{
  g_autoptr (GBytes) bytes = encode (heard->scene, arguments);
  g_autoptr (Mp3Source) source = mp3_source_new (bytes);
  const guint8 *data = source->data->data;
  guint i;

  eka_codec_copy (&heard->codec, &source->codec);
  for (i = 0; i < source->packets->len; i++)
    {
      const gsize size =
          g_array_index (source->packets, EkaPacketInfo, i).size;

      push (heard, data, size);
      data += size;
    }
}

/* In buffers of 20 ms and a bit */
static void
hear_samples (Heard              *heard,
              const gchar *const *arguments)
{
  g_autoptr (GBytes) bytes = encode (heard->scene, arguments);
  const gboolean is_pcm = strstr (arguments[1], "s16le") != NULL;
  gsize size, length;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  eka_codec_init_samples (&heard->codec,
                          is_pcm                              ? EKA_CODEC_PCM
                          : g_str_equal (arguments[1], "alaw") ? EKA_CODEC_ALAW
                                                               : EKA_CODEC_MULAW,
                          is_pcm ? 16000 : 8000, 1);
  for (; size > 0; data += length, size -= length)
    {
      length = MIN (size, is_pcm ? 700 : 170);
      push (heard, data, length);
    }
}

typedef struct
{
  const gchar *name;
  EncodeFunc hear;
  const gchar *arguments[16];
  gboolean is_coarse;
} Encoder;

static const Encoder encoders[] = {
  { "silk-vbr", hear_opus, { "-c:a", "libopus", "-application", "voip", "-b:a",
                             "16k", "-f", "ogg" } },
  { "silk-cbr", hear_opus, { "-c:a", "libopus", "-application", "voip", "-b:a",
                             "16k", "-vbr", "off", "-f", "ogg" } },
  { "celt", hear_opus, { "-c:a", "libopus", "-application", "lowdelay", "-b:a",
                         "48k", "-f", "ogg" } },
  { "celt-cbr", hear_opus, { "-c:a", "libopus", "-application", "lowdelay",
                             "-b:a", "64k", "-vbr", "off", "-f", "ogg" } },
  { "opus-audio", hear_opus, { "-c:a", "libopus", "-application", "audio",
                               "-b:a", "24k", "-f", "ogg" } },
  { "aac", hear_aac, { "-c:a", "aac", "-b:a", "64k", "-f", "adts" }, TRUE },
  { "mp3", hear_mp3, { "-c:a", "libmp3lame", "-ar", "16000", "-b:a", "32k",
                       "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3" }, TRUE },
  { "mp3-vbr", hear_mp3, { "-c:a", "libmp3lame", "-ar", "44100", "-q:a", "5",
                       "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3" }, TRUE },
  { "pcm", hear_samples, { "-f", "s16le", "-ar", "16000" } },
  { "mulaw", hear_samples, { "-f", "mulaw", "-ar", "8000" } },
  { "alaw", hear_samples, { "-f", "alaw", "-ar", "8000" } },
};

typedef struct
{
  const Room *room;
  const Encoder *encoder;
} Cell;

static Speech *speech;

/* What an encoder spends tells less than a level does, and later. */
static void
assert_heard (const Heard *heard,
              gboolean     is_coarse)
{
  const Scene *scene = heard->scene;
  guint i;

  for (i = 0; i < N_SENTENCES; i++)
    {
      const guint64 length = to_time (scene->ends[i] - scene->begins[i]);

      g_assert_cmpuint (heard->found[i], >, 0);
      g_assert_cmpuint (heard->silent[i], >, 0);
      g_assert_cmpuint (heard->silent[i], <,
                        is_coarse ? 2 * SECOND : 1 * SECOND);
      if (is_coarse)
        continue;
      g_assert_cmpuint (heard->found[i], <, 250 * MSECOND);
      g_assert_cmpuint (heard->spoken[i], >, length / 2);
      g_assert_cmpuint (heard->silence[i], >, 2 * SECOND);
      g_assert_cmpuint (heard->silence[i], <, 3 * SECOND);
    }
  g_assert_cmpuint (heard->wrong, <,
                    is_coarse ? 2 * SECOND : 400 * MSECOND);
}

static void
test_sentences_are_heard_and_the_room_is_not (gconstpointer data)
{
  const Cell *cell = data;
  g_autoptr (Scene) scene = scene_new (speech, cell->room);
  g_autoptr (EkaSpeech) detector = eka_speech_new ();
  Heard heard = { .speech = detector, .scene = scene };
  guint i;

  cell->encoder->hear (&heard, cell->encoder->arguments);
  eka_codec_clear (&heard.codec);
  for (i = 0; i < N_SENTENCES; i++)
    g_test_message ("%.2f s: found after %.2f, %.2f spoken; quiet after %.2f, "
                    "for %.2f",
                    to_time (scene->ends[i] - scene->begins[i]) / 1e9,
                    heard.found[i] / 1e9, heard.spoken[i] / 1e9,
                    heard.silent[i] / 1e9, heard.silence[i] / 1e9);
  g_test_message ("wrong: %.2f s", heard.wrong / 1e9);
  assert_heard (&heard, cell->encoder->is_coarse);
}

int
main (int    argc,
      char **argv)
{
  static Cell cells[G_N_ELEMENTS (rooms) * G_N_ELEMENTS (encoders)];
  gint result;
  guint i;

  g_test_init (&argc, &argv, NULL);
  speech = encode_speech (N_SENTENCES);
  for (i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      Cell *cell = &cells[i];
      g_autofree gchar *path = NULL;

      cell->room = &rooms[i % G_N_ELEMENTS (rooms)];
      cell->encoder = &encoders[i / G_N_ELEMENTS (rooms)];
      path = g_strdup_printf (
          "/speech-codecs/sentences-are-heard-and-the-room-is-not/%s/%s",
          cell->encoder->name, cell->room->name);
      g_test_add_data_func (path, cell,
                            test_sentences_are_heard_and_the_room_is_not);
    }
  result = g_test_run ();
  speech_free (speech);
  return result;
}
