/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribejunctionprivate.h"

#include "gstekascribelabels.h"

/**
 * gst_ekascribe_junction_new:
 * @bin: the element; no reference is kept
 * @sink: where all ways lead
 * @steering: (transfer none): what a mix is drained for
 * @obey: called where it was
 *
 * Returns: (transfer full): a junction without pads
 */
GstEkascribeJunction *
gst_ekascribe_junction_new (GstBin                 *bin,
                            GstEkascribePacketSink *sink,
                            GstEkascribeSteering   *steering,
                            GstEkascribeJunctionFunc obey)
{
  GstEkascribeJunction *self = g_new0 (GstEkascribeJunction, 1);

  self->bin = bin;
  self->sink = gst_object_ref (sink);
  self->steering = gst_ekascribe_steering_ref (steering);
  self->obey = obey;
  g_mutex_init (&self->flush_lock);
  gst_ekascribe_mix_tally_init (&self->tally);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  return self;
}

/**
 * gst_ekascribe_junction_free:
 * @self: (transfer full): a junction that is stopped
 */
void
gst_ekascribe_junction_free (GstEkascribeJunction *self)
{
  g_list_free_full (self->inputs, gst_object_unref);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  gst_object_unref (self->sink);
  gst_ekascribe_steering_unref (self->steering);
  g_mutex_clear (&self->flush_lock);
  gst_ekascribe_mix_tally_clear (&self->tally);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- pads ----------------------------------------------------------------- */

/* Whether a pad has something to say, or will have: it has a source. */
gboolean
gst_ekascribe_junction_counts (const GstEkascribeInput *input)
{
  return !input->ended &&
         (input->heard || gst_pad_is_linked (GST_PAD (input)));
}

gboolean
gst_ekascribe_junction_has_stereo_locked (GstEkascribeJunction *self)
{
  return self->recording != NULL &&
         gst_ekascribe_recording_get_mix (self->recording) ==
             GST_EKASCRIBE_MIX_STEREO;
}

/* Names are numbered: audio_2 comes before audio_10. */
static guint64
get_index (const GstEkascribeInput *input)
{
  return g_ascii_strtoull (GST_OBJECT_NAME (input) + strlen ("audio_"), NULL,
                           10);
}

/* The one that is left, where no pad is: the first of those that count. */
static GstEkascribeInput *
find_left_locked (GstEkascribeJunction *self)
{
  GstEkascribeInput *left = NULL;
  GList *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;

    if (input->channel == 0)
      return input;
    if (input->channel < 0 && gst_ekascribe_junction_counts (input) &&
        (left == NULL || get_index (input) < get_index (left)))
      left = input;
  }
  return left;
}

guint
gst_ekascribe_junction_choose_channel_locked (GstEkascribeJunction *self,
                                              GstEkascribeInput    *input)
{
  if (input->channel < 0)
    input->channel =
        gst_ekascribe_junction_has_stereo_locked (self) &&
                find_left_locked (self) != input
            ? 1
            : 0;
  return input->channel;
}

void
gst_ekascribe_junction_tell_labels_locked (GstEkascribeJunction *self)
{
  g_autofree gchar *legs = NULL;
  const gboolean stereo = gst_ekascribe_junction_has_stereo_locked (self) &&
                          self->mixer != NULL;
  GList *l;

  if (self->recording == NULL)
    return;
  for (l = self->inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;
    g_autofree gchar *label = gst_ekascribe_input_dup_label (input);

    legs = gst_ekascribe_labels_append (legs, GST_OBJECT_NAME (input), label,
                                        stereo ? input->channel : -1);
  }
  if (!gst_ekascribe_recording_set_legs (self->recording, legs))
    gst_element_call_async (GST_ELEMENT (self->bin),
                            gst_ekascribe_labels_warn, NULL, NULL);
}

/**
 * gst_ekascribe_junction_tell_labels:
 * @self: a junction
 *
 * Has the sessions that begin from now on know who is heard on which pad.
 */
void
gst_ekascribe_junction_tell_labels (GstEkascribeJunction *self)
{
  g_mutex_lock (&self->lock);
  gst_ekascribe_junction_tell_labels_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Nobody who links holds a lock of ours. */
static void
pad_linked (GstPad               *pad,
            GstPad               *peer,
            GstEkascribeJunction *self)
{
  g_mutex_lock (&self->lock);
  gst_ekascribe_junction_ask_latency_locked (self, GST_EKASCRIBE_INPUT (pad));
  g_mutex_unlock (&self->lock);
}

/* Whoever takes its source off a pad may put another one there, or not. What is on
 * its way belongs to what is recorded now; but here no stream lock may be taken. */
static void
pad_unlinked (GstPad               *pad,
              GstPad               *peer,
              GstEkascribeJunction *self)
{
  GstEkascribeInput *input = GST_EKASCRIBE_INPUT (pad);

  g_mutex_lock (&self->lock);
  input->heard = FALSE;
  input->latency = 0;
  gst_ekascribe_junction_expect_locked (self);
  if (input->leg != NULL)
    gst_ekascribe_mixer_leave_leg (input->mixer, input->leg);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_add:
 * @self: a junction
 * @input: (transfer none): a pad that comes
 */
void
gst_ekascribe_junction_add (GstEkascribeJunction *self,
                            GstEkascribeInput    *input)
{
  g_signal_connect (input, "linked", G_CALLBACK (pad_linked), self);
  g_signal_connect (input, "unlinked", G_CALLBACK (pad_unlinked), self);
  g_mutex_lock (&self->lock);
  self->inputs = g_list_append (self->inputs, gst_object_ref (input));
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_list:
 * @self: a junction
 *
 * Returns: (transfer full) (element-type GstEkascribeInput): all pads
 */
GList *
gst_ekascribe_junction_list (GstEkascribeJunction *self)
{
  GList *inputs = NULL, *l;

  g_mutex_lock (&self->lock);
  for (l = g_list_last (self->inputs); l != NULL; l = l->prev)
    inputs = g_list_prepend (inputs, gst_object_ref (l->data));
  g_mutex_unlock (&self->lock);
  return inputs;
}

/**
 * gst_ekascribe_junction_is_alone:
 * @self: a junction
 * @input: a pad
 *
 * Returns: whether no other pad leads to the packet sink, alone or mixed
 */
gboolean
gst_ekascribe_junction_is_alone (GstEkascribeJunction *self,
                                 GstEkascribeInput    *input)
{
  gboolean alone;

  g_mutex_lock (&self->lock);
  alone = self->mixer == NULL &&
          (self->direct == NULL || self->direct == input);
  g_mutex_unlock (&self->lock);
  return alone;
}

/**
 * gst_ekascribe_junction_is_direct:
 * @self: a junction
 * @input: a pad
 *
 * Returns: whether its data goes to the packet sink, for it is alone or was until
 *   now
 */
gboolean
gst_ekascribe_junction_is_direct (GstEkascribeJunction *self,
                                  GstEkascribeInput    *input)
{
  gboolean direct;

  g_mutex_lock (&self->lock);
  direct = self->direct == input;
  g_mutex_unlock (&self->lock);
  return direct;
}

/**
 * gst_ekascribe_junction_find_alone:
 * @self: a junction
 *
 * Returns: (transfer full) (nullable): the pad that leads to the packet sink, or will,
 *   where none is mixed
 */
GstEkascribeInput *
gst_ekascribe_junction_find_alone (GstEkascribeJunction *self)
{
  GstEkascribeInput *alone = NULL;
  GList *l;

  g_mutex_lock (&self->lock);
  alone = self->direct;
  for (l = self->inputs; alone == NULL && self->mixer == NULL && l != NULL;
       l = l->next) {
    if (gst_ekascribe_junction_counts (l->data))
      alone = l->data;
  }
  if (alone != NULL)
    gst_object_ref (alone);
  g_mutex_unlock (&self->lock);
  return alone;
}

/**
 * gst_ekascribe_junction_is_mixing:
 * @self: a junction
 *
 * Returns: whether pads are mixed
 */
gboolean
gst_ekascribe_junction_is_mixing (GstEkascribeJunction *self)
{
  gboolean mixing;

  g_mutex_lock (&self->lock);
  mixing = self->mixer != NULL;
  g_mutex_unlock (&self->lock);
  return mixing;
}

/**
 * gst_ekascribe_junction_get_generation:
 * @self: a junction
 *
 * Returns: a number that changes whenever pads have to take another way
 */
guint
gst_ekascribe_junction_get_generation (GstEkascribeJunction *self)
{
  return (guint) g_atomic_int_get ((gint *) &self->generation);
}

void
gst_ekascribe_junction_renew_locked (GstEkascribeJunction *self)
{
  g_atomic_int_inc ((gint *) &self->generation);
}

static gboolean
does_any_count_locked (GstEkascribeJunction *self)
{
  GList *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    if (gst_ekascribe_junction_counts (l->data))
      return TRUE;
  }
  return FALSE;
}

/* Sessions that begin from now on don't know the pad; but one that is still to begin
 * with the last one's audio does. */
static void
tell_departure_locked (GstEkascribeJunction *self)
{
  if (does_any_count_locked (self))
    gst_ekascribe_junction_tell_labels_locked (self);
}

/* @input: is not in the list any more */
static void
describe_departure_locked (GstEkascribeJunction  *self,
                           GstEkascribeInput     *input,
                           GstEkascribeDeparture *departure)
{
  departure->direct = self->direct == input ||
                      (self->direct == NULL && self->mixer == NULL);
  departure->mixed = self->mixer != NULL &&
                     !gst_ekascribe_junction_is_mix_over_locked (self);
  departure->last = !does_any_count_locked (self);
}

/**
 * gst_ekascribe_junction_remove:
 * @self: a junction
 * @input: a pad that goes
 * @departure: (out caller-allocates) (optional): what it was, if it was there
 *
 * It keeps its leg until gst_ekascribe_junction_part().
 *
 * Returns: whether it was there
 */
gboolean
gst_ekascribe_junction_remove (GstEkascribeJunction *self,
                               GstEkascribeInput    *input,
                               GstEkascribeDeparture *departure)
{
  GList *link;

  g_mutex_lock (&self->lock);
  link = g_list_find (self->inputs, input);
  if (link != NULL) {
    self->inputs = g_list_delete_link (self->inputs, link);
    gst_ekascribe_junction_expect_locked (self);
    if (departure != NULL)
      describe_departure_locked (self, input, departure);
    /* What one gave that is heard may still be to come. */
    if (input->leg == NULL && self->direct != input &&
        !gst_ekascribe_junction_counts (input))
      tell_departure_locked (self);
  }
  g_mutex_unlock (&self->lock);
  if (link == NULL)
    return FALSE;
  g_signal_handlers_disconnect_by_func (input, pad_linked, self);
  g_signal_handlers_disconnect_by_func (input, pad_unlinked, self);
  gst_object_unref (input);
  return TRUE;
}

/**
 * gst_ekascribe_junction_plug:
 * @self: a junction
 *
 * Where no pad is, nobody may find the packet sink's.
 */
void
gst_ekascribe_junction_plug (GstEkascribeJunction *self)
{
  g_mutex_lock (&self->lock);
  if (self->direct == NULL && self->mixer == NULL)
    gst_ekascribe_packet_sink_plug (self->sink, TRUE);
  g_mutex_unlock (&self->lock);
}

/* The one that leads to the packet sink has ended, and makes way; unless it is
 * about to go on. */
static gboolean
take_over_locked (GstEkascribeJunction *self,
                  GstEkascribeInput    *input)
{
  GstEkascribeInput *old = self->direct;

  if (old == NULL || old == input)
    return TRUE;
  if (!GST_PAD_STREAM_TRYLOCK (old))
    return FALSE;
  gst_ekascribe_input_disconnect (old);
  GST_PAD_STREAM_UNLOCK (old);
  self->direct = NULL;
  gst_ekascribe_junction_renew_locked (self);
  return TRUE;
}

static gboolean
must_mix_locked (GstEkascribeJunction *self,
                 GstEkascribeInput    *input)
{
  GList *l;

  for (l = self->inputs; l != NULL; l = l->next) {
    if (l->data != input && gst_ekascribe_junction_counts (l->data))
      return TRUE;
  }
  return !take_over_locked (self, input);
}

static void
consider_locked (GstEkascribeJunction *self,
                 GstEkascribeInput    *input)
{
  GList *l;

  if (gst_ekascribe_junction_is_mix_over_locked (self)) {
    for (l = self->inputs; l != NULL; l = l->next)
      gst_ekascribe_junction_drop_leg_locked (l->data);
    gst_ekascribe_junction_end_mix_locked (self);
  }
  if (self->mixer == NULL && must_mix_locked (self, input))
    gst_ekascribe_junction_begin_mix_locked (self);
}

/* Not one that goes, and not when all of them do. */
static gboolean
is_ours_locked (GstEkascribeJunction *self,
                GstEkascribeInput    *input)
{
  return !self->halted && g_list_find (self->inputs, input) != NULL;
}

/**
 * gst_ekascribe_junction_consider:
 * @self: a junction
 * @input: a pad that has something to say; its stream lock is held
 *
 * Begins to mix where another pad has something to say, too, or will have.
 *
 * Returns: whether pads are mixed
 */
gboolean
gst_ekascribe_junction_consider (GstEkascribeJunction *self,
                                 GstEkascribeInput    *input)
{
  gboolean mixing;

  g_mutex_lock (&self->lock);
  if (is_ours_locked (self, input)) {
    input->heard = TRUE;
    consider_locked (self, input);
  }
  mixing = self->mixer != NULL;
  g_mutex_unlock (&self->lock);
  return mixing;
}

/**
 * gst_ekascribe_junction_claim:
 * @self: a junction
 * @input: a pad with nothing between it and what it led to; its stream lock is held
 * @leg: (out) (transfer full) (optional): a pad of the mixer
 *
 * Returns: where @input leads from now on
 */
GstEkascribeRoute
gst_ekascribe_junction_claim (GstEkascribeJunction *self,
                              GstEkascribeInput    *input,
                              GstPad              **leg)
{
  GstEkascribeRoute route;
  gboolean ended = FALSE;

  g_mutex_lock (&self->lock);
  if (is_ours_locked (self, input)) {
    input->heard = TRUE;
    consider_locked (self, input);
  } else {
    g_mutex_unlock (&self->lock);
    return GST_EKASCRIBE_ROUTE_NONE;
  }
  if (self->mixer != NULL) {
    gst_ekascribe_junction_ensure_leg_locked (self, input);
    *leg = gst_object_ref (input->leg);
    route = GST_EKASCRIBE_ROUTE_LEG;
  } else {
    ended = self->direct != input;
    self->direct = input;
    route = GST_EKASCRIBE_ROUTE_DIRECT;
  }
  input->generation = self->generation;
  gst_ekascribe_junction_tell_labels_locked (self);
  g_mutex_unlock (&self->lock);
  if (ended) {
    gst_ekascribe_junction_end_old_flush (self);
    gst_ekascribe_junction_forget_eos (self);
  }
  return route;
}

/**
 * gst_ekascribe_junction_yield:
 * @self: a junction
 * @input: a pad with nothing between it and the packet sink any more
 *
 * Where pads are mixed and this one was alone before, the mix has its way now.
 */
void
gst_ekascribe_junction_yield (GstEkascribeJunction *self,
                              GstEkascribeInput    *input)
{
  g_mutex_lock (&self->lock);
  if (self->direct == input && self->mixer != NULL) {
    self->direct = NULL;
    gst_ekascribe_junction_open_locked (self);
    g_cond_broadcast (&self->cond);
  }
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_set_ended:
 * @self: a junction
 * @input: a pad
 * @ended: whether nothing more comes there, until a flush or another stream
 */
void
gst_ekascribe_junction_set_ended (GstEkascribeJunction *self,
                                  GstEkascribeInput    *input,
                                  gboolean              ended)
{
  gboolean back;

  g_mutex_lock (&self->lock);
  back = input->ended && !ended && input->leg != NULL;
  input->ended = ended;
  g_mutex_unlock (&self->lock);
  if (back)
    gst_ekascribe_junction_forget_eos (self);
}

/**
 * gst_ekascribe_junction_end_leg:
 * @self: a junction
 * @input: a pad that has ended without audio
 */
void
gst_ekascribe_junction_end_leg (GstEkascribeJunction *self,
                                GstEkascribeInput    *input)
{
  g_mutex_lock (&self->lock);
  input->ended = TRUE;
  if (input->leg != NULL)
    gst_ekascribe_mixer_end_leg (input->mixer, input->leg);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_part:
 * @self: a junction
 * @input: a pad that was removed from it, and that no thread is on
 *
 * What is on its way through decoders arrives, and what is held back; then its leg
 * ends. Where it was alone, that is left as it is.
 */
void
gst_ekascribe_junction_part (GstEkascribeJunction *self,
                             GstEkascribeInput    *input)
{
  g_autoptr (GstEkascribeMixer) mixer = NULL;
  GstPad *leg;

  g_mutex_lock (&self->lock);
  if (self->direct == input) {
    self->direct = NULL;
    gst_ekascribe_input_disconnect (input);
    gst_ekascribe_junction_open_locked (self);
  }
  /* The others may end that mix, and begin another one, meanwhile. */
  leg = g_steal_pointer (&input->leg);
  mixer = g_steal_pointer (&input->mixer);
  g_mutex_unlock (&self->lock);
  if (leg == NULL)
    return;
  gst_ekascribe_input_pour (input, leg);
  gst_ekascribe_mixer_remove_leg (mixer, leg);
  g_mutex_lock (&self->lock);
  tell_departure_locked (self);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_hurry:
 * @self: a junction
 * @input: a pad that is about to go
 *
 * Its streaming thread does not wait for others any more.
 */
void
gst_ekascribe_junction_hurry (GstEkascribeJunction *self,
                              GstEkascribeInput    *input)
{
  g_mutex_lock (&self->lock);
  if (input->leg != NULL)
    gst_ekascribe_mixer_hurry_leg (input->mixer, input->leg);
  g_mutex_unlock (&self->lock);
}

/* --- ends ----------------------------------------------------------------- */

static GstEkascribeMixer *
get_mixer (GstEkascribeJunction *self)
{
  GstEkascribeMixer *mixer = NULL;

  g_mutex_lock (&self->lock);
  if (self->mixer != NULL)
    mixer = gst_object_ref (self->mixer);
  g_mutex_unlock (&self->lock);
  return mixer;
}

/**
 * gst_ekascribe_junction_drain:
 * @self: a junction
 * @input: (nullable): a pad whose stream lock is held, and that waits
 *
 * Where pads are mixed: see gst_ekascribe_mixer_drain(). Not before the one that was
 * alone has given the way free: it does so with its next data, and is not waited for.
 *
 * Returns: %FALSE where @input was flushed meanwhile
 */
gboolean
gst_ekascribe_junction_drain (GstEkascribeJunction *self,
                              GstEkascribeInput    *input)
{
  g_autoptr (GstEkascribeMixer) mixer = NULL;
  g_autoptr (GstPad) leg = NULL;

  g_mutex_lock (&self->lock);
  if (self->mixer != NULL && self->direct == NULL)
    mixer = gst_object_ref (self->mixer);
  if (input != NULL && input->leg != NULL && input->mixer == mixer)
    leg = gst_object_ref (input->leg);
  g_mutex_unlock (&self->lock);
  /* A pad that is no leg yet has given nothing; and who releases it could not wake
   * it there. */
  if (mixer == NULL || (input != NULL && leg == NULL))
    return TRUE;
  return gst_ekascribe_mixer_drain (mixer, leg);
}

/**
 * gst_ekascribe_junction_wait_done:
 * @self: a junction
 *
 * Where pads were mixed and all have gone: waits until that has arrived, or the run
 * is over.
 */
void
gst_ekascribe_junction_wait_done (GstEkascribeJunction *self)
{
  g_autoptr (GstEkascribeMixer) mixer = get_mixer (self);

  if (mixer != NULL)
    gst_ekascribe_mixer_wait_done (mixer);
}

/* --- runs ----------------------------------------------------------------- */

/**
 * gst_ekascribe_junction_start:
 * @self: a junction
 * @recording: (transfer none): the run that begins
 */
void
gst_ekascribe_junction_start (GstEkascribeJunction  *self,
                              GstEkascribeRecording *recording)
{
  GList *l;

  g_mutex_lock (&self->lock);
  self->recording = gst_ekascribe_recording_ref (recording);
  self->halted = FALSE;
  gst_ekascribe_mix_tally_reset (&self->tally);
  for (l = self->inputs; l != NULL; l = l->next) {
    GstEkascribeInput *input = l->data;

    input->heard = FALSE;
    input->ended = FALSE;
    input->latency = 0;
    input->channel = -1;
  }
  gst_ekascribe_junction_tell_labels_locked (self);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_halt:
 * @self: a junction
 *
 * Wakes whoever waits; from now on no element is added to the bin.
 */
void
gst_ekascribe_junction_halt (GstEkascribeJunction *self)
{
  g_mutex_lock (&self->lock);
  self->halted = TRUE;
  g_cond_broadcast (&self->cond);
  if (self->mixer != NULL)
    gst_ekascribe_mixer_halt (self->mixer);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_junction_take_rest:
 * @self: a junction whose threads have ended
 *
 * Returns: (transfer full) (element-type GstMiniObject): what is mixed but has not
 *   arrived, as the packet sink takes it
 */
GQueue *
gst_ekascribe_junction_take_rest (GstEkascribeJunction *self)
{
  const GstEkascribeFormatWish any = { 0 };
  GQueue *rest = g_queue_new ();
  GstEkascribeFormat format;

  g_mutex_lock (&self->lock);
  if (self->mixer != NULL)
    gst_ekascribe_mixer_take_rest (self->mixer, rest);
  g_mutex_unlock (&self->lock);
  if (!g_queue_is_empty (rest) &&
      gst_ekascribe_format_choose (&format, &any, NULL))
    gst_ekascribe_packet_sink_set_format (self->sink, &format);
  return rest;
}

/**
 * gst_ekascribe_junction_stop:
 * @self: a junction whose threads have ended
 *
 * Drops what was built for this run, and what is in it.
 *
 * Returns: how much audio that is, in ns
 */
GstClockTime
gst_ekascribe_junction_stop (GstEkascribeJunction *self)
{
  GQueue rest = G_QUEUE_INIT;
  GstClockTime pending = 0;
  GList *l;

  g_mutex_lock (&self->lock);
  if (self->mixer != NULL)
    gst_ekascribe_mixer_take_rest (self->mixer, &rest);
  for (l = rest.head; l != NULL; l = l->next) {
    if (GST_IS_BUFFER (l->data))
      pending += GST_BUFFER_DURATION (l->data);
  }
  g_queue_clear_full (&rest, (GDestroyNotify) gst_mini_object_unref);
  for (l = self->inputs; l != NULL; l = l->next)
    gst_ekascribe_junction_drop_leg_locked (l->data);
  gst_ekascribe_junction_end_mix_locked (self);
  self->direct = NULL;
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  g_mutex_unlock (&self->lock);
  gst_ekascribe_packet_sink_plug (self->sink, TRUE);
  return pending;
}
