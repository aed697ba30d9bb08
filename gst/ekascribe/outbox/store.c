/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stays free on a volume for others: the smaller of the two. */
#define RESERVE_BYTES (G_GUINT64_CONSTANT (256) << 20)
#define RESERVE_PART 20

/* How long the sum of all sessions is taken as it was, in µs: others add to it,
 * and take from it. */
#define SCAN_INTERVAL (60 * G_TIME_SPAN_SECOND)

/* Who is told of faults. Reference counted, as it may be replaced while it is
 * called. */
typedef struct
{
  gatomicrefcount ref_count;
  EkaStoreFaultFunc func;
  gpointer user_data;
  GDestroyNotify notify;
} Listener;

struct _EkaStore
{
  gatomicrefcount ref_count;
  EkaDisk *disk;
  gchar *location; /* absolute */
  guint64 max_bytes;

  /* Used on the disk's thread only. */
  gint64 scanned;  /* when @used was counted; 0: never */

  /* Held while somebody is told, so that the last call says how it is; taken before
   * @lock. Recursive, for who is told may have more to say. */
  GRecMutex telling;
  GError *fault;   /* (nullable): what was told last; guarded by @telling */

  GMutex lock;     /* guards all below; a leaf */
  guint64 used;    /* bytes of all sessions, where there is a bound */
  gint64 interval; /* between two scans, in µs */
  Listener *listener;
};

/**
 * eka_store_dup_default_location:
 *
 * Returns: (transfer full): where audio is kept that nobody said a place for: the
 *   environment's `EKASCRIBE_OUTBOX`, else `ekascribe` in the folder of the user's
 *   state (`$XDG_STATE_HOME`, by default `~/.local/state`)
 */
gchar *
eka_store_dup_default_location (void)
{
  const gchar *location = g_getenv ("EKASCRIBE_OUTBOX");

  if (location != NULL && *location != '\0')
    return g_strdup (location);
  return g_build_filename (g_get_user_state_dir (), "ekascribe", NULL);
}

/**
 * eka_store_new:
 * @disk: (transfer none): who does the work
 * @location: the folder; a relative one is of the process' current folder now
 * @max_bytes: how much all sessions in it may take, or 0: as much as there is but
 *   the reserve
 *
 * Touches nothing on disk.
 *
 * Returns: (transfer full): a store
 */
EkaStore *
eka_store_new (EkaDisk     *disk,
               const gchar *location,
               guint64      max_bytes)
{
  EkaStore *self = g_new0 (EkaStore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_rec_mutex_init (&self->telling);
  self->disk = eka_disk_ref (disk);
  self->location = g_canonicalize_filename (location, NULL);
  self->max_bytes = max_bytes;
  self->interval = SCAN_INTERVAL;
  return self;
}

/**
 * eka_store_ref:
 * @store: a store
 *
 * Returns: (transfer full): @store
 */
EkaStore *
eka_store_ref (EkaStore *store)
{
  g_atomic_ref_count_inc (&store->ref_count);
  return store;
}

static void
listener_unref (Listener *listener)
{
  if (!g_atomic_ref_count_dec (&listener->ref_count))
    return;
  if (listener->notify != NULL)
    listener->notify (listener->user_data);
  g_free (listener);
}

/**
 * eka_store_unref:
 * @store: (transfer full): a store
 *
 * Never waits; allowed in the disk's thread.
 */
void
eka_store_unref (EkaStore *store)
{
  if (!g_atomic_ref_count_dec (&store->ref_count))
    return;
  g_clear_pointer (&store->listener, listener_unref);
  g_clear_error (&store->fault);
  g_rec_mutex_clear (&store->telling);
  g_mutex_clear (&store->lock);
  g_free (store->location);
  eka_disk_release (store->disk);
  g_free (store);
}

/**
 * eka_store_get_location:
 * @store: a store
 *
 * Returns: (transfer none): the absolute path of its folder
 */
const gchar *
eka_store_get_location (EkaStore *store)
{
  return store->location;
}

/**
 * eka_store_get_disk:
 * @store: a store
 *
 * Returns: (transfer none): who does its work
 */
EkaDisk *
eka_store_get_disk (EkaStore *store)
{
  return store->disk;
}

/* Whether @name is that of a session's folder, also while it is made or removed:
 * `YYYYMMDDTHHMMSSZ-xxxxxxxx`, `.new-` and `.del-` before that. */
static gboolean
is_session_name (const gchar *name)
{
  static const gchar pattern[] = "ddddddddTddddddZ-xxxxxxxx";
  gsize i;

  if (g_str_has_prefix (name, ".new-") || g_str_has_prefix (name, ".del-"))
    name += strlen (".new-");
  for (i = 0; pattern[i] != '\0'; i++)
    {
      if (pattern[i] == 'd' ? !g_ascii_isdigit (name[i]) :
          pattern[i] == 'x' ? !g_ascii_isxdigit (name[i]) :
          name[i] != pattern[i])
        return FALSE;
    }
  return name[i] == '\0';
}

/* Returns: (nullable): what reads the folder @name in the folder @at, or the
 *   folder @at where @name is "." */
static DIR *
open_folder_at (int          at,
                const gchar *name)
{
  const int fd = openat (at, name,
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *folder;

  if (fd < 0)
    return NULL;
  folder = fdopendir (fd);
  if (folder == NULL)
    close (fd);
  return folder;
}

/* Returns: (nullable): the name of what comes next in @folder */
static const gchar *
next_name (DIR *folder)
{
  const struct dirent *entry;

  while ((entry = readdir (folder)) != NULL)
    {
      if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
        return entry->d_name;
    }
  return NULL;
}

static gboolean
holds_only_sessions (int fd)
{
  DIR *folder = open_folder_at (fd, ".");
  const gchar *name;
  gboolean only = folder != NULL;

  while (only && (name = next_name (folder)) != NULL)
    only = is_session_name (name);
  if (folder != NULL)
    closedir (folder);
  return only;
}

/* Takes from @fd what others may do there, where that is ours to decide and
 * nothing but sessions is in it: a home or a folder for all stays what it is, the
 * sessions in it are private anyway. */
static void
tighten (int fd)
{
  struct stat st;

  if (fstat (fd, &st) < 0 || st.st_uid != geteuid () ||
      (st.st_mode & 077) == 0 || (st.st_mode & S_ISVTX) != 0 ||
      !holds_only_sessions (fd))
    return;
  /* Where the file system has no modes there is nothing to be done. */
  if (fchmod (fd, st.st_mode & 0700) < 0)
    g_debug ("the outbox stays open to others: %s", g_strerror (errno));
}

static gboolean
fail (GError      **error,
      const gchar  *what)
{
  const int err = errno;

  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (err), "%s: %s",
               what, g_strerror (err));
  return FALSE;
}

static gboolean
check_location (EkaStore *self,
                GError  **error)
{
  const int fd = open (self->location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good;

  if (fd < 0 && errno == ENOTDIR)
    return fail (error, "it is not a folder");
  if (fd < 0)
    return fail (error, "it can't be read");
  tighten (fd);
  good = faccessat (fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0 ||
         fail (error, "this user may not write to it");
  close (fd);
  return good;
}

/* Makes @path with what is above it. Each new name is synced, or all that comes
 * to lie below it could be gone after a power cut. */
static gboolean
make_folders (EkaFiles    *files,
              const gchar *path,
              GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *parent = NULL;
  struct stat st;

  if (stat (path, &st) == 0)
    return TRUE;
  if (errno != ENOENT)
    return fail (error, "it can't be looked at");
  parent = g_path_get_dirname (path);
  if (!make_folders (files, parent, error))
    return FALSE;
  if (!files->make_folder (files, path, &reason))
    {
      /* Another one was faster, or it is a link to nowhere: the check tells. */
      if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_EXISTS))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  /* Who may write but not read there can't sync it. */
  if (files->sync_folder (files, parent, &reason) ||
      g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/**
 * eka_store_prepare:
 * @store: a store
 * @error: return location for an error of %G_IO_ERROR, whose text says what to do
 *
 * Makes the folder and all above it, for its owner alone, and checks that it can
 * be used. One that is there already, is this user's, and holds nothing but
 * sessions is closed to others; any other is taken as it is. Waits for the disk:
 * for any thread that may.
 *
 * Returns: %FALSE on error
 */
gboolean
eka_store_prepare (EkaStore *store,
                   GError  **error)
{
  g_autoptr (GError) reason = NULL;

  if (make_folders (eka_disk_get_files (store->disk), store->location,
                    &reason) &&
      check_location (store, &reason))
    return TRUE;
  g_set_error (error, reason->domain, reason->code,
               "Audio can't be kept in %s: %s. Set the property outbox-location, "
               "or EKASCRIBE_OUTBOX in the environment, to a folder that this "
               "user may write to, or outbox-policy to never",
               store->location, reason->message);
  return FALSE;
}

/**
 * eka_store_set_fault_func:
 * @store: a store
 * @func: (nullable): is told of faults, in place of who was before
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, when it is replaced or the store goes; from
 *   any thread
 *
 * Thread safe; whoever was there before may be told one more time.
 */
void
eka_store_set_fault_func (EkaStore          *store,
                          EkaStoreFaultFunc  func,
                          gpointer           user_data,
                          GDestroyNotify     notify)
{
  Listener *listener = NULL;
  Listener *old;

  if (func != NULL)
    {
      listener = g_new0 (Listener, 1);
      g_atomic_ref_count_init (&listener->ref_count);
      listener->func = func;
      listener->user_data = user_data;
      listener->notify = notify;
    }
  g_mutex_lock (&store->lock);
  old = store->listener;
  store->listener = listener;
  g_mutex_unlock (&store->lock);
  if (old != NULL)
    listener_unref (old);
}

static gboolean
is_same_fault (const GError *a,
               const GError *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return a->domain == b->domain && a->code == b->code;
}

/* Returns: (transfer full) (nullable): who was told */
static Listener *
tell_fault (EkaStore     *self,
            const GError *error)
{
  Listener *listener;

  if (is_same_fault (self->fault, error))
    return NULL;
  g_clear_error (&self->fault);
  if (error != NULL)
    self->fault = g_error_copy (error);
  g_mutex_lock (&self->lock);
  listener = self->listener;
  if (listener != NULL)
    g_atomic_ref_count_inc (&listener->ref_count);
  g_mutex_unlock (&self->lock);
  if (listener != NULL)
    listener->func (error, listener->user_data);
  return listener;
}

static void
note_fault (EkaStore     *self,
            const GError *error)
{
  Listener *listener;

  g_rec_mutex_lock (&self->telling);
  listener = tell_fault (self, error);
  g_rec_mutex_unlock (&self->telling);
  if (listener != NULL)
    listener_unref (listener);
}

/* A fault on its way to the disk's thread. */
typedef struct
{
  EkaStore *store;
  GError *error;
} Note;

static void
note_free (gpointer data)
{
  Note *note = data;

  g_clear_error (&note->error);
  eka_store_unref (note->store);
  g_free (note);
}

static void
run_note (gpointer user_data)
{
  Note *note = user_data;

  note_fault (note->store, note->error);
}

/**
 * eka_store_note_fault:
 * @store: a store
 * @error: (nullable): why audio could not be written just now; %NULL: it was
 *
 * Tells who listens where that is news: the first fault, one with another code
 * than the last, and the end of it. Thread safe; on the disk's thread at once, from
 * any other it is queued there.
 */
void
eka_store_note_fault (EkaStore     *store,
                      const GError *error)
{
  if (eka_disk_is_current (store->disk))
    note_fault (store, error);
  else
    eka_store_queue_fault (store, error);
}

/**
 * eka_store_note_late:
 * @store: a store
 *
 * Tells at once, on the caller's thread, that the disk does not answer: its own
 * thread is where that is waited for. Call without a lock held.
 */
void
eka_store_note_late (EkaStore *store)
{
  g_autoptr (GError) error =
      g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "The disk of %s does not answer", store->location);

  note_fault (store, error);
}

/**
 * eka_store_queue_fault:
 * @store: a store
 * @error: (nullable): as in eka_store_note_fault()
 *
 * As eka_store_note_fault(), but nobody is told before this returns, whatever the
 * thread: for who may be called with locks held.
 */
void
eka_store_queue_fault (EkaStore     *store,
                       const GError *error)
{
  Note *note = g_new0 (Note, 1);

  note->store = eka_store_ref (store);
  note->error = error != NULL ? g_error_copy (error) : NULL;
  eka_disk_push (store->disk, run_note, note, note_free);
}

/* A file that several sessions have is there once. */
static guint64
sum_files (int          at,
           const gchar *name)
{
  DIR *folder = open_folder_at (at, name);
  guint64 sum = 0;
  struct stat st;

  if (folder == NULL)
    return 0;
  while ((name = next_name (folder)) != NULL)
    {
      if (fstatat (dirfd (folder), name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG (st.st_mode))
        sum += (guint64) st.st_size / MAX (st.st_nlink, 1);
    }
  closedir (folder);
  return sum;
}

/* Returns: bytes in the sessions that can be looked into; the others are not this
 *   user's */
static guint64
sum_sessions (const gchar *location)
{
  DIR *folder = opendir (location);
  const gchar *name;
  guint64 sum = 0;

  if (folder == NULL)
    return 0;
  while ((name = next_name (folder)) != NULL)
    {
      if (is_session_name (name))
        sum += sum_files (dirfd (folder), name);
    }
  closedir (folder);
  return sum;
}

/* Brings @used up to date where it is old. */
static void
scan (EkaStore *self)
{
  const gint64 now = g_get_monotonic_time ();
  gint64 interval;
  guint64 used;

  g_mutex_lock (&self->lock);
  interval = self->interval;
  g_mutex_unlock (&self->lock);
  if (self->scanned != 0 && now - self->scanned < interval)
    return;
  used = sum_sessions (self->location);
  self->scanned = now;
  g_mutex_lock (&self->lock);
  self->used = used;
  g_mutex_unlock (&self->lock);
}

static gboolean
check_reserve (EkaStore *self,
               guint64   bytes,
               GError  **error)
{
  EkaFiles *files = eka_disk_get_files (self->disk);
  g_autofree gchar *left_text = NULL;
  g_autofree gchar *reserve_text = NULL;
  guint64 left, size, reserve;

  if (!files->get_space (files, self->location, &left, &size, error))
    return FALSE;
  reserve = MIN (RESERVE_BYTES, size / RESERVE_PART);
  if (left >= reserve && left - reserve >= bytes)
    return TRUE;
  left_text = g_format_size (left);
  reserve_text = g_format_size (reserve);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "The disk is nearly full: %s are left for %s, of which %s stay "
               "free for others", left_text, self->location, reserve_text);
  return FALSE;
}

static gboolean
take_from_bound (EkaStore *self,
                 guint64   bytes,
                 GError  **error)
{
  g_autofree gchar *used_text = NULL;
  g_autofree gchar *max_text = NULL;
  guint64 used;
  gboolean fits;

  scan (self);
  g_mutex_lock (&self->lock);
  used = self->used;
  fits = bytes <= self->max_bytes && used <= self->max_bytes - bytes;
  if (fits)
    self->used += bytes;
  g_mutex_unlock (&self->lock);
  if (fits)
    return TRUE;
  used_text = g_format_size (used);
  max_text = g_format_size (self->max_bytes);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "The outbox in %s is full: it holds %s, and the property "
               "outbox-max-bytes allows %s", self->location, used_text, max_text);
  return FALSE;
}

/**
 * eka_store_take_space:
 * @store: a store
 * @bytes: to be written
 * @error: return location for an error; %G_IO_ERROR_NO_SPACE where that would be
 *   more than all sessions may take, or leave less than the reserve to others
 *
 * What is taken counts until the sessions are summed up again, once a minute at
 * the most: what is there then is what is on disk. On the disk's thread only.
 *
 * Returns: %FALSE on error: nothing is taken
 */
gboolean
eka_store_take_space (EkaStore *store,
                      guint64   bytes,
                      GError  **error)
{
  g_return_val_if_fail (eka_disk_is_current (store->disk), FALSE);

  if (bytes == 0)
    return TRUE;
  if (!check_reserve (store, bytes, error))
    return FALSE;
  return store->max_bytes == 0 || take_from_bound (store, bytes, error);
}

/**
 * eka_store_return_space:
 * @store: a store
 * @bytes: that were removed, or not written after all
 *
 * Thread safe.
 */
void
eka_store_return_space (EkaStore *store,
                        guint64   bytes)
{
  g_mutex_lock (&store->lock);
  /* A scan meanwhile may have missed what is returned only now. */
  store->used -= MIN (bytes, store->used);
  g_mutex_unlock (&store->lock);
}

/**
 * eka_store_set_scan_interval:
 * @store: a store
 * @interval: how long the sum of all sessions is taken as it was, in µs
 *
 * For tests, which can't wait a minute. Thread safe.
 */
void
eka_store_set_scan_interval (EkaStore *store,
                             gint64    interval)
{
  g_mutex_lock (&store->lock);
  store->interval = interval;
  g_mutex_unlock (&store->lock);
}
