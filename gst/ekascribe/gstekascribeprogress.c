/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeprogress.h"

/* In µs. A state change takes no longer. */
#define PATIENCE (50 * G_TIME_SPAN_MILLISECOND)

static const struct
{
  const gchar *code;
  const gchar *start;
  const gchar *complete;
} steps[GST_EKASCRIBE_N_STEPS] = {
  { "open", "Opening a session", "The session is open" },
  { "upload", "Uploading audio as it is recorded", "All audio is uploaded" },
  { "close", "Ending the session", "The session is ended" },
  { "results", "Waiting for the results", "The results are here" },
};

static void
post (GstEkascribeProgress *self,
      GstElement           *element,
      GstProgressType       type,
      GstEkascribeStep      step,
      const gchar          *text)
{
  g_queue_push_tail (&self->messages,
                     gst_message_new_progress (GST_OBJECT (element), type,
                                               steps[step].code, text));
}

/* Posts in order, and without the lock: a message runs the application's sync
 * handlers, which may wait for a thread that changes the state. So such a
 * thread waits a moment only for another that posts, and leaves its messages to
 * it otherwise. */
static void
unlock_and_post (GstEkascribeProgress *self,
                 GstElement           *element)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;
  GstMessage *message;

  while (self->poster != NULL && self->poster != g_thread_self () &&
         g_cond_wait_until (&self->posted, &self->lock, end))
    ;
  while (self->poster == NULL &&
         (message = g_queue_pop_head (&self->messages)) != NULL) {
    self->poster = g_thread_self ();
    g_mutex_unlock (&self->lock);
    gst_element_post_message (element, message);
    g_mutex_lock (&self->lock);
    self->poster = NULL;
    g_cond_broadcast (&self->posted);
  }
  g_mutex_unlock (&self->lock);
}

static void
start (GstEkascribeProgress *self,
       GstElement           *element,
       GstEkascribeStep      step)
{
  if (self->steps[step] == GST_EKASCRIBE_PROGRESS_STARTED)
    return;
  self->steps[step] = self->playing ? GST_EKASCRIBE_PROGRESS_STARTED :
                                      GST_EKASCRIBE_PROGRESS_HELD;
  if (self->playing)
    post (self, element, GST_PROGRESS_TYPE_START, step, steps[step].start);
}

static void
finish (GstEkascribeProgress *self,
        GstElement           *element,
        GstEkascribeStep      step,
        GstProgressType       type,
        const gchar          *text)
{
  GstEkascribeProgressState before = self->steps[step];

  if (before == GST_EKASCRIBE_PROGRESS_PASSED)
    return;
  self->steps[step] = GST_EKASCRIBE_PROGRESS_NONE;
  if (before == GST_EKASCRIBE_PROGRESS_STARTED)
    post (self, element, type, step,
          text != NULL ? text : steps[step].complete);
  else if (before == GST_EKASCRIBE_PROGRESS_HELD &&
           type == GST_PROGRESS_TYPE_COMPLETE)
    self->steps[step] = GST_EKASCRIBE_PROGRESS_PASSED;
}

/* Tells in PLAYING what has happened before. */
static void
catch_up (GstEkascribeProgress *self,
          GstElement           *element,
          GstEkascribeStep      step)
{
  GstEkascribeProgressState before = self->steps[step];

  if (before != GST_EKASCRIBE_PROGRESS_HELD &&
      before != GST_EKASCRIBE_PROGRESS_PASSED)
    return;
  start (self, element, step);
  if (before == GST_EKASCRIBE_PROGRESS_PASSED)
    finish (self, element, step, GST_PROGRESS_TYPE_COMPLETE, NULL);
}

/**
 * gst_ekascribe_progress_init:
 * @self: uninitialised memory
 */
void
gst_ekascribe_progress_init (GstEkascribeProgress *self)
{
  guint i;

  g_mutex_init (&self->lock);
  g_queue_init (&self->messages);
  g_cond_init (&self->posted);
  self->poster = NULL;
  self->playing = FALSE;
  for (i = 0; i < GST_EKASCRIBE_N_STEPS; i++)
    self->steps[i] = GST_EKASCRIBE_PROGRESS_NONE;
}

/**
 * gst_ekascribe_progress_clear:
 * @self: progress that nobody uses any more
 */
void
gst_ekascribe_progress_clear (GstEkascribeProgress *self)
{
  g_queue_clear_full (&self->messages, (GDestroyNotify) gst_message_unref);
  g_cond_clear (&self->posted);
  g_mutex_clear (&self->lock);
}

/**
 * gst_ekascribe_progress_set_playing:
 * @self: a session's progress
 * @element: who posts
 * @playing: whether @element is in PLAYING
 *
 * Posts what was held back until now.
 */
void
gst_ekascribe_progress_set_playing (GstEkascribeProgress *self,
                                    GstElement           *element,
                                    gboolean              playing)
{
  guint i;

  g_mutex_lock (&self->lock);
  self->playing = playing;
  for (i = 0; playing && i < GST_EKASCRIBE_N_STEPS; i++)
    catch_up (self, element, i);
  unlock_and_post (self, element);
}

/**
 * gst_ekascribe_progress_enter:
 * @self: a session's progress
 * @element: who posts
 * @state: the state that the session entered
 *
 * Completes the step that lies behind and starts the next one.
 */
void
gst_ekascribe_progress_enter (GstEkascribeProgress *self,
                              GstElement           *element,
                              EkaSessionState       state)
{
  GstEkascribeStep next, i;

  switch (state) {
    case EKA_SESSION_CREATING:
      next = GST_EKASCRIBE_STEP_OPEN;
      break;
    case EKA_SESSION_RECORDING:
    case EKA_SESSION_PAUSED:
    case EKA_SESSION_DRAINING:
      next = GST_EKASCRIBE_STEP_UPLOAD;
      break;
    case EKA_SESSION_AUDITING:
    case EKA_SESSION_ENDING:
      next = GST_EKASCRIBE_STEP_CLOSE;
      break;
    case EKA_SESSION_PROCESSING:
      next = GST_EKASCRIBE_STEP_RESULTS;
      break;
    default:
      return;
  }
  g_mutex_lock (&self->lock);
  for (i = 0; i < next; i++)
    finish (self, element, i, GST_PROGRESS_TYPE_COMPLETE, NULL);
  /* A session that was lost begins anew. */
  for (i = next + 1; i < GST_EKASCRIBE_N_STEPS; i++)
    finish (self, element, i, GST_PROGRESS_TYPE_CANCELED, "Begins anew");
  start (self, element, next);
  unlock_and_post (self, element);
}

/**
 * gst_ekascribe_progress_uploaded:
 * @self: a session's progress
 * @element: who posts
 * @number: of the chunk in its session
 * @chunk: what is safe on the server
 */
void
gst_ekascribe_progress_uploaded (GstEkascribeProgress *self,
                                 GstElement           *element,
                                 guint                 number,
                                 const EkaChunk       *chunk)
{
  g_autofree gchar *text = NULL;

  g_mutex_lock (&self->lock);
  if (self->steps[GST_EKASCRIBE_STEP_UPLOAD] ==
      GST_EKASCRIBE_PROGRESS_STARTED) {
    text = g_strdup_printf ("Chunk %u is uploaded (%.1f s)", number,
                            chunk->duration / (gdouble) GST_SECOND);
    post (self, element, GST_PROGRESS_TYPE_CONTINUE,
          GST_EKASCRIBE_STEP_UPLOAD, text);
  }
  unlock_and_post (self, element);
}

/**
 * gst_ekascribe_progress_finish:
 * @self: a session's progress
 * @element: who posts
 * @type: COMPLETE, CANCELED or ERROR
 * @text: (nullable): why; %NULL: the usual words
 *
 * Ends whatever has started.
 */
void
gst_ekascribe_progress_finish (GstEkascribeProgress *self,
                               GstElement           *element,
                               GstProgressType       type,
                               const gchar          *text)
{
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < GST_EKASCRIBE_N_STEPS; i++)
    finish (self, element, i, type, text);
  unlock_and_post (self, element);
}
