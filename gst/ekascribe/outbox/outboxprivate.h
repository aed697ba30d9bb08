/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/outbox.h"

G_BEGIN_DECLS

/* Between budget.c (bounds, and what leaves memory for them) and outbox*.c (the
 * chunks of one session). All that ends in _locked is called with the budget's
 * lock held. */

/* So many of those that wait stay in memory: one is sent, and the next is there
 * when it has got there. */
#define OUTBOX_N_PINNED 2

/* In this order; an entry goes back only in eka_outbox_settle() and
 * eka_outbox_rewind(). */
typedef enum
{
  ENTRY_WAITING,      /* never sent; has no number */
  ENTRY_TRIED,        /* the service may have it under its number */
  ENTRY_ACKNOWLEDGED, /* the service said that it has it */
  ENTRY_SETTLED,      /* so does its list, or no better proof will come */
} EntryState;

typedef enum
{
  DISK_NONE,    /* it is not to be there */
  DISK_WANTED,  /* the next commit is to write it */
  DISK_WRITING, /* the commit under way does */
  DISK_STORED,  /* it is there */
} EntryDisk;

typedef struct _Entry Entry;
typedef struct _Load Load;
typedef struct _Notify Notify;

/* A chunk, or only its place: one whose bytes are nowhere keeps its place where
 * there is a spool, for that is its number. */
struct _Entry
{
  EkaChunk *chunk; /* bytes %NULL: not in memory */
  EntryState state;
  guint number;   /* on the service; from ENTRY_TRIED on */
  gboolean again; /* was sent again because the list lacked it */
  gboolean out;   /* was given out: stays in memory until it is acknowledged */

  EntryDisk disk;
  gchar *file;      /* from DISK_WANTED on; its name never stands for others */
  gsize size;       /* of its bytes */
  guint32 checksum; /* of its bytes, where there is a spool */
  guint64 version;  /* of the outbox, that has to be on disk before it is sent */
  Load *load;       /* (nullable): its bytes are on their way */
  gint64 failed;    /* monotonic time when they could not be read; 0: never */

  /* What came from another session's outbox is there until it is stored here. */
  EkaOutbox *from; /* (nullable) */
  Entry *given;    /* (nullable): in its list @given */
  gboolean wanted;    /* among @given: another session has it in its list */
  gboolean elsewhere; /* it is stored there */
  gboolean copy;      /* it can't be linked: its bytes are to be written */

  gboolean lost; /* a place: nobody knows whether the service has it */
};

struct _EkaBudget
{
  gatomicrefcount ref_count;
  guint64 max_bytes;    /* 0: no bound */
  guint64 max_duration; /* in ns; 0: no bound */

  /* Guards all below and the entries of all outboxes; taken first, before locks of
   * spools, and free while a caller waits. */
  GMutex lock;
  GCond cond;       /* there may be room now, @flushing changed, or a commit ended */
  GQueue outboxes;  /* of EkaOutbox, oldest first; no references */
  guint64 bytes;    /* sum over all entries that are in memory */
  guint64 duration; /* sum over all entries that are in memory */
  gboolean flushing;
  gboolean wanted;  /* the last chunk found no room */
  GSList *garbage;  /* of EkaOutbox, to be released when the lock is free */
  gint64 patience;  /* in µs: a disk that takes longer does not answer */
  GSList *late;     /* of EkaOutbox, with a reference: to be told of when the lock
                     * is free */
};

struct _EkaOutbox
{
  gatomicrefcount ref_count;
  EkaBudget *budget;
  EkaOutboxPolicy policy; /* as it was set before the first chunk */

  /* Guarded by the budget's lock, as all that follows. */
  GQueue entries; /* of Entry, in the order of the recording */
  guint next_number;
  EkaOutboxStats stats;
  guint n_unsaved; /* entries that make up stats.unsaved */
  Notify *notify;  /* (nullable) */

  /* Disk. @version counts the changes that a commit has to bring; all up to @open
   * may be acted upon: it is stored, or can't be and everybody knows.
   *   open <= asked <= version, and where open < version a commit is under way or
   *   what a fault demands */
  EkaSpool *spool;  /* (nullable): %NULL: memory only */
  gboolean begun;   /* a commit was asked for, ever */
  gboolean ending;  /* it was restored: no packets come, and its journal stays
                     * until what was made of it is stored */
  gboolean fault;   /* the last commit failed */
  gboolean gone;    /* because the folder was not there */
  gboolean committing;
  gboolean dirty;    /* there is something for a next commit, which
                      * eka_budget_unlock() asks for */
  guint64 failed;    /* all up to this can't be stored, and is sent without that;
                      * of what the journal may hold, when that is gone */
  guint dropping;    /* calls under way that drop the journal */
  gint64 since;      /* monotonic time of the last of these and of commits */
  gboolean late;     /* it does not come back: as where it failed */
  gboolean read_fault; /* the last read failed, or does not come back */
  guint64 excused;   /* what @open will be after that */
  guint64 version;
  guint64 asked;
  guint64 open;
  guint64 gate;     /* version that all entries need */
  guint next_file;
  GBytes *description;
  GBytes *describing; /* (nullable): that of the commit under way */
  gboolean described; /* @description is on disk */
  GPtrArray *remove;   /* files that the next commit removes */
  GPtrArray *removing; /* and those of the one under way */
  GPtrArray *taken;    /* files of other sessions whose audio is here */

  /* Journal. @state is for the next commit, and @packets follow it. */
  gboolean journal;       /* packets are taken */
  EkaChunkerState *state; /* (nullable) */
  GQueue packets;         /* of EkaPacket with its bytes behind */
  EkaChunkerState *spare; /* (nullable): of a chunker that holds nothing: a journal
                           * begins with the next packet */
  gboolean ends_journal;  /* the next commit ends it */
  gboolean ended_journal; /* the one under way does */
  GBytes *heir; /* (nullable): description of who finds only the journal: it
                 * outlives the chunks */
  gboolean passing; /* they are gone, and the folder is there for the journal */
  gboolean replacing;     /* or it begins another one */
  gboolean stale;         /* that failed: the journal holds what is in chunks that
                           * the next commit stores, and must not outlive it */
  EkaOutbox *heritage; /* (nullable): what its journal holds the next one here
                        * begins with, which is for the next commit */
  gboolean inheriting; /* or for the one under way */

  /* What another session has got; see outboxrest.c. */
  GQueue given;      /* of Entry, not yet stored there */
  EkaSpool *leaving; /* (nullable): to be removed when @given is empty */
  gboolean stays;    /* or to be closed only */
};

/* budget.c */
void      eka_budget_unlock                (EkaBudget       *self);

/* outboxentry.c */
guint32   eka_outbox_sum_up                (EkaOutbox       *self,
                                            EkaChunk        *chunk);
void      eka_outbox_count_locked          (EkaOutbox       *self,
                                            Entry           *entry,
                                            gint             sign);
void      eka_outbox_set_state_locked      (EkaOutbox       *self,
                                            Entry           *entry,
                                            EntryState       state);
void      eka_outbox_set_disk_locked       (EkaOutbox       *self,
                                            Entry           *entry,
                                            EntryDisk        disk);
void      eka_outbox_set_bytes_locked      (EkaOutbox       *self,
                                            Entry           *entry,
                                            GBytes          *bytes);
gboolean  eka_outbox_has_audio             (const Entry     *entry);
Entry    *eka_outbox_insert_locked         (EkaOutbox       *self,
                                            GList           *after,
                                            EkaChunk        *chunk,
                                            guint32          checksum);
Entry    *eka_outbox_insert_given_locked   (EkaOutbox       *self,
                                            EkaChunk        *chunk,
                                            EkaOutbox       *from,
                                            Entry           *given);
Entry    *eka_outbox_new_place             (EkaChunk        *chunk,
                                            guint            number);
void      eka_outbox_change_bytes_locked   (EkaOutbox       *self,
                                            Entry           *entry,
                                            EkaChunk        *chunk,
                                            guint32          checksum);
void      eka_outbox_entry_free_locked     (EkaOutbox       *self,
                                            Entry           *entry);
void      eka_outbox_remove_locked         (EkaOutbox       *self,
                                            GList           *link);
void      eka_outbox_let_go_locked         (EkaOutbox       *self,
                                            GList           *link);
void      eka_outbox_take_out_locked       (EkaOutbox       *self,
                                            GList           *link);
void      eka_outbox_drop_locked           (EkaOutbox       *self,
                                            GList           *link);
GList    *eka_outbox_find_next_locked      (EkaOutbox       *self);

/* outboxload.c */
GList    *eka_outbox_load_next_locked      (EkaOutbox       *self);
void      eka_outbox_check_load_locked     (EkaOutbox       *self,
                                            Entry           *entry);
void      eka_outbox_forget_load_locked    (Entry           *entry);
void      eka_outbox_lose_locked           (EkaOutbox       *self,
                                            GList           *link);
gboolean  eka_outbox_evict_locked          (EkaOutbox       *self,
                                            gboolean       (*enough) (gpointer),
                                            gpointer         user_data);
gboolean  eka_outbox_is_lean_locked        (EkaOutbox       *self);

/* outboxdisk.c */
gboolean  eka_outbox_takes_locked          (EkaOutbox       *self);
gboolean  eka_outbox_is_open_locked        (EkaOutbox       *self,
                                            Entry           *entry);
void      eka_outbox_want_locked           (EkaOutbox       *self,
                                            Entry           *entry);
void      eka_outbox_change_locked         (EkaOutbox       *self);
void      eka_outbox_ask_locked            (EkaOutbox       *self);
gboolean  eka_outbox_store_batch_locked    (EkaOutbox       *self);
void      eka_outbox_take_state_locked     (EkaOutbox       *self,
                                            EkaChunkerState *state);
void      eka_outbox_end_journal_locked    (EkaOutbox       *self);
void      eka_outbox_drop_disk_locked      (EkaOutbox       *self);
void      eka_outbox_tell                  (EkaOutbox       *self);

/* outboxfault.c */
void      eka_outbox_check_disk_locked     (EkaOutbox       *self);
void      eka_outbox_note_late_locked      (EkaOutbox       *self);
void      eka_outbox_tell_late             (EkaOutbox       *self);
void      eka_outbox_open_locked           (EkaOutbox       *self,
                                            Entry           *entry);
void      eka_outbox_note_failure_locked   (EkaOutbox       *self,
                                            const GError    *error);

/* outboxrest.c */
EkaSpool *eka_outbox_find_source_locked    (EkaOutbox       *self,
                                            const Entry     *entry,
                                            const gchar    **file);
void      eka_outbox_leave_folder_locked   (EkaOutbox       *self,
                                            gboolean         stays);
void      eka_outbox_release_given_locked  (Entry           *entry);
void      eka_outbox_note_taken_locked     (const Entry     *entry,
                                            GPtrArray       *taken);
void      eka_outbox_leave_given_locked    (EkaOutbox       *self);

/* outboxheir.c */
gboolean  eka_outbox_waits_for_heritage_locked
                                           (EkaOutbox       *self);
void      eka_outbox_add_heritage_locked   (EkaOutbox       *self,
                                            EkaSpoolCommit  *commit);
gboolean  eka_outbox_pass_locked           (EkaOutbox       *self);
void      eka_outbox_leave_heritage_locked (EkaOutbox       *self);
void      eka_outbox_end_heritage_locked   (EkaOutbox       *self);

G_END_DECLS
