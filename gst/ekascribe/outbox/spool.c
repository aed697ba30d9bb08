/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/spoolprivate.h"

#include <fcntl.h>
#include <unistd.h>

#include "outbox/journal.h"
#include "outbox/names.h"
#include "outbox/reading.h"

/* How long a packet waits for others before it is written, in µs. */
#define WRITE_DELAY (200 * G_TIME_SPAN_MILLISECOND)

/* Records that may wait for a slow disk, in bytes. */
#define MAX_PENDING (4 * 1024 * 1024)

/* The packets of a state have the numbers before that of the first one that comes
 * after it, so that has to be large. */
#define FIRST_NUMBER (G_GUINT64_CONSTANT (1) << 32)

static EkaSpool *
spool_new (EkaStore    *store,
           const gchar *task)
{
  EkaSpool *self = g_new0 (EkaSpool, 1);

  g_atomic_ref_count_init (&self->users);
  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->store = eka_store_ref (store);
  self->disk = eka_store_get_disk (store);
  self->files = eka_disk_get_files (self->disk);
  self->task = task;
  self->lock_fd = -1;
  self->journal.fd = -1;
  self->index = eka_index_new ();
  self->present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->garbage = g_ptr_array_new_with_free_func (g_free);
  self->voids = g_ptr_array_new_with_free_func (g_free);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->pending = g_byte_array_new ();
  self->number = FIRST_NUMBER;
  return self;
}

/**
 * eka_spool_new:
 * @store: (transfer none): where the folder is to be
 *
 * Nothing is on disk before the first commit.
 *
 * Returns: (transfer full): a spool with a new name
 */
EkaSpool *
eka_spool_new (EkaStore *store)
{
  EkaSpool *self = spool_new (store, "recording");

  g_ptr_array_add (self->names, eka_name_make_session ());
  return self;
}

/**
 * eka_spool_hold:
 * @self: a spool
 *
 * Returns: (transfer full): @self, which a job needs
 */
EkaSpool *
eka_spool_hold (EkaSpool *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/**
 * eka_spool_let_go:
 * @self: (transfer full): a spool
 *
 * Whoever calls it last has no lock and no file open any more.
 */
void
eka_spool_let_go (EkaSpool *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->folder);
  g_free (self->journal.name);
  g_clear_pointer (&self->description, g_bytes_unref);
  g_clear_pointer (&self->index, eka_index_free);
  g_clear_error (&self->index_error);
  g_hash_table_unref (self->present);
  g_ptr_array_unref (self->garbage);
  g_ptr_array_unref (self->voids);
  g_ptr_array_unref (self->names);
  g_byte_array_unref (self->pending);
  g_mutex_clear (&self->lock);
  eka_store_unref (self->store);
  g_free (self);
}

/**
 * eka_spool_open:
 * @store: (transfer none): where the folder is
 * @name: of the folder of a session, as in #EkaLeftover
 * @error: return location for an error of %G_IO_ERROR: %G_IO_ERROR_BUSY where
 *   somebody uses it, with who that is; %G_IO_ERROR_NOT_FOUND where it is not there
 *   (any more); %G_IO_ERROR_PERMISSION_DENIED where it is another user's;
 *   %G_IO_ERROR_INVALID_FILENAME where @name is none of ours
 *
 * Takes a folder that somebody left, and removes from it what a crash left
 * unfinished. Its journal stays as it is until a commit ends it. Where the index is
 * damaged a commit needs an index; where a later version wrote it, no commit is
 * possible, but eka_spool_remove() is. Waits for the local disk: not to be called
 * on the disk's thread.
 *
 * Returns: (transfer full) (nullable): a spool; %NULL on error
 */
EkaSpool *
eka_spool_open (EkaStore    *store,
                const gchar *name,
                GError     **error)
{
  EkaSpool *self;

  if (!eka_name_is_session (name))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                   "%s is no name of a recording", name);
      return NULL;
    }
  self = spool_new (store, "sending");
  g_ptr_array_add (self->names, g_strdup (name));
  if (eka_spool_folder_open (self, name, error))
    return self;
  eka_spool_let_go (self);
  return NULL;
}

/**
 * eka_spool_ref:
 * @spool: a spool
 *
 * Returns: (transfer full): @spool
 */
EkaSpool *
eka_spool_ref (EkaSpool *spool)
{
  g_atomic_ref_count_inc (&spool->users);
  return spool;
}

/**
 * eka_spool_unref:
 * @spool: (transfer full): a spool
 *
 * Never waits; allowed in the disk's thread. The last one closes it.
 */
void
eka_spool_unref (EkaSpool *spool)
{
  if (!g_atomic_ref_count_dec (&spool->users))
    return;
  eka_spool_close (spool);
  eka_spool_let_go (spool);
}

/**
 * eka_spool_get_name:
 * @spool: a spool
 *
 * Where the folder vanished, the one that is made in its place has another name.
 *
 * Returns: (transfer none): name of its folder, also before that is made; valid as
 *   long as @spool
 */
const gchar *
eka_spool_get_name (EkaSpool *spool)
{
  const gchar *name;

  g_mutex_lock (&spool->lock);
  name = g_ptr_array_index (spool->names, spool->names->len - 1);
  g_mutex_unlock (&spool->lock);
  return name;
}

/**
 * eka_spool_dup_path:
 * @spool: a spool
 *
 * Returns: (transfer full) (nullable): path of its folder; %NULL: there is none now
 */
gchar *
eka_spool_dup_path (EkaSpool *spool)
{
  const gchar *name = NULL;

  g_mutex_lock (&spool->lock);
  if (spool->made)
    name = g_ptr_array_index (spool->names, spool->names->len - 1);
  g_mutex_unlock (&spool->lock);
  if (name == NULL)
    return NULL;
  return g_build_filename (eka_store_get_location (spool->store), name, NULL);
}

/**
 * eka_spool_get_store:
 * @spool: a spool
 *
 * Returns: (transfer none): where it is
 */
EkaStore *
eka_spool_get_store (EkaSpool *spool)
{
  return spool->store;
}

/* Something that was asked for, on its way to the disk's thread. */
typedef struct
{
  EkaSpool *spool;
  EkaSpoolChange change;
  EkaSpoolFunc done;
  EkaSpoolReadFunc read_done;
  gchar *file;
  gpointer user_data;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->change.commit, eka_spool_commit_free);
  g_clear_pointer (&job->change.before, g_byte_array_unref);
  g_free (job->file);
  eka_spool_let_go (job->spool);
  g_free (job);
}

static Job *
job_new (EkaSpool *self,
         gpointer  user_data)
{
  Job *job = g_new0 (Job, 1);

  job->spool = eka_spool_hold (self);
  job->user_data = user_data;
  return job;
}

/* From here on packets are for the next journal; those before go with @change.
 * What is asked for behind the end has none of it. */
static void
begin_change_locked (EkaSpool       *self,
                     EkaSpoolChange *change)
{
  if (self->closing)
    return;
  change->changes_journal = TRUE;
  change->before = self->pending;
  change->number = self->number;
  self->pending = g_byte_array_new ();
  self->overflown = FALSE;
  self->n_changes++;
}

/* What came meanwhile is for the journal that there is now. */
static void
end_change (EkaSpool *self)
{
  g_mutex_lock (&self->lock);
  self->n_changes--;
  self->journal_open = self->journal.fd >= 0;
  if (self->n_changes == 0 && !self->journal_open)
    g_byte_array_set_size (self->pending, 0);
  g_mutex_unlock (&self->lock);
  eka_spool_journal_flush (self);
}

/* What is not the disk's fault is not told as one. */
static void
note_result (EkaSpool     *self,
             const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  eka_store_note_fault (self->store, error);
}

static void
run_commit (gpointer user_data)
{
  Job *job = user_data;
  EkaSpool *self = job->spool;
  g_autoptr (GError) error = NULL;

  eka_spool_commit_run (self, &job->change, &error);
  note_result (self, error);
  if (job->change.changes_journal)
    end_change (self);
  if (job->done != NULL)
    job->done (error, job->user_data);
}

/**
 * eka_spool_commit:
 * @spool: a spool
 * @commit: (transfer full): what is to be done
 * @done: (nullable): called on the disk's thread, once, when it is on disk or has
 *   failed
 * @user_data: for @done
 *
 * Steps, in this order: packets that came before are written to the journal that
 * there was; the folder is made where there is none; the description is written;
 * a new journal is begun; files are written; the folder is synced; the index is
 * written, and the folder synced; what is not named any more is removed. Where the
 * commit ends or begins a journal and has no index, the index is that of the
 * last commit.
 *
 * After an error all is as it was, and packets that came since are in the journal
 * that there was; but where the very last sync failed, the new index is what others
 * see, and both states stay on disk until a commit is through. Errors are of
 * %G_IO_ERROR:
 *
 * - %G_IO_ERROR_NOT_FOUND: somebody has removed the folder, and nothing that was
 *   committed, nor the journal, is there any more. The next commit makes a folder
 *   with a new name and the last description; it has to bring all that is still
 *   there.
 * - %G_IO_ERROR_CANCELLED: its index names a file of a commit before that failed.
 * - %G_IO_ERROR_CLOSED: the spool is closed.
 * - %G_IO_ERROR_INVALID_DATA: the index in the folder is damaged and @commit has
 *   none; %G_IO_ERROR_NOT_SUPPORTED: a later version wrote it.
 * - any other: the disk's.
 *
 * Errors but %G_IO_ERROR_CANCELLED and %G_IO_ERROR_CLOSED are told to the store, and
 * so is the success.
 */
void
eka_spool_commit (EkaSpool       *spool,
                  EkaSpoolCommit *commit,
                  EkaSpoolFunc    done,
                  gpointer        user_data)
{
  Job *job = job_new (spool, user_data);

  job->done = done;
  job->change.commit = commit;
  g_mutex_lock (&spool->lock);
  if (commit->journal != NULL || commit->ends_journal)
    begin_change_locked (spool, &job->change);
  eka_disk_push (spool->disk, run_commit, job, job_free);
  g_mutex_unlock (&spool->lock);
}

static void
run_write (gpointer user_data)
{
  EkaSpool *self = user_data;

  g_mutex_lock (&self->lock);
  self->write_scheduled = FALSE;
  g_mutex_unlock (&self->lock);
  eka_spool_journal_flush (self);
}

/* Returns: whether the packet was the first that found no room */
static gboolean
take_packet_locked (EkaSpool        *self,
                    const EkaPacket *packet)
{
  const guint64 number = self->number++;
  const gboolean first = !self->overflown;

  if (self->pending->len + packet->size > MAX_PENDING)
    {
      self->overflown = TRUE;
      return first;
    }
  eka_journal_add_packet (self->pending, number, packet);
  if (!self->write_scheduled)
    {
      self->write_scheduled = TRUE;
      eka_disk_push_later (self->disk, WRITE_DELAY, run_write,
                           eka_spool_hold (self),
                           (GDestroyNotify) eka_spool_let_go);
    }
  return FALSE;
}

/**
 * eka_spool_add_packet:
 * @spool: a spool
 * @packet: a packet as it went into the chunker
 *
 * Puts a packet into the journal, where there is one or one was asked for. It is on
 * disk within a second. Never waits. Where the disk is too slow packets are left
 * out, which is told to the store.
 */
void
eka_spool_add_packet (EkaSpool        *spool,
                      const EkaPacket *packet)
{
  g_autoptr (GError) error = NULL;
  gboolean full = FALSE;

  g_mutex_lock (&spool->lock);
  if (!spool->closing && (spool->journal_open || spool->n_changes > 0))
    full = take_packet_locked (spool, packet);
  g_mutex_unlock (&spool->lock);
  if (!full)
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       "The disk of %s is too slow: audio of the last seconds "
                       "is not kept there",
                       eka_store_get_location (spool->store));
  /* The caller may hold locks, on the disk's thread too. */
  eka_store_queue_fault (spool->store, error);
}

static void
run_drop (gpointer user_data)
{
  Job *job = user_data;
  EkaSpool *self = job->spool;
  g_autoptr (GError) error = NULL;

  if (self->closed)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "The folder of the session is closed");
  else
    eka_spool_journal_drop (self, &error);
  if (job->change.changes_journal)
    end_change (self);
  if (job->done != NULL)
    job->done (error, job->user_data);
}

/**
 * eka_spool_drop_journal:
 * @spool: a spool
 * @done: (nullable): called on the disk's thread, once
 * @user_data: for @done
 *
 * Removes the journal, with all packets that were added before. Without an error
 * none of them comes back after a power cut. There is none until a commit begins
 * one.
 */
void
eka_spool_drop_journal (EkaSpool    *spool,
                        EkaSpoolFunc done,
                        gpointer     user_data)
{
  Job *job = job_new (spool, user_data);

  job->done = done;
  g_mutex_lock (&spool->lock);
  begin_change_locked (spool, &job->change);
  eka_disk_push (spool->disk, run_drop, job, job_free);
  g_mutex_unlock (&spool->lock);
}

static GBytes *
read_file (EkaSpool    *self,
           const gchar *file,
           GError     **error)
{
  GBytes *bytes;
  int at;

  if (self->closed || self->folder == NULL)
    {
      g_set_error (error, G_IO_ERROR,
                   self->closed ? G_IO_ERROR_CLOSED : G_IO_ERROR_NOT_FOUND,
                   "The folder of %s is not there", file);
      return NULL;
    }
  at = eka_reading_open_folder (AT_FDCWD, self->folder, error);
  if (at < 0)
    return NULL;
  bytes = eka_reading_load (at, file, G_MAXUINT64, error);
  close (at);
  return bytes;
}

static void
run_read (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_file (job->spool, job->file, &error);

  job->read_done (bytes, error, job->user_data);
}

/**
 * eka_spool_read:
 * @spool: a spool
 * @file: of a commit
 * @done: called on the disk's thread, once
 * @user_data: for @done
 *
 * Reads a file into memory. Its checksum is not looked at.
 */
void
eka_spool_read (EkaSpool        *spool,
                const gchar     *file,
                EkaSpoolReadFunc done,
                gpointer         user_data)
{
  Job *job = job_new (spool, user_data);

  job->read_done = done;
  job->file = g_strdup (file);
  eka_disk_push (spool->disk, run_read, job, job_free);
}

/* Whether nothing in the folder that was made here is of use to anybody: its disk
 * took no audio. */
static gboolean
is_empty (const EkaSpool *self)
{
  return self->fresh && self->journal.name == NULL &&
         g_hash_table_size (self->present) == 0 &&
         (self->index == NULL ||
          (self->index->entries->len == 0 && self->index->taken->len == 0));
}

static void
run_close (gpointer user_data)
{
  EkaSpool *self = user_data;

  if (self->closed)
    return;
  if (is_empty (self))
    eka_spool_folder_remove (self, NULL);
  eka_spool_journal_close (self);
  self->closed = TRUE;
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
}

static void
run_remove (gpointer user_data)
{
  EkaSpool *self = user_data;
  g_autoptr (GError) error = NULL;

  /* Nobody wants what it holds; no time is spent on writing the rest. */
  g_mutex_lock (&self->lock);
  g_byte_array_set_size (self->pending, 0);
  g_mutex_unlock (&self->lock);
  self->journal.unsynced = FALSE;
  eka_spool_journal_close (self);
  self->closed = TRUE;
  if (eka_spool_folder_remove (self, &error))
    return;
  g_prefix_error (&error, "The audio of a session that is done stays on disk: ");
  eka_store_note_fault (self->store, error);
}

/* Takes @func as the last thing that is asked for; what comes after it fails. */
static void
finish (EkaSpool   *self,
        EkaDiskFunc func)
{
  g_mutex_lock (&self->lock);
  if (!self->closing)
    {
      self->closing = TRUE;
      eka_disk_push (self->disk, func, eka_spool_hold (self),
                     (GDestroyNotify) eka_spool_let_go);
    }
  g_mutex_unlock (&self->lock);
}

/**
 * eka_spool_remove:
 * @spool: a spool
 *
 * Removes the folder with all that is in it, after what was asked for before, and
 * closes the spool. Does nothing where it was closed or removed before. An error is
 * told to the store.
 */
void
eka_spool_remove (EkaSpool *spool)
{
  finish (spool, run_remove);
}

/**
 * eka_spool_close:
 * @spool: a spool
 *
 * Lets others have the folder, after what was asked for before; packets that wait
 * are written and synced. What is asked for later fails. A new folder that has no
 * chunk and no journal, as its disk was full, is removed. Does nothing where it was
 * closed or removed before.
 */
void
eka_spool_close (EkaSpool *spool)
{
  finish (spool, run_close);
}
