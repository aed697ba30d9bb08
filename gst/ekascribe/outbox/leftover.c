/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox/leftoverprivate.h"
#include "outbox/lockfile.h"
#include "outbox/names.h"
#include "outbox/reading.h"
#include "outbox/spool.h"

#define MAX_DESCRIPTION (4 * 1024 * 1024)

/* Journals that a list holds in memory, in bytes. */
#define MAX_LISTED_JOURNALS (256 * 1024 * 1024)

/* What was read of one folder, before it is held against the others. */
typedef struct
{
  EkaLeftover *leftover;
  int at;           /* descriptor of the folder */
  GPtrArray *names; /* of utf8: what is in it */
} Look;

static void
set_state (EkaLeftover     *self,
           EkaLeftoverState state,
           const gchar     *reason)
{
  /* Who uses it now knows more than we do. */
  if (self->state == EKA_LEFTOVER_IN_USE)
    return;
  self->state = state;
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

static gint
compare_strings (gconstpointer a,
                 gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static gint
compare_leftovers (gconstpointer a,
                   gconstpointer b)
{
  return strcmp ((*(EkaLeftover *const *) a)->name,
                 (*(EkaLeftover *const *) b)->name);
}

static gboolean
has_audio (GPtrArray *names)
{
  guint i;

  for (i = 0; i < names->len; i++)
    {
      if (eka_name_is_audio (g_ptr_array_index (names, i), NULL))
        return TRUE;
    }
  return FALSE;
}

static void
measure (Look *look)
{
  struct stat st;
  guint i;

  for (i = 0; i < look->names->len; i++)
    {
      if (fstatat (look->at, g_ptr_array_index (look->names, i), &st,
                   AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG (st.st_mode))
        look->leftover->size += (guint64) st.st_size;
    }
}

static void
look_at_lock (Look *look)
{
  const int fd =
      eka_reading_open_file (look->at, EKA_LOCKFILE_NAME, O_RDONLY, NULL);
  g_autofree gchar *holder = NULL;

  if (fd < 0)
    return;
  if (eka_lockfile_is_held (fd))
    {
      g_autofree gchar *reason = NULL;

      holder = eka_lockfile_read (fd);
      reason = g_strdup_printf ("It is in use by %s",
                                holder != NULL ? holder : "another process");
      set_state (look->leftover, EKA_LEFTOVER_IN_USE, reason);
    }
  close (fd);
}

static void
look_at_damaged (Look         *look,
                 const GError *reason)
{
  EkaLeftover *self = look->leftover;
  g_autofree gchar *text = NULL;
  guint unreadable = 0;

  self->index = eka_leftover_salvage (look->at, look->names, &unreadable);
  if (unreadable == 0)
    {
      set_state (self, EKA_LEFTOVER_DAMAGED, reason->message);
      return;
    }
  text = g_strdup_printf ("%s, and so are %u files with audio",
                          reason->message, unreadable);
  set_state (self, EKA_LEFTOVER_DAMAGED, text);
}

/* A folder that has no index yet has none because nothing was stored. */
static void
look_at_no_index (Look         *look,
                  const GError *reason)
{
  EkaLeftover *self = look->leftover;

  if (has_audio (look->names))
    look_at_damaged (look, reason);
  else if (self->description != NULL)
    self->index = eka_index_new ();
  else
    {
      self->empty = self->state != EKA_LEFTOVER_IN_USE;
      set_state (self, EKA_LEFTOVER_UNREADABLE,
                 "There is nothing of a recording in it");
    }
}

static void
look_at_index (Look *look)
{
  EkaLeftover *self = look->leftover;
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) bytes =
      eka_reading_load (look->at, EKA_INDEX_NAME, G_MAXUINT64, &reason);

  if (bytes != NULL)
    self->index = eka_index_parse (bytes, &reason);
  if (self->index != NULL)
    return;
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    look_at_no_index (look, reason);
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    set_state (self, EKA_LEFTOVER_NEWER, reason->message);
  else
    look_at_damaged (look, reason);
}

/* Returns: what @self was opened with, or -1 with its state set */
static int
open_folder (EkaLeftover *self,
             GError     **error)
{
  g_autoptr (GError) reason = NULL;
  struct stat st;
  int at;

  if (lstat (self->path, &st) < 0)
    {
      g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno),
                   "%s: %s", self->path, g_strerror (errno));
      return -1;
    }
  if (!S_ISDIR (st.st_mode))
    {
      set_state (self, EKA_LEFTOVER_UNREADABLE, "It is no folder");
      return -1;
    }
  if (st.st_uid != geteuid ())
    {
      set_state (self, EKA_LEFTOVER_UNREADABLE, "It belongs to another user");
      return -1;
    }
  at = eka_reading_open_folder (AT_FDCWD, self->path, &reason);
  if (at >= 0)
    return at;
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    set_state (self, EKA_LEFTOVER_UNREADABLE, reason->message);
  return -1;
}

/* Whether @self still is the folder with the descriptor @at: one that is removed
 * first loses its name, then what is in it. */
static gboolean
is_still_there (EkaLeftover *self,
                int          at,
                GError     **error)
{
  struct stat ours, there;

  if (fstat (at, &ours) == 0 && lstat (self->path, &there) == 0 &&
      ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "%s was removed just now", self->path);
  return FALSE;
}

/* Returns: (transfer full) (nullable): what is in the folder @name but for its
 *   journal; %NULL: there is no such folder */
static EkaLeftover *
look_at_folder (const gchar *location,
                const gchar *name,
                GError     **error)
{
  g_autoptr (EkaLeftover) self = g_new0 (EkaLeftover, 1);
  g_autoptr (GError) reason = NULL;
  Look look = { .leftover = self };
  gboolean there;

  self->name = g_strdup (name);
  self->path = g_build_filename (location, name, NULL);
  look.at = open_folder (self, &reason);
  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  if (look.at < 0)
    return g_steal_pointer (&self);
  look.names = eka_reading_list (look.at);
  g_ptr_array_sort (look.names, compare_strings);
  measure (&look);
  look_at_lock (&look);
  self->description = eka_reading_load (look.at, EKA_SPOOL_DESCRIPTION_NAME,
                                        MAX_DESCRIPTION, NULL);
  look_at_index (&look);
  there = is_still_there (self, look.at, error);
  g_ptr_array_unref (look.names);
  close (look.at);
  return there ? g_steal_pointer (&self) : NULL;
}

/* An index that names a journal that is not there means that there is none. */
static void
load_journal (EkaLeftover *self,
              guint64     *room)
{
  g_autoptr (GError) reason = NULL;
  int at;

  if (self->index == NULL || self->index->journal == NULL)
    return;
  at = eka_reading_open_folder (AT_FDCWD, self->path, NULL);
  if (at < 0)
    return;
  self->journal =
      eka_reading_load (at, self->index->journal, *room, &reason);
  close (at);
  if (self->journal != NULL)
    *room -= g_bytes_get_size (self->journal);
  else if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    g_clear_pointer (&self->index->journal, g_free);
}

static void
add_taken (GHashTable     *taken,
           const EkaIndex *index)
{
  guint i;

  for (i = 0; i < index->taken->len; i++)
    g_hash_table_add (taken, g_strdup (g_ptr_array_index (index->taken, i)));
}

/* What others have taken from @self, as far as anybody says. */
static void
add_taken_by (GHashTable  *taken,
              const gchar *location,
              const gchar *name)
{
  g_autofree gchar *folder = g_build_filename (location, name, NULL);
  const int at = eka_reading_open_folder (AT_FDCWD, folder, NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (EkaIndex) index = NULL;
  struct stat st;
  gconstpointer data;
  gsize size;

  if (at < 0)
    return;
  if (fstat (at, &st) == 0 && st.st_uid == geteuid ())
    bytes = eka_reading_load (at, EKA_INDEX_NAME, G_MAXUINT64, NULL);
  close (at);
  if (bytes == NULL)
    return;
  data = g_bytes_get_data (bytes, &size);
  /* Most have taken nothing: their lines need not be read. */
  if (g_strstr_len (data, (gssize) size, "\ntaken ") == NULL)
    return;
  index = eka_index_parse (bytes, NULL);
  if (index != NULL)
    add_taken (taken, index);
}

static gboolean
is_taken (EkaLeftover *self,
          GHashTable  *taken,
          const gchar *file)
{
  g_autofree gchar *key = NULL;

  if (file == NULL)
    return FALSE;
  key = g_strdup_printf ("%s/%s", self->name, file);
  return g_hash_table_contains (taken, key);
}

/* A name that others have taken stands for what was taken, as long as they say so:
 * no other audio may get it. */
static void
count_taken (EkaLeftover *self,
             GHashTable  *taken)
{
  const gsize length = strlen (self->name);
  GHashTableIter iter;
  gpointer key;
  guint n;

  g_hash_table_iter_init (&iter, taken);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const gchar *file = key;

      if (strncmp (file, self->name, length) == 0 && file[length] == '/' &&
          eka_name_is_audio (file + length + 1, &n) && n < G_MAXUINT)
        self->next_file = MAX (self->next_file, n + 1);
    }
}

/* Leaves out what is in another folder now. One in front of others keeps its
 * place, since that is a number on the service. */
static void
leave_out_taken (EkaLeftover *self,
                 GHashTable  *taken)
{
  GPtrArray *entries;
  gboolean last = TRUE;
  guint i;

  if (self->index == NULL || g_hash_table_size (taken) == 0)
    return;
  count_taken (self, taken);
  entries = self->index->entries;
  for (i = entries->len; i > 0; i--)
    {
      EkaIndexEntry *entry = g_ptr_array_index (entries, i - 1);

      if (!is_taken (self, taken, entry->file))
        last = FALSE;
      else if (last)
        g_ptr_array_remove_index (entries, i - 1);
      else
        {
          g_clear_pointer (&entry->file, g_free);
          entry->state = EKA_INDEX_ACKNOWLEDGED;
        }
    }
  if (is_taken (self, taken, self->index->journal))
    g_clear_pointer (&self->index->journal, g_free);
}

/* Returns: (transfer full) (nullable) (element-type utf8): names of the folders of
 *   sessions; none where @location is not there */
static GPtrArray *
list_names (const gchar *location,
            GError     **error)
{
  g_autoptr (GError) reason = NULL;
  GPtrArray *names;
  guint i;
  /* The place itself may be a link: the user has set it. */
  const int at = open (location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (at < 0 && errno == ENOENT)
    return g_ptr_array_new_with_free_func (g_free);
  if (at < 0)
    {
      g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno),
                   "The outbox %s can't be read: %s", location,
                   g_strerror (errno));
      return NULL;
    }
  names = eka_reading_list (at);
  close (at);
  for (i = names->len; i > 0; i--)
    {
      if (!eka_name_is_session (g_ptr_array_index (names, i - 1)))
        g_ptr_array_remove_index_fast (names, i - 1);
    }
  g_ptr_array_sort (names, compare_strings);
  return names;
}

/**
 * eka_leftover_list:
 * @location: folder of the sessions
 * @error: return location for an error of %G_IO_ERROR
 *
 * Nothing is locked, changed or waited for but the local disk. What is not the
 * folder of a session is left out, and so is one that goes meanwhile. Where all
 * journals are larger than 256 MiB the last of them are not loaded: their indexes
 * name them, and eka_leftover_look() has them.
 *
 * Returns: (transfer full) (nullable) (element-type EkaLeftover): what is there,
 *   the oldest first; nothing where there is no such folder; %NULL on error
 */
GPtrArray *
eka_leftover_list (const gchar *location,
                   GError     **error)
{
  g_autoptr (GPtrArray) names = list_names (location, error);
  g_autoptr (GHashTable) taken =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint64 room = MAX_LISTED_JOURNALS;
  GPtrArray *list;
  guint i;

  if (names == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) eka_leftover_free);
  for (i = 0; i < names->len; i++)
    {
      EkaLeftover *leftover =
          look_at_folder (location, g_ptr_array_index (names, i), NULL);

      if (leftover == NULL)
        continue;
      if (leftover->index != NULL)
        add_taken (taken, leftover->index);
      g_ptr_array_add (list, leftover);
    }
  for (i = 0; i < list->len; i++)
    {
      leave_out_taken (g_ptr_array_index (list, i), taken);
      load_journal (g_ptr_array_index (list, i), &room);
    }
  g_ptr_array_sort (list, compare_leftovers);
  return list;
}

/**
 * eka_leftover_look:
 * @location: folder of the sessions
 * @name: of the folder of one of them
 * @error: return location for an error of %G_IO_ERROR; %G_IO_ERROR_NOT_FOUND where
 *   there is no such folder, %G_IO_ERROR_INVALID_FILENAME where @name is none of
 *   ours
 *
 * As eka_leftover_list(), for one of them. Where it is locked by this process that
 * makes it %EKA_LEFTOVER_IN_USE too; what is in it is there all the same.
 *
 * Returns: (transfer full) (nullable): what is there; %NULL on error
 */
EkaLeftover *
eka_leftover_look (const gchar *location,
                   const gchar *name,
                   GError     **error)
{
  g_autoptr (EkaLeftover) self = NULL;
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GHashTable) taken =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint64 room = G_MAXUINT64;
  guint i;

  if (!eka_name_is_session (name))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                   "%s is no name of a recording", name);
      return NULL;
    }
  self = look_at_folder (location, name, error);
  if (self == NULL)
    return NULL;
  names = list_names (location, error);
  if (names == NULL)
    return NULL;
  for (i = 0; i < names->len; i++)
    {
      if (strcmp (g_ptr_array_index (names, i), name) != 0)
        add_taken_by (taken, location, g_ptr_array_index (names, i));
    }
  leave_out_taken (self, taken);
  load_journal (self, &room);
  return g_steal_pointer (&self);
}

/**
 * eka_leftover_free:
 * @leftover: (transfer full): a leftover
 */
void
eka_leftover_free (EkaLeftover *leftover)
{
  g_clear_pointer (&leftover->index, eka_index_free);
  g_clear_pointer (&leftover->description, g_bytes_unref);
  g_clear_pointer (&leftover->journal, g_bytes_unref);
  g_free (leftover->reason);
  g_free (leftover->path);
  g_free (leftover->name);
  g_free (leftover);
}

static GBytes *
load_entry (const EkaLeftover *self,
            const gchar       *file,
            GError           **error)
{
  const int at = eka_reading_open_folder (AT_FDCWD, self->path, error);
  GBytes *bytes;

  if (at < 0)
    return NULL;
  bytes = eka_reading_load (at, file, G_MAXUINT64, error);
  close (at);
  return bytes;
}

/**
 * eka_leftover_read:
 * @leftover: a leftover with an index
 * @i: place of a chunk in the index
 * @error: return location for an error of %G_IO_ERROR: %G_IO_ERROR_NOT_FOUND where
 *   its audio is not on disk, %G_IO_ERROR_INVALID_DATA where that is not what was
 *   written
 *
 * Returns: (transfer full) (nullable): the chunk with its bytes; %NULL on error
 */
EkaChunk *
eka_leftover_read (const EkaLeftover *leftover,
                   guint              i,
                   GError           **error)
{
  const EkaIndexEntry *entry = NULL;
  g_autoptr (GBytes) bytes = NULL;
  EkaChunk *chunk;
  gconstpointer data;
  gsize size;

  if (leftover->index != NULL && i < leftover->index->entries->len)
    entry = g_ptr_array_index (leftover->index->entries, i);
  if (entry == NULL || entry->file == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "Chunk %u of %s is not on disk", i, leftover->name);
      return NULL;
    }
  bytes = load_entry (leftover, entry->file, error);
  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (size != entry->size || eka_index_checksum (data, size) != entry->checksum)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s of %s is damaged", entry->file, leftover->name);
      return NULL;
    }
  chunk = eka_chunk_new (i, bytes, entry->chunk->media_type,
                         entry->chunk->extension, entry->chunk->running_time,
                         entry->chunk->duration, entry->chunk->samples);
  chunk->utc = entry->chunk->utc;
  chunk->pre_roll = entry->chunk->pre_roll;
  return chunk;
}

/**
 * eka_leftover_state_to_string:
 * @state: a state
 *
 * Returns: (transfer none): one word for people and programs
 */
const gchar *
eka_leftover_state_to_string (EkaLeftoverState state)
{
  switch (state)
    {
    case EKA_LEFTOVER_READY:
      return "ready";
    case EKA_LEFTOVER_IN_USE:
      return "in-use";
    case EKA_LEFTOVER_NEWER:
      return "newer";
    case EKA_LEFTOVER_DAMAGED:
      return "damaged";
    default:
      return "unreadable";
    }
}
