/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "container.h"

#include <ogg/ogg.h>
#include <string.h>

#define OPUS_RATE 48000.0

static const guint8 *
find (GBytes *file, const gchar *needle, gsize within)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  gsize length = strlen (needle);
  gsize i;

  for (i = 0; i + length <= MIN (size, within); i++)
    if (memcmp (data + i, needle, length) == 0)
      return data + i;
  return NULL;
}

static gboolean
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return FALSE;
}

/* Each page intact and in sequence, the first and the last flagged so. A
 * decoder would skip a damaged page and lose its audio without a word. */
static gboolean
check_ogg (GBytes *file, GError **error)
{
  ogg_sync_state sync;
  ogg_page page;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  glong next = 0;
  gsize used = 0;
  gboolean last = FALSE;
  const gchar *wrong = NULL;

  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong)size), data, size);
  ogg_sync_wrote (&sync, (glong)size);
  while (wrong == NULL && ogg_sync_pageout (&sync, &page) == 1)
    {
      used += (gsize)(page.header_len + page.body_len);
      if (ogg_page_pageno (&page) != next)
        wrong = "an Ogg page is missing";
      else if ((next == 0) != (ogg_page_bos (&page) != 0))
        wrong = "the Ogg stream does not begin with its first page";
      else if (last)
        wrong = "an Ogg page follows the last one";
      last = ogg_page_eos (&page) != 0;
      next++;
    }
  if (wrong == NULL && used != size)
    wrong = "an Ogg page is damaged or cut off";
  else if (wrong == NULL && !last)
    wrong = "the last Ogg page is missing";
  ogg_sync_clear (&sync);
  return wrong == NULL || refuse (error, wrong);
}

static guint32
read_le32 (const guint8 *data)
{
  return (guint32)data[0] | (guint32)data[1] << 8 | (guint32)data[2] << 16 |
         (guint32)data[3] << 24;
}

static guint32
read_be32 (const guint8 *data)
{
  return (guint32)data[3] | (guint32)data[2] << 8 | (guint32)data[1] << 16 |
         (guint32)data[0] << 24;
}

/* Where the samples of a WAV file end, or 0: there are none; may lie behind the
 * end of the file. 0 and 0xffffffff are what a writer that could not seek
 * leaves as their size. */
static gsize
find_wav_end (GBytes *file)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  gsize at = 12;

  while (at + 8 <= size)
    {
      guint32 length = read_le32 (data + at + 4);

      if (memcmp (data + at, "data", 4) == 0)
        return length == 0 || length == G_MAXUINT32 ? size : at + 8 + length;
      at += 8 + (gsize)length + (length & 1);
    }
  return 0;
}

static gboolean
check_wav (GBytes *file, GError **error)
{
  gsize end = find_wav_end (file);

  if (end == 0)
    return refuse (error, "the WAV file has no data");
  return end <= g_bytes_get_size (file) ||
         refuse (error, "the WAV file is cut off");
}

/**
 * sandbox_container_check:
 * @file: a chunk
 * @extension: of its name
 * @media_type: of its upload
 * @error: why it is not a whole file of that type
 *
 * Looks only at the wrapping, at what a tolerant decoder would let pass.
 *
 * Returns: whether @file is what it claims to be
 */
gboolean
sandbox_container_check (GBytes *file,
                         const gchar *extension,
                         const gchar *media_type,
                         GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  if (size == 0)
    return refuse (error, "the file is empty");
  if (strstr (media_type, "codecs=opus") != NULL &&
      !sandbox_container_is_opus (file))
    return refuse (error, "the file holds no Opus");
  if (g_str_equal (extension, "ogg"))
    {
      if (size < 27 || memcmp (data, "OggS", 4) != 0)
        return refuse (error, "the file is not Ogg");
      return check_ogg (file, error);
    }
  if (g_str_equal (extension, "wav"))
    {
      if (size < 12 || memcmp (data, "RIFF", 4) != 0 ||
          memcmp (data + 8, "WAVE", 4) != 0)
        return refuse (error, "the file is not WAV");
      return check_wav (file, error);
    }
  if (g_str_equal (extension, "webm"))
    return (size > 4 && read_be32 (data) == 0x1a45dfa3) ||
           refuse (error, "the file is not WebM");
  if (g_str_equal (extension, "mp4") || g_str_equal (extension, "m4a"))
    return (size > 8 && memcmp (data + 4, "ftyp", 4) == 0) ||
           refuse (error, "the file is not MP4");
  return (size > 4 && (memcmp (data, "ID3", 3) == 0 ||
                       (data[0] == 0xff && (data[1] & 0xe0) == 0xe0))) ||
         refuse (error, "the file is not MP3");
}

/**
 * sandbox_container_trim:
 * @file: a chunk that was checked
 * @extension: of its name
 *
 * wavparse of GStreamer 1.22 gives up on a file that has a byte behind its
 * samples, as RIFF wants where their size is odd.
 *
 * Returns: (transfer full): @file as far as a decoder needs it
 */
GBytes *
sandbox_container_trim (GBytes *file, const gchar *extension)
{
  if (!g_str_equal (extension, "wav"))
    return g_bytes_ref (file);
  return g_bytes_new_from_bytes (file, 0, find_wav_end (file));
}

/**
 * sandbox_container_is_opus:
 * @file: a chunk
 *
 * Returns: whether @file is Ogg or WebM with Opus in it
 */
gboolean
sandbox_container_is_opus (GBytes *file)
{
  return find (file, "OpusHead", 4096) != NULL;
}

/* `elst` gives what is skipped in units of the media's `mdhd`. */
static gdouble
read_mp4_preroll (GBytes *file)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const guint8 *elst = find (file, "elst", size);
  const guint8 *mdhd = find (file, "mdhd", size);
  guint32 rate;
  guint32 skipped;

  if (elst == NULL || mdhd == NULL || elst + 20 > data + size ||
      mdhd + 20 > data + size || elst[4] != 0 || mdhd[4] != 0)
    return 0.0;
  rate = read_be32 (mdhd + 16);
  skipped = read_be32 (elst + 16);
  return rate == 0 || skipped == G_MAXUINT32 ? 0.0 : (gdouble)skipped / rate;
}

/**
 * sandbox_container_preroll:
 * @file: a chunk
 * @extension: of its name
 *
 * Audio that the file holds in front of what it asks to be played (Opus:
 * RFC 7845 pre-skip; MP4: edit list). It costs the service's recogniser time
 * as all else does.
 *
 * Returns: seconds
 */
gdouble
sandbox_container_preroll (GBytes *file, const gchar *extension)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const guint8 *head = find (file, "OpusHead", 4096);

  if (g_str_equal (extension, "mp4") || g_str_equal (extension, "m4a"))
    return read_mp4_preroll (file);
  if (head == NULL || head + 12 > data + size)
    return 0.0;
  return (head[10] | head[11] << 8) / OPUS_RATE;
}
