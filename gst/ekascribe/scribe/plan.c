/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/plan.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/origin.h"
#include "scribe/secret.h"

/* Chunks come from disk one by one, so that this is never reached but by those
 * that are lost to a disk that fails. */
#define MAX_BYTES (64 * 1024 * 1024)

/* @error: (transfer full) */
static void
keep_warning (EkaPlan *self,
              GError  *error)
{
  g_ptr_array_add (self->warnings, error);
}

static gsize
path_length (GUri *uri)
{
  const gchar *path = g_uri_get_path (uri);
  gsize length = strlen (path);

  while (length > 0 && path[length - 1] == '/')
    length--;
  return length;
}

/* Whether both are the same service, however they are written. */
static gboolean
is_same_service (const gchar *a,
                 const gchar *b)
{
  g_autoptr (GUri) first = g_uri_parse (a, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) second = g_uri_parse (b, G_URI_FLAGS_ENCODED, NULL);

  return first != NULL && second != NULL && eka_origin_equal (first, second) &&
         path_length (first) == path_length (second) &&
         strncmp (g_uri_get_path (first), g_uri_get_path (second),
                  path_length (first)) == 0;
}

/* Audio, and credentials, go where the user says and nowhere else. */
static gboolean
check_service (EkaPlan             *self,
               const EkaDescriptor *descriptor,
               GError             **error)
{
  const gchar *theirs = descriptor->settings->base_url;
  GError *local;

  if (is_same_service (self->settings->base_url, theirs))
    return TRUE;
  local = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                       "%s was recorded for %s, but base-url is %s: set "
                       "base-url to that one if it is to go there", self->name,
                       theirs, self->settings->base_url);
  eka_scribe_error_edit_info (local)->property = "base-url";
  g_propagate_error (error, local);
  return FALSE;
}

static void
take_string (gchar      **to,
             const gchar *from)
{
  g_free (*to);
  *to = g_strdup (from);
}

static void
take_strings (gchar ***to,
              gchar  **from)
{
  g_strfreev (*to);
  *to = g_strdupv (from);
}

/* How to deliver is for who delivers to say; what, for who recorded. */
static void
merge (EkaSettings       *settings,
       const EkaSettings *theirs)
{
  if (settings->discovery == EKA_DISCOVERY_AUTO)
    settings->discovery = theirs->discovery;
  if (settings->on_chunk_error == EKA_CHUNK_ERROR_ABORT)
    settings->on_chunk_error = theirs->on_chunk_error;
  settings->upload_type = theirs->upload_type;
  take_string (&settings->session_mode, theirs->session_mode);
  take_string (&settings->model, theirs->model);
  take_strings (&settings->templates, settings->leftover_templates != NULL
                                          ? settings->leftover_templates
                                          : theirs->templates);
  take_strings (&settings->language_hint, theirs->language_hint);
  take_string (&settings->transcript_language, theirs->transcript_language);
  eka_secret_set (&settings->patient_details, theirs->patient_details);
  take_string (&settings->additional_data, theirs->additional_data);
  settings->part = theirs->part;
  take_string (&settings->first_id, theirs->first_id);
  take_string (&settings->previous_id, theirs->previous_id);
  take_string (&settings->result_template, theirs->result_template);
}

/* Reads what the session is. One that can't be told is made anew, of the
 * settings of who delivers. */
static gboolean
read_description (EkaPlan     *self,
                  EkaLeftover *leftover,
                  GError     **error)
{
  g_autoptr (GError) local = NULL;

  if (leftover->description != NULL)
    self->descriptor = eka_descriptor_parse (leftover->description, &local);
  else
    local = g_error_new_literal (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED,
                                 "The description of the session is missing");
  if (g_error_matches (local, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NEWER))
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ",
                                  self->name);
      return FALSE;
    }
  if (self->descriptor != NULL)
    {
      if (!check_service (self, self->descriptor, error))
        return FALSE;
      merge (self->settings, self->descriptor->settings);
      self->language = g_strdup (self->descriptor->language);
      return TRUE;
    }
  g_prefix_error (&local, "%s: ", self->name);
  keep_warning (self, g_steal_pointer (&local));
  return TRUE;
}

/* The packets that no chunk had taken become chunks.
 * @damaged: (inout): set where not all of them can be read
 *
 * Returns: (transfer full) (element-type EkaChunk) (nullable): %NULL where there
 *   are none that can be read; then the journal stays as it is */
static GPtrArray *
rebuild (EkaPlan     *self,
         EkaLeftover *leftover,
         gboolean    *damaged)
{
  EkaJournalDamage damage = { 0 };
  g_autoptr (GError) error = NULL;
  GPtrArray *rebuilt = NULL;

  if (leftover->journal != NULL)
    rebuilt = eka_journal_rebuild (leftover->journal, &damage, &error);
  *damaged = *damaged || error != NULL || damage.packets > 0 ||
             damage.bytes > 0;
  if (error != NULL)
    keep_warning (self, g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                                     "%s: the end of the recording can't be "
                                     "read: %s", self->name, error->message));
  else if (damage.packets > 0 || damage.bytes > 0)
    keep_warning (self, g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                                     "%s: of the end of the recording %u "
                                     "packets are lost, and %" G_GSIZE_FORMAT
                                     " bytes can't be read", self->name,
                                     damage.packets, damage.bytes));
  return rebuilt;
}

/* What was a stream goes on in chunks, and one file can't be several. */
static void
choose_session (EkaPlan *self,
                guint    chunks)
{
  const gboolean single = self->settings->upload_type == EKA_UPLOAD_SINGLE;
  guint64 duration;

  if (self->settings->upload_type == EKA_UPLOAD_STREAM || (single && chunks > 1))
    self->settings->upload_type = EKA_UPLOAD_CHUNKED;
  if (single && chunks > 1)
    g_clear_pointer (&self->descriptor, eka_descriptor_free);
  if (self->descriptor != NULL)
    return;
  duration = eka_outbox_rewind (self->outbox);
  if (duration > 0)
    keep_warning (self, g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                                     "%s: %.1f s of audio are only in a "
                                     "session that is not known any more",
                                     self->name, duration / 1e9));
}

static void
restore (EkaPlan     *self,
         EkaSpool    *spool,
         EkaLeftover *leftover,
         GPtrArray   *rebuilt)
{
  const guint rest = rebuilt != NULL ? rebuilt->len : 0;

  self->outbox = eka_outbox_new (self->budget);
  eka_outbox_restore (self->outbox, spool, leftover, rebuilt);
  choose_session (self, leftover->index->entries->len + rest);
}

/* Whether there is something that may be sent, before it is locked: who holds the
 * lock, be it us, is all that is told of it after that.
 * @damaged: (out): not all that is there can be read */
static gboolean
check_leftover (EkaPlan     *self,
                EkaStore    *store,
                gboolean    *damaged,
                GError     **error)
{
  g_autoptr (EkaLeftover) leftover = eka_leftover_look (
      eka_store_get_location (store), self->name, error);
  const gchar *reason;

  if (leftover == NULL)
    return FALSE;
  reason = leftover->reason != NULL ? leftover->reason : "It can't be read";
  *damaged = leftover->state == EKA_LEFTOVER_DAMAGED;
  switch (leftover->state)
    {
    case EKA_LEFTOVER_READY:
      return TRUE;
    case EKA_LEFTOVER_DAMAGED:
      keep_warning (self, g_error_new (EKA_SCRIBE_ERROR,
                                       EKA_SCRIBE_ERROR_DAMAGED, "%s: %s",
                                       self->name, reason));
      return TRUE;
    case EKA_LEFTOVER_IN_USE:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s: %s", self->name,
                   reason);
      return FALSE;
    case EKA_LEFTOVER_NEWER:
      g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NEWER, "%s: %s",
                   self->name, reason);
      return FALSE;
    case EKA_LEFTOVER_UNREADABLE:
      g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED, "%s: %s",
                   self->name, reason);
      return FALSE;
    }
  return FALSE;
}

/* There is no audio, and the folder goes, unless something may be there that
 * can't be read. */
static void
give_up_empty (EkaPlan     *self,
               EkaSpool    *spool,
               gboolean     damaged)
{
  if (!damaged)
    eka_spool_remove (spool);
  else
    self->error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED,
                               "%s has no audio that can be read, and stays "
                               "where it is", self->name);
}

static gboolean
load (EkaPlan  *self,
      EkaStore *store,
      GError  **error)
{
  g_autoptr (EkaSpool) spool = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GPtrArray) rebuilt = NULL;
  gboolean damaged;

  if (!check_leftover (self, store, &damaged, error))
    return FALSE;
  spool = eka_spool_open (store, self->name, error);
  if (spool == NULL)
    return FALSE;
  leftover = eka_leftover_look (eka_store_get_location (store), self->name,
                                error);
  if (leftover == NULL || !read_description (self, leftover, error))
    return FALSE;
  if (leftover->index == NULL)
    {
      g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED,
                   "%s can't be read any more", self->name);
      return FALSE;
    }
  rebuilt = rebuild (self, leftover, &damaged);
  if (leftover->index->entries->len == 0 &&
      (rebuilt == NULL || rebuilt->len == 0))
    give_up_empty (self, spool, damaged);
  else
    restore (self, spool, leftover, rebuilt);
  return TRUE;
}

/**
 * eka_plan_load:
 * @store: where the leftover is
 * @name: of its folder
 * @settings: of who delivers
 * @error: return location; see eka_delivery_start()
 *
 * Locks a leftover and reads it, so that it can be delivered. One without audio
 * is removed. Waits for the disk.
 *
 * Returns: (transfer full) (nullable): what to do with it
 */
EkaPlan *
eka_plan_load (EkaStore          *store,
               const gchar       *name,
               const EkaSettings *settings,
               GError           **error)
{
  g_autoptr (EkaPlan) self = g_new0 (EkaPlan, 1);

  self->name = g_strdup (name);
  self->settings = eka_settings_copy (settings);
  g_clear_pointer (&self->settings->session_id, g_free);
  self->budget = eka_budget_new (MAX_BYTES, 0);
  self->warnings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  return load (self, store, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * eka_plan_free:
 * @plan: (transfer full): a plan; the folder is closed with its outbox
 */
void
eka_plan_free (EkaPlan *plan)
{
  g_clear_pointer (&plan->outbox, eka_outbox_unref);
  g_clear_pointer (&plan->descriptor, eka_descriptor_free);
  g_clear_error (&plan->error);
  g_ptr_array_unref (plan->warnings);
  eka_budget_unref (plan->budget);
  eka_settings_free (plan->settings);
  g_free (plan->language);
  g_free (plan->name);
  g_free (plan);
}
