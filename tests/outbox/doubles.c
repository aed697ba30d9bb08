/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "doubles.h"

#include <glib/gstdio.h>

/* Calls */

static gboolean
before (Double           *self,
        const DoubleCall *call,
        GError          **error)
{
  return self->before == NULL || self->before (self, call, error);
}

static gboolean
after (Double           *self,
       const DoubleCall *call,
       gboolean          good)
{
  if (good && self->after != NULL)
    self->after (self, call);
  return good;
}

static gboolean
call_path (EkaFiles    *files,
           DoubleOp     op,
           const gchar *path,
           gboolean   (*func) (EkaFiles *, const gchar *, GError **),
           GError     **error)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = op, .path = path, .fd = -1 };

  return before (self, &call, error) &&
         after (self, &call, func (self->inner, path, error));
}

static gboolean
make_folder (EkaFiles    *files,
             const gchar *path,
             GError     **error)
{
  return call_path (files, DOUBLE_MAKE_FOLDER, path,
                    ((Double *) files)->inner->make_folder, error);
}

static gboolean
remove_file (EkaFiles    *files,
             const gchar *path,
             GError     **error)
{
  return call_path (files, DOUBLE_REMOVE, path,
                    ((Double *) files)->inner->remove, error);
}

static gboolean
remove_folder (EkaFiles    *files,
               const gchar *path,
               GError     **error)
{
  return call_path (files, DOUBLE_REMOVE_FOLDER, path,
                    ((Double *) files)->inner->remove_folder, error);
}

static gboolean
sync_folder (EkaFiles    *files,
             const gchar *path,
             GError     **error)
{
  return call_path (files, DOUBLE_SYNC_FOLDER, path,
                    ((Double *) files)->inner->sync_folder, error);
}

static int
create (EkaFiles    *files,
        const gchar *path,
        GError     **error)
{
  Double *self = (Double *) files;
  DoubleCall call = { .op = DOUBLE_CREATE, .path = path, .fd = -1 };

  if (!before (self, &call, error))
    return -1;
  call.fd = self->inner->create (self->inner, path, error);
  after (self, &call, call.fd >= 0);
  return call.fd;
}

static gboolean
write_all (EkaFiles     *files,
           int           fd,
           const guint8 *data,
           gsize         size,
           GError      **error)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = DOUBLE_WRITE, .fd = fd, .data = data,
                            .size = size };

  return before (self, &call, error) &&
         after (self, &call,
                self->inner->write (self->inner, fd, data, size, error));
}

static gboolean
sync_file (EkaFiles *files,
           int       fd,
           GError  **error)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = DOUBLE_SYNC, .fd = fd };

  return before (self, &call, error) &&
         after (self, &call, self->inner->sync (self->inner, fd, error));
}

/* Can't be refused. What comes after must not find the number in use again. */
static void
close_file (EkaFiles *files,
            int       fd)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = DOUBLE_CLOSE, .fd = fd };

  before (self, &call, NULL);
  after (self, &call, TRUE);
  self->inner->close (self->inner, fd);
}

static gboolean
call_two (EkaFiles    *files,
          DoubleOp     op,
          const gchar *from,
          const gchar *to,
          gboolean   (*func) (EkaFiles *, const gchar *, const gchar *, GError **),
          GError     **error)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = op, .path = from, .to = to, .fd = -1 };

  return before (self, &call, error) &&
         after (self, &call, func (self->inner, from, to, error));
}

static gboolean
rename_file (EkaFiles    *files,
             const gchar *from,
             const gchar *to,
             GError     **error)
{
  return call_two (files, DOUBLE_RENAME, from, to,
                   ((Double *) files)->inner->rename, error);
}

static gboolean
link_file (EkaFiles    *files,
           const gchar *from,
           const gchar *to,
           GError     **error)
{
  return call_two (files, DOUBLE_LINK, from, to,
                   ((Double *) files)->inner->link, error);
}

static gboolean
get_space (EkaFiles    *files,
           const gchar *path,
           guint64     *left,
           guint64     *size,
           GError     **error)
{
  Double *self = (Double *) files;
  const DoubleCall call = { .op = DOUBLE_GET_SPACE, .path = path, .fd = -1 };

  return before (self, &call, error) &&
         after (self, &call,
                self->inner->get_space (self->inner, path, left, size, error));
}

static void
free_double (EkaFiles *files)
{
  Double *self = (Double *) files;

  if (self->clear != NULL)
    self->clear (self);
  eka_files_free (self->inner);
  g_free (self);
}

/**
 * double_init:
 * @self: all zero, and of g_new0()
 * @inner: (transfer full): what does the work
 */
void
double_init (Double   *self,
             EkaFiles *inner)
{
  self->inner = inner;
  self->table.make_folder = make_folder;
  self->table.create = create;
  self->table.write = write_all;
  self->table.sync = sync_file;
  self->table.close = close_file;
  self->table.rename = rename_file;
  self->table.link = link_file;
  self->table.remove = remove_file;
  self->table.remove_folder = remove_folder;
  self->table.sync_folder = sync_folder;
  self->table.get_space = get_space;
  self->table.free = free_double;
}

/**
 * double_op_name:
 * @op: a call
 *
 * Returns: (transfer none): its name, for people
 */
const gchar *
double_op_name (DoubleOp op)
{
  static const gchar * const names[] = {
    "make_folder", "create", "write", "sync", "close", "rename", "link", "remove",
    "remove_folder", "sync_folder", "get_space",
  };

  return names[op];
}

/**
 * double_remove_tree:
 * @path: a file, or a folder with all that is in it; or what is not there
 */
void
double_remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = NULL;
  const gchar *name;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) &&
      !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *child = g_build_filename (path, name, NULL);

      double_remove_tree (child);
    }
  g_remove (path);
}

/* A slow disk */

typedef struct
{
  Double parent;
  guint delay; /* in µs; atomic */
} SlowFiles;

static gboolean
slow_before (Double           *self,
             const DoubleCall *call,
             GError          **error)
{
  g_usleep (g_atomic_int_get (&((SlowFiles *) self)->delay));
  return TRUE;
}

/**
 * slow_files_new:
 * @inner: (transfer full): what does the work
 * @delay: what each call takes at least, in µs
 *
 * Returns: (transfer full): a slow file system
 */
EkaFiles *
slow_files_new (EkaFiles *inner,
                guint     delay)
{
  SlowFiles *self = g_new0 (SlowFiles, 1);

  double_init (&self->parent, inner);
  self->parent.before = slow_before;
  self->delay = delay;
  return &self->parent.table;
}

/**
 * slow_files_set_delay:
 * @files: of slow_files_new()
 * @delay: what each call takes at least from now on, in µs
 *
 * Thread safe.
 */
void
slow_files_set_delay (EkaFiles *files,
                      guint     delay)
{
  g_atomic_int_set (&((SlowFiles *) files)->delay, delay);
}

/* A disk that fails */

typedef struct
{
  Double parent;
  GMutex lock;   /* guards all below; a leaf */
  guint count;   /* calls so far */
  guint failed;  /* of these */
  guint ops;     /* bits of those that may fail */
  guint passing; /* of these still go well */
  guint failing; /* of the ones that follow fail */
  int err;
  gboolean has_space;
  guint64 left;
  guint64 size;
} FailingFiles;

/* Returns: errno for @call, or 0 */
static int
count_call (FailingFiles *self,
            DoubleOp      op)
{
  int err = 0;

  g_mutex_lock (&self->lock);
  self->count++;
  if ((self->ops & DOUBLE_BIT (op)) == 0)
    err = 0;
  else if (self->passing > 0)
    self->passing--;
  else if (self->failing > 0)
    {
      err = self->err;
      self->failed++;
      if (self->failing != G_MAXUINT)
        self->failing--;
    }
  g_mutex_unlock (&self->lock);
  return err;
}

static gboolean
failing_before (Double           *self,
                const DoubleCall *call,
                GError          **error)
{
  EkaFiles *inner = self->inner;
  int err;

  if (call->op == DOUBLE_CLOSE)
    return TRUE;
  err = count_call ((FailingFiles *) self, call->op);
  if (err == 0)
    return TRUE;
  /* A disk that is full is not so from the first byte on. */
  if (call->op == DOUBLE_WRITE)
    inner->write (inner, call->fd, call->data, call->size / 2, NULL);
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (err),
               "%s on purpose: %s", double_op_name (call->op), g_strerror (err));
  return FALSE;
}

static gboolean
failing_get_space (EkaFiles    *files,
                   const gchar *path,
                   guint64     *left,
                   guint64     *size,
                   GError     **error)
{
  FailingFiles *self = (FailingFiles *) files;

  if (!get_space (files, path, left, size, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  if (self->has_space)
    {
      *left = self->left;
      *size = self->size;
    }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
failing_clear (Double *self)
{
  g_mutex_clear (&((FailingFiles *) self)->lock);
}

/**
 * failing_files_new:
 * @inner: (transfer full): what does the work
 *
 * Returns: (transfer full): a file system that is well, so far
 */
EkaFiles *
failing_files_new (EkaFiles *inner)
{
  FailingFiles *self = g_new0 (FailingFiles, 1);

  double_init (&self->parent, inner);
  g_mutex_init (&self->lock);
  self->parent.before = failing_before;
  self->parent.clear = failing_clear;
  self->parent.table.get_space = failing_get_space;
  return &self->parent.table;
}

/**
 * failing_files_fail:
 * @files: of failing_files_new()
 * @ops: bits of the calls that count and may fail (%DOUBLE_ANY: each)
 * @first: so many of these from now on go well
 * @n: so many after that fail; %G_MAXUINT: until failing_files_heal()
 * @err: errno
 *
 * A write that fails writes half of its data before. Close does neither count nor
 * fail. Thread safe.
 */
void
failing_files_fail (EkaFiles *files,
                    guint     ops,
                    guint     first,
                    guint     n,
                    int       err)
{
  FailingFiles *self = (FailingFiles *) files;

  g_mutex_lock (&self->lock);
  self->ops = ops;
  self->passing = first;
  self->failing = n;
  self->err = err;
  g_mutex_unlock (&self->lock);
}

/**
 * failing_files_heal:
 * @files: of failing_files_new()
 *
 * All goes well from now on, and as much space is left as there is. Thread safe.
 */
void
failing_files_heal (EkaFiles *files)
{
  FailingFiles *self = (FailingFiles *) files;

  g_mutex_lock (&self->lock);
  self->failing = 0;
  self->has_space = FALSE;
  g_mutex_unlock (&self->lock);
}

/**
 * failing_files_count:
 * @files: of failing_files_new()
 *
 * Returns: calls of any kind but close, also those that failed
 */
guint
failing_files_count (EkaFiles *files)
{
  FailingFiles *self = (FailingFiles *) files;
  guint count;

  g_mutex_lock (&self->lock);
  count = self->count;
  g_mutex_unlock (&self->lock);
  return count;
}

/**
 * failing_files_count_failed:
 * @files: of failing_files_new()
 *
 * Returns: calls that failed on purpose
 */
guint
failing_files_count_failed (EkaFiles *files)
{
  FailingFiles *self = (FailingFiles *) files;
  guint failed;

  g_mutex_lock (&self->lock);
  failed = self->failed;
  g_mutex_unlock (&self->lock);
  return failed;
}

/**
 * failing_files_set_space:
 * @files: of failing_files_new()
 * @left: what get_space() says that is left, in bytes
 * @size: and that there is in all
 *
 * Thread safe.
 */
void
failing_files_set_space (EkaFiles *files,
                         guint64   left,
                         guint64   size)
{
  FailingFiles *self = (FailingFiles *) files;

  g_mutex_lock (&self->lock);
  self->has_space = TRUE;
  self->left = left;
  self->size = size;
  g_mutex_unlock (&self->lock);
}
