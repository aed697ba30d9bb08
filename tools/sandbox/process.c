/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "process.h"

#include "measure.h"
#include "outcome.h"
#include "transcriber.h"
#include "wav.h"

/* How far ahead of the recording decoded audio is kept; what is further ahead
 * (because a chunk is missing) is decoded again when its turn comes. */
#define MAX_AHEAD 4
/* Audio of a stream after which there is another transcript. */
#define TRANSCRIPT_INTERVAL (3 * SANDBOX_STREAM_RATE * 2) /* bytes */

/* What a worker needs to know of a chunk; it sees nothing of the session but
 * the recording, which it has to itself. A piece of a stream is no chunk: its
 * samples are in @audio, and @path is where they are kept. */
typedef struct
{
  SandboxSession *session;
  SandboxChunk *chunk;
  SandboxRecording *recording;
  SandboxAudio *audio;
  gchar *path;
  gchar *media_type;
  gdouble max_duration;
  guint files;
  gboolean reports; /* a transcript is due */
  gchar *transcript;
} Job;

static Job *
job_new (SandboxSession *session, SandboxChunk *chunk)
{
  const SandboxOptions *options = session->store->options;
  Job *job = g_new0 (Job, 1);

  job->session = session;
  job->chunk = chunk;
  job->recording = session->recording;
  job->path = g_strdup (chunk ? chunk->path : NULL);
  job->media_type = g_strdup (chunk ? chunk->media_type : NULL);
  /* `single` is one file of any length that the model takes. */
  job->max_duration = g_str_equal (session->request->upload_type, "single")
                          ? session->request->model->max_duration
                          : options->max_chunk_duration;
  job->files = session->stream ? sandbox_session_count_heard (session)
                               : session->heard + (chunk != NULL);
  return job;
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->audio, sandbox_audio_free);
  g_free (job->path);
  g_free (job->media_type);
  g_free (job->transcript);
  g_free (job);
}

static void
start_job (Job *job, GTaskThreadFunc work, GAsyncReadyCallback done)
{
  SandboxStore *store = job->session->store;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, done, job);

  store->jobs++;
  g_task_set_task_data (task, job, NULL);
  g_task_run_in_thread (task, work);
}

static void
notify (SandboxSession *session)
{
  if (session->store->chunks_changed != NULL)
    session->store->chunks_changed (session);
}

static gboolean
is_stopped (SandboxSession *session)
{
  return g_cancellable_is_cancelled (session->store->cancellable) ||
         (session->state != SANDBOX_INITIALIZED &&
          session->state != SANDBOX_PROCESSING);
}

static void
break_chunk (SandboxChunk *chunk, GError *error)
{
  chunk->state = SANDBOX_CHUNK_BROKEN;
  chunk->error = error;
  g_clear_pointer (&chunk->audio, sandbox_audio_free);
}

static gboolean
on_deadline (gpointer user_data)
{
  SandboxSession *session = user_data;

  session->timer = 0;
  sandbox_outcome_settle (session);
  sandbox_store_save (session);
  return G_SOURCE_REMOVE;
}

static void
finish (SandboxSession *session)
{
  gint64 left = (session->deadline - g_get_monotonic_time ()) / 1000 + 1;

  session->timer =
      g_timeout_add ((guint)CLAMP (left, 0, G_MAXINT), on_deadline, session);
}

static void
transcribe_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SandboxSession *session = user_data;
  g_autoptr (GError) error = NULL;
  gchar *text = sandbox_transcriber_run_finish (result, &error);

  session->store->jobs--;
  session->busy = FALSE;
  if (text == NULL)
    sandbox_session_add_problem (session, "transcriber_failed", NULL, "%s",
                                 error->message);
  else
    {
      g_free (session->transcript);
      session->transcript = text;
    }
  if (!is_stopped (session))
    finish (session);
}

static void
close_work (GTask *task,
            gpointer source,
            gpointer data,
            GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;

  if (!sandbox_recording_finish (job->recording, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  job->transcript =
      job->files ? sandbox_measure_transcript (job->recording, job->files)
                 : g_strdup ("");
  g_task_return_boolean (task, TRUE);
}

static void
close_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  SandboxSession *session = job->session;
  const SandboxOptions *options = session->store->options;
  g_autoptr (GError) error = NULL;
  gboolean good = g_task_propagate_boolean (G_TASK (result), &error);

  session->store->jobs--;
  session->busy = FALSE;
  if (!good)
    sandbox_session_add_problem (session, "internal_error", NULL, "%s",
                                 error->message);
  else if (options->transcriber == NULL)
    {
      g_free (session->transcript);
      session->transcript = g_steal_pointer (&job->transcript);
    }
  job_free (job);
  if (is_stopped (session))
    return;
  if (options->transcriber == NULL || !good ||
      sandbox_recording_duration (session->recording) == 0.0)
    {
      finish (session);
      return;
    }
  session->busy = TRUE;
  session->store->jobs++;
  sandbox_transcriber_run_async (
      options->transcriber, sandbox_recording_path (session->recording),
      session->store->cancellable, transcribe_done, session);
}

/* --- chunks ------------------------------------------------------------- */

static void
hear_work (GTask *task,
           gpointer source,
           gpointer data,
           GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;

  if (job->audio == NULL)
    job->audio =
        sandbox_decode (job->path, job->media_type, job->max_duration, &error);
  if (job->audio == NULL ||
      !sandbox_recording_append (job->recording, job->audio, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  job->transcript = sandbox_measure_transcript (job->recording, job->files);
  g_task_return_boolean (task, TRUE);
}

static void
hear_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  SandboxSession *session = job->session;
  GError *error = NULL;

  session->store->jobs--;
  session->busy = FALSE;
  session->heard++;
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    break_chunk (job->chunk, error);
  else
    {
      job->chunk->state = SANDBOX_CHUNK_HEARD;
      if (session->store->options->transcriber == NULL)
        {
          g_free (session->transcript);
          session->transcript = g_steal_pointer (&job->transcript);
        }
    }
  job_free (job);
  sandbox_process_resume (session);
}

/* --- streams -------------------------------------------------------------- */

static void
hear_piece_work (GTask *task,
                 gpointer source,
                 gpointer data,
                 GCancellable *cancellable)
{
  Job *job = data;
  GBytes *samples = job->audio->samples;
  GError *error = NULL;

  if (!sandbox_wav_append (job->path, job->audio->rate, job->audio->channels,
                           g_bytes_get_data (samples, NULL),
                           g_bytes_get_size (samples), &error) ||
      !sandbox_recording_append (job->recording, job->audio, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (job->reports)
    job->transcript = sandbox_measure_transcript (job->recording, job->files);
  g_task_return_boolean (task, TRUE);
}

/* The session can't give what was sent: it fails, at once or after End. */
static void
break_stream (SandboxSession *session, const GError *error)
{
  sandbox_session_add_problem (session, "internal_error", NULL, "%s",
                               error->message);
  if (session->state != SANDBOX_INITIALIZED)
    return;
  g_clear_handle_id (&session->timer, g_source_remove);
  sandbox_session_set_state (session, SANDBOX_FAILED);
  sandbox_store_save (session);
}

static void
hear_piece_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  SandboxSession *session = job->session;
  SandboxStream *stream = session->stream;
  g_autofree gchar *transcript = g_steal_pointer (&job->transcript);
  g_autoptr (GError) error = NULL;

  session->store->jobs--;
  session->busy = FALSE;
  job_free (job);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    break_stream (session, error);
  else if (transcript != NULL && session->store->options->transcriber == NULL)
    {
      g_free (session->transcript);
      session->transcript = g_strdup (transcript);
    }
  else
    g_clear_pointer (&transcript, g_free);
  if (stream->link != NULL)
    stream->link->heard (stream->link_data, transcript);
  sandbox_process_resume (session);
}

/* Unlike a chunk, it is heard also when the session has failed: that is how it
 * comes to be kept. */
static void
start_piece (SandboxSession *session)
{
  SandboxStream *stream = session->stream;
  gboolean all = stream->stopped || stream->stalled || stream->link == NULL ||
                 session->state != SANDBOX_INITIALIZED;
  GBytes *piece = sandbox_stream_next (stream, all);
  guint64 before = stream->heard;
  Job *job;

  if (piece == NULL)
    return;
  session->busy = TRUE;
  stream->heard += g_bytes_get_size (piece);
  job = job_new (session, NULL);
  job->path = g_build_filename (session->directory, SANDBOX_STREAM_FILE, NULL);
  job->audio = g_new0 (SandboxAudio, 1);
  job->audio->samples = piece;
  job->audio->rate = SANDBOX_STREAM_RATE;
  job->audio->channels = 1;
  job->reports =
      (all && stream->pending->len == 0) ||
      stream->heard / TRANSCRIPT_INTERVAL != before / TRANSCRIPT_INTERVAL;
  start_job (job, hear_piece_work, hear_piece_done);
}

/**
 * sandbox_process_stream:
 * @session: whose stream has changed
 *
 * Lets the next piece of the stream be heard, if there is one. Unlike
 * sandbox_process_resume() it closes no recording, so that it may come at any
 * time: a connection also ends between that and the results.
 */
void
sandbox_process_stream (SandboxSession *session)
{
  if (session->stream != NULL && !session->busy &&
      !g_cancellable_is_cancelled (session->store->cancellable))
    start_piece (session);
}

/* --- what is next --------------------------------------------------------- */

/* The next chunk that can be heard; %NULL: none yet, or none at all. Before
 * End, a chunk waits for all lower numbers; after it, gaps stay gaps. */
static SandboxChunk *
take_next (SandboxSession *session)
{
  while (session->heard < session->chunks->len)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->chunks, session->heard);

      if (session->state == SANDBOX_INITIALIZED &&
          chunk->number > sandbox_session_max_heard (session) + 1)
        return NULL;
      if (chunk->doubtful || chunk->state == SANDBOX_CHUNK_STORING ||
          chunk->state == SANDBOX_CHUNK_DECODING)
        return NULL;
      if (chunk->state == SANDBOX_CHUNK_DECODED)
        return chunk;
      session->heard++;
    }
  return NULL;
}

/**
 * sandbox_process_resume:
 * @session: whose chunks have changed, or whose stream was heard
 *
 * Lets the next chunk or piece be heard, if there is one, and closes the
 * recording after the last of a session that was ended.
 */
void
sandbox_process_resume (SandboxSession *session)
{
  SandboxChunk *chunk;
  Job *job;

  sandbox_process_stream (session);
  if (session->busy || is_stopped (session))
    return;
  chunk = take_next (session);
  if (chunk != NULL)
    {
      session->busy = TRUE;
      job = job_new (session, chunk);
      job->audio = g_steal_pointer (&chunk->audio);
      start_job (job, hear_work, hear_done);
    }
  else if (session->state == SANDBOX_PROCESSING &&
           session->heard == session->chunks->len)
    {
      session->busy = TRUE;
      start_job (job_new (session, NULL), close_work, close_done);
    }
}

static void
decode_work (GTask *task,
             gpointer source,
             gpointer data,
             GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;

  job->audio =
      sandbox_decode (job->path, job->media_type, job->max_duration, &error);
  if (job->audio == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
decode_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  SandboxSession *session = job->session;
  SandboxChunk *chunk = job->chunk;
  GError *error = NULL;

  session->store->jobs--;
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    break_chunk (chunk, error);
  else
    {
      chunk->state = SANDBOX_CHUNK_DECODED;
      chunk->duration = sandbox_audio_duration (job->audio);
      chunk->preroll = job->audio->preroll;
      if (chunk->number < (gint)session->heard + MAX_AHEAD)
        chunk->audio = g_steal_pointer (&job->audio);
    }
  job_free (job);
  notify (session);
  sandbox_process_resume (session);
}

static void
store_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  SandboxSession *session = job->session;
  SandboxChunk *chunk = job->chunk;
  GError *error = NULL;

  session->store->jobs--;
  if (!g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    {
      break_chunk (chunk, error);
      chunk->lost = TRUE;
    }
  else if (chunk->removed)
    g_file_delete (G_FILE (source), NULL, NULL);
  else
    {
      chunk->state = SANDBOX_CHUNK_DECODING;
      start_job (job, decode_work, decode_done);
      notify (session);
      return;
    }
  job_free (job);
  notify (session);
}

/**
 * sandbox_process_chunk:
 * @session: that takes audio
 * @chunk: a new one of it
 * @file: what was uploaded
 *
 * Stores the chunk, decodes it, and adds it to the recording as soon as all
 * before it are.
 */
void
sandbox_process_chunk (SandboxSession *session,
                       SandboxChunk *chunk,
                       GBytes *file)
{
  g_autoptr (GFile) target = g_file_new_for_path (chunk->path);

  chunk->size = g_bytes_get_size (file);
  session->store->jobs++;
  g_file_replace_contents_bytes_async (target, file, NULL, FALSE,
                                       G_FILE_CREATE_PRIVATE, NULL, store_done,
                                       job_new (session, chunk));
}

/**
 * sandbox_process_end:
 * @session: that takes audio
 * @sent: `audio_files_sent`
 *
 * Takes no more audio and makes the results.
 */
void
sandbox_process_end (SandboxSession *session, gint64 sent)
{
  gdouble seconds = session->store->options->processing_time;

  g_clear_handle_id (&session->timer, g_source_remove);
  sandbox_session_set_state (session, SANDBOX_PROCESSING);
  session->sent = sent;
  session->deadline =
      g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
  sandbox_store_save (session);
  sandbox_process_resume (session);
}
