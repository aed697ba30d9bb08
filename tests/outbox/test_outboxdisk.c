/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "diskfixture.h"

/* --- always ------------------------------------------------------------- */

static void
test_a_chunk_is_on_disk_before_it_is_sent (Fixture      *f,
                                           gconstpointer data)
{
  disk_put (f, 0);
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  g_assert_cmpuint (f->told, ==, 0);
  fake_spool_step (f->spool);
  g_assert_cmpuint (f->told, ==, 1);
  disk_assert_place (f, 0, 0);
  disk_assert_next (f, 0, 0);
  disk_put (f, 1);
  disk_assert_next (f, 0, 0); /* is not held up by the next one */
  eka_outbox_acknowledge (f->outbox, 0);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_send (f, 1, 1);
  g_assert_false (eka_outbox_is_busy (f->outbox));
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, 0);
}

static void
test_what_comes_meanwhile_is_one_commit (Fixture      *f,
                                         gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    disk_put (f, i);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fake_spool_step (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 1);
  disk_send (f, 0, 0);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_commits (f->spool), ==, 2);
  for (i = 1; i < 5; i++)
    {
      disk_assert_place (f, i, i);
      disk_send (f, i, i);
    }
}

static void
test_an_acknowledgement_is_no_commit (Fixture      *f,
                                      gconstpointer data)
{
  disk_put (f, 0);
  fake_spool_run (f->spool);
  disk_send (f, 0, 0);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  g_assert_cmpint (fake_spool_get_state (f->spool, 0), ==, EKA_INDEX_WAITING);
  disk_put (f, 1);
  fake_spool_run (f->spool);
  g_assert_cmpint (fake_spool_get_state (f->spool, 0), ==,
                   EKA_INDEX_ACKNOWLEDGED);
  g_assert_cmpint (fake_spool_get_state (f->spool, 1), ==, EKA_INDEX_WAITING);
}

static void
test_what_is_acknowledged_leaves_memory (Fixture      *f,
                                         gconstpointer data)
{
  EkaOutboxStats stats;

  disk_put (f, 0);
  disk_put (f, 1);
  fake_spool_run (f->spool);
  stats = disk_get_stats (f);
  g_assert_cmpuint (stats.kept, ==, 2);
  g_assert_cmpuint (stats.unsaved, ==, 0);
  disk_send (f, 0, 0);
  stats = disk_get_stats (f);
  g_assert_cmpuint (stats.kept, ==, 1);
  g_assert_cmpuint (stats.held, ==, 2);
  g_assert_cmpuint (stats.held_duration, ==, 2 * SECOND);
  g_assert_cmpuint (stats.stored, ==, 2);
  g_assert_cmpuint (stats.stored_bytes, ==, 2 * SIZE);
  g_assert_cmpuint (stats.let_go, ==, 0);
}

static void
test_the_journal_follows_the_chunks (Fixture      *f,
                                     gconstpointer data)
{
  g_assert_true (eka_outbox_wants_state (f->outbox));
  fake_add_packet (f->outbox, 77); /* nobody has begun */
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  g_assert_true (fake_spool_is_there (f->spool));
  fake_add_packet (f->outbox, 1);
  fake_add_packet (f->outbox, 2);
  disk_assert_journal (f, 0, 3);
  disk_put_with_state (f, 0, 2);
  fake_add_packet (f->outbox, 3);
  disk_assert_journal (f, 0, 3); /* the old one, until the new one counts */
  fake_spool_run (f->spool);
  disk_assert_journal (f, 1, 3);
  disk_assert_place (f, 0, 0);
}

/* What no chunk has taken stays until another session's outbox has it. */
static void
test_a_journal_outlives_its_chunks (Fixture      *f,
                                    gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) next = eka_outbox_new (f->budget);
  g_autoptr (GBytes) heir = g_bytes_new_static ("heir", 4);

  eka_outbox_set_spool (next, spool, EKA_OUTBOX_ALWAYS);
  disk_put_with_state (f, 0, 2);
  fake_spool_run (f->spool);
  eka_outbox_keep_journal (f->outbox, heir);
  eka_outbox_clear (f->outbox);
  disk_describe (f, "done");
  eka_outbox_clear (f->outbox);
  fake_spool_run (f->spool);
  disk_assert_journal (f, 1, 2);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 0);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 0);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "heir");
  g_assert_cmpuint (disk_get_stats (f).held, ==, 0);

  eka_outbox_hand_journal (f->outbox, next);
  eka_outbox_begin (next, fake_state_new (1, 3));
  fake_spool_run (f->spool);
  g_assert_true (fake_spool_is_there (f->spool));
  fake_spool_run (spool);
  g_assert_cmpuint (fake_spool_get_journal (spool)->len, ==, 3);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
}

static void
test_a_journal_that_nobody_wants_goes (Fixture      *f,
                                       gconstpointer data)
{
  g_autoptr (GBytes) heir = g_bytes_new_static ("heir", 4);

  disk_put_with_state (f, 0, 2);
  fake_spool_run (f->spool);
  eka_outbox_keep_journal (f->outbox, heir);
  eka_outbox_clear (f->outbox);
  fake_spool_run (f->spool);
  g_assert_true (fake_spool_is_there (f->spool));
  eka_outbox_end_journal (f->outbox);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
}

static void
test_a_journal_that_failed_keeps_nothing (Fixture      *f,
                                          gconstpointer data)
{
  g_autoptr (GBytes) heir = g_bytes_new_static ("heir", 4);

  disk_put_with_state (f, 0, 2);
  fake_spool_run (f->spool);
  eka_outbox_keep_journal (f->outbox, heir);
  eka_outbox_clear (f->outbox);
  fake_spool_fail (f->spool, G_IO_ERROR_NO_SPACE);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
}

/* The state of the last chunk counts, and what came after it. */
static void
test_packets_wait_for_their_journal (Fixture      *f,
                                     gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  disk_put_with_state (f, 0, 0);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fake_add_packet (f->outbox, 1);
  fake_add_packet (f->outbox, 2);
  disk_put_with_state (f, 1, 1);
  fake_add_packet (f->outbox, 3);
  fake_spool_step (f->spool);
  disk_assert_journal (f, 0, 1);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fake_add_packet (f->outbox, 4);
  fake_spool_step (f->spool);
  disk_assert_journal (f, 2, 3);
  disk_assert_place (f, 1, 1);
}

/* Nothing is left over, and perhaps nothing comes: then no journal stays. */
static void
test_a_journal_ends_and_begins_again (Fixture      *f,
                                      gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  disk_put_with_state (f, 0, 0);
  fake_spool_run (f->spool);
  disk_assert_journal (f, -1, 0);
  fake_add_packet (f->outbox, 1);
  fake_add_packet (f->outbox, 2);
  fake_spool_run (f->spool);
  disk_assert_journal (f, 1, 2);
}

static void
test_a_chunk_without_state_leaves_the_journal (Fixture      *f,
                                               gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (5, 0));
  fake_add_packet (f->outbox, 5);
  disk_put (f, 0);
  fake_add_packet (f->outbox, 6);
  fake_spool_run (f->spool);
  disk_assert_journal (f, 5, 2);
}

static void
test_nothing_is_sent_before_it_is_described (Fixture      *f,
                                             gconstpointer data)
{
  disk_describe (f, "one");
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0); /* no folder yet */
  disk_put (f, 0);
  fake_spool_run (f->spool);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "one");
  disk_describe (f, "one");
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  disk_describe (f, "two");
  disk_assert_busy (f);
  disk_describe (f, "three");
  fake_spool_step (f->spool);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "three");
  disk_send (f, 0, 0);
  disk_describe (f, "four");
  g_assert_false (eka_outbox_is_busy (f->outbox)); /* nothing waits */
}

/* --- order -------------------------------------------------------------- */

static void
test_a_skipped_chunk_goes_first (Fixture      *f,
                                 gconstpointer data)
{
  disk_put_some (f, 3);
  disk_send (f, 0, 0);
  disk_assert_next (f, 1, 1);
  eka_outbox_skip (f->outbox);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 2);
  disk_assert_place (f, 1, 2);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 2);
  disk_send (f, 2, 1);
  g_assert_cmpuint (disk_get_stats (f).dropped_chunks, ==, 1);
}

static void
test_a_removed_chunk_goes_first (Fixture      *f,
                                 gconstpointer data)
{
  disk_put_some (f, 2);
  eka_outbox_remove (f->outbox);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_assert_place (f, 0, 1);
  disk_send (f, 1, 0);
  g_assert_cmpuint (disk_get_stats (f).dropped_chunks, ==, 0);
}

static void
test_halves_are_on_disk_first (Fixture      *f,
                               gconstpointer data)
{
  g_autoptr (EkaChunk) first = fake_chunk_new (10, 1, SIZE / 2);
  g_autoptr (EkaChunk) second = fake_chunk_new (11, 1, SIZE / 4);

  disk_put_some (f, 2);
  disk_assert_next (f, 0, 0);
  eka_outbox_replace (f->outbox, first, second);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_assert_place (f, 0, 10);
  disk_assert_place (f, 1, 11);
  disk_assert_place (f, 2, 1);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 3);
  disk_send (f, 10, 0);
  disk_send (f, 11, 1);
  disk_send (f, 1, 2);
}

/* Its file was just being written. */
static void
test_what_is_replaced_meanwhile_leaves_no_file (Fixture      *f,
                                                gconstpointer data)
{
  g_autoptr (EkaChunk) other = fake_chunk_new (10, 1, SIZE);

  disk_put (f, 0);
  eka_outbox_replace (f->outbox, other, NULL);
  fake_spool_run (f->spool);
  disk_assert_place (f, 0, 10);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
  disk_send (f, 10, 0);
}

static void
test_a_number_in_the_middle_keeps_its_place (Fixture      *f,
                                             gconstpointer data)
{
  static const gboolean listed[] = { TRUE, FALSE, TRUE };

  disk_put_some (f, 4);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
  disk_send (f, 2, 2);
  g_assert_cmpuint (eka_outbox_settle (f->outbox, listed, 3), ==, 1);
  disk_assert_busy (f); /* it had left memory */
  fake_spool_run (f->spool);
  disk_assert_next (f, 1, 1);
  eka_outbox_skip (f->outbox);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 4);
  disk_assert_place (f, 1, -1);
  g_assert_cmpint (fake_spool_get_state (f->spool, 1), ==,
                   EKA_INDEX_ACKNOWLEDGED);
  disk_assert_place (f, 2, 2);
  disk_send (f, 3, 3);
}

static void
test_a_lost_session_begins_anew (Fixture      *f,
                                 gconstpointer data)
{
  guint i;

  disk_put_some (f, 4);
  for (i = 0; i < 3; i++)
    disk_send (f, i, i);
  eka_outbox_skip (f->outbox);
  fake_spool_run (f->spool);
  g_assert_cmpuint (eka_outbox_rewind (f->outbox), ==, 0);
  g_assert_cmpuint (disk_get_stats (f).chunks, ==, 3);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  for (i = 0; i < 3; i++)
    {
      g_assert_cmpint (fake_spool_get_state (f->spool, i), ==,
                       EKA_INDEX_WAITING);
      if (eka_outbox_is_busy (f->outbox))
        fake_spool_run (f->spool);
      disk_send (f, i, i);
    }
}

/* What is on disk stays there, and nothing more comes to it. */
static void
test_close_leaves_the_folder (Fixture      *f,
                              gconstpointer data)
{
  disk_put_some (f, 2);
  fake_spool_run (f->spool);
  eka_outbox_close (f->outbox);
  g_assert_null (eka_outbox_dup_folder (f->outbox));
  g_assert_true (fake_spool_is_there (f->spool));
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 2);
  g_assert_cmpuint (disk_get_stats (f).held, ==, 0);
  g_assert_false (eka_outbox_wants_state (f->outbox));
  disk_put (f, 2); /* in memory only */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
}

static void
test_clear_removes_the_folder (Fixture      *f,
                               gconstpointer data)
{
  g_autofree gchar *folder = NULL;

  g_assert_null (eka_outbox_dup_folder (f->outbox));
  disk_put_some (f, 2);
  folder = eka_outbox_dup_folder (f->outbox);
  g_assert_cmpstr (folder, ==, "location/first");
  disk_put (f, 2); /* under way */
  eka_outbox_clear (f->outbox);
  g_assert_null (eka_outbox_dup_folder (f->outbox));
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
  g_assert_false (eka_outbox_wants_state (f->outbox));
  g_assert_cmpuint (disk_get_stats (f).held, ==, 0);
  disk_put (f, 3); /* in memory only */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  disk_send (f, 3, 0);
}

/* --- memory ------------------------------------------------------------- */

static void
test_what_waits_leaves_memory_and_comes_back (Fixture      *f,
                                              gconstpointer data)
{
  guint i;

  disk_put_some (f, 10);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 9);
  disk_assert_next (f, 0, 0);
  for (i = 10; i < 18; i++)
    {
      g_assert_true (disk_has_room (f));
      disk_put (f, i);
      fake_spool_run (f->spool);
    }
  /* What is next and the one behind it stay. */
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 10);
  g_assert_cmpuint (disk_get_stats (f).held, ==, 18);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
  g_assert_true (eka_outbox_is_busy (f->outbox));
  for (i = 2; i < 18; i++)
    {
      if (eka_outbox_is_busy (f->outbox))
        fake_spool_run (f->spool);
      disk_send (f, i, i);
    }
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, 0);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 0);
}

/* While one is sent the next one is read. */
static void
test_the_next_one_is_read_early (Fixture      *f,
                                 gconstpointer data)
{
  guint i;

  disk_put_some (f, 10);
  for (i = 10; i < 18; i++)
    {
      g_assert_true (disk_has_room (f));
      disk_put (f, i);
      fake_spool_run (f->spool);
    }
  disk_send (f, 0, 0);
  disk_assert_next (f, 1, 1);
  g_assert_true (fake_spool_is_read (f->spool));
  fake_spool_step (f->spool);
  eka_outbox_acknowledge (f->outbox, 1);
  disk_assert_next (f, 2, 2);
}

static void
test_nothing_is_dropped_that_the_disk_takes (Fixture      *f,
                                             gconstpointer data)
{
  EkaBudgetLoss loss;
  g_autoptr (EkaChunk) chunk = fake_chunk_new (20, 1, SIZE);
  guint i;

  for (i = 0; i < 20; i++)
    disk_put (f, i);
  g_assert_false (disk_has_room (f)); /* the disk has not written anything */
  g_assert_false (eka_outbox_wants_audit (f->outbox));
  fake_spool_run (f->spool);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 9);
  eka_budget_force_room (f->budget, chunk, &loss);
  g_assert_cmpuint (loss.chunks, ==, 0);
}

/* A pipeline that can't wait drops what the disk has not come to, but nothing that
 * is being written. */
static void
test_a_disk_that_is_too_slow_costs_audio (Fixture      *f,
                                          gconstpointer data)
{
  EkaBudgetLoss loss;
  g_autoptr (EkaChunk) chunk = fake_chunk_new (20, 1, SIZE);
  guint i;

  for (i = 0; i < 20; i++)
    disk_put (f, i);
  eka_budget_force_room (f->budget, chunk, &loss);
  g_assert_cmpuint (loss.chunks, ==, 1);
  fake_spool_run (f->spool);
  disk_assert_place (f, 0, 0);
  disk_assert_place (f, 1, 2);
  disk_send (f, 0, 0);
  disk_send (f, 2, 1);
}

static void
test_memory_holds_what_is_next_at_least (Fixture      *f,
                                         gconstpointer data)
{
  g_autoptr (EkaChunk) huge = fake_chunk_new (50, 1, 9 * SIZE);
  g_autoptr (EkaChunk) more = fake_chunk_new (51, 1, 9 * SIZE);

  disk_put (f, 0);
  disk_put (f, 1);
  fake_spool_run (f->spool);
  g_assert_true (eka_budget_make_room (f->budget, huge));
  eka_outbox_put (f->outbox, huge);
  g_assert_false (eka_budget_make_room (f->budget, more));
  fake_spool_run (f->spool);
  g_assert_true (eka_budget_make_room (f->budget, more));
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 2);
}

/* --- on failure --------------------------------------------------------- */

static void
test_disk_is_for_what_memory_does_not_hold (Fixture      *f,
                                            gconstpointer data)
{
  guint i;

  g_assert_false (eka_outbox_wants_state (f->outbox));
  disk_describe (f, "one");
  for (i = 0; i < 16; i++)
    {
      g_assert_true (disk_has_room (f));
      disk_put (f, i);
    }
  disk_send (f, 0, 0);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  g_assert_null (eka_outbox_dup_folder (f->outbox));
  for (i = 1; i < 8; i++)
    disk_send (f, i, i);
  g_assert_false (disk_has_room (f));
  g_assert_false (disk_has_room (f));
  g_assert_false (eka_outbox_wants_audit (f->outbox)); /* the disk makes room */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  disk_assert_next (f, 8, 8); /* need not wait */
  fake_spool_run (f->spool);
  /* An eighth of the bound. */
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 2);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 16);
  disk_assert_place (f, 0, 0);
  disk_assert_place (f, 1, 1);
  disk_assert_place (f, 2, -1);
  g_assert_cmpint (fake_spool_get_state (f->spool, 0), ==,
                   EKA_INDEX_ACKNOWLEDGED);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "one");
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, 0);
}

/* What stays in memory makes no room. */
static void
test_a_batch_makes_room (Fixture      *f,
                         gconstpointer data)
{
  guint i;

  for (i = 0; i < 16; i++)
    disk_put (f, i);
  g_assert_false (disk_has_room (f));
  disk_assert_next (f, 0, 0); /* is sent from memory meanwhile */
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 4);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 15);
}

static void
test_all_goes_to_disk_in_an_outage (Fixture      *f,
                                    gconstpointer data)
{
  guint i;

  for (i = 0; i < 100; i++)
    {
      while (!disk_has_room (f))
        {
          g_assert_cmpuint (fake_spool_count (f->spool), >, 0);
          fake_spool_run (f->spool);
        }
      disk_put (f, i);
    }
  g_assert_cmpuint (disk_get_stats (f).kept, <=, 16);
  g_assert_cmpuint (disk_get_stats (f).held, ==, 100);
  for (i = 0; i < 100; i++)
    {
      if (eka_outbox_is_busy (f->outbox))
        fake_spool_run (f->spool);
      disk_send (f, i, i);
    }
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, 0);
  g_assert_cmpuint (disk_get_stats (f).dropped, ==, 0);
}

static void
test_save_writes_all (Fixture      *f,
                      gconstpointer data)
{
  guint i;

  g_assert_true (eka_outbox_wait_saved (f->outbox, -1));
  eka_outbox_save (f->outbox);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0); /* there is nothing */
  for (i = 0; i < 5; i++)
    disk_put (f, i);
  disk_send (f, 0, 0);
  g_assert_false (eka_outbox_wait_saved (f->outbox, -1));
  g_assert_cmpuint (disk_get_stats (f).unsaved, ==, 4 * SECOND);
  eka_outbox_save (f->outbox);
  g_assert_false (eka_outbox_wait_saved (f->outbox, g_get_monotonic_time ()));
  fake_spool_run (f->spool);
  g_assert_true (eka_outbox_wait_saved (f->outbox, -1));
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 5);
  eka_outbox_save (f->outbox);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
}

/* What is let go keeps its place, so that places are numbers. */
static void
test_what_is_let_go_keeps_its_place (Fixture      *f,
                                     gconstpointer data)
{
  EkaBudgetLoss loss;
  g_autoptr (EkaChunk) chunk = fake_chunk_new (40, 1, SIZE);
  guint i;

  for (i = 0; i < 32; i++)
    disk_put (f, i);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
  eka_budget_force_room (f->budget, chunk, &loss);
  g_assert_cmpuint (loss.chunks, ==, 0);
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, SECOND);
  sums_assert_right (f->budget);
  eka_outbox_save (f->outbox);
  fake_spool_run (f->spool);
  disk_assert_place (f, 0, -1);
  g_assert_cmpint (fake_spool_get_state (f->spool, 0), ==,
                   EKA_INDEX_ACKNOWLEDGED);
  disk_assert_place (f, 1, 1);
  disk_assert_place (f, 31, 31);
  disk_send (f, 2, 2);
  /* With the session it is lost. */
  g_assert_cmpuint (eka_outbox_rewind (f->outbox), ==, SECOND);
  fake_spool_run (f->spool);
  disk_assert_place (f, 0, 1);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 31);
}

/* --- never -------------------------------------------------------------- */

static void
test_never_is_never (Fixture      *f,
                     gconstpointer data)
{
  guint i;

  g_assert_false (eka_outbox_wants_state (f->outbox));
  disk_describe (f, "one");
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  for (i = 0; i < 4; i++)
    disk_put_with_state (f, i, 1);
  g_assert_false (disk_has_room (f));
  disk_send (f, 0, 0);
  g_assert_true (eka_outbox_wants_audit (f->outbox));
  eka_outbox_settle (f->outbox, NULL, 0);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, SECOND);
  eka_outbox_save (f->outbox);
  g_assert_false (eka_outbox_wait_saved (f->outbox, -1));
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
}

#define add(path, setup, func) \
  g_test_add ("/outboxdisk/" path, Fixture, setup, disk_set_up, func, disk_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("a-chunk-is-on-disk-before-it-is-sent", &disk_always,
       test_a_chunk_is_on_disk_before_it_is_sent);
  add ("what-comes-meanwhile-is-one-commit", &disk_always,
       test_what_comes_meanwhile_is_one_commit);
  add ("an-acknowledgement-is-no-commit", &disk_always,
       test_an_acknowledgement_is_no_commit);
  add ("what-is-acknowledged-leaves-memory", &disk_always,
       test_what_is_acknowledged_leaves_memory);
  add ("the-journal-follows-the-chunks", &disk_always,
       test_the_journal_follows_the_chunks);
  add ("a-journal-outlives-its-chunks", &disk_always,
       test_a_journal_outlives_its_chunks);
  add ("a-journal-that-nobody-wants-goes", &disk_always,
       test_a_journal_that_nobody_wants_goes);
  add ("a-journal-that-failed-keeps-nothing", &disk_always,
       test_a_journal_that_failed_keeps_nothing);
  add ("packets-wait-for-their-journal", &disk_always,
       test_packets_wait_for_their_journal);
  add ("a-journal-ends-and-begins-again", &disk_always,
       test_a_journal_ends_and_begins_again);
  add ("a-chunk-without-state-leaves-the-journal", &disk_always,
       test_a_chunk_without_state_leaves_the_journal);
  add ("nothing-is-sent-before-it-is-described", &disk_always,
       test_nothing_is_sent_before_it_is_described);
  add ("a-skipped-chunk-goes-first", &disk_always, test_a_skipped_chunk_goes_first);
  add ("a-removed-chunk-goes-first", &disk_always, test_a_removed_chunk_goes_first);
  add ("halves-are-on-disk-first", &disk_always, test_halves_are_on_disk_first);
  add ("what-is-replaced-meanwhile-leaves-no-file", &disk_always,
       test_what_is_replaced_meanwhile_leaves_no_file);
  add ("a-number-in-the-middle-keeps-its-place", &disk_always,
       test_a_number_in_the_middle_keeps_its_place);
  add ("a-lost-session-begins-anew", &disk_always, test_a_lost_session_begins_anew);
  add ("clear-removes-the-folder", &disk_always, test_clear_removes_the_folder);
  add ("close-leaves-the-folder", &disk_always, test_close_leaves_the_folder);
  add ("what-waits-leaves-memory-and-comes-back", &disk_tight,
       test_what_waits_leaves_memory_and_comes_back);
  add ("the-next-one-is-read-early", &disk_tight, test_the_next_one_is_read_early);
  add ("nothing-is-dropped-that-the-disk-takes", &disk_tight,
       test_nothing_is_dropped_that_the_disk_takes);
  add ("a-disk-that-is-too-slow-costs-audio", &disk_tight,
       test_a_disk_that_is_too_slow_costs_audio);
  add ("memory-holds-what-is-next-at-least", &disk_tight,
       test_memory_holds_what_is_next_at_least);
  add ("disk-is-for-what-memory-does-not-hold", &disk_on_failure,
       test_disk_is_for_what_memory_does_not_hold);
  add ("a-batch-makes-room", &disk_on_failure, test_a_batch_makes_room);
  add ("all-goes-to-disk-in-an-outage", &disk_on_failure,
       test_all_goes_to_disk_in_an_outage);
  add ("save-writes-all", &disk_on_failure, test_save_writes_all);
  add ("what-is-let-go-keeps-its-place", &disk_on_failure,
       test_what_is_let_go_keeps_its_place);
  add ("never-is-never", &disk_never, test_never_is_never);
  return g_test_run ();
}
