/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/split.h"
#include "scribe/outcome.h"
#include "scribe/sessionprivate.h"

/* Chunks that the service does not take: what can be mended is, and what can't
 * is for the setting on_chunk_error to decide. */

/* Whether the number of the chunk at the head may stand for other bytes: no try
 * of it can have been heard, and none behind it was sent. What a list says that
 * lags behind is not enough. */
static gboolean
has_free_number (EkaSession *self)
{
  guint number = 0;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);

  return chunk != NULL && !self->heard &&
         number + 1 == eka_outbox_count_sent (self->outbox);
}

/* Whether another session can have all the audio of this one. */
static gboolean
keeps_all (EkaSession *self)
{
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  return left.let_go == 0;
}

/* --- too large ---------------------------------------------------------- */

/* Cuts the chunk at the head in two. Its number was not accepted, so that the
 * halves may have it and the next one; where that is not sure, all goes to
 * another session.
 * @error: (transfer full) (nullable): what the service says of the chunk; stays
 *   the caller's where it can't be cut */
static gboolean
split (EkaSession *self,
       EkaChunk   *chunk,
       GError     *error)
{
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;
  gsize size = g_bytes_get_size (chunk->bytes);
  gboolean free_number = has_free_number (self);

  if (!free_number && (error == NULL || !keeps_all (self)))
    return FALSE;
  if (!eka_split_chunk (chunk, &first, &second))
    return FALSE;
  self->refused_size = self->refused_size == 0 ? size
                                               : MIN (self->refused_size, size);
  if (!free_number)
    {
      eka_loss_start_anew (self, error);
      return TRUE;
    }
  eka_outbox_replace (self->outbox, first, second);
  self->attempts = 0;
  self->refusals = 0;
  g_clear_error (&error);
  return TRUE;
}

/* --- another format ----------------------------------------------------- */

typedef struct
{
  EkaSession *session;
  EkaChunk *chunk;
  gboolean last;
} Recode;

static void
recode_free (gpointer data)
{
  Recode *recode = data;

  eka_session_unref (recode->session);
  eka_chunk_unref (recode->chunk);
  g_free (recode);
}

static void
recode_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      data,
                  GCancellable *cancellable)
{
  Recode *recode = data;
  EkaSession *self = recode->session;
  GError *error = NULL;
  EkaChunk *chunk = self->recode (recode->chunk, recode->last,
                                  self->recode_data, &error);

  if (chunk != NULL)
    g_task_return_pointer (task, chunk, (GDestroyNotify) eka_chunk_unref);
  else
    g_task_return_error (task, error);
}

static GError *
unusable (const GError *cause)
{
  GError *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED,
                               "A chunk can't be made WAV: %s",
                               cause->message);

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
  return error;
}

static void
recode_done (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (EkaSession) self = eka_session_ref (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaChunk) chunk = g_task_propagate_pointer (G_TASK (result),
                                                         &error);

  self->calling = FALSE;
  if (eka_session_is_final (self))
    return;
  if (self->discarding)
    ; /* the outbox is empty by now */
  else if (chunk == NULL)
    eka_refusal_handle (self, NULL, unusable (error));
  else if (chunk->samples == 0)
    eka_outbox_remove (self->outbox); /* the next one has what little it had */
  else
    eka_outbox_replace (self->outbox, chunk, NULL);
  eka_session_step (self);
}

static gboolean
is_wav (const gchar *media_type)
{
  return g_str_equal (media_type, "audio/wav");
}

static gboolean
can_recode (EkaSession *self,
            EkaChunk   *chunk)
{
  return self->recode != NULL && !self->recoding &&
         !is_wav (chunk->media_type) && keeps_all (self) &&
         eka_discovery_choose_format (self->discovery, "audio/wav") != NULL;
}

/* One session has one format: all its audio goes to a new one, as WAV. */
static void
recode_session (EkaSession *self,
                GError     *error)
{
  self->recoding = TRUE;
  eka_ending_cancel_id (self, self->session_id);
  g_prefix_error (&error, "The audio goes on as WAV. ");
  eka_loss_start_anew (self, error);
}

static void
recode (EkaSession *self,
        EkaChunk   *chunk,
        gboolean    last)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, recode_done, self);
  Recode *recode = g_new0 (Recode, 1);

  recode->session = eka_session_ref (self);
  recode->chunk = eka_chunk_ref (chunk);
  recode->last = last;
  g_task_set_task_data (task, recode, recode_free);
  self->calling = TRUE;
  g_task_run_in_thread (task, recode_in_thread);
}

/* Makes the chunk at the head ready to be sent for the first time.
 * @last: no chunk follows it so far
 *
 * Returns: %FALSE where that goes on, or has to wait for what follows */
gboolean
eka_refusal_prepare (EkaSession *self,
                     EkaChunk   *chunk,
                     gboolean    last)
{
  /* Discovery came after this was cut, and takes nothing of the kind. */
  if (eka_discovery_choose_format (self->discovery, chunk->media_type) ==
          NULL &&
      can_recode (self, chunk))
    self->recoding = TRUE;
  if (self->recoding && !is_wav (chunk->media_type))
    {
      /* Only the last chunk gets the end of what a resampler holds back. */
      if (!last || self->finished)
        recode (self, chunk, last);
      return FALSE;
    }
  if (self->refused_size > 0 &&
      g_bytes_get_size (chunk->bytes) >= self->refused_size &&
      split (self, chunk, NULL))
    {
      eka_session_step (self);
      return FALSE;
    }
  return TRUE;
}

/* --- all refusals ------------------------------------------------------- */

static gboolean
is_too_large (const EkaScribeErrorInfo *info)
{
  return info->http_status == 413 ||
         g_strcmp0 (info->code, "chunk_too_large") == 0;
}

/* Whether the policy is to go on without a chunk like this. That it can't be
 * made WAV is certain at once. */
static gboolean
is_to_be_skipped (EkaSession               *self,
                  const GError             *error,
                  const EkaScribeErrorInfo *info)
{
  if (self->settings->on_chunk_error != EKA_CHUNK_ERROR_SKIP ||
      (error->code != EKA_SCRIBE_ERROR_REFUSED &&
       error->code != EKA_SCRIBE_ERROR_GONE))
    return FALSE;
  return info->http_status == 0 ||
         self->refusals + 1 >= EKA_OUTCOME_MAX_REFUSALS;
}

/* The service keeps refusing the chunk at the head, and the next one may take
 * its place; where it may have got it all the same, that place is not free.
 * @error: (transfer full) */
static void
skip (EkaSession *self,
      EkaChunk   *chunk,
      GError     *error)
{
  if (self->heard && keeps_all (self))
    {
      eka_loss_start_anew (self, error);
      return;
    }
  eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_UPLOAD,
                    "%.1f s of audio are left out (on-chunk-error=skip): %s",
                    chunk->duration / 1e9, error->message);
  eka_outbox_skip (self->outbox);
  self->attempts = 0;
  self->refusals = 0;
  self->heard = FALSE;
  g_error_free (error);
}

/* This session takes no more: what it has not taken is for the next one.
 * @error: (transfer full) */
static void
hand_on (EkaSession *self,
         GError     *error)
{
  g_autoptr (GPtrArray) rest = NULL;

  if (!has_free_number (self) && keeps_all (self))
    {
      eka_loss_start_anew (self, error);
      return;
    }
  rest = eka_outbox_take_rest (self->outbox);
  eka_outcome_note_success (self);
  self->attempts = 0;
  self->heard = FALSE;
  eka_session_say_full (self, rest);
  g_error_free (error);
}

/* Whether the session can be ended with what it has, and the next one take the
 * rest: it is as long as the service allows, or should go on as WAV from its
 * first sample, of which not all is kept. */
static gboolean
can_hand_on (EkaSession               *self,
             EkaChunk                 *chunk,
             const EkaScribeErrorInfo *info)
{
  if (eka_outbox_count_sent (self->outbox) < 2)
    return FALSE;
  return g_strcmp0 (info->code, "session_duration_exceeded") == 0 ||
         (g_strcmp0 (info->code, "invalid_audio_format") == 0 &&
          self->recode != NULL && !is_wav (chunk->media_type) &&
          !keeps_all (self));
}

/* Whether less at once would be taken. */
static gboolean
is_too_long (const EkaScribeErrorInfo *info)
{
  return is_too_large (info) ||
         g_strcmp0 (info->code, "session_duration_exceeded") == 0;
}

static gboolean
is_known (const EkaScribeErrorInfo *info)
{
  return is_too_long (info) ||
         g_strcmp0 (info->code, "invalid_audio_format") == 0;
}

/* The whole recording is one file: it can be neither cut nor left out.
 * @error: (transfer full): gets said what to do about it */
static void
refuse_single (EkaSession *self,
               GError     *error)
{
  error->code = EKA_SCRIBE_ERROR_SETTINGS;
  eka_scribe_error_edit_info (error)->property = "upload-type";
  g_prefix_error (&error, "The recording does not go up as one file "
                          "(upload-type=single): use upload-type=chunked. ");
  eka_outcome_note_failure (self, NULL, error);
}

/* Is it worth asking whether the session is still there and takes audio? */
static gboolean
is_doubtful (EkaSession               *self,
             EkaReply                 *reply,
             const GError             *error,
             const EkaScribeErrorInfo *info)
{
  if (reply == NULL || (error->code != EKA_SCRIBE_ERROR_REFUSED &&
                        error->code != EKA_SCRIBE_ERROR_GONE))
    return FALSE;
  return self->heard || !is_known (info);
}

/* What becomes of the chunk at the head, which the service did not take.
 * @reply: (nullable): its answer; %NULL: Get Session has shown since that the
 *   session takes audio and does not have this chunk
 * @error: (transfer full): what that says */
void
eka_refusal_handle (EkaSession *self,
                    EkaReply   *reply,
                    GError     *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  g_autoptr (EkaChunk) chunk = eka_outbox_peek (self->outbox, NULL);

  if (chunk == NULL)
    {
      /* It is not at hand any more, and will be sent again when it is. */
      g_error_free (error);
      return;
    }
  if (is_doubtful (self, reply, error, info))
    eka_doubt_settle (self, EKA_CALL_UPLOAD, error);
  else if (self->settings->upload_type == EKA_UPLOAD_SINGLE &&
           is_too_long (info))
    refuse_single (self, error);
  else if (g_strcmp0 (info->code, "invalid_audio_format") == 0 &&
           can_recode (self, chunk))
    recode_session (self, error);
  else if (can_hand_on (self, chunk, info))
    hand_on (self, error);
  else if (is_too_large (info) && split (self, chunk, error))
    return;
  else if (is_to_be_skipped (self, error, info))
    skip (self, chunk, error);
  else
    eka_outcome_note_failure (self, reply, error);
}
