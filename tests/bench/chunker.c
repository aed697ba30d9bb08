/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunker.h"
#include "chunk/opus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the chunker costs the streaming thread: CPU time of a pushed packet, of
 * a pop that finds nothing, and of one that writes a chunk. */

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define RUNS 5

typedef struct
{
  const gchar *name;
  gboolean opus;
  gsize size;      /* of a packet */
  guint per_second;
} Load;

static const Load loads[] = {
  { "Opus 32 kbit/s, 20 ms packets", TRUE, 80, 50 },
  { "Opus 128 kbit/s, 2.5 ms packets", TRUE, 40, 400 },
  { "PCM 16 kHz mono, 10 ms packets", FALSE, 320, 100 },
};

typedef struct
{
  gdouble packet_ns;
  gdouble chunk_ms;
  gdouble worst_ms;
} Cost;

static guint64
thread_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

static EkaChunker *
new_chunker (const Load *load)
{
  const EkaChunkLimits limits = {
    .min_duration = 10 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  EkaCodec codec;

  if (load->opus)
    eka_opus_init_codec (&codec, 1);
  else
    eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  return eka_chunker_new (&codec,
                          load->opus ? EKA_CONTAINER_OGG : EKA_CONTAINER_WAV,
                          &limits);
}

/* An hour of audio. Reading the clock costs more than a packet: a second of
 * packets is measured at once, and the one that cuts alone. */
static Cost
measure (const Load *load)
{
  g_autoptr (EkaChunker) chunker = new_chunker (load);
  g_autofree guint8 *data = g_malloc (load->size);
  EkaPacket packet = { .data = data, .size = load->size };
  guint64 packets = 0, chunks = 0, worst = 0;
  guint n_chunks = 0, second, i;

  memset (data, 0x55, load->size);
  data[0] = load->per_second == 50 ? 0x08 : 0xe0;
  for (second = 0; second < 3600; second++)
    {
      guint64 start = thread_time (), cost;

      for (i = 0; i < load->per_second; i++)
        {
          g_autoptr (EkaChunk) chunk = NULL;
          const gboolean full =
              eka_chunker_get_pending (chunker, NULL) >= 19 * SECOND;
          const guint64 before = full ? thread_time () : 0;

          packet.running_time =
              second * SECOND + i * SECOND / load->per_second;
          eka_chunker_push (chunker, &packet);
          chunk = eka_chunker_pop (chunker);
          if (chunk == NULL)
            continue;
          cost = thread_time () - before;
          start += cost;
          chunks += cost;
          worst = MAX (worst, cost);
          n_chunks++;
        }
      packets += thread_time () - start;
    }

  return (Cost) {
    .packet_ns = (gdouble) packets / (3600. * load->per_second),
    .chunk_ms = chunks / 1e6 / n_chunks,
    .worst_ms = worst / 1e6,
  };
}

static int
compare (const void *a,
         const void *b)
{
  const gdouble x = ((const Cost *) a)->packet_ns;
  const gdouble y = ((const Cost *) b)->packet_ns;

  return (x > y) - (x < y);
}

int
main (void)
{
  guint i, run;

  printf ("%-34s %10s %10s %10s\n", "one hour, chunks of 20 s", "ns/packet",
          "ms/chunk", "worst ms");
  for (i = 0; i < G_N_ELEMENTS (loads); i++)
    {
      Cost costs[RUNS];

      for (run = 0; run < RUNS; run++)
        costs[run] = measure (&loads[i]);
      qsort (costs, RUNS, sizeof costs[0], compare);
      printf ("%-34s %10.0f %10.3f %10.3f\n", loads[i].name,
              costs[RUNS / 2].packet_ns, costs[RUNS / 2].chunk_ms,
              costs[RUNS / 2].worst_ms);
    }
  return 0;
}
