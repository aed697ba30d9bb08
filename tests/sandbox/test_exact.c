/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "container.h"
#include "decode.h"

#include <glib/gstdio.h>
#include <math.h>
#include <ogg/ogg.h>
#include <string.h>

#define FOREVER 4000.0 /* s */
#define FRAMES 160011

/* --- files ---------------------------------------------------------------- */

static gchar *
write_file (const gchar *extension, GBytes *file)
{
  g_autofree gchar *uuid = g_uuid_string_random ();
  g_autofree gchar *name = g_strconcat (uuid, ".", extension, NULL);
  gchar *path = g_build_filename (g_get_tmp_dir (), name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, g_bytes_get_data (file, NULL),
                       (gssize)g_bytes_get_size (file), &error);
  g_assert_no_error (error);
  return path;
}

/* @command has %s for the WAV file, and for what is to be made of it. */
static GBytes *
run_encoder (const gchar *extension, GBytes *wav, const gchar *command)
{
  g_autofree gchar *in = write_file ("wav", wav);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autofree gchar *out = write_file (extension, nothing);
  g_auto (GStrv) parts = g_strsplit (command, "%s", 3);
  g_autofree gchar *line
      = g_strconcat (parts[0], in, parts[1], out, parts[2], NULL);
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;
  gint status;

  g_spawn_command_line_sync (line, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  g_file_get_contents (out, &data, &size, &error);
  g_assert_no_error (error);
  g_unlink (in);
  g_unlink (out);
  return g_bytes_new_take (data, size);
}

static SandboxAudio *
decode (const gchar *extension, GBytes *file)
{
  g_autofree gchar *path = write_file (extension, file);
  g_autoptr (GError) error = NULL;
  SandboxAudio *audio = sandbox_decode (path, "audio/any", FOREVER, &error);

  g_assert_no_error (error);
  g_unlink (path);
  return audio;
}

/* By ffmpeg; its own decoder of Opus rounds a bit more than libopus. */
static GBytes *
decode_elsewhere (const gchar *extension, GBytes *file, const gchar *decoder)
{
  g_autofree gchar *path = write_file (extension, file);
  g_autofree gchar *raw = g_strconcat (path, ".raw", NULL);
  g_autofree gchar *line = g_strdup_printf (
      "ffmpeg -v error -y %s -i %s -f s16le %s", decoder, path, raw);
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;
  gint status;

  g_spawn_command_line_sync (line, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  g_file_get_contents (raw, &data, &size, &error);
  g_assert_no_error (error);
  g_unlink (path);
  g_unlink (raw);
  return g_bytes_new_take (data, size);
}

/* --- samples -------------------------------------------------------------- */

static gsize
count_samples (GBytes *samples)
{
  return g_bytes_get_size (samples) / sizeof (gint16);
}

/* The samples of @part are those of @whole from @offset on, but for @slack. */
static void
check_same (GBytes *part, GBytes *whole, gsize offset, gint slack)
{
  const gint16 *a = g_bytes_get_data (part, NULL);
  const gint16 *b = g_bytes_get_data (whole, NULL);
  gsize i;

  g_assert_cmpuint (offset + count_samples (part), <=, count_samples (whole));
  for (i = 0; i < count_samples (part); i++)
    if (ABS (a[i] - b[offset + i]) > slack)
      g_error ("sample %" G_GSIZE_FORMAT ": %d, not %d", i, a[i],
               b[offset + i]);
}

/* A sweep, so that no sample is in two places. */
static GBytes *
make_sweep (gint rate, gint channels, gsize frames)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  gsize i;
  gint c;

  for (i = 0; i < frames; i++)
    for (c = 0; c < channels; c++)
      {
        gdouble t = (gdouble)i / rate;
        gint16 sample
            = (gint16)(9000.0 * sin (2.0 * G_PI * (200.0 + 90.0 * t + c) * t));

        g_array_append_val (samples, sample);
      }
  return make_wav (rate, channels, samples);
}

/* --- encoders ------------------------------------------------------------- */

/* @tail: what ffmpeg 5.1 leaves behind the end, which the file says is cut: of
 * AAC up to a frame. */
typedef struct
{
  const gchar *extension;
  const gchar *command;
  gint rate;
  gint channels;
  gint to_rate;
  gsize tail;
} Case;

#define FF "ffmpeg -v error -y -i %s "
#define GST "gst-launch-1.0 -q filesrc location=%s ! wavparse ! audioconvert "

static const Case CASES[] = {
  { "ogg", FF "-c:a libopus %s", 48000, 1, 48000, 0 },
  { "ogg", FF "-c:a libopus -frame_duration 2.5 %s", 48000, 1, 48000, 0 },
  { "ogg", FF "-c:a libopus -frame_duration 60 %s", 16000, 2, 48000, 0 },
  { "ogg", FF "-c:a libvorbis %s", 44100, 2, 44100, 0 },
  { "ogg", FF "-c:a libvorbis %s", 8000, 1, 8000, 0 },
  { "webm", FF "-c:a libopus %s", 48000, 2, 48000, 0 },
  { "webm", FF "-c:a libopus -frame_duration 10 %s", 16000, 1, 48000, 0 },
  { "webm", GST "! opusenc ! webmmux ! filesink location=%s", 48000, 1, 48000,
    0 },
  { "webm", GST "! opusenc ! webmmux streamable=true ! filesink location=%s",
    16000, 1, 48000, 0 },
  { "m4a", FF "-c:a aac %s", 16000, 1, 16000, 1023 },
  { "mp4", FF "-c:a aac -movflags +faststart %s", 44100, 2, 44100, 1023 },
  { "mp3", FF "-c:a libmp3lame %s", 16000, 1, 16000, 0 },
  { "mp3", "lame --quiet -b 128 %s %s", 44100, 2, 44100, 0 },
  { "mp3", "lame --quiet -V 3 %s %s", 48000, 1, 48000, 0 },
  { "mp3", "lame --quiet -b 32 %s %s", 8000, 1, 8000, 0 },
  { "wav", FF "-c:a pcm_mulaw %s", 8000, 1, 8000, 0 },
  { "wav", FF "-c:a pcm_alaw %s", 8000, 1, 8000, 0 },
  { "wav", FF "-c:a pcm_s16le %s", 16000, 2, 16000, 0 },
};

/* What went in comes out, to the sample, and is what ffmpeg makes of it. */
static void
test_encoders (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (CASES); i++)
    {
      const Case *self = &CASES[i];
      g_autoptr (GBytes) wav
          = make_sweep (self->rate, self->channels, FRAMES);
      g_autoptr (GBytes) file
          = run_encoder (self->extension, wav, self->command);
      g_autoptr (SandboxAudio) audio = decode (self->extension, file);
      g_autoptr (GBytes) other = decode_elsewhere (
          self->extension, file,
          self->to_rate == 48000 && strstr (self->command, "opus") != NULL
              ? "-c:a libopus"
              : "");
      gsize wanted = (gsize)FRAMES * (gsize)(self->to_rate / self->rate)
                     * (gsize)self->channels;

      g_test_message ("%s, %d Hz, %d channels: %s", self->extension,
                      self->rate, self->channels, self->command);
      g_assert_cmpint (audio->rate, ==, self->to_rate);
      g_assert_cmpint (audio->channels, ==, self->channels);
      g_assert_cmpuint (count_samples (audio->samples), ==, wanted);
      g_assert_cmpuint (count_samples (other), <=,
                        wanted + self->tail * (gsize)self->channels);
      check_same (audio->samples, other, 0, 1);
    }
}

/* Without a tag nothing is known of delay and padding: all is heard. */
static void
test_no_tag (void)
{
  g_autoptr (GBytes) wav = make_sweep (44100, 2, FRAMES);
  g_autoptr (GBytes) tagless
      = run_encoder ("mp3", wav, "lame --quiet -t -b 128 %s %s");
  g_autoptr (GBytes) tagged
      = run_encoder ("mp3", wav, "lame --quiet -b 128 %s %s");
  g_autoptr (SandboxAudio) all = decode ("mp3", tagless);
  g_autoptr (SandboxAudio) trimmed = decode ("mp3", tagged);

  g_assert_cmpuint (count_samples (all->samples) % (2 * 1152), ==, 0);
  g_assert_cmpuint (count_samples (all->samples), >=, 2 * (FRAMES + 1105));
  g_assert_cmpfloat (all->preroll, ==, 0.0);
  check_same (trimmed->samples, all->samples, 2 * 1105, 0);
}

/* A byte that RIFF wants behind samples of an odd size, and no `fact`. */
static void
test_law_chunks (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 tag;

  for (tag = 6; tag <= 7; tag++)
    {
      guint8 header[44] = "RIFF\x9a\x00\x00\x00WAVEfmt \x10\x00\x00\x00"
                          "\x00\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00"
                          "\x01\x00\x08\x00"
                          "data\x75\x00\x00";
      g_autoptr (GBytes) file = NULL;
      g_autoptr (SandboxAudio) audio = NULL;
      g_autoptr (GBytes) other = NULL;
      guint8 i;

      header[20] = tag;
      g_byte_array_set_size (bytes, 0);
      g_byte_array_append (bytes, header, sizeof header);
      for (i = 0; i < 118; i++)
        g_byte_array_append (bytes, &i, 1);
      file = g_bytes_new (bytes->data, bytes->len);
      audio = decode ("wav", file);
      other = decode_elsewhere ("wav", file, "");
      g_assert_cmpuint (count_samples (audio->samples), ==, 117);
      g_assert_cmpuint (count_samples (other), ==, 117);
      check_same (audio->samples, other, 0, 0);
    }
}

/* --- what a chunk that was cut out does ----------------------------------- */

static SandboxPackets *
unpack (const gchar *extension, GBytes *file)
{
  g_autoptr (GError) error = NULL;
  SandboxPackets *packets = NULL;

  sandbox_container_read (file, extension, "audio/any", &packets, &error);
  g_assert_no_error (error);
  g_assert_nonnull (packets);
  return packets;
}

static void
append_packet (GByteArray *array, const SandboxPackets *packets, guint index)
{
  gsize size;
  const guint8 *data
      = g_bytes_get_data (g_ptr_array_index (packets->data, index), &size);

  g_byte_array_append (array, data, (guint)size);
}

/* Frames of the middle, four more before them to fill the bit reservoir, and a
 * tag that hides these: what is heard is the middle of the recording. */
static void
test_mp3_middle (void)
{
  g_autoptr (GBytes) wav = make_sweep (44100, 2, FRAMES);
  g_autoptr (GBytes) whole
      = run_encoder ("mp3", wav, "lame --quiet --abr 128 %s %s");
  g_autoptr (SandboxPackets) packets = unpack ("mp3", whole);
  g_autoptr (SandboxAudio) all = decode ("mp3", whole);
  g_autoptr (GByteArray) part = g_byte_array_new ();
  g_autoptr (GBytes) file = NULL;
  g_autoptr (SandboxAudio) heard = NULL;
  const guint8 *data = g_bytes_get_data (whole, NULL);
  gsize first = g_bytes_get_size (whole);
  const guint delay = 4 * 1152 - 529;
  guint8 *tag;
  guint i;

  for (i = 0; i < packets->data->len; i++)
    first -= g_bytes_get_size (g_ptr_array_index (packets->data, i));
  g_byte_array_append (part, data, (guint)first);
  for (i = 36; i < 90; i++)
    append_packet (part, packets, i);
  tag = part->data + 36;
  g_assert_true (memcmp (tag, "Xing", 4) == 0 || memcmp (tag, "Info", 4) == 0);
  memcpy (tag + 8, "\0\0\0\x36", 4);
  tag += 120 + 21;
  tag[0] = (guint8)(delay >> 4);
  tag[1] = (guint8)((delay & 15) << 4 | 700 >> 8);
  tag[2] = 700 & 255;
  file = g_bytes_new (part->data, part->len);
  heard = decode ("mp3", file);
  g_assert_cmpuint (count_samples (heard->samples), ==,
                    2 * (50 * 1152 - (700 - 529)));
  g_assert_cmpfloat_with_epsilon (heard->preroll, 4 * 1152 / 44100.0, 1e-9);
  check_same (heard->samples, all->samples, 2 * (40 * 1152 - 1105), 0);
}

static guint8 *
find_box (GByteArray *file, const gchar *type)
{
  guint i;

  for (i = 0; i + 4 < file->len; i++)
    if (memcmp (file->data + i, type, 4) == 0)
      return file->data + i;
  g_assert_not_reached ();
}

static void
put_be32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (at, &value, 4);
}

/* Another edit of the same samples: it begins two frames later, and ends in
 * the middle of one. */
static void
test_mp4_edit (void)
{
  g_autoptr (GBytes) wav = make_sweep (16000, 1, FRAMES);
  g_autoptr (GBytes) whole = run_encoder ("m4a", wav, FF "-c:a aac %s");
  g_autoptr (SandboxAudio) all = decode ("m4a", whole);
  g_autoptr (GByteArray) edited = g_byte_array_new ();
  g_autoptr (GBytes) file = NULL;
  g_autoptr (SandboxAudio) heard = NULL;
  guint8 *edit;

  g_byte_array_append (edited, g_bytes_get_data (whole, NULL),
                       (guint)g_bytes_get_size (whole));
  put_be32 (find_box (edited, "mvhd") + 16, 16000);
  edit = find_box (edited, "elst");
  put_be32 (edit + 12, 12345);
  put_be32 (edit + 16, 3 * 1024);
  file = g_bytes_new (edited->data, edited->len);
  heard = decode ("m4a", file);
  g_assert_cmpuint (count_samples (heard->samples), ==, 12345);
  g_assert_cmpfloat_with_epsilon (heard->preroll, 3 * 1024 / 16000.0, 1e-9);
  check_same (heard->samples, all->samples, 2 * 1024, 0);
}

/* @file with the positions of all its pages with audio moved. */
static GBytes *
move_pages (GBytes *file, gint64 by)
{
  ogg_sync_state sync;
  ogg_page page;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  GByteArray *moved = g_byte_array_new ();

  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong)size), data, size);
  ogg_sync_wrote (&sync, (glong)size);
  while (ogg_sync_pageout (&sync, &page) == 1)
    {
      gint64 position = ogg_page_granulepos (&page) + by;
      guint i;

      for (i = 0; i < 8 && ogg_page_granulepos (&page) > 0; i++)
        page.header[6 + i] = (guint8)((guint64)position >> 8 * i);
      ogg_page_checksum_set (&page);
      g_byte_array_append (moved, page.header, (guint)page.header_len);
      g_byte_array_append (moved, page.body, (guint)page.body_len);
    }
  ogg_sync_clear (&sync);
  return g_byte_array_free_to_bytes (moved);
}

/* Positions that begin late lose nothing; those that begin below 0 say that
 * the first samples are not heard. */
static void
test_vorbis_positions (void)
{
  g_autoptr (GBytes) wav = make_sweep (44100, 1, FRAMES);
  g_autoptr (GBytes) whole = run_encoder ("ogg", wav, FF "-c:a libvorbis %s");
  g_autoptr (GBytes) late = move_pages (whole, 1234);
  g_autoptr (GBytes) early = move_pages (whole, -321);
  g_autoptr (SandboxAudio) all = decode ("ogg", whole);
  g_autoptr (SandboxAudio) same = decode ("ogg", late);
  g_autoptr (SandboxAudio) less = decode ("ogg", early);

  g_assert_cmpuint (count_samples (all->samples), ==, FRAMES);
  g_assert_true (g_bytes_equal (all->samples, same->samples));
  g_assert_cmpuint (count_samples (less->samples), ==, FRAMES - 321);
  check_same (less->samples, all->samples, 321, 0);
}

static void
test_opus_positions (void)
{
  g_autoptr (GBytes) wav = make_sweep (48000, 1, FRAMES);
  g_autoptr (GBytes) whole = run_encoder ("ogg", wav, FF "-c:a libopus %s");
  g_autoptr (GBytes) late = move_pages (whole, 1234);
  g_autoptr (SandboxAudio) all = decode ("ogg", whole);
  g_autoptr (SandboxAudio) same = decode ("ogg", late);

  g_assert_cmpuint (count_samples (all->samples), ==, FRAMES);
  g_assert_true (g_bytes_equal (all->samples, same->samples));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/exact/every-encoder", test_encoders);
  g_test_add_func ("/sandbox/exact/mp3-without-tag-is-whole", test_no_tag);
  g_test_add_func ("/sandbox/exact/a-law-and-mu-law-without-fact",
                   test_law_chunks);
  g_test_add_func ("/sandbox/exact/middle-of-an-mp3", test_mp3_middle);
  g_test_add_func ("/sandbox/exact/edit-of-an-mp4", test_mp4_edit);
  g_test_add_func ("/sandbox/exact/positions-of-vorbis",
                   test_vorbis_positions);
  g_test_add_func ("/sandbox/exact/positions-of-opus", test_opus_positions);
  return g_test_run ();
}
