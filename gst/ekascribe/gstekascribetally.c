/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribetally.h"

/* What a stream has not taken yet; or what waits in the outbox, which keeps all
 * that was streamed. */
static void
add_waiting (GstEkascribeTally    *self,
             GstEkascribePart     *part,
             const EkaOutboxStats *outbox)
{
  guint64 bytes;

  if (part->feed == NULL) {
    self->waiting_bytes += outbox->bytes;
    self->waiting += outbox->duration;
    return;
  }
  bytes = eka_feed_get_waiting (part->feed);
  self->waiting_bytes += bytes;
  self->waiting += gst_util_uint64_scale (bytes, GST_SECOND, 2 * 16000);
  self->streamed += eka_feed_count_read (part->feed);
}

/**
 * gst_ekascribe_tally_add_part:
 * @self: sums so far
 * @part: (transfer none): a session that comes after those that were added; the
 *   lock of its recording is held
 */
void
gst_ekascribe_tally_add_part (GstEkascribeTally *self,
                              GstEkascribePart  *part)
{
  EkaSessionStats *sum = &self->sessions;
  EkaSessionStats session;
  EkaOutboxStats outbox;

  eka_session_get_stats (part->session, &session);
  eka_outbox_get_stats (part->outbox, &outbox);
  sum->chunks_uploaded += session.chunks_uploaded;
  sum->bytes_uploaded += session.bytes_uploaded;
  sum->retries += session.retries;
  sum->replaced += session.replaced;
  sum->lost += session.lost + outbox.dropped;
  sum->stream_binaries += session.stream_binaries;
  if (session.round_trip != 0)
    sum->round_trip = session.round_trip;
  self->chunks_dropped += outbox.dropped_chunks;
  self->kept += outbox.kept_bytes;
  self->stored += outbox.stored_bytes;
  self->unsaved += outbox.unsaved;
  add_waiting (self, part, &outbox);
}
