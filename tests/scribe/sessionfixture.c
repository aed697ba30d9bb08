/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sessionfixture.h"

/* Moves of the clock that a run may take before it counts as endless. */
#define MAX_MOVES 10000

static void
say (Fixture     *f,
     const gchar *format,
     ...) G_GNUC_PRINTF (2, 3);

static void
say (Fixture     *f,
     const gchar *format,
     ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (f->said, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
listen (const EkaSessionEvent *event,
        gpointer               user_data)
{
  Fixture *f = user_data;

  g_assert_nonnull (event->session_id);
  g_assert_cmpuint (f->done, ==, 0);
  f->state = event->state;
  g_free (f->session_id);
  f->session_id = g_strdup (event->session_id);
  g_free (f->previous_id);
  f->previous_id = g_strdup (event->previous_id);
  switch (event->type)
    {
    case EKA_SESSION_EVENT_STATE:
      say (f, "%s", eka_session_state_to_string (event->state));
      break;
    case EKA_SESSION_EVENT_DISCOVERED:
      say (f, event->discovery != NULL ? "discovered" : "defaults");
      break;
    case EKA_SESSION_EVENT_CHUNK:
      say (f, "chunk %s %u", event->name, event->attempts);
      break;
    case EKA_SESSION_EVENT_FULL:
      say (f, "full %u", event->rest != NULL ? event->rest->len : 0);
      g_clear_pointer (&f->rest, g_ptr_array_unref);
      if (event->rest != NULL)
        f->rest = g_ptr_array_ref (event->rest);
      break;
    case EKA_SESSION_EVENT_TRANSCRIPT:
      say (f, "transcript %s", event->text);
      break;
    case EKA_SESSION_EVENT_STREAM_MESSAGE:
      say (f, "message %s", event->text);
      break;
    case EKA_SESSION_EVENT_FALLBACK:
      say (f, "fallback");
      break;
    case EKA_SESSION_EVENT_WARNING:
      say (f, "%s %d", event->fatal ? "fatal" : "warning",
           event->error->code);
      g_clear_error (&f->warning);
      f->warning = g_error_copy (event->error);
      break;
    case EKA_SESSION_EVENT_RECOVERED:
      say (f, "recovered");
      break;
    case EKA_SESSION_EVENT_DONE:
      say (f, "done");
      f->done++;
      f->audit = event->audit;
      if (event->error != NULL)
        f->error = g_error_copy (event->error);
      if (event->result != NULL)
        f->result = eka_result_ref (event->result);
      break;
    }
}

static void
let_go (gpointer user_data)
{
  Fixture *f = user_data;

  f->freed++;
}

void
fixture_set_up (Fixture      *f,
                gconstpointer data)
{
  eka_discovery_cache_clear ();
  f->clock = eka_clock_new_test ();
  f->worker = eka_worker_new_test (f->clock);
  f->liar = eka_liar_new ();
  f->budget = eka_budget_new (0, 0);
  f->outbox = eka_outbox_new (f->budget);
  f->said = g_ptr_array_new_with_free_func (g_free);
  f->settings = eka_settings_new ();
  f->settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  f->settings->token = eka_token_new ();
  eka_token_set_value (f->settings->token, "secret-token");
}

void
fixture_tear_down (Fixture      *f,
                   gconstpointer data)
{
  fixture_spin (f);
  if (f->session != NULL)
    g_assert_cmpuint (f->freed, ==, 1);
  g_clear_pointer (&f->session, eka_session_unref);
  fixture_spin (f);
  g_clear_pointer (&f->settings, eka_settings_free);
  eka_outbox_unref (f->outbox);
  eka_budget_unref (f->budget);
  g_object_unref (f->liar);
  eka_worker_release (f->worker);
  eka_clock_unref (f->clock);
  g_ptr_array_unref (f->said);
  g_clear_error (&f->error);
  g_clear_error (&f->warning);
  g_clear_pointer (&f->result, eka_result_unref);
  g_clear_pointer (&f->rest, g_ptr_array_unref);
  g_free (f->session_id);
  g_free (f->previous_id);
  eka_discovery_cache_clear ();
}

/* Makes the session. */
void
fixture_make (Fixture *f)
{
  f->session = eka_session_new (f->worker, EKA_TRANSPORT (f->liar), f->outbox,
                                g_steal_pointer (&f->settings), listen, f,
                                let_go);
}

/* Makes the session and settles discovery. */
void
fixture_open (Fixture *f)
{
  fixture_make (f);
  eka_session_open (f->session);
  fixture_spin (f);
}

/* Opens and creates. */
void
fixture_start (Fixture *f)
{
  fixture_open (f);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
}

/* One second of audio. */
void
fixture_add_chunk (Fixture *f)
{
  g_autofree gchar *text = g_strdup_printf ("chunk %u", f->next_index);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  EkaChunk *chunk = eka_chunk_new (f->next_index++, bytes, "audio/wav", "wav",
                                   0, G_GUINT64_CONSTANT (1000000000), 16000);

  eka_outbox_put (f->outbox, chunk);
  eka_chunk_unref (chunk);
  eka_session_chunk_added (f->session);
}

/* Does everything that does not wait for time. */
void
fixture_spin (Fixture *f)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Moves the clock from timer to timer until the session is done. */
void
fixture_run (Fixture *f)
{
  guint moves;

  fixture_spin (f);
  for (moves = 0; f->done == 0; moves++)
    {
      gint64 next = eka_clock_next (f->clock);

      g_assert_cmpint (next, >=, 0);
      g_assert_cmpuint (moves, <, MAX_MOVES);
      eka_clock_advance (f->clock, next);
      fixture_spin (f);
    }
}

/* A whole recording of @chunks chunks up to the last event. */
void
fixture_record (Fixture *f,
                guint    chunks)
{
  fixture_start (f);
  while (chunks-- > 0)
    {
      fixture_add_chunk (f);
      fixture_spin (f);
    }
  eka_session_finish (f->session);
  fixture_run (f);
}

/* How often something that starts with @word was said. */
guint
fixture_count (Fixture     *f,
               const gchar *word)
{
  guint count = 0;
  guint i;

  for (i = 0; i < f->said->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (f->said, i), word))
      count++;
  return count;
}
