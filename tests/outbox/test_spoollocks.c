/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <gio/gio.h>

#include "spoolfixture.h"

/* Another process, and what it said first. */
typedef struct
{
  GSubprocess *process;
  gchar *said;
} Partner;

static Partner
partner_start (const gchar *task,
               const gchar *location,
               const gchar *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) out = NULL;
  Partner partner;

  partner.process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
      g_getenv ("SPOOLPARTNER"), task, location, name, NULL);
  g_assert_no_error (error);
  out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (partner.process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (out),
                                               FALSE);
  partner.said = g_data_input_stream_read_line (out, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (partner.said);
  return partner;
}

static void
partner_end (Partner *partner)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_close (g_subprocess_get_stdin_pipe (partner->process), NULL,
                         &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (partner->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (partner->process);
  g_free (partner->said);
}

static void
partner_kill (Partner *partner)
{
  g_subprocess_force_exit (partner->process);
  g_subprocess_wait (partner->process, NULL, NULL);
  g_object_unref (partner->process);
  g_free (partner->said);
}

/* Returns: (transfer full): the name of a session that was left */
static gchar *
leave_session (SpoolFixture *f)
{
  Recorder *recorder = recorder_new (f->store);
  gchar *name;

  recorder_add (recorder, 7);
  name = g_strdup (eka_spool_get_name (recorder->spool));
  recorder_free (recorder);
  return name;
}

static void
assert_state (SpoolFixture     *f,
              const gchar      *name,
              EkaLeftoverState  state,
              const gchar      *reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaLeftover) leftover =
      eka_leftover_look (f->location, name, &error);

  g_assert_no_error (error);
  g_assert_cmpint (leftover->state, ==, state);
  g_assert_true ((reason == NULL) == (leftover->reason == NULL));
  if (reason != NULL)
    g_assert_nonnull (strstr (leftover->reason, reason));
  /* what is in it can be read all the same */
  g_assert_nonnull (leftover->index);
}

static void
test_partner_has_it (SpoolFixture *f,
                     gconstpointer data)
{
  g_autofree gchar *name = leave_session (f);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *pid = NULL;
  g_autofree gchar *who = NULL;
  Partner partner;
  EkaSpool *spool;

  assert_state (f, name, EKA_LEFTOVER_READY, NULL);
  partner = partner_start ("open", f->location, name);
  g_assert_cmpstr (partner.said, ==, "opened");
  pid = g_strdup (g_subprocess_get_identifier (partner.process));
  who = g_strdup_printf ("spoolpartner (sending), process %s on ", pid);
  assert_state (f, name, EKA_LEFTOVER_IN_USE, who);
  g_assert_null (eka_spool_open (f->store, name, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, who));
  g_clear_error (&error);
  partner_kill (&partner);

  assert_state (f, name, EKA_LEFTOVER_READY, NULL);
  spool = eka_spool_open (f->store, name, &error);
  g_assert_no_error (error);
  eka_spool_unref (spool);
}

static void
test_we_have_it (SpoolFixture *f,
                 gconstpointer data)
{
  g_autofree gchar *name = leave_session (f);
  EkaSpool *spool = eka_spool_open (f->store, name, NULL);
  Partner partner = partner_start ("open", f->location, name);

  g_assert_nonnull (strstr (partner.said, "in use by"));
  partner_end (&partner);
  /* that another one tried, and looked, has not let it go */
  partner = partner_start ("list", f->location, NULL);
  partner_end (&partner);
  partner = partner_start ("open", f->location, name);
  g_assert_nonnull (strstr (partner.said, "in use by"));
  partner_end (&partner);
  eka_spool_close (spool);
  wait_disk (spool);
  partner = partner_start ("open", f->location, name);
  g_assert_cmpstr (partner.said, ==, "opened");
  partner_end (&partner);
  eka_spool_unref (spool);
}

/* Two record, one in another process, and a third would send. */
static void
test_together (SpoolFixture *f,
               gconstpointer data)
{
  g_autofree gchar *name = leave_session (f);
  Partner recording = partner_start ("record", f->location, NULL);
  Recorder *recorder = recorder_new (f->store);
  Partner sending = partner_start ("open", f->location, name);
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GPtrArray) after = NULL;
  guint i;

  recorder_add (recorder, 7);
  g_assert_cmpstr (sending.said, ==, "opened");
  assert_state (f, recording.said, EKA_LEFTOVER_IN_USE, "(recording)");
  list = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (list->len, ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (((EkaLeftover *) list->pdata[i])->state, ==,
                     EKA_LEFTOVER_IN_USE);
  partner_kill (&recording);
  partner_kill (&sending);
  recorder_free (recorder);
  after = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (after->len, ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (((EkaLeftover *) after->pdata[i])->state, ==,
                     EKA_LEFTOVER_READY);
}

/* Somebody lists, and sweeps, all the time. */
static void
test_listed_meanwhile (SpoolFixture *f,
                       gconstpointer data)
{
  Partner partner = partner_start ("list", f->location, NULL);
  g_autoptr (GPtrArray) list = NULL;
  guint i;

  for (i = 0; i < 100; i++)
    {
      Recorder *recorder = recorder_new (f->store);

      recorder_add (recorder, 7);
      eka_spool_remove (recorder->spool);
      recorder_free (recorder);
    }
  partner_end (&partner);
  list = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (list->len, ==, 0);
  g_assert_cmpuint (f->n_faults, ==, 0);
}

/* Two want to remove the same: who waited for the lock of what is gone meanwhile
 * has nothing. */
static void
test_removed_meanwhile (SpoolFixture *f,
                        gconstpointer data)
{
  Partner partner = partner_start ("remove", f->location, NULL);
  guint i;

  for (i = 0; i < 300; i++)
    {
      EkaSpool *spool = eka_spool_new (f->store);
      g_autofree gchar *name = g_strdup (eka_spool_get_name (spool));
      EkaSpoolCommit *commit = eka_spool_commit_new ();

      commit->index = eka_index_new ();
      g_assert_true (wait_commit (spool, commit, NULL));
      eka_spool_unref (spool);
      g_assert_true (eka_disk_wait (f->disk, -1));
      spool = eka_spool_open (f->store, name, NULL);
      if (spool == NULL)
        continue;
      {
        g_autofree gchar *path = eka_spool_dup_path (spool);

        g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
      }
      eka_spool_remove (spool);
      wait_disk (spool);
      eka_spool_unref (spool);
    }
  partner_end (&partner);
  g_assert_cmpuint (f->n_faults, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/spool-locks/" name, SpoolFixture, NULL, spool_fixture_set_up,  \
              func, spool_fixture_tear_down)
  ADD ("partner-has-it", test_partner_has_it);
  ADD ("we-have-it", test_we_have_it);
  ADD ("together", test_together);
  ADD ("listed-meanwhile", test_listed_meanwhile);
  ADD ("removed-meanwhile", test_removed_meanwhile);
  return g_test_run ();
}
