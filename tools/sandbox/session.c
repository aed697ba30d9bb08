/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session.h"

#include "store.h"

#include <glib/gstdio.h>

static const gchar *const STATE_NAMES[] = { "initialized", "processing",
                                            "completed",   "partial",
                                            "failed",      "expired" };

#define TO(state) (1u << (state))

/* What may follow each state. */
static const guint EDGES[] = {
  [SANDBOX_INITIALIZED] =
      TO (SANDBOX_PROCESSING) | TO (SANDBOX_FAILED) | TO (SANDBOX_EXPIRED),
  [SANDBOX_PROCESSING] = TO (SANDBOX_COMPLETED) | TO (SANDBOX_PARTIAL) |
                         TO (SANDBOX_FAILED) | TO (SANDBOX_EXPIRED),
  [SANDBOX_COMPLETED] = 0,
  [SANDBOX_PARTIAL] = 0,
  [SANDBOX_FAILED] = 0,
  [SANDBOX_EXPIRED] = 0,
};

static void
chunk_free (gpointer data)
{
  SandboxChunk *chunk = data;

  g_free (chunk->name);
  g_free (chunk->original_name);
  g_free (chunk->media_type);
  g_free (chunk->path);
  g_clear_pointer (&chunk->audio, sandbox_audio_free);
  g_clear_error (&chunk->error);
  g_ptr_array_unref (chunk->waiting);
  g_free (chunk);
}

static void
problem_free (gpointer data)
{
  SandboxProblem *problem = data;

  g_free (problem->message);
  g_free (problem->audio_file);
  g_free (problem);
}

/**
 * sandbox_session_new:
 * @store: that will keep it
 * @directory: of all sessions
 * @base_url: API root
 * @request: (transfer full): what it was created with; has an id
 * @lifetime: seconds until it expires
 *
 * Returns: (transfer full): a session that takes audio; its directory is not
 *   there yet
 */
SandboxSession *
sandbox_session_new (SandboxStore *store,
                     const gchar *directory,
                     const gchar *base_url,
                     SandboxRequest *request,
                     gdouble lifetime)
{
  SandboxSession *self = g_new0 (SandboxSession, 1);

  self->store = store;
  self->id = g_strdup (request->session_id);
  self->directory = g_build_filename (directory, self->id, NULL);
  self->request = request;
  if (g_str_equal (request->upload_type, "stream"))
    {
      self->stream = sandbox_stream_new (request->model->max_duration);
      self->upload_url = sandbox_stream_make_url (self->stream, base_url);
    }
  else
    self->upload_url =
        g_strconcat (base_url, "/sessions/", self->id, "/audio", NULL);
  self->created = g_date_time_new_now_utc ();
  self->expires = g_date_time_add_seconds (self->created, lifetime);
  self->sent = -1;
  self->chunks = g_ptr_array_new ();
  self->all_chunks = g_ptr_array_new_with_free_func (chunk_free);
  self->recording = sandbox_recording_new (self->directory);
  self->transcript = g_strdup ("");
  self->problems = g_ptr_array_new_with_free_func (problem_free);
  return self;
}

/**
 * sandbox_session_free:
 * @self: (transfer full): to be freed; no worker may be at it
 */
void
sandbox_session_free (SandboxSession *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_free (self->id);
  g_free (self->directory);
  g_free (self->upload_url);
  sandbox_request_free (self->request);
  g_date_time_unref (self->created);
  g_date_time_unref (self->expires);
  g_clear_pointer (&self->finished, g_date_time_unref);
  g_ptr_array_unref (self->chunks);
  g_ptr_array_unref (self->all_chunks);
  g_clear_pointer (&self->stream, sandbox_stream_free);
  sandbox_recording_free (self->recording);
  g_free (self->transcript);
  g_clear_pointer (&self->measurements, json_node_unref);
  g_strfreev (self->document_ids);
  g_ptr_array_unref (self->problems);
  g_free (self);
}

/**
 * sandbox_session_set_state:
 * @self: a session
 * @state: one that may follow its own
 *
 * The connection of its stream, if one is open, is told, and so is whoever
 * watches the store.
 */
void
sandbox_session_set_state (SandboxSession *self, SandboxState state)
{
  g_assert ((EDGES[self->state] & TO (state)) != 0);
  self->state = state;
  if (EDGES[state] == 0)
    self->finished = g_date_time_new_now_utc ();
  if (self->stream != NULL && self->stream->link != NULL)
    self->stream->link->over (self->stream->link_data);
  sandbox_store_tell (self);
}

/**
 * sandbox_session_state_name:
 * @self: a session
 *
 * Returns: `status` of the answers
 */
const gchar *
sandbox_session_state_name (SandboxSession *self)
{
  return STATE_NAMES[self->state];
}

/**
 * sandbox_session_find_chunk:
 * @self: a session
 * @number: of a chunk
 *
 * Returns: (nullable) (transfer none): the chunk of that number
 */
SandboxChunk *
sandbox_session_find_chunk (SandboxSession *self, gint number)
{
  guint i;

  for (i = 0; i < self->chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (self->chunks, i);

      if (chunk->number == number)
        return chunk;
    }
  return NULL;
}

/**
 * sandbox_session_max_heard:
 * @self: a session
 *
 * Returns: the highest number that is heard or broken; -1: none is
 */
gint
sandbox_session_max_heard (SandboxSession *self)
{
  gint highest = -1;
  guint i;

  for (i = 0; i < self->heard; i++)
    highest = MAX (
        highest, ((SandboxChunk *)g_ptr_array_index (self->chunks, i))->number);
  return highest;
}

/* Copies of a file lie beside it. */
static gchar *
make_path (SandboxSession *self, gint number, const gchar *extension)
{
  g_autofree gchar *name = NULL;
  guint copies = 0;
  guint i;

  for (i = 0; i < self->all_chunks->len; i++)
    if (((SandboxChunk *)g_ptr_array_index (self->all_chunks, i))->number ==
        number)
      copies++;
  if (sandbox_session_find_chunk (self, number) == NULL)
    name = g_strdup_printf ("%d.%s", number, extension);
  else
    name = g_strdup_printf ("%d-%u.%s", number, copies, extension);
  return g_build_filename (self->directory, name, NULL);
}

/**
 * sandbox_session_add_chunk:
 * @self: a session
 * @number: that no chunk of it has, or that is to be there twice
 * @extension: of the name
 * @original_name: as uploaded
 * @media_type: as uploaded, or inferred
 *
 * Returns: (transfer none): the new chunk
 */
SandboxChunk *
sandbox_session_add_chunk (SandboxSession *self,
                           gint number,
                           const gchar *extension,
                           const gchar *original_name,
                           const gchar *media_type)
{
  SandboxChunk *chunk = g_new0 (SandboxChunk, 1);
  guint at = self->chunks->len;
  guint fixed = self->heard + (self->busy ? 1 : 0);

  chunk->number = number;
  chunk->name = g_strdup_printf ("%d.%s", number, extension);
  chunk->original_name = g_strdup (original_name);
  chunk->media_type = g_strdup (media_type);
  chunk->path = make_path (self, number, extension);
  chunk->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  while (at > fixed &&
         ((SandboxChunk *)g_ptr_array_index (self->chunks, at - 1))->number >
             number)
    at--;
  g_ptr_array_insert (self->chunks, (gint)at, chunk);
  g_ptr_array_add (self->all_chunks, chunk);
  return chunk;
}

/**
 * sandbox_session_remove_chunk:
 * @self: a session
 * @chunk: one of it that nobody was told is safe
 *
 * Forgets the chunk and its file; a worker may still be at it.
 */
void
sandbox_session_remove_chunk (SandboxSession *self, SandboxChunk *chunk)
{
  g_ptr_array_remove (self->chunks, chunk);
  chunk->removed = TRUE;
  g_clear_pointer (&chunk->audio, sandbox_audio_free);
  g_unlink (chunk->path);
}

/**
 * sandbox_session_count_stored:
 * @self: a session
 *
 * Returns: how many chunks were acknowledged, or could be
 */
guint
sandbox_session_count_stored (SandboxSession *self)
{
  guint count = 0;
  guint i;

  for (i = 0; i < self->chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (self->chunks, i);

      if (chunk->state != SANDBOX_CHUNK_STORING && !chunk->doubtful)
        count++;
    }
  return count;
}

/**
 * sandbox_session_count_heard:
 * @self: a session
 *
 * Returns: how many files the transcript is of; a stream with audio is one
 */
guint
sandbox_session_count_heard (SandboxSession *self)
{
  return self->stream ? self->stream->taken > 0 : self->chunks->len;
}

/**
 * sandbox_session_add_problem:
 * @self: a session
 * @code: a static string
 * @audio_file: (nullable): the chunk meant
 * @format: of the sentence for people
 * @...: its values
 *
 * Notes what is amiss; the first problem is the one that a failed session
 * gives as its error.
 */
void
sandbox_session_add_problem (SandboxSession *self,
                             const gchar *code,
                             const gchar *audio_file,
                             const gchar *format,
                             ...)
{
  SandboxProblem *problem = g_new0 (SandboxProblem, 1);
  va_list args;

  problem->code = code;
  problem->audio_file = g_strdup (audio_file);
  va_start (args, format);
  problem->message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->problems, problem);
}
