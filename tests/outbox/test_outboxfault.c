/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "diskfixture.h"

#include <gio/gio.h>

static void
fail (Fixture *f)
{
  fake_spool_fail (f->spool, G_IO_ERROR_NO_SPACE);
  sums_assert_right (f->budget);
}

static void
test_what_can_not_be_written_is_sent_from_memory (Fixture      *f,
                                                  gconstpointer data)
{
  disk_put (f, 0);
  fail (f);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  disk_assert_busy (f); /* its packets may be in the journal, which goes now */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fake_spool_step (f->spool);
  g_assert_cmpuint (f->told, ==, 2);
  disk_send (f, 0, 0);
  g_assert_cmpuint (disk_get_stats (f).held, ==, 1); /* stays in memory */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
}

/* Where not even that can be done, audio is worth more than the journal. */
static void
test_a_journal_that_can_not_be_dropped (Fixture      *f,
                                        gconstpointer data)
{
  disk_put (f, 0);
  fail (f);
  disk_assert_busy (f);
  fail (f);
  disk_send (f, 0, 0);
}

static void
test_the_journal_goes_first (Fixture      *f,
                             gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  fake_add_packet (f->outbox, 1);
  disk_put_with_state (f, 0, 1);
  fake_add_packet (f->outbox, 2);
  fail (f);
  disk_assert_journal (f, 0, 3); /* what came goes to the old one */
  disk_assert_busy (f);
  fake_add_packet (f->outbox, 3); /* nowhere */
  fake_spool_step (f->spool);
  disk_assert_journal (f, -1, 0);
  disk_send (f, 0, 0);
  fake_add_packet (f->outbox, 4);
  disk_assert_journal (f, -1, 0);
}

/* Nobody sends: the journal is all there is of the audio, whatever is done. */
static void
test_the_journal_stays_until_somebody_sends (Fixture      *f,
                                             gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_ref (f->spool);

  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  fake_add_packet (f->outbox, 1);
  disk_put_with_state (f, 0, 1);
  fail (f);
  g_assert_null (eka_outbox_peek (f->outbox, NULL));
  g_assert_true (eka_outbox_is_busy (f->outbox));
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  fake_add_packet (f->outbox, 2);
  disk_assert_journal (f, 0, 3);
  eka_outbox_save (f->outbox);
  fail (f);
  g_assert_false (eka_outbox_wait_saved (f->outbox, -1));
  disk_assert_journal (f, 0, 3);
  eka_outbox_close (f->outbox);
  g_assert_nonnull (fake_spool_get_journal (spool));
  g_assert_cmpuint (fake_spool_get_journal (spool)->len, ==, 3);
}

/* What is written at last is not in the journal a second time. */
static void
test_a_chunk_that_is_saved_later_ends_the_journal (Fixture      *f,
                                                   gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  disk_put_with_state (f, 0, 0);
  fail (f);
  disk_assert_journal (f, 0, 1);
  eka_outbox_save (f->outbox);
  fail (f);
  disk_assert_journal (f, 0, 1);
  eka_outbox_save (f->outbox);
  fake_spool_run (f->spool);
  g_assert_true (eka_outbox_wait_saved (f->outbox, -1));
  disk_assert_place (f, 0, 0);
  disk_assert_journal (f, -1, 0);
}

/* The journal has nothing of what is stored: that may be sent. */
static void
test_what_is_stored_leaves_the_journal (Fixture      *f,
                                        gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_spool_run (f->spool);
  disk_put_with_state (f, 0, 1);
  fake_spool_run (f->spool);
  disk_put_with_state (f, 1, 1);
  disk_describe (f, "one");
  fail (f);
  while (fake_spool_count (f->spool) > 0)
    fail (f);
  disk_send (f, 0, 0);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  disk_assert_journal (f, 1, 1);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_assert_journal (f, -1, 0);
  disk_send (f, 1, 1);
}

/* The disk did not answer in time, and so it was sent before. */
static void
test_the_journal_goes_after_what_was_sent_late (Fixture      *f,
                                                gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  disk_put_with_state (f, 0, 0);
  eka_budget_set_patience (f->budget, 0);
  disk_send (f, 0, 0);
  eka_budget_set_patience (f->budget, G_MAXINT64);
  fail (f);
  disk_assert_journal (f, 0, 1);
  fake_spool_run (f->spool);
  disk_assert_journal (f, -1, 0);
}

/* What is cut goes on in another session, whose disk takes nothing: until that one
 * sends, the first one's journal is all there is. */
static void
check_handed_journal (Fixture *f,
                      gboolean sends)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("next");
  EkaOutbox *next = eka_outbox_new (f->budget);
  g_autoptr (EkaChunk) chunk = fake_chunk_new (0, 1, SIZE);
  guint number;

  eka_outbox_set_spool (next, spool, EKA_OUTBOX_ALWAYS);
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_add_packet (f->outbox, 0);
  fake_spool_run (f->spool);
  eka_outbox_hand_journal (f->outbox, next);
  eka_outbox_put_with_state (next, chunk, fake_state_new (1, 0));
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  fake_spool_run (f->spool);
  disk_assert_journal (f, 0, 1);
  if (sends)
    {
      g_assert_null (eka_outbox_try (next, &number));
      fake_spool_run (f->spool);
      fake_spool_run (spool);
    }
  eka_outbox_close (next);
  eka_outbox_unref (next);
  fake_spool_run (f->spool);
  disk_assert_journal (f, sends ? -1 : 0, 1);
}

static void
test_a_journal_that_was_handed_over_stays (Fixture      *f,
                                           gconstpointer data)
{
  check_handed_journal (f, FALSE);
}

static void
test_a_journal_that_was_handed_over_ends (Fixture      *f,
                                          gconstpointer data)
{
  check_handed_journal (f, TRUE);
}

static void
test_the_next_chunk_is_another_try (Fixture      *f,
                                    gconstpointer data)
{
  eka_outbox_begin (f->outbox, fake_state_new (0, 0));
  fake_spool_run (f->spool);
  disk_put_with_state (f, 0, 1);
  fail (f);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_send (f, 0, 0);
  disk_put_with_state (f, 1, 2);
  fake_add_packet (f->outbox, 4);
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_assert_place (f, 0, 0);
  disk_assert_place (f, 1, 1);
  disk_assert_journal (f, 2, 3);
  disk_send (f, 1, 1);
  g_assert_cmpuint (disk_get_stats (f).unsaved, ==, 0);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 0);
}

/* A chunk that came meanwhile tries at once; the others wait for it, for what it
 * writes may be the journal that must not be dropped. */
static void
test_what_came_meanwhile_tries_at_once (Fixture      *f,
                                        gconstpointer data)
{
  disk_put (f, 0);
  disk_put (f, 1);
  fail (f);
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fail (f);
  disk_assert_busy (f);
  fake_spool_step (f->spool); /* the journal */
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
}

static void
test_a_new_order_does_not_wait_for_ever (Fixture      *f,
                                         gconstpointer data)
{
  disk_put_some (f, 2);
  eka_outbox_skip (f->outbox);
  fail (f);
  disk_send (f, 1, 0); /* it is in its file, not in the journal */
  eka_outbox_save (f->outbox);
  fake_spool_run (f->spool);
  disk_assert_place (f, 0, 1);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
}

static void
test_save_tries_again (Fixture      *f,
                       gconstpointer data)
{
  disk_describe (f, "one");
  disk_put (f, 0);
  fail (f);
  fake_spool_run (f->spool);
  g_assert_false (eka_outbox_wait_saved (f->outbox, -1));
  eka_outbox_save (f->outbox);
  fake_spool_run (f->spool);
  g_assert_true (eka_outbox_wait_saved (f->outbox, -1));
  disk_assert_place (f, 0, 0);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "one");
}

/* With a disk that fails it is as without: what is settled goes, then what waits. */
static void
test_memory_is_bounded_as_without_a_disk (Fixture      *f,
                                          gconstpointer data)
{
  EkaBudgetLoss loss;
  g_autoptr (EkaChunk) chunk = fake_chunk_new (50, 1, SIZE);
  guint i;

  for (i = 0; i < 16; i++)
    disk_put (f, i);
  disk_send (f, 0, 0);
  g_assert_false (disk_has_room (f));
  fail (f);
  g_assert_false (disk_has_room (f)); /* tries again */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  fail (f);
  g_assert_true (eka_outbox_wants_audit (f->outbox) ||
                 disk_get_stats (f).chunks > 0);
  eka_outbox_settle (f->outbox, NULL, 0);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, SECOND);
  for (i = 16; i < 33; i++)
    disk_put (f, i);
  eka_budget_force_room (f->budget, chunk, &loss);
  g_assert_cmpuint (loss.chunks, ==, 1);
  sums_assert_right (f->budget);
  disk_assert_busy (f); /* the order has changed */
  fail (f);
  disk_send (f, 2, 1);
}

static void
test_a_pipeline_that_waits_does_not_ask_for_ever (Fixture      *f,
                                                  gconstpointer data)
{
  guint i;

  for (i = 0; i < 16; i++)
    disk_put (f, i);
  for (i = 0; i < 5; i++)
    {
      g_assert_false (disk_has_room (f));
      fail (f);
      g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
    }
  g_assert_false (disk_has_room (f));
  fake_spool_run (f->spool);
  g_assert_true (disk_has_room (f));
  g_assert_cmpuint (disk_get_stats (f).dropped, ==, 0);
}

static void
test_a_folder_that_is_gone_is_made_again (Fixture      *f,
                                          gconstpointer data)
{
  disk_describe (f, "one");
  disk_put_some (f, 4);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
  fake_spool_vanish (f->spool);
  disk_put (f, 4);
  fake_spool_step (f->spool);
  sums_assert_right (f->budget);
  disk_assert_busy (f);
  /* What the service has is nowhere else now. */
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, 2 * SECOND);
  g_assert_cmpuint (disk_get_stats (f).dropped, ==, 0);
  fake_spool_step (f->spool);
  g_assert_cmpstr (fake_spool_get_description (f->spool), ==, "one");
  disk_assert_place (f, 0, -1);
  disk_assert_place (f, 1, -1);
  disk_assert_place (f, 2, 2);
  disk_assert_place (f, 4, 4);
  disk_send (f, 2, 2);
  disk_send (f, 3, 3);
  disk_send (f, 4, 4);
  g_assert_cmpuint (eka_outbox_rewind (f->outbox), ==, 2 * SECOND);
}

static void
test_what_was_only_there_is_lost (Fixture      *f,
                                  gconstpointer data)
{
  guint i;

  disk_put_some (f, 10);
  for (i = 10; i < 15; i++)
    {
      g_assert_true (disk_has_room (f));
      disk_put (f, i);
      fake_spool_run (f->spool);
    }
  fake_spool_vanish (f->spool);
  disk_put (f, 15);
  fake_spool_run (f->spool);
  sums_assert_right (f->budget);
  g_assert_cmpuint (disk_get_stats (f).dropped_chunks, ==, 5);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
  disk_send (f, 7, 2);
  disk_assert_place (f, 2, 7);
}

/* A place that can't be made again is a fault as any other. */
static void
test_a_folder_that_stays_gone (Fixture      *f,
                               gconstpointer data)
{
  disk_put_some (f, 1);
  fake_spool_vanish (f->spool);
  disk_put (f, 1);
  fake_spool_step (f->spool);
  fake_spool_fail (f->spool, G_IO_ERROR_NOT_FOUND);
  disk_send (f, 0, 0); /* it was stored once */
  disk_assert_busy (f);
  fake_spool_step (f->spool); /* the journal */
  disk_send (f, 1, 1);
}

static void
put_out_of_memory (Fixture *f)
{
  guint i;

  disk_put_some (f, 10);
  for (i = 10; i < 14; i++)
    {
      g_assert_true (disk_has_room (f));
      disk_put (f, i);
      fake_spool_run (f->spool);
    }
  disk_send (f, 0, 0);
  disk_send (f, 1, 1);
}

/* As that, where nothing is under way. */
static void
put_out_of_memory_and_rest (Fixture *f)
{
  put_out_of_memory (f);
  fake_spool_run (f->spool);
}

static void
test_a_spoilt_file_is_lost_and_told (Fixture      *f,
                                     gconstpointer data)
{
  guint faults = fake_spool_n_faults ();

  put_out_of_memory (f);
  fake_spool_spoil (f->spool, "audio_2.wav");
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  sums_assert_right (f->budget);
  g_assert_cmpuint (fake_spool_n_faults (), ==, faults + 1);
  g_assert_cmpuint (disk_get_stats (f).dropped, ==, SECOND);
  disk_assert_place (f, 2, 3);
  disk_send (f, 3, 2);
  /* People may make something of it. */
  g_assert_nonnull (fake_spool_get_file (f->spool, "audio_2.wav"));
}

static void
send_next (Fixture   *f,
           EkaOutbox *outbox,
           EkaSpool  *spool,
           guint      packet,
           guint      number)
{
  g_autoptr (EkaChunk) chunk = NULL;
  guint got = G_MAXUINT;

  while (eka_outbox_is_busy (outbox))
    {
      g_assert_cmpuint (fake_spool_count (f->spool) + fake_spool_count (spool),
                        >, 0);
      fake_spool_run (f->spool);
      fake_spool_run (spool);
      sums_assert_right (f->budget);
    }
  chunk = eka_outbox_try (outbox, &got);
  g_assert_nonnull (chunk);
  g_assert_cmpuint (chunk->index, ==, packet);
  g_assert_cmpuint (got, ==, number);
  eka_outbox_acknowledge (outbox, number);
}

/* So it is where another session was to take it over. */
static void
test_a_spoilt_file_of_another_session (Fixture      *f,
                                       gconstpointer data)
{
  EkaSpool *spool = fake_spool_new ("second");
  EkaOutbox *outbox = eka_outbox_new (f->budget);
  GPtrArray *rest;
  guint i;

  put_out_of_memory_and_rest (f);
  eka_outbox_set_spool (outbox, spool, EKA_OUTBOX_ALWAYS);
  rest = eka_outbox_take_rest (f->outbox);
  for (i = 0; i < rest->len; i++)
    eka_outbox_put_taken (outbox, rest->pdata[i], f->outbox);
  g_ptr_array_unref (rest);
  /* They can't be linked, and so have to be read. */
  while (fake_spool_count (spool) > 0)
    fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  fake_spool_spoil (f->spool, "audio_4.wav");
  send_next (f, outbox, spool, 2, 0);
  send_next (f, outbox, spool, 3, 1);
  send_next (f, outbox, spool, 5, 2);
  fake_spool_run (spool);
  fake_spool_run (f->spool);
  g_assert_null (fake_spool_get_file (f->spool, "audio_3.wav"));
  g_assert_nonnull (fake_spool_get_file (f->spool, "audio_4.wav"));
  eka_outbox_unref (outbox);
  fake_spool_run (spool);
  eka_spool_unref (spool);
}

static void
test_a_file_that_can_not_be_read_is_read_again (Fixture      *f,
                                                gconstpointer data)
{
  guint faults;

  put_out_of_memory (f);
  disk_assert_busy (f);
  faults = fake_spool_n_faults ();
  while (fake_spool_count (f->spool) > 0)
    fake_spool_fail (f->spool, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpuint (fake_spool_n_faults (), >, faults);
  g_assert_true (fake_spool_is_faulty ());
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0); /* not at once */
  eka_budget_set_patience (f->budget, 0);
  disk_assert_busy (f);
  g_assert_true (fake_spool_is_read (f->spool));
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_faulty ());
  disk_send (f, 2, 2);
  g_assert_cmpuint (disk_get_stats (f).dropped, ==, 0);
  g_assert_nonnull (fake_spool_get_file (f->spool, "audio_2.wav"));
  sums_assert_right (f->budget);
}

static void
test_a_file_that_does_not_come (Fixture      *f,
                                gconstpointer data)
{
  guint faults;

  put_out_of_memory (f);
  faults = fake_spool_n_faults ();
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_n_faults (), ==, faults);
  eka_budget_set_patience (f->budget, 0);
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_n_faults (), ==, faults + 1);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_faulty ());
  disk_send (f, 2, 2);
}

static void
test_a_disk_that_hangs_holds_nothing_up (Fixture      *f,
                                         gconstpointer data)
{
  guint faults = fake_spool_n_faults ();

  disk_put (f, 0);
  disk_put (f, 1);
  disk_assert_busy (f);
  g_assert_cmpuint (fake_spool_n_faults (), ==, faults);
  eka_budget_set_patience (f->budget, 0);
  disk_send (f, 0, 0);
  disk_send (f, 1, 1); /* which is not even asked for */
  disk_put (f, 2);
  disk_send (f, 2, 2);
  g_assert_cmpuint (fake_spool_n_faults (), ==, faults + 1);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
}

/* What comes of it counts, and the fault is over. */
static void
test_a_disk_that_hung_goes_on (Fixture      *f,
                               gconstpointer data)
{
  disk_put (f, 0);
  eka_budget_set_patience (f->budget, 0);
  disk_send (f, 0, 0);
  g_assert_true (fake_spool_is_faulty ());
  disk_put (f, 1);
  eka_budget_set_patience (f->budget, 10 * G_TIME_SPAN_SECOND);
  fake_spool_step (f->spool);
  g_assert_false (fake_spool_is_faulty ());
  disk_assert_busy (f);
  fake_spool_step (f->spool);
  disk_assert_place (f, 0, 0);
  disk_assert_place (f, 1, 1);
  disk_send (f, 1, 1);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 0);
}

static void
test_a_disk_that_hung_fails (Fixture      *f,
                             gconstpointer data)
{
  disk_put (f, 0);
  eka_budget_set_patience (f->budget, 0);
  disk_send (f, 0, 0);
  eka_budget_set_patience (f->budget, 10 * G_TIME_SPAN_SECOND);
  disk_put (f, 1);
  fail (f);
  g_assert_true (fake_spool_is_faulty ());
  disk_assert_busy (f); /* as after any other failure */
  fake_spool_run (f->spool);
  disk_send (f, 1, 1);
}

/* The journal that has to go first is on the same disk. */
static void
test_a_journal_that_is_not_dropped_in_time (Fixture      *f,
                                            gconstpointer data)
{
  disk_put (f, 0);
  fail (f);
  disk_assert_busy (f);
  eka_budget_set_patience (f->budget, 0);
  disk_send (f, 0, 0);
  fake_spool_run (f->spool);
}

/* Nobody sends any more; who waits for room finds out. */
static void
test_a_disk_that_hangs_takes_nothing (Fixture      *f,
                                      gconstpointer data)
{
  gboolean listed[16];
  guint i;

  for (i = 0; i < 16; i++)
    disk_put (f, i);
  g_assert_false (disk_has_room (f));
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 1);
  for (i = 0; i < 16; i++)
    {
      disk_send (f, i, i);
      listed[i] = TRUE;
    }
  eka_outbox_settle (f->outbox, listed, 16);
  g_assert_false (disk_has_room (f)); /* the disk takes them */
  eka_budget_set_patience (f->budget, 0);
  g_assert_true (disk_has_room (f));
  g_assert_true (fake_spool_is_faulty ());
  sums_assert_right (f->budget);
}

static void
test_a_file_that_is_gone_is_lost (Fixture      *f,
                                          gconstpointer data)
{
  put_out_of_memory (f);
  disk_assert_busy (f);
  g_assert_true (fake_spool_is_read (f->spool));
  fake_spool_fail (f->spool, G_IO_ERROR_NOT_FOUND);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  g_assert_cmpuint (disk_get_stats (f).dropped_chunks, ==, 1);
  disk_send (f, 3, 2);
}

static void
test_a_tried_chunk_that_is_lost_keeps_its_place (Fixture      *f,
                                                 gconstpointer data)
{
  static const gboolean listed[] = { FALSE, TRUE };

  put_out_of_memory_and_rest (f);
  eka_outbox_settle (f->outbox, listed, 2);
  disk_assert_busy (f);
  fake_spool_fail (f->spool, G_IO_ERROR_NOT_FOUND);
  sums_assert_right (f->budget);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 14);
  disk_assert_place (f, 0, -1);
  disk_assert_place (f, 1, 1);
  if (eka_outbox_is_busy (f->outbox))
    fake_spool_run (f->spool);
  disk_send (f, 2, 2);
}

/* Nobody is called after that, and nothing leaks. */
static void
test_clear_forgets_what_is_under_way (Fixture      *f,
                                      gconstpointer data)
{
  put_out_of_memory (f);
  disk_put (f, 20);
  disk_assert_busy (f);
  eka_outbox_clear (f->outbox);
  g_assert_false (eka_outbox_is_busy (f->outbox));
  while (fake_spool_count (f->spool) > 1)
    fail (f);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
}

static void
test_the_last_reference_may_go_early (Fixture      *f,
                                      gconstpointer data)
{
  put_out_of_memory (f);
  disk_assert_busy (f);
  disk_put (f, 20);
  eka_outbox_unref (f->outbox);
  fail (f);
  fake_spool_run (f->spool);
  g_assert_true (fake_spool_is_there (f->spool)); /* it stays */
  f->outbox = eka_outbox_new (f->budget);
}

#define add(path, setup, func) \
  g_test_add ("/outboxfault/" path, Fixture, setup, disk_set_up, func, \
              disk_tear_down)

/* Nobody sends it any more: it keeps no other session from memory, and what is on
 * disk stays there. */
static void
test_what_is_abandoned_leaves_memory (Fixture      *f,
                                      gconstpointer data)
{
  disk_put_some (f, 2);
  disk_put (f, 2);
  fail (f);
  fake_spool_run (f->spool);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 3);
  eka_outbox_abandon (f->outbox);
  fake_spool_run (f->spool);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 0);
  g_assert_true (fake_spool_is_there (f->spool));
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 2);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 2);
  sums_assert_right (f->budget);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("what-can-not-be-written-is-sent-from-memory", &disk_always,
       test_what_can_not_be_written_is_sent_from_memory);
  add ("a-journal-that-can-not-be-dropped", &disk_always,
       test_a_journal_that_can_not_be_dropped);
  add ("the-journal-goes-first", &disk_always, test_the_journal_goes_first);
  add ("the-journal-stays-until-somebody-sends", &disk_always,
       test_the_journal_stays_until_somebody_sends);
  add ("a-chunk-that-is-saved-later-ends-the-journal", &disk_always,
       test_a_chunk_that_is_saved_later_ends_the_journal);
  add ("what-is-stored-leaves-the-journal", &disk_always,
       test_what_is_stored_leaves_the_journal);
  add ("the-journal-goes-after-what-was-sent-late", &disk_always,
       test_the_journal_goes_after_what_was_sent_late);
  add ("a-journal-that-was-handed-over-stays", &disk_always,
       test_a_journal_that_was_handed_over_stays);
  add ("a-journal-that-was-handed-over-ends", &disk_always,
       test_a_journal_that_was_handed_over_ends);
  add ("the-next-chunk-is-another-try", &disk_always,
       test_the_next_chunk_is_another_try);
  add ("what-came-meanwhile-tries-at-once", &disk_always,
       test_what_came_meanwhile_tries_at_once);
  add ("a-new-order-does-not-wait-for-ever", &disk_always,
       test_a_new_order_does_not_wait_for_ever);
  add ("save-tries-again", &disk_always, test_save_tries_again);
  add ("memory-is-bounded-as-without-a-disk", &disk_on_failure,
       test_memory_is_bounded_as_without_a_disk);
  add ("a-pipeline-that-waits-does-not-ask-for-ever", &disk_on_failure,
       test_a_pipeline_that_waits_does_not_ask_for_ever);
  add ("a-folder-that-is-gone-is-made-again", &disk_always,
       test_a_folder_that_is_gone_is_made_again);
  add ("what-was-only-there-is-lost", &disk_tight,
       test_what_was_only_there_is_lost);
  add ("a-folder-that-stays-gone", &disk_always, test_a_folder_that_stays_gone);
  add ("a-spoilt-file-is-lost-and-told", &disk_tight,
       test_a_spoilt_file_is_lost_and_told);
  add ("a-spoilt-file-of-another-session", &disk_tight,
       test_a_spoilt_file_of_another_session);
  add ("a-file-that-can-not-be-read-is-read-again", &disk_tight,
       test_a_file_that_can_not_be_read_is_read_again);
  add ("a-file-that-does-not-come", &disk_tight, test_a_file_that_does_not_come);
  add ("a-disk-that-hangs-holds-nothing-up", &disk_always,
       test_a_disk_that_hangs_holds_nothing_up);
  add ("a-disk-that-hung-goes-on", &disk_always, test_a_disk_that_hung_goes_on);
  add ("a-disk-that-hung-fails", &disk_always, test_a_disk_that_hung_fails);
  add ("a-journal-that-is-not-dropped-in-time", &disk_always,
       test_a_journal_that_is_not_dropped_in_time);
  add ("a-disk-that-hangs-takes-nothing", &disk_on_failure,
       test_a_disk_that_hangs_takes_nothing);
  add ("a-file-that-is-gone-is-lost", &disk_tight,
       test_a_file_that_is_gone_is_lost);
  add ("a-tried-chunk-that-is-lost-keeps-its-place", &disk_tight,
       test_a_tried_chunk_that_is_lost_keeps_its_place);
  add ("clear-forgets-what-is-under-way", &disk_tight,
       test_clear_forgets_what_is_under_way);
  add ("what-is-abandoned-leaves-memory", &disk_always,
       test_what_is_abandoned_leaves_memory);
  add ("the-last-reference-may-go-early", &disk_tight,
       test_the_last_reference_may_go_early);
  return g_test_run ();
}
