/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberesume.h"

#include "gstekascribemessages.h"

#include "outbox/leftover.h"
#include "scribe/delivery.h"
#include "scribe/descriptor.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

struct _GstEkascribeResume
{
  gatomicrefcount refs;
  GWeakRef element;
  EkaWorker *worker;
  EkaTransport *transport;
  EkaSettings *settings;
  EkaStore *store;

  GMutex lock;     /* guards all below; nothing is called while it is held */
  gboolean begun;
  gboolean stopped;
  GQueue names;    /* of folders that are still to be sent */
  EkaDelivery *delivery; /* of the one that is being sent, or NULL */
  GQueue notes;    /* of Note, not posted yet */
  gboolean posting; /* a thread is about to take from @notes */
};

/* A copy of what a delivery said. */
typedef struct
{
  EkaDeliveryEventType type;
  gchar *name;
  gchar *session_id;
  GError *error;
  EkaResult *result;
} Note;

static void
note_free (gpointer data)
{
  Note *note = data;

  g_free (note->name);
  g_free (note->session_id);
  g_clear_error (&note->error);
  g_clear_pointer (&note->result, eka_result_unref);
  g_free (note);
}

/**
 * gst_ekascribe_resume_new:
 * @element: who posts; no reference is kept
 * @worker: (transfer none): the network thread
 * @transport: (transfer none): the way to the service
 * @settings: (transfer none): of the run; they say which service it is
 * @store: (transfer none): where the leftovers are
 *
 * Returns: (transfer full): a resume that has not begun
 */
GstEkascribeResume *
gst_ekascribe_resume_new (GstElement        *element,
                          EkaWorker         *worker,
                          EkaTransport      *transport,
                          const EkaSettings *settings,
                          EkaStore          *store)
{
  GstEkascribeResume *self = g_new0 (GstEkascribeResume, 1);

  g_atomic_ref_count_init (&self->refs);
  g_weak_ref_init (&self->element, element);
  self->worker = eka_worker_ref (worker);
  self->transport = g_object_ref (transport);
  self->settings = eka_settings_copy (settings);
  self->store = eka_store_ref (store);
  g_mutex_init (&self->lock);
  g_queue_init (&self->names);
  g_queue_init (&self->notes);
  return self;
}

static GstEkascribeResume *
resume_ref (GstEkascribeResume *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
resume_unref (gpointer data)
{
  GstEkascribeResume *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_queue_clear_full (&self->names, g_free);
  g_queue_clear_full (&self->notes, note_free);
  g_clear_pointer (&self->delivery, eka_delivery_unref);
  eka_store_unref (self->store);
  eka_settings_free (self->settings);
  g_object_unref (self->transport);
  eka_worker_release (self->worker);
  g_weak_ref_clear (&self->element);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Credentials go to no other service, whatever a file says. */
static gboolean
is_ours (GstEkascribeResume *self,
         EkaLeftover        *leftover)
{
  g_autoptr (EkaDescriptor) descriptor = NULL;

  if (leftover->state != EKA_LEFTOVER_READY || leftover->description == NULL)
    return FALSE;
  descriptor = eka_descriptor_parse (leftover->description, NULL);
  return descriptor != NULL &&
         g_strcmp0 (descriptor->settings->base_url,
                    self->settings->base_url) == 0;
}

static void
find_leftovers (GstEkascribeResume *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leftovers =
      eka_leftover_list (eka_store_get_location (self->store), &error);
  guint i;

  if (leftovers == NULL)
    GST_WARNING ("no leftovers: %s", error->message);
  for (i = 0; leftovers != NULL && i < leftovers->len; i++) {
    EkaLeftover *leftover = g_ptr_array_index (leftovers, i);

    if (!is_ours (self, leftover))
      continue;
    g_mutex_lock (&self->lock);
    g_queue_push_tail (&self->names, g_strdup (leftover->name));
    g_mutex_unlock (&self->lock);
  }
}

static void post_notes (GstElement *element,
                        gpointer    user_data);

static void
queue_note (GstEkascribeResume *self,
            Note               *note)
{
  g_autoptr (GstElement) element = NULL;
  gboolean wake;

  g_mutex_lock (&self->lock);
  wake = !self->posting && !self->stopped;
  self->posting = self->posting || wake;
  g_queue_push_tail (&self->notes, note);
  g_mutex_unlock (&self->lock);
  element = wake ? g_weak_ref_get (&self->element) : NULL;
  if (element != NULL)
    gst_element_call_async (element, post_notes, resume_ref (self),
                            resume_unref);
}

/* On the worker thread. */
static void
delivery_event (const EkaDeliveryEvent *event,
                gpointer                user_data)
{
  Note *note;

  if (event->type == EKA_DELIVERY_CHUNK)
    return;
  note = g_new0 (Note, 1);
  note->type = event->type;
  note->name = g_strdup (event->name);
  note->session_id = g_strdup (event->session_id);
  if (event->error != NULL)
    note->error = g_error_copy (event->error);
  if (event->result != NULL)
    note->result = eka_result_ref (event->result);
  queue_note (user_data, note);
}

/* Returns: (transfer full) (nullable): the next delivery, of the folder @name, or
 * %NULL where there is none */
static EkaDelivery *
take_next (GstEkascribeResume *self,
           gchar             **name)
{
  EkaDelivery *delivery = NULL;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->delivery, eka_delivery_unref);
  *name = self->stopped ? NULL : g_queue_pop_head (&self->names);
  if (*name != NULL) {
    delivery = eka_delivery_new (self->worker, self->transport, self->store,
                                 self->settings, delivery_event,
                                 resume_ref (self), resume_unref);
    self->delivery = eka_delivery_ref (delivery);
  }
  g_mutex_unlock (&self->lock);
  return delivery;
}

static gboolean
is_stopped (GstEkascribeResume *self)
{
  gboolean stopped;

  g_mutex_lock (&self->lock);
  stopped = self->stopped;
  g_mutex_unlock (&self->lock);
  return stopped;
}

/* One that is gone, or that somebody else sends by now, needs nobody. */
static void
send_next (GstEkascribeResume *self)
{
  gboolean begun = FALSE;

  while (!begun) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *name = NULL;
    g_autoptr (EkaDelivery) delivery = take_next (self, &name);

    if (delivery == NULL)
      return;
    begun = eka_delivery_start (delivery, name, &error);
    if (!begun)
      GST_INFO ("%s is not sent: %s", name, error->message);
    else if (is_stopped (self))
      eka_delivery_cancel (delivery);
  }
}

/* @state: of the session as the run's own would have it */
static void
tell (GstElement      *element,
      const Note      *note,
      EkaSessionState  state)
{
  gst_ekascribe_post_session (element, note->session_id, NULL, state, 0,
                              GST_CLOCK_TIME_NONE);
}

static void
tell_end (GstElement *element,
          const Note *note)
{
  if (note->result != NULL)
    gst_ekascribe_post_result (element, note->session_id, 0, EKA_AUDIT_NONE,
                               note->result);
  if (note->error != NULL)
    gst_ekascribe_post_warning (element, note->error, note->session_id);
  tell (element, note,
        note->error != NULL ? EKA_SESSION_FAILED : EKA_SESSION_COMPLETED);
}

static void
post_note (GstElement *element,
           const Note *note)
{
  switch (note->type) {
    case EKA_DELIVERY_SESSION:
      GST_INFO_OBJECT (element, "sending %s", note->name);
      tell (element, note, EKA_SESSION_DRAINING);
      break;
    case EKA_DELIVERY_WARNING:
      gst_ekascribe_post_warning (element, note->error, note->session_id);
      break;
    case EKA_DELIVERY_DONE:
      tell_end (element, note);
      break;
    case EKA_DELIVERY_CHUNK:
      break;
  }
}

static Note *
next_note (GstEkascribeResume *self)
{
  Note *note = NULL;

  g_mutex_lock (&self->lock);
  if (!self->stopped)
    note = g_queue_pop_head (&self->notes);
  self->posting = note != NULL;
  g_mutex_unlock (&self->lock);
  return note;
}

/* On a thread of GStreamer's, as a message runs the application's code. */
static void
post_notes (GstElement *element,
            gpointer    user_data)
{
  GstEkascribeResume *self = user_data;
  Note *note;

  while ((note = next_note (self)) != NULL) {
    post_note (element, note);
    if (note->type == EKA_DELIVERY_DONE)
      send_next (self);
    note_free (note);
  }
}

static void
begin (GstElement *element,
       gpointer    user_data)
{
  find_leftovers (user_data);
  send_next (user_data);
}

/**
 * gst_ekascribe_resume_start:
 * @self: a resume
 *
 * Begins, unless it has begun already.
 */
void
gst_ekascribe_resume_start (GstEkascribeResume *self)
{
  g_autoptr (GstElement) element = NULL;
  gboolean begun;

  g_mutex_lock (&self->lock);
  begun = self->begun || self->stopped;
  self->begun = TRUE;
  g_mutex_unlock (&self->lock);
  element = begun ? NULL : g_weak_ref_get (&self->element);
  if (element != NULL)
    gst_element_call_async (element, begin, resume_ref (self), resume_unref);
}

/**
 * gst_ekascribe_resume_stop:
 * @self: (transfer full): a resume
 *
 * Gives up. What was not sent stays where it is.
 */
void
gst_ekascribe_resume_stop (GstEkascribeResume *self)
{
  EkaDelivery *delivery;

  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  delivery = g_steal_pointer (&self->delivery);
  g_mutex_unlock (&self->lock);
  if (delivery != NULL) {
    eka_delivery_cancel (delivery);
    eka_delivery_unref (delivery);
  }
  resume_unref (self);
}
