/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a chunk of 20 s costs in each container that holds what encode.c wrote:
 * CPU of the chunker (all packets, the cut, the file), bytes beside the packets,
 * and what a muxer element costs for the same packets. */
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <stdio.h>
#include <time.h>

#include "packets.h"

#include "gstekascribecaps.h"

#define DURATION (20 * GST_SECOND)
#define N_CONTAINERS (EKA_CONTAINER_WAV + 1)

typedef struct
{
  gdouble seconds; /* of CPU, in all */
  gdouble writing; /* for the files */
  guint chunks;
  gsize packets; /* bytes */
  gsize files;
} Cost;

static const gchar *const muxers[N_CONTAINERS] = {
  [EKA_CONTAINER_OGG] = "mux.audio_%u oggmux name=mux",
  [EKA_CONTAINER_WEBM] = "mux.audio_0 webmmux name=mux",
  [EKA_CONTAINER_M4A] = "mux.audio_0 mp4mux name=mux",
  [EKA_CONTAINER_MP4] = "mux.audio_0 mp4mux name=mux faststart=true",
  [EKA_CONTAINER_WAV] = "wavenc",
};

static gdouble
get_cpu (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void
write_again (Cost *cost, EkaContainer container, const EkaFile *file)
{
  const EkaStream stream = eka_file_get_stream (file);
  const gdouble begin = get_cpu (CLOCK_THREAD_CPUTIME_ID);

  g_bytes_unref (eka_container_write (container, &stream));
  cost->writing += get_cpu (CLOCK_THREAD_CPUTIME_ID) - begin;
}

static void
count (Cost *cost, EkaContainer container, GPtrArray *chunks)
{
  guint i;

  for (i = 0; i < chunks->len; i++) {
    const EkaChunk *chunk = g_ptr_array_index (chunks, i);
    g_auto (EkaFile) file = { 0 };

    eka_file_init (&file);
    if (!eka_container_read (container, &file, chunk->bytes))
      g_error ("a chunk can't be read");
    cost->chunks++;
    cost->packets += file.data->len;
    cost->files += g_bytes_get_size (chunk->bytes);
    write_again (cost, container, &file);
  }
}

static void
measure_chunker (Packets *packets, EkaContainer container, Cost *cost)
{
  const EkaChunkLimits limits = { .min_duration = DURATION,
                                  .max_duration = DURATION,
                                  .max_bytes = 10000000 };
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&packets->codec, container, &limits);
  g_autoptr (GPtrArray) chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  const gdouble begin = get_cpu (CLOCK_THREAD_CPUTIME_ID);
  EkaPacket packet;

  packets_rewind (packets);
  while (packets_next (packets, &packet)) {
    EkaChunk *chunk;

    eka_chunker_push (chunker, &packet);
    while ((chunk = eka_chunker_pop (chunker)) != NULL)
      g_ptr_array_add (chunks, chunk);
  }
  cost->seconds = get_cpu (CLOCK_THREAD_CPUTIME_ID) - begin;
  count (cost, container, chunks);
}

/* Pushes packets of 20 s, timed as they last. Returns: whether there were any */
static gboolean
push_chunk (Packets *packets, GstAppSrc *source)
{
  GstClockTime time = 0;
  EkaPacket packet;

  while (time < DURATION && packets_next (packets, &packet)) {
    GstBuffer *buffer = gst_buffer_new_memdup (packet.data, packet.size);
    guint previous = 0, samples = 0;

    eka_codec_measure_packet (&packets->codec, packet.data, packet.size,
                              &previous, &samples);
    GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time;
    GST_BUFFER_DURATION (buffer) =
        eka_codec_time_from_samples (&packets->codec, samples);
    time += GST_BUFFER_DURATION (buffer);
    gst_app_src_push_buffer (source, buffer);
  }
  gst_app_src_end_of_stream (source);
  return time > 0;
}

/* One pipeline a chunk, from its start to its end. */
static gboolean
run_muxer (Packets *packets, const gchar *muxer)
{
  g_autofree gchar *line = g_strdup_printf (
      "appsrc name=source format=time max-bytes=0 ! %s ! fakesink sync=false",
      muxer);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (packets->contents);
  gboolean any;

  gst_app_src_set_caps (GST_APP_SRC (source), caps);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  any = push_chunk (packets, GST_APP_SRC (source));
  end = gst_bus_timed_pop_filtered (bus, DURATION,
                                    GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return any && end != NULL && GST_MESSAGE_TYPE (end) == GST_MESSAGE_EOS;
}

static void
measure_muxer (Packets *packets, const gchar *muxer, Cost *cost)
{
  gdouble begin;

  packets_rewind (packets);
  /* its plugin is loaded once */
  if (!run_muxer (packets, muxer))
    return;
  begin = get_cpu (CLOCK_PROCESS_CPUTIME_ID);
  while (run_muxer (packets, muxer))
    cost->chunks++;
  cost->seconds = get_cpu (CLOCK_PROCESS_CPUTIME_ID) - begin;
}

int
main (int argc, char **argv)
{
  Packets packets = { 0 };
  EkaContainer container;

  gst_init (&argc, &argv);
  if (argc != 2) {
    g_printerr ("Usage: %s FILE\n", argv[0]);
    return 2;
  }
  if (!packets_open (&packets, argv[1]))
    return 1;
  for (container = 0; container < N_CONTAINERS; container++) {
    Cost own = { 0 }, other = { 0 };

    if (!eka_container_holds (container, packets.codec.type))
      continue;
    measure_chunker (&packets, container, &own);
    if (own.chunks == 0)
      continue;
    if (muxers[container] != NULL)
      measure_muxer (&packets, muxers[container], &other);
    printf ("%s %.4f %.4f %.2f %.4f\n", eka_container_get_extension (container),
            1000 * own.seconds / own.chunks, 1000 * own.writing / own.chunks,
            100. * (own.files - own.packets) / own.packets,
            other.chunks > 0 ? 1000 * other.seconds / other.chunks : 0);
  }
  packets_clear (&packets);
  return 0;
}
