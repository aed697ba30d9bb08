/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

/* The file in the folder of a session that says what belongs to it. What it does
 * not name is not there, whatever lies beside it. */
#define EKA_INDEX_NAME "chunks.txt"

/**
 * EkaIndexState:
 * @EKA_INDEX_WAITING: the service may have the chunk or not
 * @EKA_INDEX_ACKNOWLEDGED: it said that it has it
 */
typedef enum
{
  EKA_INDEX_WAITING,
  EKA_INDEX_ACKNOWLEDGED,
} EkaIndexState;

/**
 * EkaIndexEntry:
 * @file: (nullable): its name in the folder; %NULL: the bytes are not on disk
 * @size: of the file in bytes
 * @checksum: CRC-32 of its bytes (as zlib)
 * @chunk: all else; its bytes are %NULL
 * @state: how far it got
 * A chunk of the session. Its number on the service is its place in the index.
 */
typedef struct
{
  gchar *file;
  gsize size;
  guint32 checksum;
  EkaChunk *chunk;
  EkaIndexState state;
} EkaIndexEntry;

/**
 * EkaIndex:
 * @entries: (element-type EkaIndexEntry): in the order of the recording
 * @journal: (nullable): file with the packets that no chunk has taken yet
 * @taken: (element-type utf8): `FOLDER/FILE` of other sessions in the same
 *   place whose audio is here now: where they still name the file, it is void
 */
typedef struct
{
  GPtrArray *entries;
  gchar *journal;
  GPtrArray *taken;
} EkaIndex;

EkaIndex *eka_index_new      (void);
void      eka_index_free     (EkaIndex       *index);
void      eka_index_add      (EkaIndex       *index,
                              const gchar    *file,
                              gsize           size,
                              guint32         checksum,
                              EkaChunk       *chunk,
                              EkaIndexState   state);
guint32   eka_index_checksum (const guint8   *data,
                              gsize           size);
GBytes   *eka_index_print    (const EkaIndex *index);
EkaIndex *eka_index_parse    (GBytes         *bytes,
                              GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaIndex, eka_index_free)

G_END_DECLS
