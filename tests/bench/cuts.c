/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Cuts what encode.c wrote, in windows that begin at one time after the other,
 * and prints a line for each: where the chunks end in the decoded recording,
 * and the pre-roll that each of them had, in seconds. */
#include <gst/gst.h>
#include <stdio.h>

#include "packets.h"

#define MAX_DURATION (20 * GST_SECOND)
#define MAX_BYTES 10000000

static EkaContainer
find_container (const EkaCodec *codec)
{
  EkaContainer i = EKA_CONTAINER_OGG;

  while (!eka_container_holds (i, codec->type))
    i++;
  return i;
}

static void
print_cuts (Packets *self, guint64 min_duration)
{
  const EkaChunkLimits limits = {
    .min_duration = min_duration,
    .max_duration = MAX_DURATION,
    .max_bytes = MAX_BYTES,
  };
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&self->codec, find_container (&self->codec), &limits);
  guint64 samples = 0;
  EkaPacket packet;

  packets_rewind (self);
  while (packets_next (self, &packet)) {
    EkaChunk *chunk;

    eka_chunker_push (chunker, &packet);
    while ((chunk = eka_chunker_pop (chunker)) != NULL) {
      samples += chunk->samples;
      printf ("%.6f:%.4f ",
              (gdouble) samples / eka_codec_sample_rate (&self->codec),
              (gdouble) chunk->pre_roll / GST_SECOND);
      eka_chunk_unref (chunk);
    }
  }
  printf ("\n");
}

int
main (int argc, char **argv)
{
  Packets packets = { 0 };
  gint i;

  gst_init (&argc, &argv);
  if (argc < 3) {
    g_printerr ("Usage: %s FILE SECONDS...\n", argv[0]);
    return 2;
  }
  if (!packets_open (&packets, argv[1]))
    return 1;
  for (i = 2; i < argc; i++)
    print_cuts (&packets, g_ascii_strtoull (argv[i], NULL, 10) * GST_SECOND);
  packets_clear (&packets);
  return 0;
}
