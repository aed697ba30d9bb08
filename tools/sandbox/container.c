/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "container.h"

#include "mp3.h"
#include "mp4.h"
#include "ogg.h"
#include "webm.h"

#include <gio/gio.h>
#include <string.h>

static gboolean
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return FALSE;
}

static guint32
read_le32 (const guint8 *data)
{
  return (guint32)data[0] | (guint32)data[1] << 8 | (guint32)data[2] << 16 |
         (guint32)data[3] << 24;
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

static SandboxPackets *
read_packets (GBytes *file, const gchar *extension, GError **error)
{
  if (g_str_equal (extension, "ogg"))
    return sandbox_ogg_read (file, error);
  if (g_str_equal (extension, "webm"))
    return sandbox_webm_read (file, error);
  if (g_str_equal (extension, "mp3"))
    return sandbox_mp3_read (file, error);
  return sandbox_mp4_read (file, error);
}

static gboolean
is_opus (const SandboxPackets *packets)
{
  return gst_structure_has_name (gst_caps_get_structure (packets->caps, 0),
                                 "audio/x-opus");
}

/**
 * sandbox_container_read:
 * @file: a chunk
 * @extension: of its name
 * @media_type: of its upload
 * @packets: (out) (transfer full) (nullable): what is in it; %NULL of a WAV
 *   file
 * @error: why it is not a whole file of that type
 *
 * Looks only at the wrapping, at what a tolerant decoder would let pass.
 *
 * Returns: whether @file is what it claims to be
 */
gboolean
sandbox_container_read (GBytes *file,
                        const gchar *extension,
                        const gchar *media_type,
                        SandboxPackets **packets,
                        GError **error)
{
  g_autoptr (SandboxPackets) read = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  *packets = NULL;
  if (size == 0)
    return refuse (error, "the file is empty");
  if (g_str_equal (extension, "wav"))
    {
      if (size < 12 || memcmp (data, "RIFF", 4) != 0 ||
          memcmp (data + 8, "WAVE", 4) != 0)
        return refuse (error, "the file is not WAV");
      return check_wav (file, error);
    }
  read = read_packets (file, extension, error);
  if (read == NULL)
    return FALSE;
  if (strstr (media_type, "codecs=opus") != NULL && !is_opus (read))
    return refuse (error, "the file holds no Opus");
  *packets = g_steal_pointer (&read);
  return TRUE;
}

/**
 * sandbox_container_trim:
 * @file: a WAV file that was checked
 *
 * wavparse of GStreamer 1.22 gives up on a file that has a byte behind its
 * samples, as RIFF wants where their size is odd.
 *
 * Returns: (transfer full): @file as far as a decoder needs it
 */
GBytes *
sandbox_container_trim (GBytes *file)
{
  return g_bytes_new_from_bytes (file, 0, find_wav_end (file));
}
