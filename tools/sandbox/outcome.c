/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outcome.h"

#include "measure.h"

/* Numbers of missing files that are told one by one. */
#define MAX_NAMED 10

static const gchar *
get_code (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    return "chunk_too_long";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return "audio_format_changed";
  return "audio_decode_failed";
}

static gboolean
note_broken (SandboxSession *session)
{
  gboolean any = FALSE;
  guint i;

  for (i = 0; i < session->chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->chunks, i);

      if (chunk->state != SANDBOX_CHUNK_BROKEN)
        continue;
      any = TRUE;
      sandbox_session_add_problem (session, get_code (chunk->error),
                                   chunk->name, "%s (%s): %s", chunk->name,
                                   chunk->original_name, chunk->error->message);
    }
  return any;
}

/* Numbers below @end that no chunk has: at most MAX_NAMED of them. */
static gchar *
list_missing (SandboxSession *session, gint64 end)
{
  GString *list = g_string_new (NULL);
  guint count = 0;
  gint64 number;

  for (number = 0; number < end && count < MAX_NAMED; number++)
    if (sandbox_session_find_chunk (session, (gint)number) == NULL)
      g_string_append_printf (list, "%s%" G_GINT64_FORMAT, count++ ? ", " : "",
                              number);
  return g_string_free (list, FALSE);
}

/* Files that are there more than once count once. @end is behind the highest
 * number. */
static gint64
count_numbers (SandboxSession *session, gint64 *end)
{
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);
  guint i;

  *end = 0;
  for (i = 0; i < session->chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->chunks, i);

      g_hash_table_add (numbers, GINT_TO_POINTER (chunk->number));
      *end = MAX (*end, (gint64)chunk->number + 1);
    }
  return g_hash_table_size (numbers);
}

static gboolean
note_missing (SandboxSession *session)
{
  gint64 received = session->chunks->len;
  gint64 end;
  gint64 different = count_numbers (session, &end);
  g_autofree gchar *missing = NULL;

  end = MAX (end, session->sent);
  if (end > different)
    {
      missing = list_missing (session, end);
      sandbox_session_add_problem (session, "audio_files_missing", NULL,
                                   "%" G_GINT64_FORMAT
                                   " files were sent, %" G_GINT64_FORMAT
                                   " received; missing: %s%s",
                                   session->sent, received, missing,
                                   end - different > MAX_NAMED ? ", …" : "");
    }
  else if (session->sent != received)
    sandbox_session_add_problem (
        session, "audio_files_unexpected", NULL,
        "%" G_GINT64_FORMAT " files were sent, %" G_GINT64_FORMAT " received",
        session->sent, received);
  return session->problems->len > 0;
}

static void
make_documents (SandboxSession *session)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  gsize i;

  session->measurements = sandbox_measure_describe (
      session->recording, sandbox_session_count_heard (session));
  for (i = 0; session->request->templates[i] != NULL; i++)
    {
      g_autofree gchar *uuid = g_uuid_string_random ();
      g_autofree gchar *id = g_strconcat ("doc_", uuid, NULL);

      g_strv_builder_add (ids, id);
    }
  session->document_ids = g_strv_builder_end (ids);
}

static SandboxState
decide (SandboxSession *session)
{
  SandboxFinal final = session->store->options->final;
  gboolean missing;

  if (session->problems->len > 0 || note_broken (session))
    return SANDBOX_FAILED;
  missing = note_missing (session);
  if (missing && session->chunks->len == 0)
    return SANDBOX_FAILED;
  if (final == SANDBOX_FINAL_EXPIRED)
    return SANDBOX_EXPIRED;
  if (final == SANDBOX_FINAL_FAILED)
    {
      sandbox_session_add_problem (session, "processing_failed", NULL,
                                   "Failed on request (--final failed)");
      return SANDBOX_FAILED;
    }
  if (final == SANDBOX_FINAL_PARTIAL)
    {
      session->failed_template = TRUE;
      sandbox_session_add_problem (session, "template_failed", NULL,
                                   "The last template failed on request "
                                   "(--final partial)");
      return SANDBOX_PARTIAL;
    }
  return missing ? SANDBOX_PARTIAL : SANDBOX_COMPLETED;
}

/**
 * sandbox_outcome_settle:
 * @session: that is processed, its recording closed
 *
 * Decides how the session ends, and makes its documents: it fails with a chunk
 * that can't be used, without any of the audio that was sent, and when its
 * transcriber fails; it is partial with chunks missing or more than were sent;
 * else it is what the command line says.
 */
void
sandbox_outcome_settle (SandboxSession *session)
{
  SandboxState state = decide (session);

  if (state == SANDBOX_COMPLETED || state == SANDBOX_PARTIAL)
    make_documents (session);
  sandbox_session_set_state (session, state);
}
