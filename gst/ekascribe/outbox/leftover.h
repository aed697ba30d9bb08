/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/index.h"
#include "outbox/journal.h"

G_BEGIN_DECLS

/**
 * EkaLeftoverState:
 * @EKA_LEFTOVER_READY: nobody uses it
 * @EKA_LEFTOVER_IN_USE: somebody records, or sends it, now
 * @EKA_LEFTOVER_NEWER: a later version wrote it
 * @EKA_LEFTOVER_DAMAGED: its index can't be read: the chunks are what lies there
 *   under the names of chunks
 * @EKA_LEFTOVER_UNREADABLE: it may not be read, or is none of ours
 */
typedef enum
{
  EKA_LEFTOVER_READY,
  EKA_LEFTOVER_IN_USE,
  EKA_LEFTOVER_NEWER,
  EKA_LEFTOVER_DAMAGED,
  EKA_LEFTOVER_UNREADABLE,
} EkaLeftoverState;

/**
 * EkaLeftover:
 * @name: of its folder
 * @path: of its folder
 * @state: whether it can be used
 * @reason: (nullable): why not, for people
 * @description: (nullable): what the session is
 * @index: (nullable): what it consists of, without what others have taken
 * @journal: (nullable): the bytes of the journal that the index names
 * @next_file: no `audio_N` that others have taken has this number or a higher one
 * @size: bytes on disk
 * @empty: there is nothing of a recording in it, and it is unreadable for that
 * What is on disk of one session, looked at without a lock and without a change.
 */
typedef struct
{
  gchar *name;
  gchar *path;
  EkaLeftoverState state;
  gchar *reason;
  GBytes *description;
  EkaIndex *index;
  GBytes *journal;
  guint next_file;
  guint64 size;
  gboolean empty;
} EkaLeftover;

GPtrArray   *eka_leftover_list  (const gchar        *location,
                                 GError            **error);
EkaLeftover *eka_leftover_look  (const gchar        *location,
                                 const gchar        *name,
                                 GError            **error);
guint        eka_leftover_sweep (const gchar        *location);
void         eka_leftover_free  (EkaLeftover        *leftover);
EkaChunk    *eka_leftover_read  (const EkaLeftover  *leftover,
                                 guint               i,
                                 GError            **error);
const gchar *eka_leftover_state_to_string
                                (EkaLeftoverState    state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaLeftover, eka_leftover_free)

G_END_DECLS
