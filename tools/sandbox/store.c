/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "store.h"

#include "results.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define SESSION_FILE "session.json"

/**
 * sandbox_store_new:
 * @options: that outlive the store
 * @error: that the directory can't be made
 *
 * Returns: (transfer full) (nullable): an empty store
 */
SandboxStore *
sandbox_store_new (const SandboxOptions *options, GError **error)
{
  g_autofree gchar *directory = NULL;
  SandboxStore *self;

  if (options->directory == NULL)
    directory = g_dir_make_tmp ("ekascribe-sandbox-XXXXXX", error);
  else if (g_mkdir_with_parents (options->directory, 0700) == 0)
    directory = g_canonicalize_filename (options->directory, NULL);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s",
                 options->directory, g_strerror (errno));
  if (directory == NULL)
    return NULL;
  self = g_new0 (SandboxStore, 1);
  self->options = options;
  self->directory = g_steal_pointer (&directory);
  self->temporary = options->directory == NULL;
  self->cancellable = g_cancellable_new ();
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify)sandbox_session_free);
  self->streams = g_hash_table_new (g_str_hash, g_str_equal);
  self->forgotten =
      g_ptr_array_new_with_free_func ((GDestroyNotify)sandbox_session_free);
  return self;
}

/* Two levels are all there is. */
static void
remove_directory (const gchar *path, guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *child = g_build_filename (path, name, NULL);

      if (g_unlink (child) != 0 && depth > 0)
        remove_directory (child, depth - 1);
    }
  g_rmdir (path);
}

/**
 * sandbox_store_free:
 * @self: (transfer full): to be freed, with its sessions and, where it is a
 *   temporary one, its directory; nothing may be at work for it
 */
void
sandbox_store_free (SandboxStore *self)
{
  g_assert (self->jobs == 0);
  g_hash_table_unref (self->streams);
  g_hash_table_unref (self->sessions);
  g_ptr_array_unref (self->forgotten);
  g_object_unref (self->cancellable);
  if (self->temporary)
    remove_directory (self->directory, 1);
  g_free (self->directory);
  g_free (self);
}

/**
 * sandbox_store_find:
 * @self: the store
 * @id: of a session
 *
 * Returns: (nullable) (transfer none): the session
 */
SandboxSession *
sandbox_store_find (SandboxStore *self, const gchar *id)
{
  return g_hash_table_lookup (self->sessions, id);
}

/**
 * sandbox_store_find_stream:
 * @self: the store
 * @stream_id: of a session's stream
 *
 * Returns: (nullable) (transfer none): the session
 */
SandboxSession *
sandbox_store_find_stream (SandboxStore *self, const gchar *stream_id)
{
  return g_hash_table_lookup (self->streams, stream_id);
}

static gchar *
make_id (void)
{
  g_autofree gchar *uuid = g_uuid_string_random ();
  g_auto (GStrv) parts = g_strsplit (uuid, "-", -1);
  g_autofree gchar *digits = g_strjoinv (NULL, parts);

  return g_strdup_printf ("ses_%.28s", digits);
}

static gboolean
on_expired (gpointer user_data)
{
  SandboxSession *session = user_data;

  session->timer = 0;
  sandbox_session_set_state (session, SANDBOX_EXPIRED);
  sandbox_store_save (session);
  return G_SOURCE_REMOVE;
}

/**
 * sandbox_store_create:
 * @self: the store
 * @request: (transfer full): valid, with an id that is free, or none
 * @base_url: API root
 * @error: that the session's directory can't be made; it may not be there yet
 *
 * Returns: (transfer none) (nullable): the new session
 */
SandboxSession *
sandbox_store_create (SandboxStore *self,
                      SandboxRequest *request,
                      const gchar *base_url,
                      GError **error)
{
  gdouble lifetime = self->options->session_lifetime;
  SandboxSession *session;

  if (request->session_id == NULL)
    request->session_id = make_id ();
  session =
      sandbox_session_new (self, self->directory, base_url, request, lifetime);
  if (g_mkdir (session->directory, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s",
                   session->directory, g_strerror (errno));
      sandbox_session_free (session);
      return NULL;
    }
  session->timer = g_timeout_add ((guint)MIN (lifetime * 1000.0, G_MAXINT),
                                  on_expired, session);
  g_hash_table_insert (self->sessions, session->id, session);
  if (session->stream != NULL)
    g_hash_table_insert (self->streams, session->stream->id, session);
  sandbox_store_save (session);
  sandbox_store_tell (session);
  return session;
}

/**
 * sandbox_store_save:
 * @session: that has changed
 *
 * Writes the session's `session.json`. It is for people and tests: nothing is
 * read back, so that a failure is only logged.
 */
void
sandbox_store_save (SandboxSession *session)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path =
      g_build_filename (session->directory, SESSION_FILE, NULL);
  g_autofree gchar *temporary = g_strconcat (path, ".new", NULL);
  g_autofree gchar *text = sandbox_results_describe (session);

  if (!g_file_set_contents_full (temporary, text, -1, G_FILE_SET_CONTENTS_NONE,
                                 0600, &error))
    g_printerr ("%s: %s\n", temporary, error->message);
  else if (g_rename (temporary, path) != 0)
    g_printerr ("%s: %s\n", path, g_strerror (errno));
}

/**
 * sandbox_store_tell:
 * @session: that is new, or has entered another state
 *
 * Calls the store's `state_changed`. What becomes of sessions that the store has
 * forgotten is told to nobody.
 */
void
sandbox_store_tell (SandboxSession *session)
{
  SandboxStore *self = session->store;

  if (self->state_changed != NULL &&
      sandbox_store_find (self, session->id) == session)
    self->state_changed (session, self->state_changed_data);
}

/**
 * sandbox_store_expire:
 * @self: the store
 * @id: of a session
 *
 * It expires now, if it is there and has no results.
 */
void
sandbox_store_expire (SandboxStore *self, const gchar *id)
{
  SandboxSession *session = sandbox_store_find (self, id);

  if (session == NULL || session->finished != NULL)
    return;
  g_clear_handle_id (&session->timer, g_source_remove);
  on_expired (session);
}

/**
 * sandbox_store_forget:
 * @self: the store
 *
 * No session is known any more, as after a restart without memory. Their
 * folders are as they were until sandbox_store_put_away().
 */
void
sandbox_store_forget (SandboxStore *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_remove_all (self->streams);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SandboxSession *session = value;

      g_hash_table_iter_steal (&iter);
      g_clear_handle_id (&session->timer, g_source_remove);
      /* A final state, so that nothing more is begun for it. */
      if (session->finished == NULL)
        sandbox_session_set_state (session, SANDBOX_FAILED);
      g_ptr_array_add (self->forgotten, session);
    }
}

static gboolean
is_busy (SandboxSession *session)
{
  guint i;

  for (i = 0; i < session->all_chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->all_chunks, i);

      if (!chunk->removed && (chunk->state == SANDBOX_CHUNK_STORING ||
                              chunk->state == SANDBOX_CHUNK_DECODING))
        return TRUE;
    }
  return session->busy;
}

/* `ID.forgotten-N` is no folder of a session: an id has no dot. */
static void
put_away (SandboxSession *session)
{
  guint n = 1;
  g_autofree gchar *path =
      g_strdup_printf ("%s.forgotten-%u", session->directory, n);

  while (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_free (path);
      path = g_strdup_printf ("%s.forgotten-%u", session->directory, ++n);
    }
  if (g_rename (session->directory, path) != 0)
    g_printerr ("%s: %s\n", path, g_strerror (errno));
}

/**
 * sandbox_store_put_away:
 * @self: the store
 *
 * Renames the folders of forgotten sessions, so that their ids are free. While
 * something is at work there, this has to be called again.
 *
 * Returns: all are renamed
 */
gboolean
sandbox_store_put_away (SandboxStore *self)
{
  for (; self->put_away < self->forgotten->len; self->put_away++)
    {
      SandboxSession *session =
          g_ptr_array_index (self->forgotten, self->put_away);

      if (is_busy (session))
        return FALSE;
      put_away (session);
    }
  return TRUE;
}
