/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The way of a pad to the packet sink or to the mixer: made, changed, taken apart. */
#include "gstekascribeinputprivate.h"

#include "gstekascribecaps.h"
#include "gstekascribedecoder.h"

#include "scribe/error.h"

void
gst_ekascribe_input_connect_pad (GstEkascribeInput *self,
                                 GstPad            *target)
{
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  if (target == GST_BASE_SINK_PAD (self->sink))
    gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), target);
}

static gboolean
connect_elements (GstEkascribeInput *self,
                  GstCaps           *caps,
                  GstEkascribeWay    way,
                  GstPad            *target)
{
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (self));
  g_autoptr (GstPad) pad = NULL;

  if (bin == NULL)
    return FALSE;
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  if (target == GST_BASE_SINK_PAD (self->sink))
    gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  g_mutex_lock (&self->lock);
  if (!self->halted)
    self->elements = gst_ekascribe_decoder_build (
        GST_BIN (bin), caps, way, target,
        self->mixed ? GST_OBJECT_NAME (self) : NULL);
  g_mutex_unlock (&self->lock);
  if (self->elements == NULL)
    return FALSE;
  pad = gst_ekascribe_decoder_get_pad (self->elements);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), pad);
  return TRUE;
}

static void
complain (GstEkascribeInput *self,
          GstCaps           *caps,
          const GError      *error)
{
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (self));

  if (bin == NULL)
    return;
  if (g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS))
    GST_ELEMENT_ERROR (bin, RESOURCE, SETTINGS, ("%s", error->message),
                       ("container; caps %" GST_PTR_FORMAT, caps));
  else
    GST_ELEMENT_ERROR (bin, STREAM, FORMAT, ("%s", error->message),
                       ("caps %" GST_PTR_FORMAT, caps));
}

/* The only pad leads to the packet sink, with as little in between as can be. */
static gboolean
connect_alone (GstEkascribeInput     *self,
               GstEkascribeRecording *recording,
               GstCaps               *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  GstPad *target = GST_BASE_SINK_PAD (self->sink);
  g_autoptr (GError) error = NULL;
  GstEkascribeFormat format;
  EkaCodecType type;
  gboolean native = gst_ekascribe_caps_get_native (structure, &type) &&
                    !gst_ekascribe_recording_is_streaming (recording) &&
                    !(self->probing && gst_ekascribe_input_holds_sbr (self));

  if (!gst_ekascribe_recording_choose_format (recording,
                                              native ? &type : NULL, &format,
                                              &error)) {
    complain (self, caps, error);
    return FALSE;
  }
  gst_ekascribe_packet_sink_set_format (self->sink, &format);
  if (!native || format.codec != type)
    return connect_elements (self, caps,
                             format.codec == EKA_CODEC_OPUS ?
                                 GST_EKASCRIBE_WAY_ENCODE :
                                 GST_EKASCRIBE_WAY_DECODE,
                             target);
  if (gst_ekascribe_caps_need_parser (structure))
    return connect_elements (self, caps, GST_EKASCRIBE_WAY_PARSE, target);
  gst_ekascribe_input_connect_pad (self, target);
  return TRUE;
}

/* Under the stream lock: makes the way that @caps take. */
gboolean
gst_ekascribe_input_connect_caps (GstEkascribeInput     *self,
                                  GstEkascribeRecording *recording,
                                  GstCaps               *caps)
{
  g_autoptr (GstPad) leg = NULL;

  switch (gst_ekascribe_junction_claim (self->junction, self, &leg)) {
    case GST_EKASCRIBE_ROUTE_DIRECT:
      self->mixed = FALSE;
      self->connected = connect_alone (self, recording, caps);
      break;
    case GST_EKASCRIBE_ROUTE_LEG:
      self->mixed = TRUE;
      gst_ekascribe_junction_yield (self->junction, self);
      self->connected =
          connect_elements (self, caps, GST_EKASCRIBE_WAY_DECODE, leg);
      break;
    default:
      self->connected = FALSE;
  }
  return self->connected;
}

/* Takes the way apart, with what may be on it. No thread is there. */
void
gst_ekascribe_input_disconnect (GstEkascribeInput *self)
{
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (self));

  g_mutex_lock (&self->way_lock);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  g_mutex_unlock (&self->way_lock);
  g_mutex_lock (&self->lock);
  if (bin != NULL)
    gst_ekascribe_decoder_remove (GST_BIN (bin),
                                  g_steal_pointer (&self->elements));
  g_mutex_unlock (&self->lock);
  self->connected = FALSE;
}

/* The same, once all that is on it has arrived. */
void
gst_ekascribe_input_drain (GstEkascribeInput *self)
{
  if (self->elements != NULL)
    gst_ekascribe_decoder_drain (self->elements);
  gst_ekascribe_input_disconnect (self);
}

/* Of a pad that goes: what is still on its way to @leg arrives there. */
void
gst_ekascribe_input_pour (GstEkascribeInput *self,
                          GstPad            *leg)
{
  gst_ekascribe_input_drain (self);
  gst_ekascribe_input_pour_held (self, leg);
}

/* On the mixer's thread. Whoever lets the pad go takes its way apart without the stream
 * lock, once nobody can have it any more: not so while the pad is active.
 *
 * Returns: whether the stream lock is taken */
gboolean
gst_ekascribe_input_try_lock (GstEkascribeInput *self)
{
  gboolean active;

  if (!GST_PAD_STREAM_TRYLOCK (self))
    return FALSE;
  GST_OBJECT_LOCK (self);
  active = GST_PAD_MODE (self) != GST_PAD_MODE_NONE;
  GST_OBJECT_UNLOCK (self);
  if (!active)
    GST_PAD_STREAM_UNLOCK (self);
  return active;
}

/* Under the stream lock, of a mixed pad whose source has gone: what is still on its
 * way arrives at its leg. The caps of another one make a new way. */
void
gst_ekascribe_input_pour_left (GstEkascribeInput *self)
{
  gst_ekascribe_input_drain (self);
  g_mutex_lock (&self->lock);
  if (!self->halted) {
    gst_ekascribe_input_pour_held (self, self->leg);
    gst_ekascribe_input_stop_holding (self);
  }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->kind, g_free);
}

/* Other pads have come or gone: the way is another one from now on. */
static GstFlowReturn
change_way (GstEkascribeInput     *self,
            GstEkascribeRecording *recording)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (GST_PAD (self));

  if (self->connected)
    gst_ekascribe_input_drain (self);
  gst_ekascribe_junction_yield (self->junction, self);
  if (self->kind == NULL || caps == NULL) {
    self->generation = gst_ekascribe_junction_get_generation (self->junction);
    return GST_FLOW_OK;
  }
  if (!gst_ekascribe_input_connect_caps (self, recording, caps))
    return GST_FLOW_NOT_NEGOTIATED;
  return self->holding ? gst_ekascribe_input_release_held (self, recording)
                       : GST_FLOW_OK;
}

/**
 * gst_ekascribe_input_make_way:
 * @self: a pad
 *
 * Under the stream lock, of any thread: where the pad has another way now, what is on
 * the old one arrives, and the old one is given up. Its own thread takes the new one,
 * for what is held back may have to wait for others there.
 */
void
gst_ekascribe_input_make_way (GstEkascribeInput *self)
{
  if (self->generation ==
      gst_ekascribe_junction_get_generation (self->junction))
    return;
  if (self->connected)
    gst_ekascribe_input_drain (self);
  gst_ekascribe_junction_yield (self->junction, self);
}

/* Before the first audio: in PAUSED other pads may still come, so that what is to
 * be mixed is mixed from the beginning on. */
static GstFlowReturn
begin_to_flow (GstEkascribeInput     *self,
               GstEkascribeRecording *recording)
{
  switch (gst_ekascribe_recording_wait_playing (recording,
                                                &self->interrupted)) {
    case GST_EKASCRIBE_WAIT_SETTLED:
      break;
    case GST_EKASCRIBE_WAIT_FAILED:
      return GST_FLOW_ERROR;
    default:
      return GST_FLOW_FLUSHING;
  }
  self->flowing = TRUE;
  gst_ekascribe_junction_consider (self->junction, self);
  return GST_FLOW_OK;
}

/* Under the stream lock, before data or an end goes on its way. */
GstFlowReturn
gst_ekascribe_input_prepare (GstEkascribeInput     *self,
                             GstEkascribeRecording *recording)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!self->flowing)
    ret = begin_to_flow (self, recording);
  if (ret == GST_FLOW_OK &&
      self->generation !=
          gst_ekascribe_junction_get_generation (self->junction))
    ret = change_way (self, recording);
  return ret;
}
