/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How late streams will be that have given nothing yet: a mix that hears of it with
 * their first data is ahead of them by then. */
#include "gstekascribejunctionprivate.h"

/* What the mixer is told. Of legs that have begun it knows by itself. */
void
gst_ekascribe_junction_expect_locked (GstEkascribeJunction *self)
{
  GstClockTime latency = 0;
  GList *l;

  if (self->mixer == NULL)
    return;
  for (l = self->inputs; l != NULL; l = l->next) {
    const GstEkascribeInput *input = l->data;

    if (gst_ekascribe_junction_counts (input))
      latency = MAX (latency, input->latency);
  }
  gst_ekascribe_mixer_expect (self->mixer, latency);
}

/* Who is asked may take locks and time: on a thread that nobody waits for. */
static void
ask (GstElement *element,
     gpointer    user_data)
{
  GstEkascribeInput *input = user_data;
  GstEkascribeJunction *self = input->junction;
  GstQuery *query = gst_query_new_latency ();
  GstClockTime latency = GST_CLOCK_TIME_NONE;
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_PAD (input), query))
    gst_query_parse_latency (query, &live, &latency, NULL);
  gst_query_unref (query);
  if (!live || !GST_CLOCK_TIME_IS_VALID (latency))
    return;
  g_mutex_lock (&self->lock);
  if (gst_pad_is_linked (GST_PAD (input)))
    input->latency = latency;
  gst_ekascribe_junction_expect_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Asks the source of a pad, where there is a mix that may have to wait for it. */
void
gst_ekascribe_junction_ask_latency_locked (GstEkascribeJunction *self,
                                           GstEkascribeInput    *input)
{
  if (self->mixer != NULL && !self->halted)
    gst_element_call_async (GST_ELEMENT (self->bin), ask,
                            gst_object_ref (input), gst_object_unref);
}
