/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The one pad that the element has at a time, and what it leaves behind. */
#include "gstekascribesinkprivate.h"

static GstPadProbeReturn
keep_blocked (GstPad          *pad,
              GstPadProbeInfo *info,
              gpointer         user_data)
{
  return GST_PAD_PROBE_OK;
}

static GstPad *
make_input (GstEkascribeSink *self,
            GstPadTemplate   *templ,
            const gchar      *name)
{
  g_autofree gchar *made = NULL;
  GstPad *pad = NULL;

  GST_OBJECT_LOCK (self);
  if (self->input == NULL) {
    if (name == NULL)
      name = made = g_strdup_printf ("audio_%u", self->next_pad++);
    pad = gst_ekascribe_input_new (name, templ, self->packet_sink);
    self->input = GST_EKASCRIBE_INPUT (gst_object_ref_sink (pad));
    self->block = self->closing == 0 ?
                      0 :
                      gst_pad_add_probe (pad,
                                         GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
                                         keep_blocked, NULL, NULL);
  }
  GST_OBJECT_UNLOCK (self);
  return pad;
}

/* Whether the pad has to wait for the end of the one before it. */
static gboolean
is_blocked (GstEkascribeSink *self)
{
  gboolean blocked;

  GST_OBJECT_LOCK (self);
  blocked = self->block != 0;
  GST_OBJECT_UNLOCK (self);
  return blocked;
}

/* A pad that comes after the end of another begins another recording. */
static void
forget_eos (GstEkascribeSink *self)
{
  GstPad *pad = GST_BASE_SINK_PAD (self->packet_sink);

  g_mutex_lock (&self->flush_lock);
  if (GST_PAD_IS_EOS (pad)) {
    gst_pad_send_event (pad, gst_event_new_flush_start ());
    gst_pad_send_event (pad, gst_event_new_flush_stop (FALSE));
  }
  g_mutex_unlock (&self->flush_lock);
}

GstPad *
gst_ekascribe_sink_request_new_pad (GstElement     *element,
                                    GstPadTemplate *templ,
                                    const gchar    *name,
                                    const GstCaps  *caps)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  g_autoptr (GstEkascribeRecording) recording = NULL;
  GstPad *pad = make_input (self, templ, name);

  if (pad == NULL) {
    GST_ELEMENT_WARNING (self, CORE, PAD,
                         ("ekascribesink takes one audio stream at a time. "
                          "Mix several into one before it, with audiomixer."),
                         (NULL));
    return NULL;
  }
  recording = gst_ekascribe_sink_get_recording (self);
  if (recording != NULL) {
    /* Too early, the end that is still to come would count for the new pad. */
    if (!is_blocked (self))
      forget_eos (self);
    gst_ekascribe_input_start (GST_EKASCRIBE_INPUT (pad), recording);
    gst_pad_set_active (pad, TRUE);
  }
  gst_element_add_pad (element, pad);
  return pad;
}

/* What a pad leaves behind when it goes. */
typedef struct
{
  GstEkascribeRecording *recording;
  GQueue *held; /* of GstBuffer and GstEvent */
} Farewell;

static void
farewell_free (gpointer data)
{
  Farewell *farewell = data;

  g_queue_free_full (farewell->held, (GDestroyNotify) gst_mini_object_unref);
  gst_ekascribe_recording_unref (farewell->recording);
  g_free (farewell);
}

/* Lets the next pad go on, if there is one. */
static void
unblock (GstEkascribeSink *self)
{
  GstEkascribeInput *input = NULL;
  gulong block = 0;

  GST_OBJECT_LOCK (self);
  if (--self->closing == 0 && self->input != NULL && self->block != 0) {
    input = gst_object_ref (self->input);
    block = self->block;
    self->block = 0;
  }
  GST_OBJECT_UNLOCK (self);
  if (input == NULL)
    return;
  forget_eos (self);
  gst_pad_remove_probe (GST_PAD (input), block);
  gst_object_unref (input);
}

/* @item: (transfer full). Returns: whether the packet sink takes more */
static gboolean
send_item (GstPad        *pad,
           GstMiniObject *item)
{
  if (GST_IS_EVENT (item))
    return gst_pad_send_event (pad, GST_EVENT (item));
  return gst_pad_chain (pad, GST_BUFFER (item)) == GST_FLOW_OK;
}

/* With the stream lock, so that no flush and no other run gets in between, which
 * would take the segment away that the buffers count in. */
static void
send_farewell (GstElement *element,
               gpointer    user_data)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  g_autoptr (GstEkascribeRecording) recording = NULL;
  GstPad *pad = GST_BASE_SINK_PAD (self->packet_sink);
  Farewell *farewell = user_data;
  GstMiniObject *item;
  gboolean goes_on;

  GST_PAD_STREAM_LOCK (pad);
  recording = gst_ekascribe_sink_get_recording (self);
  goes_on = recording == farewell->recording;
  while (goes_on && (item = g_queue_pop_head (farewell->held)) != NULL)
    goes_on = send_item (pad, item);
  GST_PAD_STREAM_UNLOCK (pad);
  unblock (self);
}

/* The streaming thread of @pad may wait in the packet sink, for PLAYING or for
 * room: a flush wakes it, and drops nothing that was taken. One that is held
 * back has not got there yet; and after the end nobody waits, but a flush would
 * take the end back, so that it comes twice. */
static void
deactivate (GstEkascribeSink *self,
            GstPad           *pad,
            gboolean          flush)
{
  GstPad *sink = GST_BASE_SINK_PAD (self->packet_sink);

  g_mutex_lock (&self->flush_lock);
  flush = flush && !GST_PAD_IS_EOS (sink);
  if (flush)
    gst_pad_send_event (sink, gst_event_new_flush_start ());
  gst_pad_set_active (pad, FALSE);
  if (flush)
    gst_pad_send_event (sink, gst_event_new_flush_stop (FALSE));
  g_mutex_unlock (&self->flush_lock);
}

void
gst_ekascribe_sink_release_pad (GstElement *element,
                                GstPad     *pad)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  GstEkascribeInput *input = NULL;
  g_autoptr (GstEkascribeRecording) recording = NULL;
  Farewell *farewell = NULL;
  gboolean blocked = FALSE;

  /* GstElement asks again in dispose, when the children have gone. */
  GST_OBJECT_LOCK (self);
  if (GST_PAD (self->input) == pad) {
    input = g_steal_pointer (&self->input);
    blocked = self->block != 0;
    self->block = 0;
    if (self->recording != NULL)
      recording = gst_ekascribe_recording_ref (self->recording);
    self->closing += recording != NULL;
  }
  GST_OBJECT_UNLOCK (self);
  if (input == NULL)
    return;
  gst_ekascribe_input_halt (input);
  deactivate (self, pad, recording != NULL && !blocked);
  if (recording != NULL) {
    farewell = g_new0 (Farewell, 1);
    farewell->recording = gst_ekascribe_recording_ref (recording);
    farewell->held = gst_ekascribe_input_take_held (input);
    g_queue_push_tail (farewell->held, gst_event_new_eos ());
  }
  gst_ekascribe_input_stop (input);
  gst_element_remove_pad (element, pad);
  gst_object_unref (input);
  /* The end of the stream may have to wait for room: not on this thread. */
  if (farewell != NULL)
    gst_element_call_async (element, send_farewell, farewell, farewell_free);
}
