/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * SandboxPackets:
 * @data: (element-type GBytes): what the decoder gets, in order
 * @caps: of @data
 * @decoder: (type utf8): elements that decode it
 * @rate: Hz that the counts below are in; a decoder may have another one
 * @total: samples that a decoder gives that skips nothing; 0: not known
 * @skip: of these, the first ones that the file asks not to be heard
 * @keep: how many are heard after them; #G_MAXUINT64: all there are
 * @lead: of @data, the packets that end on the first page with audio, those
 *   with headers before them included; 0 but for Vorbis
 * @granule: where that page ends
 *
 * A file without its container. The sandbox cuts what is not heard itself:
 * GStreamer's demuxers of version 1.22 do it to a frame only, or not at all.
 */
typedef struct
{
  GPtrArray *data;
  GstCaps *caps;
  const gchar *decoder;
  gint rate;
  guint64 total;
  guint64 skip;
  guint64 keep;
  guint lead;
  gint64 granule;
} SandboxPackets;

SandboxPackets *sandbox_packets_new  (void);
void            sandbox_packets_free (SandboxPackets *packets);
void            sandbox_packets_add  (SandboxPackets *packets,
                                      GBytes         *file,
                                      gsize           offset,
                                      gsize           size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxPackets, sandbox_packets_free)

G_END_DECLS
