/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunkerstate.h"
#include "outbox/index.h"
#include "outbox/store.h"

G_BEGIN_DECLS

/* What the session is, as bytes that the layer above reads. */
#define EKA_SPOOL_DESCRIPTION_NAME "session.json"

/**
 * EkaSpool:
 *
 * The folder of one session on disk, from the side that writes it; while it is
 * open it is locked against other processes and other spools. All work is done
 * on the disk's thread, in the order in which it was asked for; the calls are
 * thread safe and return at once. Reference counted: with the last reference it
 * is closed, and its folder stays unless it was removed.
 */
typedef struct _EkaSpool EkaSpool;

/**
 * EkaSpoolCommit:
 * @description: (nullable): what the session is from now on; %NULL: as before
 * @index: (nullable): what it consists of from now on; %NULL: as before. Its
 *   journal is left to the spool
 * @files: (element-type EkaSpoolFile): what is to be there before the index is
 * @journal: (nullable): what the chunker holds: a new journal begins with it
 * @ends_journal: there is no journal from now on
 * @remove: (element-type utf8): files that the index does not name any more
 * @voids: (nullable): see eka_spool_commit_void_journal()
 * One step from one state of the folder to the next. After a crash there is the
 * one or the other.
 */
typedef struct
{
  GBytes *description;
  EkaIndex *index;
  GPtrArray *files;
  EkaChunkerState *journal;
  gboolean ends_journal;
  GPtrArray *remove;
  EkaSpool *voids;
} EkaSpoolCommit;

/**
 * EkaSpoolFunc:
 * @error: (nullable): why it could not be done
 *
 * Called on the disk's thread.
 */
typedef void (*EkaSpoolFunc)     (const GError *error,
                                  gpointer      user_data);

/**
 * EkaSpoolReadFunc:
 * @bytes: (nullable): all of the file
 * @error: (nullable): why there are none
 *
 * Called on the disk's thread.
 */
typedef void (*EkaSpoolReadFunc) (GBytes       *bytes,
                                  const GError *error,
                                  gpointer      user_data);

EkaSpoolCommit *eka_spool_commit_new  (void);
void            eka_spool_commit_free (EkaSpoolCommit   *commit);
void            eka_spool_commit_write
                                      (EkaSpoolCommit   *commit,
                                       const gchar      *name,
                                       GBytes           *bytes);
void            eka_spool_commit_link (EkaSpoolCommit   *commit,
                                       const gchar      *name,
                                       EkaSpool         *from,
                                       const gchar      *from_name);

void            eka_spool_commit_void_journal
                                      (EkaSpoolCommit   *commit,
                                       EkaSpool         *from);

EkaSpool *eka_spool_new        (EkaStore         *store);
EkaSpool *eka_spool_open       (EkaStore         *store,
                                const gchar      *name,
                                GError          **error);
EkaSpool *eka_spool_ref        (EkaSpool         *spool);
void      eka_spool_unref      (EkaSpool         *spool);
const gchar *eka_spool_get_name (EkaSpool        *spool);
gchar    *eka_spool_dup_path   (EkaSpool         *spool);
EkaStore *eka_spool_get_store  (EkaSpool         *spool);
void      eka_spool_commit     (EkaSpool         *spool,
                                EkaSpoolCommit   *commit,
                                EkaSpoolFunc      done,
                                gpointer          user_data);
void      eka_spool_add_packet (EkaSpool         *spool,
                                const EkaPacket  *packet);
void      eka_spool_drop_journal
                               (EkaSpool         *spool,
                                EkaSpoolFunc      done,
                                gpointer          user_data);
void      eka_spool_read       (EkaSpool         *spool,
                                const gchar      *file,
                                EkaSpoolReadFunc  done,
                                gpointer          user_data);
void      eka_spool_remove     (EkaSpool         *spool);
void      eka_spool_close      (EkaSpool         *spool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaSpool, eka_spool_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaSpoolCommit, eka_spool_commit_free)

G_END_DECLS
