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
            const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;

  if (location == NULL || text == NULL)
    return TRUE;
  path = gst_ekascribe_results_write (location, session_id, text, &error);
  if (path == NULL)
    gst_ekascribe_post_error (element, error, session_id);
  else
    GST_INFO_OBJECT (element, "wrote %s", path);
  return path != NULL;
}

/* Files first, then messages, so that who sees the message finds the file. */
static gboolean
publish_result (GstElement               *element,
                const GstEkascribeConfig *config,
                const GstEkascribeEvent  *event)
{
  EkaResult *result = event->result;
  gboolean written;

  if (result == NULL)
    return TRUE;
  written = write_file (element, config->result_location, event->session_id,
                        result->json);
  written &= write_file (element, config->transcript_location,
                         event->session_id, result->transcript);
  gst_ekascribe_post_result (element, event->session_id, event->part->number,
                             result);
  return written;
}

static gboolean
publish_done (GstElement               *element,
              const GstEkascribeConfig *config,
              const GstEkascribeEvent  *event)
{
  const gchar *text = NULL;
  gboolean good = publish_result (element, config, event);

  if (event->error != NULL) {
    gst_ekascribe_post_error (element, event->error, event->session_id);
    good = FALSE;
  }
  if (event->error != NULL)
    text = event->error->message;
  else if (event->result == NULL)
    text = "The results are not waited for";
  gst_ekascribe_progress_finish (
      &event->part->progress, element,
      good ? GST_PROGRESS_TYPE_COMPLETE : GST_PROGRESS_TYPE_ERROR, text);
  return good;
}

/**
 * gst_ekascribe_publish:
 * @element: who posts
 * @config: settings of the run
 * @event: what a session said
 *
 * Writes the files and posts the messages that @event asks for. Runs the
 * application's sync handlers.
 *
 * Returns: %FALSE where that was an ERROR
 */
gboolean
gst_ekascribe_publish (GstElement               *element,
                       const GstEkascribeConfig *config,
                       const GstEkascribeEvent  *event)
{
  GstEkascribePart *part = event->part;

  switch (event->type) {
    case EKA_SESSION_EVENT_STATE:
      gst_ekascribe_post_session (element, event->session_id, event->state,
                                  part->number, event->running_time);
      gst_ekascribe_progress_enter (&part->progress, element, event->state);
      break;
    case EKA_SESSION_EVENT_DISCOVERED:
      break;
    case EKA_SESSION_EVENT_CHUNK:
      gst_ekascribe_post_chunk (element, event->session_id, event->chunk,
                                event->name, event->attempts);
      gst_ekascribe_progress_uploaded (&part->progress, element, event->chunk);
      break;
    case EKA_SESSION_EVENT_TRANSCRIPT:
      gst_ekascribe_post_transcript (element, event->session_id, event->text,
                                     FALSE, event->language);
      break;
    case EKA_SESSION_EVENT_WARNING:
      gst_ekascribe_post_warning (element, event->error, event->session_id);
      break;
    case EKA_SESSION_EVENT_RECOVERED:
      GST_ELEMENT_INFO (element, RESOURCE, WRITE,
                        ("The service answers again; the recording is whole."),
                        ("session %s", event->session_id));
      break;
    case EKA_SESSION_EVENT_DONE:
      return publish_done (element, config, event);
  }
  return TRUE;
}
