/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How pads come and go, and what they leave behind. */
#include "gstekascribeinputprivate.h"
#include "gstekascribesinkprivate.h"

static GstPadProbeReturn
keep_blocked (GstPad          *pad,
              GstPadProbeInfo *info,
              gpointer         user_data)
{
  return GST_PAD_PROBE_OK;
}

/* Too early, the end that is still to come would count for the pad. */
static void
block_locked (GstEkascribeInput *input)
{
  if (input->block == 0)
    input->block =
        gst_pad_add_probe (GST_PAD (input), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
                           keep_blocked, NULL, NULL);
}

/* Of a name that no pad has yet. */
static gchar *
make_name_locked (GstEkascribeSink *self)
{
  GList *pads = GST_ELEMENT (self)->pads, *l = pads;
  gchar *name = NULL;

  do {
    g_free (name);
    name = g_strdup_printf ("audio_%u", self->next_pad++);
    for (l = pads; l != NULL; l = l->next) {
      if (g_str_equal (GST_OBJECT_NAME (l->data), name))
        break;
    }
  } while (l != NULL);
  return name;
}

static GstPad *
make_input (GstEkascribeSink *self,
            GstPadTemplate   *templ,
            const gchar      *name)
{
  g_autofree gchar *made = NULL;
  GstPad *pad;

  GST_OBJECT_LOCK (self);
  if (name == NULL)
    name = made = make_name_locked (self);
  GST_OBJECT_UNLOCK (self);
  pad = gst_ekascribe_input_new (name, templ, self->packet_sink,
                                 self->junction);
  gst_object_ref_sink (pad);
  /* First, so that whoever lets pads go finds it. */
  gst_ekascribe_junction_add (self->junction, GST_EKASCRIBE_INPUT (pad));
  GST_OBJECT_LOCK (self);
  if (self->closing > 0) {
    block_locked (GST_EKASCRIBE_INPUT (pad));
    GST_EKASCRIBE_INPUT (pad)->late = TRUE;
  }
  GST_OBJECT_UNLOCK (self);
  return pad;
}

/* Whether the pad has to wait for the end of the one before it. */
static gboolean
is_blocked (GstEkascribeSink  *self,
            GstEkascribeInput *input)
{
  gboolean blocked;

  GST_OBJECT_LOCK (self);
  blocked = input->block != 0;
  GST_OBJECT_UNLOCK (self);
  return blocked;
}

GstPad *
gst_ekascribe_sink_request_new_pad (GstElement     *element,
                                    GstPadTemplate *templ,
                                    const gchar    *name,
                                    const GstCaps  *caps)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  g_autoptr (GstPad) pad = make_input (self, templ, name);
  GstEkascribeInput *input = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_sink_get_recording (self);

  if (recording != NULL) {
    /* It begins another recording after the end of one. */
    if (!is_blocked (self, input))
      gst_ekascribe_junction_forget_eos (self->junction);
    gst_ekascribe_input_start (input, recording);
    gst_pad_set_active (pad, TRUE);
  }
  gst_element_add_pad (element, pad);
  gst_child_proxy_child_added (GST_CHILD_PROXY (self), G_OBJECT (pad),
                               GST_OBJECT_NAME (pad));
  return pad;
}

/* What a pad leaves behind when it goes. */
typedef struct
{
  GstEkascribeRecording *recording;
  gboolean mixed; /* the mixer sends the end */
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

/* What pads that came after an end bring begins another recording. */
static void
admit_late (GstEkascribeSink *self)
{
  GList *inputs = gst_ekascribe_junction_list (self->junction), *l;
  gboolean late = FALSE;

  GST_OBJECT_LOCK (self);
  for (l = inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;

    late = late || input->late;
    input->late = FALSE;
  }
  GST_OBJECT_UNLOCK (self);
  g_list_free_full (inputs, gst_object_unref);
  if (late)
    gst_ekascribe_junction_forget_eos (self->junction);
}

/* Lets those go on that wait for the end of a pad before them. */
static void
unblock (GstEkascribeSink *self)
{
  GList *inputs, *l;
  gboolean last;

  GST_OBJECT_LOCK (self);
  last = self->closing == 1;
  GST_OBJECT_UNLOCK (self);
  /* Before the end may be told. */
  if (last)
    admit_late (self);
  GST_OBJECT_LOCK (self);
  last = --self->closing == 0;
  GST_OBJECT_UNLOCK (self);
  /* One may have come meanwhile; none that comes now waits. */
  if (last)
    admit_late (self);
  inputs = gst_ekascribe_junction_list (self->junction);
  for (l = inputs; last && l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;
    gulong block;

    GST_OBJECT_LOCK (self);
    block = input->block;
    input->block = 0;
    GST_OBJECT_UNLOCK (self);
    if (block != 0)
      gst_pad_remove_probe (GST_PAD (input), block);
  }
  g_list_free_full (inputs, gst_object_unref);
  gst_ekascribe_sink_release_eos (GST_ELEMENT (self));
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
send_held (GstEkascribeSink *self,
           Farewell         *farewell)
{
  g_autoptr (GstEkascribeRecording) recording = NULL;
  GstPad *pad = GST_BASE_SINK_PAD (self->packet_sink);
  GstMiniObject *item;
  gboolean goes_on;

  GST_PAD_STREAM_LOCK (pad);
  recording = gst_ekascribe_sink_get_recording (self);
  goes_on = recording == farewell->recording;
  while (goes_on && (item = g_queue_pop_head (farewell->held)) != NULL)
    goes_on = send_item (pad, item);
  GST_PAD_STREAM_UNLOCK (pad);
}

static void
send_farewell (GstElement *element,
               gpointer    user_data)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  Farewell *farewell = user_data;

  if (farewell->mixed)
    gst_ekascribe_junction_wait_done (self->junction);
  else
    send_held (self, farewell);
  unblock (self);
}

/* The streaming thread of @pad may wait in the packet sink, for PLAYING or for
 * room: a flush wakes it. One that is held back or mixed has not got there. */
static void
deactivate (GstEkascribeSink *self,
            GstPad           *pad,
            gboolean          flush)
{
  flush = flush && gst_ekascribe_junction_begin_flush (self->junction);
  gst_pad_set_active (pad, FALSE);
  if (flush)
    gst_ekascribe_junction_end_flush (self->junction);
}

/* Where the end that this pad leaves is still to come, the others wait for it. */
static void
close_locked (GstEkascribeSink *self,
              GList            *others)
{
  self->closing++;
  for (; others != NULL; others = others->next)
    block_locked (others->data);
}

/* Returns: (transfer full) (nullable): what @input leaves behind, where nothing
 * else is recorded: the end */
static Farewell *
prepare_farewell (GstEkascribeSink             *self,
                  GstEkascribeInput            *input,
                  const GstEkascribeDeparture  *departure,
                  GstEkascribeRecording        *recording)
{
  GList *others = gst_ekascribe_junction_list (self->junction);
  Farewell *farewell;

  GST_OBJECT_LOCK (self);
  input->block = 0;
  if (departure->last)
    close_locked (self, others);
  GST_OBJECT_UNLOCK (self);
  g_list_free_full (others, gst_object_unref);
  if (!departure->last)
    return NULL;
  farewell = g_new0 (Farewell, 1);
  farewell->recording = gst_ekascribe_recording_ref (recording);
  farewell->mixed = departure->mixed;
  farewell->held = g_queue_new ();
  return farewell;
}

static void
take_leave (GstEkascribeSink            *self,
            GstEkascribeInput           *input,
            const GstEkascribeDeparture *departure,
            GstEkascribeRecording       *recording)
{
  const gboolean blocked = is_blocked (self, input);
  Farewell *farewell = prepare_farewell (self, input, departure, recording);

  gst_ekascribe_junction_hurry (self->junction, input);
  gst_ekascribe_input_halt (input);
  deactivate (self, GST_PAD (input), departure->direct && !blocked);
  gst_ekascribe_junction_part (self->junction, input);
  if (farewell != NULL && !farewell->mixed) {
    g_queue_free (farewell->held);
    farewell->held = gst_ekascribe_input_take_held (input);
    g_queue_push_tail (farewell->held, gst_event_new_eos ());
  }
  /* The end of the stream may have to wait for room: not on this thread. */
  if (farewell != NULL)
    gst_element_call_async (GST_ELEMENT (self), send_farewell, farewell,
                            farewell_free);
}

void
gst_ekascribe_sink_release_pad (GstElement *element,
                                GstPad     *pad)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  GstEkascribeInput *input = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_sink_get_recording (self);
  g_autofree gchar *name = NULL;
  GstEkascribeDeparture departure;

  gst_object_ref (pad);
  /* GstElement asks again in dispose, when the children have gone. */
  if (gst_ekascribe_junction_remove (self->junction, input, &departure)) {
    name = gst_object_get_name (GST_OBJECT (pad));
    if (recording != NULL) {
      take_leave (self, input, &departure, recording);
    } else {
      gst_ekascribe_input_halt (input);
      gst_pad_set_active (pad, FALSE);
    }
    gst_ekascribe_input_stop (input);
    gst_ekascribe_junction_plug (self->junction);
    gst_element_remove_pad (element, pad);
    gst_child_proxy_child_removed (GST_CHILD_PROXY (self), G_OBJECT (pad),
                                   name);
  }
  gst_object_unref (pad);
}

/* --- children ------------------------------------------------------------- */

/* Pads come before elements, so that gst-launch can set what belongs to them. */
static GObject *
get_child_by_index (GstChildProxy *proxy,
                    guint          index)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (proxy);
  GList *inputs = gst_ekascribe_junction_list (self->junction);
  const guint n = g_list_length (inputs);
  GstChildProxyInterface *parent =
      g_type_interface_peek (g_type_class_peek (GST_TYPE_BIN),
                             GST_TYPE_CHILD_PROXY);
  GObject *child = index < n ? g_object_ref (g_list_nth_data (inputs, index))
                             : parent->get_child_by_index (proxy, index - n);

  g_list_free_full (inputs, gst_object_unref);
  return child;
}

static guint
get_children_count (GstChildProxy *proxy)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (proxy);
  GList *inputs = gst_ekascribe_junction_list (self->junction);
  const guint n = g_list_length (inputs);
  GstChildProxyInterface *parent =
      g_type_interface_peek (g_type_class_peek (GST_TYPE_BIN),
                             GST_TYPE_CHILD_PROXY);

  g_list_free_full (inputs, gst_object_unref);
  return n + parent->get_children_count (proxy);
}

void
gst_ekascribe_sink_init_child_proxy (gpointer iface,
                                     gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  proxy->get_child_by_index = get_child_by_index;
  proxy->get_children_count = get_children_count;
}
