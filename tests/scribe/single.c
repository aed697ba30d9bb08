/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "single.h"

#include "scribe/error.h"

void
single_set_up (Fixture      *f,
               gconstpointer data)
{
  fixture_set_up (f, data);
  f->settings->upload_type = EKA_UPLOAD_SINGLE;
  f->liar->any_get = TRUE;
}

void
single_push_show (Fixture     *f,
                  const gchar *status,
                  const gchar *members)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"status\":\"%s\"%s}", status, members);

  eka_liar_push (f->liar, EKA_CALL_GET, 202, body);
}

void
single_push_list (Fixture     *f,
                  const gchar *members)
{
  single_push_show (f, "initialized", members);
}

/* @unsent: the server has seen nothing */
void
single_push_error (Fixture     *f,
                   EkaCall      call,
                   gint         code,
                   const gchar *request,
                   gboolean     unsent)
{
  GError *error = g_error_new_literal (EKA_SCRIBE_ERROR, code, "no answer");

  eka_scribe_error_edit_info (error)->request = g_strdup (request);
  eka_scribe_error_edit_info (error)->unsent = unsent;
  eka_liar_push_error (f->liar, call, error);
}

void
single_push_reset (Fixture *f,
                   EkaCall  call)
{
  single_push_error (f, call, EKA_SCRIBE_ERROR_NETWORK, NULL, FALSE);
}

void
single_open (Fixture *f)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, SINGLE_OFFERED);
  fixture_start (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
}

/* The whole recording, from its first sample to its results. */
void
single_record (Fixture *f)
{
  single_open (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
}

void
single_assert_completed (Fixture *f,
                         guint    uploads)
{
  guint i;

  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, uploads);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  for (i = 0; i < uploads; i++)
    {
      EkaRequest *upload = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i);

      g_assert_true (g_str_has_suffix (upload->uri, "/audio_0.wav"));
      g_assert_true (upload->once);
    }
}

/* The calls in their order, by the first letter of their names. */
static gchar *
tell_calls (Fixture *f)
{
  GString *calls = g_string_new (NULL);
  guint i;

  for (i = 0; i < f->liar->log->len; i++)
    {
      EkaRequest *request = g_ptr_array_index (f->liar->log, i);

      g_string_append_c (calls, *eka_call_to_string (request->call));
    }
  return g_string_free (calls, FALSE);
}

void
single_assert_calls (Fixture     *f,
                     const gchar *expected)
{
  g_autofree gchar *calls = tell_calls (f);

  g_assert_cmpstr (calls, ==, expected);
}

void
single_assert_kept (Fixture *f,
                    guint    kept)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (f->outbox, &stats);
  g_assert_cmpuint (stats.kept, ==, kept);
}

/* Moves the clock until @word was said. */
void
single_run_until (Fixture     *f,
                  const gchar *word)
{
  guint moves;

  fixture_spin (f);
  for (moves = 0; fixture_count (f, word) == 0; moves++)
    {
      g_assert_cmpuint (moves, <, 1000);
      g_assert_cmpint (eka_clock_next (f->clock), >=, 0);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
}
