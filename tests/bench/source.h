/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

/* Packets are 20 ms of Opus, or of S16LE at 16 kHz. */
#define BENCH_PACKET_DURATION (20 * GST_MSECOND)
#define BENCH_MEMORY_SAMPLES 61

/**
 * BenchPackets:
 * @file: keeps the bytes
 * @packets: of GBytes
 * @caps: what they are
 *
 * What the sources play again and again.
 */
typedef struct
{
  GMappedFile *file;
  GPtrArray *packets;
  GstCaps *caps;
} BenchPackets;

gboolean bench_packets_load  (BenchPackets *self,
                              const gchar  *path,
                              GError      **error);
void     bench_packets_clear (BenchPackets *self);

#define BENCH_TYPE_SOURCE (bench_source_get_type ())
G_DECLARE_FINAL_TYPE (BenchSource, bench_source, BENCH, SOURCE, GstPushSrc)

GstElement    *bench_source_new        (const BenchPackets *packets,
                                        guint               count,
                                        gdouble             pace,
                                        gboolean            live);
const guint32 *bench_source_get_costs  (BenchSource        *self,
                                        guint              *n_costs);
const guint32 *bench_source_get_pushes (BenchSource        *self,
                                        guint              *n_pushes);
const guint   *bench_source_get_memory (BenchSource        *self);
GstElement    *bench_sink_new          (const gchar        *line);
guint          bench_memory            (void);
gint64         bench_cpu               (void);
guint          bench_threads           (void);
guint          bench_workers           (gint64             *cpu);

G_END_DECLS
