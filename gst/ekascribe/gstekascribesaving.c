/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"
#include "scribe/descriptor.h"
#include "scribe/error.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* What of a recording goes to disk. */

/* A disk that takes longer has failed, in µs. */
#define PATIENCE G_TIME_SPAN_MINUTE

/* On the disk's thread. */
void
gst_ekascribe_recording_note_disk (const GError *error,
                                   gpointer      user_data)
{
  GstEkascribeRecording *self = user_data;

  g_mutex_lock (&self->lock);
  self->disk_fails = error != NULL;
  gst_ekascribe_recording_update_flushing_locked (self);
  g_mutex_unlock (&self->lock);
  gst_ekascribe_recording_queue_event (self,
                                       gst_ekascribe_event_new_fault (error));
}

/**
 * gst_ekascribe_recording_set_live:
 * @self: a run
 * @live: whether the audio that comes from now on can't be played again
 */
void
gst_ekascribe_recording_set_live (GstEkascribeRecording *self,
                                  gboolean               live)
{
  g_mutex_lock (&self->lock);
  self->live = live;
  g_mutex_unlock (&self->lock);
}

static EkaOutboxPolicy
get_policy_locked (GstEkascribeRecording *self)
{
  if (self->store == NULL)
    return EKA_OUTBOX_NEVER;
  return gst_ekascribe_store_get_policy (self->store, self->live);
}

/**
 * gst_ekascribe_recording_wants_state:
 * @self: a run
 *
 * Returns: whether chunks come with what the chunker held when they were made
 */
gboolean
gst_ekascribe_recording_wants_state (GstEkascribeRecording *self)
{
  gboolean wants;

  g_mutex_lock (&self->lock);
  /* A session goes on as it began, whatever the pipeline has become. */
  wants = get_policy_locked (self) == EKA_OUTBOX_ALWAYS ||
          (self->current != NULL &&
           eka_outbox_wants_state (self->current->outbox));
  g_mutex_unlock (&self->lock);
  return wants;
}

/**
 * gst_ekascribe_recording_wants_rest:
 * @self: a run that is about to be stopped
 *
 * Returns: whether what is in no chunk yet can still be saved
 */
gboolean
gst_ekascribe_recording_wants_rest (GstEkascribeRecording *self)
{
  EkaOutboxPolicy policy;

  g_mutex_lock (&self->lock);
  policy = get_policy_locked (self);
  g_mutex_unlock (&self->lock);
  return policy != EKA_OUTBOX_NEVER;
}

/* What a session will be: one that never gets to say it itself must be known, too.
 *
 * Returns: (transfer full): for its folder */
static GBytes *
describe_locked (GstEkascribeRecording *self,
                 EkaSettings           *settings,
                 gchar                 *session_id)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  const EkaDescriptor descriptor = {
    .settings = settings,
    .session_id = session_id,
    .started_at = time,
    .language = self->language,
  };

  return eka_descriptor_print (&descriptor);
}

/* Before the first audio of @part: says where it goes on disk. */
void
gst_ekascribe_recording_equip_locked (GstEkascribeRecording *self,
                                      GstEkascribePart      *part)
{
  g_autoptr (GBytes) bytes = NULL;
  EkaSettings *settings;

  if (part->equipped || get_policy_locked (self) == EKA_OUTBOX_NEVER)
    return;
  part->equipped = TRUE;
  gst_ekascribe_store_equip (self->store, part->outbox, self->live);
  settings = gst_ekascribe_recording_make_settings_locked (self, part);
  bytes = describe_locked (self, settings, part->session_id);
  eka_outbox_describe (part->outbox, bytes);
  eka_settings_free (settings);
}

static const GstEkascribePart *
find_first_locked (GstEkascribeRecording   *self,
                   const GstEkascribeChain *chain)
{
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    const GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain == chain)
      return part;
  }
  return NULL;
}

/* No more audio comes to @part, whose session may be over before the next one
 * begins: until then what is being cut stays in its journal, for a session that a
 * crash would leave without one. */
void
gst_ekascribe_recording_keep_journal_locked (GstEkascribeRecording *self,
                                             GstEkascribePart      *part)
{
  const GstEkascribePart *first = find_first_locked (self, part->chain);
  g_autofree gchar *session_id = NULL;
  g_autoptr (GBytes) bytes = NULL;
  EkaSettings *settings;

  if (self->journaled != part || first == NULL)
    return;
  settings = gst_ekascribe_recording_make_settings_locked (self, part);
  settings->part = part->chain->length + 1;
  if (settings->upload_type == EKA_UPLOAD_STREAM)
    settings->upload_type = EKA_UPLOAD_CHUNKED;
  g_free (settings->first_id);
  settings->first_id = g_strdup (first->session_id);
  g_free (settings->previous_id);
  settings->previous_id = g_strdup (part->session_id);
  session_id = eka_session_make_id ();
  bytes = describe_locked (self, settings, session_id);
  eka_outbox_keep_journal (part->outbox, bytes);
  eka_settings_free (settings);
}

/* What is being cut is in chunks, or nobody wants it. */
void
gst_ekascribe_recording_end_journal_locked (GstEkascribeRecording *self)
{
  if (self->journaled != NULL)
    eka_outbox_end_journal (self->journaled->outbox);
  self->journaled = NULL;
}

/* What is being cut is about to go to the journal of @part; no other one may
 * bring it back then. */
static void
move_journal_locked (GstEkascribeRecording *self,
                     GstEkascribePart      *part)
{
  if (self->journaled != NULL && self->journaled != part)
    eka_outbox_hand_journal (self->journaled->outbox, part->outbox);
  self->journaled = part;
}

/* @chunker has taken @packet, which will go to the session of @part as far as
 * is known. */
void
gst_ekascribe_recording_journal_locked (GstEkascribeRecording *self,
                                        GstEkascribePart      *part,
                                        const EkaPacket       *packet,
                                        EkaChunker            *chunker)
{
  if (!eka_outbox_wants_state (part->outbox))
    return;
  if (self->journaled == part) {
    eka_outbox_add_packet (part->outbox, packet);
    return;
  }
  move_journal_locked (self, part);
  eka_outbox_begin (part->outbox, eka_chunker_save (chunker));
}

/* Puts @chunk into the outbox of @part, and what the chunker held then into its
 * journal. */
void
gst_ekascribe_recording_keep_locked (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     EkaChunk              *chunk,
                                     EkaChunkerState      **state)
{
  gboolean empty;

  if (*state == NULL || !eka_outbox_wants_state (part->outbox)) {
    eka_outbox_put (part->outbox, chunk);
    return;
  }
  empty = eka_chunker_state_is_empty (*state);
  move_journal_locked (self, part);
  eka_outbox_put_with_state (part->outbox, chunk, g_steal_pointer (state));
  if (empty)
    self->journaled = NULL;
}

static gchar *
await_saved (GstEkascribeRecording *self,
             GstEkascribePart      *part,
             gint64                 end_time,
             gchar                **folder)
{
  *folder = NULL;
  if (!part->equipped || !eka_outbox_wait_saved (part->outbox, end_time))
    return NULL;
  return gst_ekascribe_store_advise (self->store, part->outbox, folder);
}

/* Waits until the audio of @part is on disk.
 *
 * Returns: (transfer full) (nullable): what to do about it, for people; %NULL
 *   where it is not there */
gchar *
gst_ekascribe_recording_await_saved (GstEkascribeRecording *self,
                                     GstEkascribePart      *part,
                                     gchar                **folder)
{
  return await_saved (self, part, g_get_monotonic_time () + PATIENCE, folder);
}

/* Lets others have the folder of @part, before it is told of. */
static void
close_folder (GstEkascribeRecording *self,
              GstEkascribePart      *part)
{
  EkaStore *store = gst_ekascribe_store_get_folder (self->store);

  eka_outbox_close (part->outbox);
  eka_disk_wait (eka_store_get_disk (store),
                 g_get_monotonic_time () + PATIENCE);
}

/* Not all audio of @part could be saved; what was written before stays. Waits for
 * the disk.
 *
 * Returns: (transfer full) (nullable): what is there and what to do about it, for
 *   people; %NULL where there is nothing */
static gchar *
advise_remnant (GstEkascribeRecording *self,
                GstEkascribePart      *part,
                GstClockTime           unsaved,
                gchar                **folder)
{
  g_autofree gchar *advice = NULL;

  if (!part->equipped)
    return NULL;
  advice = gst_ekascribe_store_advise (self->store, part->outbox, folder);
  if (advice == NULL)
    return NULL;
  close_folder (self, part);
  /* One without audio is gone now. */
  if (!g_file_test (*folder, G_FILE_TEST_IS_DIR)) {
    g_clear_pointer (folder, g_free);
    return NULL;
  }
  return g_strdup_printf (
      "%.1f s of it could not be saved, except for what was on disk before. %s",
      unsaved / (gdouble) GST_SECOND, advice);
}

/* The session of @part has failed: saves its audio, and says so in @error. Waits
 * for the disk.
 *
 * Returns: whether it is there, or a part of it, and others have the folder */
gboolean
gst_ekascribe_recording_rescue (GstEkascribeRecording *self,
                                GstEkascribePart      *part,
                                GError                *error)
{
  g_autofree gchar *folder = NULL;
  g_autofree gchar *advice = NULL;
  EkaOutboxStats left;

  eka_outbox_get_stats (part->outbox, &left);
  if (!part->equipped || (left.kept == 0 && left.stored == 0))
    return FALSE;
  eka_outbox_save (part->outbox);
  advice = gst_ekascribe_recording_await_saved (self, part, &folder);
  eka_outbox_get_stats (part->outbox, &left);
  if (advice != NULL)
    close_folder (self, part);
  else
    advice = advise_remnant (self, part, left.unsaved, &folder);
  if (advice == NULL)
    return FALSE;
  gst_ekascribe_part_add_advice (error, advice, folder);
  return TRUE;
}

/* The session of @part is over, and nothing has failed: what the service has for
 * sure goes. All else stays on disk, which is told. May wait for the disk. */
void
gst_ekascribe_recording_settle (GstEkascribeRecording *self,
                                GstElement            *element,
                                GstEkascribePart      *part,
                                const gchar           *session_id)
{
  g_autoptr (GError) error = NULL;
  EkaOutboxStats left;

  eka_outbox_get_stats (part->outbox, &left);
  if (!part->equipped || left.held == 0) {
    eka_outbox_clear (part->outbox);
    return;
  }
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                       "The service has taken session %s, but what it says does "
                       "not prove that it has all of the audio",
                       session_id);
  if (!gst_ekascribe_recording_rescue (self, part, error))
    eka_outbox_abandon (part->outbox);
  gst_ekascribe_post_warning (element, error, session_id);
}

/* Has all that is not safe of @parts written, and waits for it: one may have files
 * of another one linked. */
static void
save_parts (GPtrArray *parts,
            gint64     end_time)
{
  guint i;

  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);

    if (part->equipped && !gst_ekascribe_part_is_safe (part, 0))
      eka_outbox_save (part->outbox);
  }
  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);

    if (part->equipped && !gst_ekascribe_part_is_safe (part, 0))
      eka_outbox_wait_saved (part->outbox, end_time);
  }
}

/* Whoever is first tells what became of the audio of @part: the thread that tells
 * of failures, or the one that stops, which waits while the other one saves it.
 * @rescuing: the caller saves it, and says when that is done
 *
 * Returns: whether that is left to the caller */
gboolean
gst_ekascribe_recording_claim (GstEkascribeRecording *self,
                               GstEkascribePart      *part,
                               gboolean               rescuing)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  while (!rescuing && part->rescuing)
    g_cond_wait (&self->cond, &self->lock);
  first = !part->told;
  part->told = TRUE;
  part->rescuing = part->rescuing || (first && rescuing);
  g_mutex_unlock (&self->lock);
  return first;
}

/* The audio of @part, which was claimed for that, is saved as far as it can be. */
void
gst_ekascribe_recording_end_rescue (GstEkascribeRecording *self,
                                    GstEkascribePart      *part)
{
  g_mutex_lock (&self->lock);
  part->rescuing = FALSE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* Those of @parts that another thread has told of are done. */
static void
claim_parts (GstEkascribeRecording *self,
             GPtrArray             *parts)
{
  guint i;

  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);

    if (gst_ekascribe_part_is_safe (part, 0) ||
        gst_ekascribe_recording_claim (self, part, FALSE))
      continue;
    g_mutex_lock (&self->lock);
    part->done = TRUE;
    g_mutex_unlock (&self->lock);
  }
}

/* What is safe is not on disk any more when the pipeline is down: the process may
 * end then. */
static void
wait_for_disk (GstEkascribeRecording *self,
               GPtrArray             *parts,
               gint64                 end_time)
{
  guint i;

  for (i = 0; i < parts->len; i++) {
    const GstEkascribePart *part = g_ptr_array_index (parts, i);
    EkaStore *store;

    if (!part->equipped)
      continue;
    store = gst_ekascribe_store_get_folder (self->store);
    eka_disk_wait (eka_store_get_disk (store), end_time);
    return;
  }
}

/* Saves what is not safe of @parts, whose sessions were given up, and says what
 * becomes of it.
 * @current: (nullable): the one that @pending belongs to, which is in no chunk
 * @quiet: the sessions do nothing any more, so that the folders can go to others */
void
gst_ekascribe_recording_stop_parts (GstEkascribeRecording  *self,
                                    GstElement             *element,
                                    GPtrArray              *parts,
                                    const GstEkascribePart *current,
                                    GstClockTime            pending,
                                    gboolean                quiet)
{
  const gint64 end_time = g_get_monotonic_time () + PATIENCE;
  guint i;

  claim_parts (self, parts);
  save_parts (parts, end_time);
  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);
    const GstClockTime more = part == current ? pending : 0;
    const gboolean safe = gst_ekascribe_part_is_safe (part, more);
    g_autofree gchar *folder = NULL;
    g_autofree gchar *advice = NULL;
    EkaOutboxStats left;

    if (!safe)
      advice = await_saved (self, part, end_time, &folder);
    eka_outbox_get_stats (part->outbox, &left);
    if (advice != NULL && quiet)
      close_folder (self, part);
    else if (!safe && quiet)
      advice = advise_remnant (self, part, left.unsaved + more, &folder);
    gst_ekascribe_part_stop (part, element, left.duration + more, advice,
                             folder);
  }
  wait_for_disk (self, parts, end_time);
}
