/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib-unix.h>
#include <signal.h>

#include "commands.h"
#include "find.h"
#include "parcel.h"
#include "print.h"
#include "progress.h"
#include "render.h"
#include "scribe/error.h"
#include "scribe/json.h"
#include "service.h"
#include "status.h"
#include "summary.h"

/* µs in which failed calls are repeated. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Deliveries in a row that found no service, before the rest is not tried. */
#define MAX_UNREACHABLE 3

/* s that a delivery may take to stop when a signal comes. */
#define STOPPING_TIME 5

/* µs that the disk may take at the end. */
#define DISK_TIME (10 * G_TIME_SPAN_SECOND)

/**
 * Send:
 * @todo: (element-type EkaLeftover): what is to be sent
 * @next: the first of them that was not begun
 * @delivery: (nullable): what is under way
 * @parcel: (nullable): what became of it so far
 * @parcels: (element-type Parcel): all that were begun
 * @warned: (nullable): what was told last of @parcel
 * @status: how it all went so far
 * @unreachable: deliveries in a row that found no service
 * @signal: that ends it, or 0
 *
 * One run of `outbox send`, in the main thread.
 */
typedef struct
{
  Options *options;
  Service *service;
  EkaStore *store;
  GMainLoop *loop;
  Progress *progress;
  GPtrArray *todo;
  guint next;
  EkaDelivery *delivery;
  Parcel *parcel;
  GPtrArray *parcels;
  gchar *warned;
  Status status;
  guint unreachable;
  int signal;
} Send;

/* An event on its way from the worker thread. */
typedef struct
{
  Send *send;
  EkaDeliveryEvent event;
} Note;

/* --- what is told ------------------------------------------------------- */

static void
show_progress (Send *self)
{
  const Parcel *parcel = self->parcel;
  g_autofree gchar *done = print_duration (parcel->duration_done);
  g_autofree gchar *total = print_duration (parcel->duration_total);
  g_autofree gchar *text = g_strdup_printf (
      "%u/%u chunks, %s of %s s", parcel->chunks_done, parcel->chunks_total,
      done, total);

  if (progress_shows (self->progress))
    progress_set (self->progress, parcel->name, parcel->duration_done,
                  parcel->duration_total, text);
  else
    print_detail ("%s: %s", parcel->name, text);
}

static void
tell_results (Send         *self,
              const Parcel *parcel)
{
  g_autofree gchar *text = NULL;
  g_autofree gchar *clean = NULL;

  if (parcel->result == NULL)
    return;
  text = eka_client_redact_secrets (self->service->client,
                                    render_result (parcel->result));
  clean = print_clean (text);
  print_text (clean);
}

/* Where the results are, or the results. */
static void
tell_delivered (Send         *self,
                const Parcel *parcel)
{
  g_autofree gchar *seconds = print_duration (parcel->duration_total);
  guint i;

  if (self->options->json)
    return;
  if (parcel->sessions->len == 0)
    print_line ("%s: nothing was left to send", parcel->name);
  for (i = 0; i < parcel->sessions->len; i++)
    {
      const gchar *id = g_ptr_array_index (parcel->sessions, i);

      if (parcel->result != NULL && i + 1 == parcel->sessions->len)
        print_line ("%s: delivered, session %s", parcel->name, id);
      else
        print_line ("%s: delivered, session %s; results: ekascribe get %s",
                    parcel->name, id, id);
    }
  tell_results (self, parcel);
}

static void
tell_kept (Send         *self,
           const Parcel *parcel)
{
  guint missing = parcel->chunks_total > parcel->chunks_done
                      ? parcel->chunks_total - parcel->chunks_done
                      : 0;

  if (missing > 0)
    print_problem ("%s: %u of %u chunks are not delivered; they stay in %s",
                   parcel->name, missing, parcel->chunks_total,
                   self->options->outbox);
  else
    print_problem ("%s: what is not safe on the service stays in %s",
                   parcel->name, self->options->outbox);
}

/* --- one after the other ------------------------------------------------ */

static void
send_next (Send *self);

/* A timer learns the number of those that were not tried. */
static void
tell_untried (Send *self)
{
  guint left = self->todo->len - self->next;

  if (left > 0)
    print_problem ("%u more recording%s not tried; %s in %s", left,
                   left == 1 ? " was" : "s were", left == 1 ? "it stays"
                                                            : "they stay",
                   self->options->outbox);
}

/* Whether the rest would only fail in the same way. */
static gboolean
is_hopeless (Send         *self,
             const GError *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  Status status = status_of_error (error);

  if (status != STATUS_UNREACHABLE)
    self->unreachable = 0;
  else
    self->unreachable++;
  return status == STATUS_NOT_AUTHORIZED ||
         (status == STATUS_UNREACHABLE && info->unsent) ||
         self->unreachable >= MAX_UNREACHABLE;
}

static void
parcel_failed (Send *self)
{
  const GError *error = self->parcel->error;

  /* What a session can't be saved from it says as it happens, too. */
  if (self->warned != NULL && g_str_has_prefix (error->message, self->warned) &&
      status_of_error (error) != STATUS_NOT_AUTHORIZED)
    self->status = status_join (self->status, status_of_error (error));
  else
    self->status = status_join (self->status,
                                status_tell (error, self->parcel->name));
  tell_kept (self, self->parcel);
  if (is_hopeless (self, error))
    {
      tell_untried (self);
      self->next = self->todo->len;
    }
}

static void
parcel_finished (Send *self)
{
  progress_hide (self->progress);
  if (self->parcel->error == NULL)
    {
      self->unreachable = 0;
      tell_delivered (self, self->parcel);
    }
  else if (self->signal == 0)
    parcel_failed (self);
  g_clear_pointer (&self->delivery, eka_delivery_unref);
  self->parcel = NULL;
  g_clear_pointer (&self->warned, g_free);
  send_next (self);
}

/* Trouble with the network passes; audio that is lost does not come back. */
static void
tell_warning (Send                   *self,
              const EkaDeliveryEvent *event)
{
  if (!eka_scribe_error_is_transient (event->error))
    {
      g_free (self->warned);
      self->warned = g_strdup (event->error->message);
    }
  status_warn (event->error, event->name,
               eka_scribe_error_is_transient (event->error));
}

static gboolean
take_note (gpointer user_data)
{
  Note *note = user_data;
  Send *self = note->send;
  const EkaDeliveryEvent *event = &note->event;

  parcel_note (self->parcel, event);
  switch (event->type)
    {
    case EKA_DELIVERY_SESSION:
      progress_hide (self->progress);
      print_detail ("%s: session %s", event->name, event->session_id);
      break;
    case EKA_DELIVERY_CHUNK:
      show_progress (self);
      break;
    case EKA_DELIVERY_WARNING:
      progress_hide (self->progress);
      tell_warning (self, event);
      break;
    case EKA_DELIVERY_DONE:
    default:
      parcel_finished (self);
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
note_free (gpointer data)
{
  Note *note = data;

  g_free ((gchar *) note->event.name);
  g_free ((gchar *) note->event.session_id);
  g_clear_error ((GError **) &note->event.error);
  g_clear_pointer (&note->event.result, eka_result_unref);
  g_free (note);
}

/* On the worker thread. */
static void
on_event (const EkaDeliveryEvent *event,
          gpointer                user_data)
{
  Note *note = g_new0 (Note, 1);

  note->send = user_data;
  note->event = *event;
  note->event.name = g_strdup (event->name);
  note->event.session_id = g_strdup (event->session_id);
  note->event.error = event->error != NULL ? g_error_copy (event->error) : NULL;
  if (event->result != NULL)
    note->event.result = eka_result_ref (event->result);
  g_idle_add_full (G_PRIORITY_DEFAULT, take_note, note, note_free);
}

/* What a delivery is told: one that follows a failure is not patient, so that
 * all of them together end. */
static EkaSettings *
make_settings (Send *self)
{
  EkaSettings *settings = eka_settings_copy (self->service->settings);

  settings->retry_time = self->options->retry_time >= 0
                             ? self->options->retry_time
                             : PATIENCE;
  if (self->unreachable > 0)
    settings->retry_time = 0;
  return settings;
}

/* Somebody else got hold of it meanwhile. */
static gboolean
is_taken (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Audio goes where it was meant to go, and credentials where the user says: that
 * both are the same is for the user to say. */
static void
tell_other_service (Send              *self,
                    const EkaLeftover *leftover,
                    const GError      *error)
{
  g_autoptr (Summary) summary = summary_new (leftover);
  g_autofree gchar *url = NULL;

  print_problem ("%s", error->message);
  if (summary->base_url != NULL)
    {
      url = g_shell_quote (summary->base_url);
      print_problem ("To send it there: ekascribe outbox send --base-url=%s %s",
                     url, leftover->name);
    }
  self->status = status_join (self->status, STATUS_FAILED);
}

/* Returns: whether it is under way */
static gboolean
send_leftover (Send              *self,
               const EkaLeftover *leftover)
{
  g_autoptr (EkaSettings) settings = make_settings (self);
  g_autoptr (EkaDelivery) delivery = eka_delivery_new (
      self->service->worker, self->service->transport, self->store, settings,
      on_event, self, NULL);
  g_autoptr (GError) error = NULL;

  self->parcel = parcel_new (leftover->name);
  if (eka_delivery_start (delivery, leftover->name, &error))
    {
      self->delivery = g_steal_pointer (&delivery);
      g_ptr_array_add (self->parcels, self->parcel);
      return TRUE;
    }
  g_clear_pointer (&self->parcel, parcel_free);
  if (is_taken (error))
    print_detail ("%s: %s", leftover->name, error->message);
  else if (g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS))
    tell_other_service (self, leftover, error);
  else
    self->status = status_join (self->status,
                                status_tell (error, leftover->name));
  return FALSE;
}

static void
send_next (Send *self)
{
  while (self->signal == 0 && self->next < self->todo->len)
    if (send_leftover (self, g_ptr_array_index (self->todo, self->next++)))
      return;
  g_main_loop_quit (self->loop);
}

/* --- what is sent ------------------------------------------------------- */

/* What is lost does not come back; the results are for who asks for them. */
static gboolean
is_done (Send              *self,
         const EkaLeftover *leftover)
{
  g_autoptr (Summary) summary = summary_new (leftover);

  return summary->is_done && !self->options->wait;
}

static gboolean
is_wanted (Send              *self,
           const EkaLeftover *leftover)
{
  const gchar *reason = leftover->reason != NULL
                            ? leftover->reason
                            : eka_leftover_state_to_string (leftover->state);

  if (is_done (self, leftover))
    {
      print_detail ("%s: all that could be read was sent; ekascribe outbox "
                    "purge removes it", leftover->name);
      return FALSE;
    }
  switch (leftover->state)
    {
    case EKA_LEFTOVER_READY:
    case EKA_LEFTOVER_DAMAGED:
      return TRUE;
    case EKA_LEFTOVER_IN_USE:
      if (*self->options->arguments == NULL)
        print_detail ("%s: %s", leftover->name, reason);
      else
        print_note ("%s: %s", leftover->name, reason);
      return FALSE;
    case EKA_LEFTOVER_NEWER:
    case EKA_LEFTOVER_UNREADABLE:
    default:
      if (leftover->empty && *self->options->arguments == NULL)
        {
          print_detail ("%s: %s", leftover->name, reason);
          return FALSE;
        }
      print_problem ("%s: %s", leftover->name, reason);
      self->status = status_join (self->status, STATUS_FAILED);
      return FALSE;
    }
}

static void
choose (Send      *self,
        GPtrArray *leftovers)
{
  guint i;

  for (i = 0; i < leftovers->len; i++)
    if (is_wanted (self, g_ptr_array_index (leftovers, i)))
      g_ptr_array_add (self->todo, g_ptr_array_index (leftovers, i));
}

static gboolean
give_up (gpointer user_data)
{
  Send *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
stop (Send *self,
      int   number)
{
  if (self->signal != 0)
    return;
  self->signal = number;
  progress_hide (self->progress);
  print_note ("Stopped. What is not delivered stays in %s",
              self->options->outbox);
  if (self->delivery != NULL)
    eka_delivery_cancel (self->delivery);
  g_timeout_add_seconds (STOPPING_TIME, give_up, self);
}

static gboolean
on_interrupt (gpointer user_data)
{
  stop (user_data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_terminate (gpointer user_data)
{
  stop (user_data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static void
print_parcels (Send *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonArray) array = json_array_new ();
  g_autofree gchar *text = NULL;
  guint i;

  for (i = 0; i < self->parcels->len; i++)
    json_array_add_object_element (
        array, parcel_to_json (g_ptr_array_index (self->parcels, i)));
  json_node_set_array (node, array);
  text = eka_client_redact_secrets (self->service->client,
                                    eka_json_to_text (node));
  print_text (text);
  print_text ("\n");
}

static int
run (Send *self)
{
  guint sources[] = { g_unix_signal_add (SIGINT, on_interrupt, self),
                      g_unix_signal_add (SIGTERM, on_terminate, self) };
  guint i;

  self->loop = g_main_loop_new (NULL, FALSE);
  self->progress = progress_new (self->options->quiet);
  self->parcels = g_ptr_array_new_with_free_func (
      (GDestroyNotify) parcel_free);
  send_next (self);
  if (self->delivery != NULL)
    g_main_loop_run (self->loop);
  if (self->options->json)
    print_parcels (self);
  else if (self->parcels->len == 0 && self->status == STATUS_DONE)
    print_note ("Nothing is to be sent in %s", self->options->outbox);
  for (i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  progress_free (self->progress);
  g_main_loop_unref (self->loop);
  return self->signal != 0 ? 128 + self->signal : (int) self->status;
}

/**
 * send_run:
 * @options: the options
 *
 * `ekascribe outbox send`. What is on disk is always whole: it may be killed at
 * any moment, and be run again.
 *
 * Returns: the exit code
 */
int
send_run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Service) service = service_new (options, &error);
  g_autoptr (GPtrArray) leftovers = NULL;
  g_autoptr (GPtrArray) todo = g_ptr_array_new ();
  Send self = { .options = options, .service = service, .todo = todo };
  EkaDisk *disk;
  int code;

  if (service != NULL)
    leftovers = find_leftovers (options->outbox, options->arguments, &error);
  if (leftovers == NULL)
    return status_tell (error, NULL);
  disk = eka_disk_acquire ();
  self.store = eka_store_new (disk, options->outbox, 0);
  choose (&self, leftovers);
  code = run (&self);
  g_clear_pointer (&self.delivery, eka_delivery_unref);
  g_clear_pointer (&self.parcels, g_ptr_array_unref);
  g_free (self.warned);
  eka_store_unref (self.store);
  eka_disk_wait (disk, g_get_monotonic_time () + DISK_TIME);
  eka_disk_release (disk);
  return code;
}
