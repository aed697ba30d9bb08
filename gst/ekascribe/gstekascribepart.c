/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepart.h"

#include "gstekascribemessages.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/**
 * gst_ekascribe_part_new:
 * @number: of the session in its run, from 1
 * @chain: (transfer none): the recording that it is a part of
 * @outbox: (transfer full): where its chunks wait
 *
 * Returns: (transfer full): a part whose session is still to be set
 */
GstEkascribePart *
gst_ekascribe_part_new (guint              number,
                        GstEkascribeChain *chain,
                        EkaOutbox         *outbox)
{
  GstEkascribePart *part = g_new0 (GstEkascribePart, 1);

  g_atomic_ref_count_init (&part->refs);
  part->number = number;
  part->chain = gst_ekascribe_chain_ref (chain);
  part->outbox = outbox;
  part->running_time = GST_CLOCK_TIME_NONE;
  gst_ekascribe_progress_init (&part->progress);
  return part;
}

/**
 * gst_ekascribe_part_ref:
 * @part: a part
 *
 * Returns: (transfer full): @part
 */
GstEkascribePart *
gst_ekascribe_part_ref (GstEkascribePart *part)
{
  g_atomic_ref_count_inc (&part->refs);
  return part;
}

/**
 * gst_ekascribe_part_unref:
 * @part: (transfer full): a part
 */
void
gst_ekascribe_part_unref (GstEkascribePart *part)
{
  if (!g_atomic_ref_count_dec (&part->refs))
    return;
  g_clear_pointer (&part->session, eka_session_unref);
  eka_outbox_unref (part->outbox);
  g_clear_pointer (&part->feed, eka_feed_unref);
  gst_ekascribe_progress_clear (&part->progress);
  gst_ekascribe_chain_unref (part->chain);
  g_clear_error (&part->doom);
  g_clear_error (&part->failure);
  g_free (part->transcript);
  g_free (part->language);
  g_free (part->session_id);
  g_free (part);
}

/**
 * gst_ekascribe_part_is_safe:
 * @part: a part
 * @pending: audio of it that was not delivered, in ns, where it never began
 *
 * Returns: whether nobody loses anything if it goes now
 */
gboolean
gst_ekascribe_part_is_safe (const GstEkascribePart *part,
                            GstClockTime            pending)
{
  return part->done || (!part->started && pending == 0) ||
         part->state == EKA_SESSION_PROCESSING ||
         part->state == EKA_SESSION_COMPLETED ||
         part->state == EKA_SESSION_PARTIAL || part->chain->discarded;
}

/**
 * gst_ekascribe_part_add_advice:
 * @error: why the audio of a part is not delivered; wrong templates are for who
 *   sends it to correct
 * @advice: what to do about it, for people
 * @folder: where it is
 */
void
gst_ekascribe_part_add_advice (GError      *error,
                               const gchar *advice,
                               const gchar *folder)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  const gboolean correctable = folder != NULL && info != NULL &&
                               g_strcmp0 (info->property, "templates") == 0;
  gchar *message = g_strdup_printf (
      "%s%s %s%s", error->message,
      g_str_has_suffix (error->message, ".") ? "" : ".", advice,
      correctable ? " --templates=LIST" : "");

  g_free (error->message);
  error->message = message;
  if (error->domain == EKA_SCRIBE_ERROR)
    eka_scribe_error_edit_info (error)->folder = g_strdup (folder);
}

static GError *
make_stop_error (const GstEkascribePart *part,
                 GstClockTime            left,
                 const gchar            *kept)
{
  const gboolean created = part->state >= EKA_SESSION_CREATING;

  return g_error_new (
      EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
      "Stopped before the end: %.1f s of audio were not delivered%s, and "
      "%s%s was not %s%s",
      left / (gdouble) GST_SECOND,
      kept == NULL && left > 0 ? " and are lost" : "",
      created ? "session " : "the session",
      created ? part->session_id : "", created ? "ended" : "created",
      kept == NULL ? ", so that no results will come." : ".");
}

/* One that had failed by itself before says why. */
static void
tell_stop (GstEkascribePart *part,
           GstElement       *element,
           GstClockTime      left,
           const gchar      *kept,
           const gchar      *folder)
{
  g_autoptr (GError) error = part->failure != NULL
                                 ? g_error_copy (part->failure)
                                 : make_stop_error (part, left, kept);

  if (kept != NULL)
    gst_ekascribe_part_add_advice (error, kept, folder);
  if (part->failure == NULL)
    eka_scribe_error_edit_info (error)->request = g_strdup ("upload");
  GST_WARNING_OBJECT (element, "%s", error->message);
  gst_ekascribe_post_error (element, error, part->session_id);
}

/**
 * gst_ekascribe_part_stop:
 * @part: a part
 * @element: who posts
 * @left: audio that was not delivered, in ns
 * @kept: (nullable): what to do about the audio, for people, where it is on disk
 * @folder: (nullable): it is there
 *
 * Says what becomes of a session that was given up.
 */
void
gst_ekascribe_part_stop (GstEkascribePart *part,
                         GstElement       *element,
                         GstClockTime      left,
                         const gchar      *kept,
                         const gchar      *folder)
{
  if (part->done)
    return;
  /* What becomes of a session that the service works on nobody knows: what is on
   * disk of it stays until the next look. */
  if (!part->chain->discarded && (part->state == EKA_SESSION_PROCESSING ||
                                  part->state == EKA_SESSION_PARTIAL))
    eka_outbox_abandon (part->outbox);
  else if (gst_ekascribe_part_is_safe (part, left))
    eka_outbox_clear (part->outbox);
  else if (!part->named || kept == NULL)
    tell_stop (part, element, left, kept, folder);
  gst_ekascribe_progress_finish (&part->progress, element,
                                 GST_PROGRESS_TYPE_CANCELED, "Stopped");
}

/**
 * gst_ekascribe_event_new:
 * @part: whose session speaks
 * @event: what it says
 *
 * Returns: (transfer full): a copy
 */
GstEkascribeEvent *
gst_ekascribe_event_new (GstEkascribePart      *part,
                         const EkaSessionEvent *event)
{
  GstEkascribeEvent *copy = g_new0 (GstEkascribeEvent, 1);

  copy->part = gst_ekascribe_part_ref (part);
  copy->type = event->type;
  copy->state = event->state;
  copy->session_id = g_strdup (event->session_id);
  copy->previous_id = g_strdup (event->previous_id);
  copy->fatal = event->fatal;
  copy->audit = event->audit;
  copy->number = event->number;
  if (event->chunk != NULL)
    copy->chunk = eka_chunk_ref (event->chunk);
  copy->name = g_strdup (event->name);
  copy->attempts = event->attempts;
  copy->text = g_strdup (event->text);
  copy->language = g_strdup (event->language);
  if (event->error != NULL)
    copy->error = g_error_copy (event->error);
  if (event->result != NULL)
    copy->result = eka_result_ref (event->result);
  return copy;
}

/**
 * gst_ekascribe_event_new_fault:
 * @error: (nullable): why audio can't be written to disk; %NULL: it can again
 *
 * Returns: (transfer full): a warning, or that what the last one told of is over
 */
GstEkascribeEvent *
gst_ekascribe_event_new_fault (const GError *error)
{
  GstEkascribeEvent *event = g_new0 (GstEkascribeEvent, 1);

  event->type = error != NULL ? EKA_SESSION_EVENT_WARNING :
                                EKA_SESSION_EVENT_RECOVERED;
  if (error != NULL)
    event->error = g_error_copy (error);
  return event;
}

/**
 * gst_ekascribe_event_free:
 * @event: (transfer full): a copy
 */
void
gst_ekascribe_event_free (GstEkascribeEvent *event)
{
  g_clear_pointer (&event->part, gst_ekascribe_part_unref);
  g_free (event->session_id);
  g_free (event->previous_id);
  g_clear_pointer (&event->chunk, eka_chunk_unref);
  g_free (event->name);
  g_free (event->text);
  g_free (event->language);
  g_clear_error (&event->error);
  g_clear_pointer (&event->result, eka_result_unref);
  g_free (event);
}
