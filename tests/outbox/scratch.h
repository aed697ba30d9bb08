/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <grp.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doubles.h"

/* A folder for one test. */
typedef struct
{
  gchar *path;
} Scratch;

static inline void
scratch_set_up (Scratch      *s,
                gconstpointer data)
{
  s->path = g_dir_make_tmp ("ekascribe-XXXXXX", NULL);
  g_assert_nonnull (s->path);
}

/* The same in memory, where there is such a place: for thousands of files, which a
 * disk that is busy makes slow. */
static inline void
scratch_set_up_fast (Scratch      *s,
                     gconstpointer data)
{
  g_autofree gchar *path = g_strdup ("/dev/shm/ekascribe-XXXXXX");

  if (g_mkdtemp (path) != NULL)
    s->path = g_steal_pointer (&path);
  else
    scratch_set_up (s, data);
}

static inline void
scratch_tear_down (Scratch      *s,
                   gconstpointer data)
{
  double_remove_tree (s->path);
  g_assert_false (g_file_test (s->path, G_FILE_TEST_EXISTS));
  g_free (s->path);
}

static inline gchar *
scratch_path (Scratch     *s,
              const gchar *name)
{
  return g_build_filename (s->path, name, NULL);
}

static inline void
scratch_write (Scratch     *s,
               const gchar *name,
               const gchar *text)
{
  g_autofree gchar *path = scratch_path (s, name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static inline void
scratch_make_folder (Scratch     *s,
                     const gchar *name,
                     guint        mode)
{
  g_autofree gchar *path = scratch_path (s, name);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_cmpint (g_chmod (path, (int) mode), ==, 0);
}

/* Nothing is there where @text is NULL. */
static inline void
scratch_assert_text (Scratch     *s,
                     const gchar *name,
                     const gchar *text)
{
  g_autofree gchar *path = scratch_path (s, name);
  g_autofree gchar *got = NULL;

  g_file_get_contents (path, &got, NULL, NULL);
  g_assert_cmpstr (got, ==, text);
}

static inline guint
scratch_get_mode (Scratch     *s,
                  const gchar *name)
{
  g_autofree gchar *path = scratch_path (s, name);
  struct stat st;

  g_assert_cmpint (lstat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

/* Root may do anything: what is forbidden is tried by nobody, in a process of its
 * own. */
static inline void
scratch_become_nobody (void)
{
  if (geteuid () != 0)
    return;
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
  g_assert_cmpint (setgid (65534), ==, 0);
  g_assert_cmpint (setuid (65534), ==, 0);
}
