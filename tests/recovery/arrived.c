/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "arrived.h"

#include "fixtures.h"

/**
 * arrived_make_noise:
 * @folder: a folder
 * @name: of a file that is made in it
 * @seconds: of audio in it
 *
 * Returns: (transfer full): a recording of which no packet is like another
 */
OggFile *
arrived_make_noise (const gchar *folder,
                    const gchar *name,
                    guint        seconds)
{
  g_autoptr (GBytes) bytes = NULL;

  fixture_make ("audiotestsrc wave=white-noise num-buffers=%u "
                "samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 ! "
                "opusenc bitrate=16000 ! oggmux ! filesink location=%s/%s",
                seconds * 50, folder, name);
  bytes = fixture_file (folder, name);
  return ogg_file_new (bytes);
}

/* Returns: how many packets at its start the chunk before has, too */
static guint
count_preroll (OggFile *chunk,
               guint    index)
{
  guint samples = 0;
  guint i;

  for (i = 0; index > 0 && samples < chunk->codec.pre_skip; i++)
    {
      GBytes *packet = g_ptr_array_index (chunk->packets, i);

      samples += eka_opus_packet_samples (g_bytes_get_data (packet, NULL),
                                           g_bytes_get_size (packet));
    }
  return i;
}

/**
 * arrived_count:
 * @folder: of a session, as the sandbox keeps it
 * @recording: what was recorded
 * @samples: (out) (optional): what a decoder makes of the chunks
 *
 * Holds the chunks against the recording, packet for packet.
 *
 * Returns: how many packets from its start on are there, each once and in order;
 *   %ARRIVED_WRONG where anything else is
 */
guint
arrived_count (const gchar *folder,
               OggFile     *recording,
               guint64     *samples)
{
  guint n = fixture_chunks (folder, "ogg");
  guint64 sum = 0;
  guint at = 0;
  guint i, j;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("%u.ogg", i);
      g_autoptr (GBytes) bytes = fixture_file (folder, name);
      g_autoptr (OggFile) chunk = ogg_file_new (bytes);

      sum += chunk->samples;
      for (j = count_preroll (chunk, i); j < chunk->packets->len; j++, at++)
        if (at >= recording->packets->len ||
            !g_bytes_equal (g_ptr_array_index (chunk->packets, j),
                            g_ptr_array_index (recording->packets, at)))
          return ARRIVED_WRONG;
    }
  if (samples != NULL)
    *samples = sum;
  return at;
}
