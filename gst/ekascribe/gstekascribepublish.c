/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepublish.h"

#include "gstekascribemessages.h"
#include "gstekascriberesults.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

static gboolean
write_file (GstElement  *element,
            const gchar *location,
            const gchar *session_id,
            guint        part,
            const gchar *text,
            GError     **error)
{
  g_autofree gchar *path = NULL;

  if (location == NULL || text == NULL)
    return TRUE;
  path = gst_ekascribe_results_write (location, session_id, part, text, error);
  if (path != NULL)
    GST_INFO_OBJECT (element, "wrote %s", path);
  return path != NULL;
}

/**
 * gst_ekascribe_publish_result:
 * @element: who posts
 * @config: settings of the run
 * @event: the last word of a session
 * @several: its recording takes several sessions
 * @error: (out): why it is no success, or %NULL
 *
 * Writes the files and posts the messages of a result, where there is one. Files
 * first, so that who sees the message finds the file.
 */
void
gst_ekascribe_publish_result (GstElement               *element,
                              const GstEkascribeConfig *config,
                              const GstEkascribeEvent  *event,
                              gboolean                  several,
                              GError                  **error)
{
  EkaResult *result = event->result;
  g_autoptr (GError) unwritten = NULL;

  if (result != NULL) {
    write_file (element, config->result_location, event->session_id, 0,
                result->json, &unwritten);
    write_file (element, config->transcript_location, event->session_id,
                several ? event->part->number : 0, result->transcript,
                unwritten == NULL ? &unwritten : NULL);
    gst_ekascribe_post_result (element, event->session_id, event->part->number,
                               event->audit, result);
  }
  if (event->error != NULL)
    *error = g_error_copy (event->error);
  else
    *error = g_steal_pointer (&unwritten);
}

/**
 * gst_ekascribe_publish_end:
 * @element: who posts
 * @event: the last word of a session
 * @error: (nullable): why it is no success
 *
 * Ends the progress of a session, after its ERROR where there is one.
 */
void
gst_ekascribe_publish_end (GstElement              *element,
                           const GstEkascribeEvent *event,
                           const GError            *error)
{
  const gchar *text = NULL;

  if (error != NULL)
    text = error->message;
  else if (event->state == EKA_SESSION_DISCARDED)
    text = "Discarded";
  else if (event->result == NULL)
    text = "The results are not waited for";
  gst_ekascribe_progress_finish (
      &event->part->progress, element,
      error != NULL                           ? GST_PROGRESS_TYPE_ERROR :
      event->state == EKA_SESSION_DISCARDED ? GST_PROGRESS_TYPE_CANCELED :
                                                GST_PROGRESS_TYPE_COMPLETE,
      text);
}

/**
 * gst_ekascribe_publish_combined:
 * @element: who posts
 * @config: settings of the run
 * @session_id: the first session of a recording
 * @parts: how many sessions it took
 * @text: what was said in all of them
 * @language: (nullable): language of @text
 * @error: (out): why the file could not be written, or %NULL
 *
 * Writes and posts the transcript of a recording that took several sessions.
 */
void
gst_ekascribe_publish_combined (GstElement               *element,
                                const GstEkascribeConfig *config,
                                const gchar              *session_id,
                                guint                     parts,
                                const gchar              *text,
                                const gchar              *language,
                                GError                  **error)
{
  write_file (element, config->transcript_location, session_id, 0, text,
              error);
  gst_ekascribe_post_combined (element, session_id, parts, text, language);
}

/* What the disk has come to. */
static void
publish_fault (GstElement              *element,
               const GstEkascribeEvent *event)
{
  g_autoptr (GError) error = NULL;

  if (event->error == NULL) {
    GST_ELEMENT_INFO (element, RESOURCE, WRITE,
                      ("Audio can be written to disk again."), (NULL));
    return;
  }
  error = g_error_new (event->error->domain, event->error->code,
                       "The outbox on disk can't be written to: audio is kept "
                       "in memory. %s",
                       event->error->message);
  gst_ekascribe_post_warning (element, error, NULL);
}

/**
 * gst_ekascribe_publish:
 * @element: who posts
 * @event: what a session said, or the disk
 *
 * Posts the messages that @event asks for. Runs the application's sync handlers.
 */
void
gst_ekascribe_publish (GstElement              *element,
                       const GstEkascribeEvent *event)
{
  GstEkascribePart *part = event->part;

  if (part == NULL) {
    publish_fault (element, event);
    return;
  }
  switch (event->type) {
    case EKA_SESSION_EVENT_STATE:
      gst_ekascribe_post_session (element, event->session_id,
                                  event->previous_id, event->state,
                                  part->number, event->running_time);
      gst_ekascribe_progress_enter (&part->progress, element, event->state);
      break;
    case EKA_SESSION_EVENT_CHUNK:
      gst_ekascribe_post_chunk (element, event->session_id, event->number,
                                event->chunk, event->name, event->attempts);
      gst_ekascribe_progress_uploaded (&part->progress, element,
                                       event->number, event->chunk);
      break;
    case EKA_SESSION_EVENT_TRANSCRIPT:
      gst_ekascribe_post_transcript (element, event->session_id, part->number,
                                     event->text, FALSE, event->language);
      break;
    case EKA_SESSION_EVENT_STREAM_MESSAGE:
      gst_ekascribe_post_stream_message (element, event->session_id,
                                         part->number, event->text);
      break;
    case EKA_SESSION_EVENT_WARNING:
      gst_ekascribe_post_warning (element, event->error, event->session_id);
      break;
    case EKA_SESSION_EVENT_RECOVERED:
      GST_ELEMENT_INFO (element, RESOURCE, WRITE,
                        ("The service answers again."),
                        ("session %s", event->session_id));
      break;
    case EKA_SESSION_EVENT_DISCOVERED:
    case EKA_SESSION_EVENT_FALLBACK:
    case EKA_SESSION_EVENT_FULL:
    case EKA_SESSION_EVENT_DONE:
      break;
  }
}
