/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/spool.h"

G_BEGIN_DECLS

/* What the files of a spool share: spool.c (the object and its queue),
 * spoolcommit.c (the steps of a commit), spoolfolder.c (making, locking and
 * removing the folder) and spooljournal.c (the file of the journal). */

/**
 * EkaSpoolFile:
 * @name: what it is to be called
 * @bytes: (nullable): what is to be in it
 * @from: (nullable): in place of @bytes: who has it
 * @from_name: (nullable): what it is called there
 */
typedef struct
{
  gchar *name;
  GBytes *bytes;
  EkaSpool *from;
  gchar *from_name;
} EkaSpoolFile;

/**
 * EkaSpoolChange:
 * @commit: what was asked for
 * @changes_journal: it begins, or ends, a journal
 * @before: (nullable): records that came before it was asked for, for the journal
 *   that there was
 * @number: of the first packet after that
 *
 * A commit on its way.
 */
typedef struct
{
  EkaSpoolCommit *commit;
  gboolean changes_journal;
  GByteArray *before;
  guint64 number;
} EkaSpoolChange;

/**
 * EkaSpoolJournal:
 * @name: (nullable): of its file; %NULL: there is none
 * @fd: to write to it; -1: it is given up, and what is in it stays
 * @unsynced: something was written since it was last synced
 */
typedef struct
{
  gchar *name;
  int fd;
  gboolean unsynced;
} EkaSpoolJournal;

struct _EkaSpool
{
  gatomicrefcount users;    /* who called eka_spool_ref(); hold one of @refs */
  gatomicrefcount refs;     /* they, and jobs on the disk's thread */
  EkaStore *store;
  EkaDisk *disk;            /* of @store */
  EkaFiles *files;          /* of @disk */
  const gchar *task;        /* for the lock file */

  /* Used on the disk's thread, and before anybody else knows the spool. */
  gchar *folder;            /* path; NULL: it is not made, or not there any more */
  int lock_fd;              /* -1 where @folder is NULL */
  gboolean closed;
  gboolean fresh;           /* @folder was made here */
  GBytes *description;      /* (nullable): the last that was written */
  EkaIndex *index;          /* (nullable): as on disk; NULL: see @index_error */
  GError *index_error;      /* (nullable): why it could not be read */
  GHashTable *present;      /* of utf8: files with audio that are in @folder */
  GPtrArray *garbage;       /* of utf8: files to be removed when a commit succeeds */
  GPtrArray *voids;         /* of utf8: journals of others that are void */
  guint next_journal;       /* the number in its name */
  EkaSpoolJournal journal;
  gboolean sync_scheduled;

  GMutex lock;              /* guards all below; a leaf but for the disk's lock */
  GPtrArray *names;         /* of utf8: of the folder; the last one is the one */
  gboolean made;            /* @folder is there */
  gboolean closing;         /* nothing is asked for any more */
  guint n_changes;          /* changes of the journal that are on their way */
  gboolean journal_open;    /* packets are taken */
  GByteArray *pending;      /* records; while @n_changes > 0 of the next journal */
  guint64 number;           /* of the next packet */
  gboolean write_scheduled;
  gboolean overflown;       /* @pending is full, which was told */
};

EkaSpool   *eka_spool_hold               (EkaSpool         *self);
void        eka_spool_let_go             (EkaSpool         *self);
gchar      *eka_spool_build_path         (EkaSpool         *self,
                                          const gchar      *name);
gboolean    eka_spool_remove_file        (EkaSpool         *self,
                                          const gchar      *name,
                                          GError          **error);
gboolean    eka_spool_save_file          (EkaSpool         *self,
                                          const gchar      *folder,
                                          const gchar      *name,
                                          GBytes           *bytes,
                                          GError          **error);

gboolean    eka_spool_commit_run         (EkaSpool         *self,
                                          EkaSpoolChange   *change,
                                          GError          **error);

gboolean    eka_spool_folder_open        (EkaSpool         *self,
                                          const gchar      *name,
                                          GError          **error);
gboolean    eka_spool_folder_is_there    (EkaSpool         *self);
gboolean    eka_spool_folder_make        (EkaSpool         *self,
                                          GError          **error);
gboolean    eka_spool_folder_remove      (EkaSpool         *self,
                                          GError          **error);
void        eka_spool_folder_forget      (EkaSpool         *self);

gboolean    eka_spool_journal_begin      (EkaSpool         *self,
                                          const EkaChunkerState *state,
                                          guint64           number,
                                          EkaSpoolJournal  *journal,
                                          GError          **error);
void        eka_spool_journal_replace    (EkaSpool         *self,
                                          EkaSpoolJournal  *journal);
void        eka_spool_journal_discard    (EkaSpool         *self,
                                          EkaSpoolJournal  *journal);
void        eka_spool_journal_append     (EkaSpool         *self,
                                          GByteArray       *records);
void        eka_spool_journal_flush      (EkaSpool         *self);
void        eka_spool_journal_close      (EkaSpool         *self);
gboolean    eka_spool_journal_drop       (EkaSpool         *self,
                                          GError          **error);

G_END_DECLS
