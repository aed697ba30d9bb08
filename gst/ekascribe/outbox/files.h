/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaFiles:
 * @make_folder: makes @path, for its owner alone (0700); it must not exist
 * @create: makes @path, for its owner alone (0600), to be written at its end; it
 *   must not exist. Returns a file descriptor, or -1
 * @write: writes all of @data, or fails
 * @sync: what was written is on the disk when this returns
 * @close: closes, whatever comes of it
 * @rename: gives @from the name @to, in place of what had it
 * @link: gives the file @from the second name @to, which must be free
 * @remove: takes a name from a file
 * @remove_folder: removes an empty folder
 * @sync_folder: names made, changed and removed in @path are on the disk when
 *   this returns
 * @get_space: bytes that may still be written to the file system of @path, and
 *   all that it has
 * @free: frees the table
 *
 * All that is asked of a file system to write to it. Errors are of
 * %G_IO_ERROR. Tests put a slow one, a full one, or one that keeps a log in its
 * place.
 */
typedef struct _EkaFiles EkaFiles;

struct _EkaFiles
{
  gboolean (*make_folder)   (EkaFiles *self, const gchar *path, GError **error);
  int      (*create)        (EkaFiles *self, const gchar *path, GError **error);
  gboolean (*write)         (EkaFiles *self, int fd, const guint8 *data,
                             gsize size, GError **error);
  gboolean (*sync)          (EkaFiles *self, int fd, GError **error);
  void     (*close)         (EkaFiles *self, int fd);
  gboolean (*rename)        (EkaFiles *self, const gchar *from, const gchar *to,
                             GError **error);
  gboolean (*link)          (EkaFiles *self, const gchar *from, const gchar *to,
                             GError **error);
  gboolean (*remove)        (EkaFiles *self, const gchar *path, GError **error);
  gboolean (*remove_folder) (EkaFiles *self, const gchar *path, GError **error);
  gboolean (*sync_folder)   (EkaFiles *self, const gchar *path, GError **error);
  gboolean (*get_space)     (EkaFiles *self, const gchar *path, guint64 *left,
                             guint64 *size, GError **error);
  void     (*free)          (EkaFiles *self);
};

EkaFiles *eka_files_new  (void);
void      eka_files_free (EkaFiles     *files);
gboolean  eka_files_save (EkaFiles     *files,
                          const gchar  *folder,
                          const gchar  *name,
                          const guint8 *data,
                          gsize         size,
                          GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaFiles, eka_files_free)

G_END_DECLS
