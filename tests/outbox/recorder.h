/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunker.h"
#include "outbox/leftover.h"
#include "outbox/spool.h"

G_BEGIN_DECLS

#define RECORDER_PACKET_SIZE 3200

/**
 * Recorder:
 * @store: where it records
 * @spool: what it records to
 * @index: of the chunks so far
 * @n_packets: how many were recorded
 * @n_chunks: how many chunks came of them
 * @not_stored: (element-type EkaChunk): chunks that no commit has stored
 *
 * Records to a spool as the outbox does with everything on disk first. What it
 * records is told apart at every sample, so that whatever comes back can be held
 * against it. It waits for the disk.
 */
typedef struct
{
  EkaStore *store;
  EkaSpool *spool;
  EkaChunker *chunker;
  EkaIndex *index;
  guint n_packets;
  guint n_chunks;
  GPtrArray *not_stored;
  gboolean described;
} Recorder;

Recorder *recorder_new           (EkaStore        *store);
void      recorder_free          (Recorder        *recorder);
void      recorder_add           (Recorder        *recorder,
                                  guint            n);
void      recorder_push          (Recorder        *recorder);
EkaSpoolCommit *
          recorder_prepare       (Recorder        *recorder,
                                  gboolean         ends);
gboolean  recorder_commit        (Recorder        *recorder,
                                  gboolean         ends,
                                  GError         **error);
void      recorder_stored        (Recorder        *recorder);
void      recorder_start_anew    (Recorder        *recorder);
GByteArray *
          recorder_recover       (const EkaLeftover *leftover);
GByteArray *
          recorder_recover_only  (const gchar     *location);
guint     recorder_count         (GByteArray      *audio);
EkaChunker *
          recorder_new_chunker   (void);
void      recorder_fill_packet   (guint8          *data,
                                  guint            number);
void      recorder_append        (GByteArray      *audio,
                                  EkaChunk        *chunk);

gboolean  wait_commit            (EkaSpool        *spool,
                                  EkaSpoolCommit  *commit,
                                  GError         **error);
GBytes   *wait_read              (EkaSpool        *spool,
                                  const gchar     *file,
                                  GError         **error);
gboolean  wait_drop              (EkaSpool        *spool,
                                  GError         **error);
void      wait_disk              (EkaSpool        *spool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recorder, recorder_free)

G_END_DECLS
