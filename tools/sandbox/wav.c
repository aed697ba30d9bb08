/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wav.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define HEADER 44

static void
put_le (guint8 *at, guint bytes, guint32 value)
{
  guint i;

  for (i = 0; i < bytes; i++)
    at[i] = (guint8)(value >> 8 * i);
}

static void
make_header (guint8 *header, gint rate, gint channels, guint64 size)
{
  guint32 data = (guint32)MIN (size, G_MAXUINT32 - HEADER);
  guint32 frame = 2 * (guint32)channels;

  memcpy (header, "RIFF....WAVEfmt ", 16);
  put_le (header + 4, 4, data + HEADER - 8);
  put_le (header + 16, 4, 16);
  put_le (header + 20, 2, 1);
  put_le (header + 22, 2, (guint32)channels);
  put_le (header + 24, 4, (guint32)rate);
  put_le (header + 28, 4, (guint32)rate * frame);
  put_le (header + 32, 2, frame);
  put_le (header + 34, 2, 16);
  memcpy (header + 36, "data", 4);
  put_le (header + 40, 4, data);
}

static gboolean
write_all (
    FILE *file, gint rate, gint channels, gconstpointer samples, gsize size)
{
  guint8 header[HEADER];
  glong end;

  if (fseek (file, 0, SEEK_END) != 0 || (end = ftell (file)) < 0)
    return FALSE;
  make_header (header, rate, channels, (guint64)MAX (end - HEADER, 0) + size);
  return fseek (file, 0, SEEK_SET) == 0 &&
         fwrite (header, 1, HEADER, file) == HEADER &&
         fseek (file, 0, SEEK_END) == 0 &&
         (size == 0 || fwrite (samples, 1, size, file) == size);
}

/**
 * sandbox_wav_append:
 * @path: a file that this function made, or none yet
 * @rate: Hz
 * @channels: count
 * @samples: (array length=size): S16LE, interleaved
 * @size: bytes
 * @error: an I/O error
 *
 * Makes or lengthens a WAV file. It is valid between any two calls, and no
 * file is held open: a sandbox of a thousand sessions is not out of them.
 *
 * Returns: whether all is written
 */
gboolean
sandbox_wav_append (const gchar *path,
                    gint rate,
                    gint channels,
                    gconstpointer samples,
                    gsize size,
                    GError **error)
{
  FILE *file = g_fopen (path, "r+b");
  gboolean good;

  if (file == NULL && errno == ENOENT)
    file = g_fopen (path, "w+b");
  good = file != NULL && write_all (file, rate, channels, samples, size);
  if (file != NULL && fclose (file) != 0)
    good = FALSE;
  if (!good)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s",
                 path, g_strerror (errno));
  return good;
}
