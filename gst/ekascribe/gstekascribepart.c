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
  g_free (part->transcript);
  g_free (part->language);
  g_free (part->session_id);
  g_free (part);
}

static gboolean
is_safe (const GstEkascribePart *part,
         GstClockTime            pending)
{
  return part->done || (!part->started && pending == 0) ||
         part->state == EKA_SESSION_PROCESSING ||
         part->state == EKA_SESSION_COMPLETED ||
         part->state == EKA_SESSION_PARTIAL || part->chain->discarded;
}

/**
 * gst_ekascribe_part_stop:
 * @part: a part
 * @element: who posts
 * @pending: audio that was taken but is in no chunk yet, in ns
 *
 * Gives the session up without waiting for the network, and says what is lost.
 */
void
gst_ekascribe_part_stop (GstEkascribePart *part,
                         GstElement       *element,
                         GstClockTime      pending)
{
  EkaOutboxStats left;

  /* One that was discarded may still be asking what the service can do. */
  eka_session_abort (part->session);
  if (part->done)
    return;
  eka_outbox_get_stats (part->outbox, &left);
  if (!is_safe (part, pending)) {
    g_autofree gchar *text = g_strdup_printf (
        "Stopped before the end: %.1f s of audio were not delivered, and "
        "session %s was not ended, so that no results will come.",
        (left.duration + pending) / (gdouble) GST_SECOND,
        part->state >= EKA_SESSION_CREATING ? part->session_id : "(not created)");

    GST_WARNING_OBJECT (element, "%s", text);
    gst_ekascribe_post_loss (element, FALSE, EKA_SCRIBE_ERROR_LOST, "upload",
                             part->session_id, text);
  }
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
 * gst_ekascribe_event_free:
 * @event: (transfer full): a copy
 */
void
gst_ekascribe_event_free (GstEkascribeEvent *event)
{
  gst_ekascribe_part_unref (event->part);
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
