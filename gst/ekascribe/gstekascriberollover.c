/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribepublish.h"

/* A recording that one session can't hold goes on in the next one. */

/* The session that audio goes to; makes one where there is none. */
GstEkascribePart *
gst_ekascribe_recording_ensure_part_locked (GstEkascribeRecording *self)
{
  if (self->current != NULL)
    return self->current;
  if (self->chain == NULL)
    self->chain = gst_ekascribe_recording_make_chain_locked (self);
  self->ended = FALSE;
  self->current = gst_ekascribe_recording_add_part_locked (self, self->chain,
                                                           self->parts->len);
  gst_ekascribe_recording_update_flushing_locked (self);
  return self->current;
}

/* No more audio comes to @part; its recording may go on in another one. */
void
gst_ekascribe_recording_fill_part_locked (GstEkascribeRecording *self,
                                          GstEkascribePart      *part)
{
  if (part == self->current)
    self->current = NULL;
  part->finished = TRUE;
  gst_ekascribe_recording_keep_journal_locked (self, part);
  gst_ekascribe_recording_end_drift_locked (self, part);
  gst_ekascribe_recording_update_flushing_locked (self);
  if (part->chain->closed)
    eka_session_finish (part->session);
  else
    eka_session_fill (part->session);
}

/* Behind @part, and behind what it has handed on before @chunk. */
static guint
find_position (GstEkascribeRecording *self,
               GstEkascribePart      *part,
               EkaChunk              *chunk)
{
  guint position = 0;

  g_ptr_array_find (self->parts, part, &position);
  for (position++; position < self->parts->len; position++) {
    GstEkascribePart *other = g_ptr_array_index (self->parts, position);

    if (other->chain != part->chain ||
        !GST_CLOCK_TIME_IS_VALID (other->running_time) ||
        !GST_CLOCK_TIME_IS_VALID (chunk->running_time) ||
        other->running_time > chunk->running_time)
      break;
  }
  return position;
}

/* What was put since the session gave @rest back goes with it: no more can
 * come. */
static void
add_latest_locked (GstEkascribePart *part,
                   GPtrArray        *rest)
{
  g_autoptr (GPtrArray) latest = eka_outbox_take_rest (part->outbox);
  guint i;

  for (i = 0; i < latest->len; i++)
    g_ptr_array_add (rest, eka_chunk_ref (g_ptr_array_index (latest, i)));
}

/* What one session did not take is the first audio of the next one. */
static void
hand_on_locked (GstEkascribeRecording *self,
                GstEkascribePart      *part,
                gboolean               current,
                GPtrArray             *rest)
{
  GstEkascribePart *next;
  guint i;

  part->chain->chunked = TRUE;
  next = gst_ekascribe_recording_add_part_locked (
      self, part->chain,
      find_position (self, part, g_ptr_array_index (rest, 0)));
  if (current)
    self->current = next;
  gst_ekascribe_recording_start_session_locked (self, next);
  for (i = 0; i < rest->len; i++) {
    EkaChunk *chunk = g_ptr_array_index (rest, i);

    if (i == 0)
      next->running_time = chunk->running_time;
    next->length += chunk->duration + chunk->pre_roll;
    next->chunks++;
    eka_outbox_put_taken (next->outbox, chunk, part->outbox);
    gst_ekascribe_recording_say_chunk_locked (self, next);
  }
  if (!current)
    gst_ekascribe_recording_fill_part_locked (self, next);
}

/* @part has all the audio that its session takes.
 * @rest: (nullable): chunks that it did not take */
void
gst_ekascribe_recording_roll_over_locked (GstEkascribeRecording *self,
                                          GstEkascribePart      *part,
                                          GPtrArray             *rest)
{
  gboolean current = part == self->current;

  if (part->chain->discarded)
    return;
  /* A session without audio has nothing to be ended; where it expires another
   * one is made for what comes. */
  if (rest == NULL && (part->chunks == 0 || part->finished))
    return;
  part->chain->rolled = TRUE;
  if (!part->finished)
    gst_ekascribe_recording_fill_part_locked (self, part);
  if (rest == NULL)
    return;
  add_latest_locked (part, rest);
  if (rest->len > 0)
    hand_on_locked (self, part, current, rest);
}

/* Whether it is settled what the service calls the session of @part: it may
 * choose another id than the one that it is asked for. A session that can't be
 * saved keeps nobody waiting. */
static gboolean
has_id (const GstEkascribePart *part)
{
  return part->state >= EKA_SESSION_RECORDING || part->doom != NULL;
}

/* On the worker thread: tells the sessions that wait for it which ones came
 * before them. */
void
gst_ekascribe_recording_link_locked (GstEkascribeRecording *self)
{
  const GstEkascribePart *first = NULL, *previous = NULL;
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (previous == NULL || previous->chain != part->chain) {
      first = part;
    } else if (!part->linked && has_id (previous)) {
      part->linked = TRUE;
      eka_session_link (part->session, first->session_id,
                        previous->session_id);
    }
    previous = part;
  }
}

static void
append_part (GString                *text,
             const GstEkascribePart *part)
{
  if (text->len > 0)
    g_string_append_c (text, '\n');
  if (part->transcript != NULL)
    g_string_append (text, part->transcript);
  else
    g_string_append_printf (text, "[part %u: no transcript, session %s]",
                            part->number, part->session_id);
}

/* Returns: (transfer full) (nullable): what was said in all sessions of @chain,
 * or %NULL where nothing is known or it is not time yet */
static gchar *
combine_locked (GstEkascribeRecording *self,
                GstEkascribeChain     *chain,
                gchar                **session_id,
                gchar                **language)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean known = FALSE;
  guint i;

  if (!chain->closed || chain->combined || !chain->rolled || chain->discarded)
    return NULL;
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain != chain || !part->started)
      continue;
    if (!part->done)
      return NULL;
    append_part (text, part);
    known = known || part->transcript != NULL;
    if (*session_id == NULL)
      *session_id = g_strdup (part->session_id);
    if (*language == NULL)
      *language = g_strdup (part->language);
  }
  chain->combined = TRUE;
  return known ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* Puts the transcripts of a recording of several sessions together, once all are
 * there. */
void
gst_ekascribe_recording_combine (GstEkascribeRecording *self,
                                 GstElement            *element,
                                 GstEkascribeChain     *chain)
{
  g_autofree gchar *session_id = NULL;
  g_autofree gchar *language = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  guint parts;

  g_mutex_lock (&self->lock);
  text = combine_locked (self, chain, &session_id, &language);
  parts = chain->length;
  g_mutex_unlock (&self->lock);
  if (text == NULL)
    return;
  gst_ekascribe_publish_combined (element, self->config, session_id, parts,
                                  text, language, &error);
  if (error != NULL &&
      gst_ekascribe_recording_tell_failure (self, element, NULL, error,
                                            session_id))
    gst_ekascribe_recording_mark_failed (self);
}
