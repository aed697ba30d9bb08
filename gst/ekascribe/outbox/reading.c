/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/reading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
set_error (GError     **error,
           const gchar *name,
           int          err)
{
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (err),
               "%s can't be read: %s", name, g_strerror (err));
}

/**
 * eka_reading_open_folder:
 * @at: where @path begins, as for openat()
 * @path: of a folder
 * @error: return location for an error of %G_IO_ERROR
 *
 * Returns: a file descriptor, or -1 on error
 */
int
eka_reading_open_folder (int          at,
                         const gchar *path,
                         GError     **error)
{
  int fd;

  do
    fd = openat (at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  while (fd < 0 && errno == EINTR);
  if (fd < 0)
    set_error (error, path, errno);
  return fd;
}

/**
 * eka_reading_open_file:
 * @at: descriptor of the folder
 * @name: of a file in it
 * @flags: O_RDONLY or O_RDWR
 * @error: return location for an error of %G_IO_ERROR; %G_IO_ERROR_NOT_REGULAR_FILE
 *   where it is a link or no file
 *
 * Returns: a file descriptor, or -1 on error
 */
int
eka_reading_open_file (int          at,
                       const gchar *name,
                       int          flags,
                       GError     **error)
{
  struct stat st;
  int fd;

  /* Nobody waits for a pipe's other end. */
  do
    fd = openat (at, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  while (fd < 0 && errno == EINTR);
  if (fd < 0 && errno != ELOOP)
    {
      set_error (error, name, errno);
      return -1;
    }
  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return fd;
  if (fd >= 0)
    close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
               "%s is no file", name);
  return -1;
}

/* Returns: (nullable): up to @max_size bytes and one more */
static GByteArray *
read_all (int         fd,
          guint64     max_size,
          const char *name,
          GError    **error)
{
  g_autoptr (GByteArray) bytes = NULL;
  struct stat st;
  gsize have = 0;
  ssize_t n;

  if (fstat (fd, &st) < 0)
    {
      set_error (error, name, errno);
      return NULL;
    }
  max_size = MIN (max_size, G_MAXINT);
  bytes = g_byte_array_new ();
  /* One more than there is, so that the end is seen at once. */
  g_byte_array_set_size (bytes,
                         (guint) MIN ((guint64) st.st_size, max_size) + 1);
  do
    {
      n = read (fd, bytes->data + have, bytes->len - have);
      if (n < 0 && errno != EINTR)
        {
          set_error (error, name, errno);
          return NULL;
        }
      have += (gsize) MAX (n, 0);
      if (have == bytes->len && have <= max_size)
        g_byte_array_set_size (
            bytes, (guint) MIN ((guint64) have * 2, max_size + 1));
    }
  while (n != 0 && have <= max_size);
  g_byte_array_set_size (bytes, (guint) have);
  return g_steal_pointer (&bytes);
}

/**
 * eka_reading_load:
 * @at: descriptor of the folder
 * @name: of a file in it
 * @max_size: a larger one is an error
 * @error: return location for an error of %G_IO_ERROR; %G_IO_ERROR_INVALID_DATA
 *   where it is too large, else as of eka_reading_open_file()
 *
 * Returns: (transfer full) (nullable): all of the file; %NULL on error
 */
GBytes *
eka_reading_load (int          at,
                  const gchar *name,
                  guint64      max_size,
                  GError     **error)
{
  const int fd = eka_reading_open_file (at, name, O_RDONLY, error);
  GByteArray *bytes;

  if (fd < 0)
    return NULL;
  bytes = read_all (fd, max_size, name, error);
  close (fd);
  if (bytes == NULL)
    return NULL;
  if (bytes->len <= MIN (max_size, G_MAXINT))
    return g_byte_array_free_to_bytes (bytes);
  g_byte_array_unref (bytes);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is too large",
               name);
  return NULL;
}

/**
 * eka_reading_list:
 * @at: descriptor of a folder, which stays as it is
 *
 * Returns: (transfer full) (element-type utf8): the names in it, in any order; none
 *   where it can't be read
 */
GPtrArray *
eka_reading_list (int at)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const int fd = eka_reading_open_folder (at, ".", NULL);
  const struct dirent *entry;
  DIR *list;

  if (fd < 0)
    return names;
  list = fdopendir (fd);
  if (list == NULL)
    {
      close (fd);
      return names;
    }
  while ((entry = readdir (list)) != NULL)
    {
      if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  closedir (list);
  return names;
}
