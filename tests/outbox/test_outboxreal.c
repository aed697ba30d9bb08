/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "spoolfixture.h"

#include "outbox/journal.h"
#include "outbox/outbox.h"

/* An outbox on a disk: one thread records, one sends, and the disk's thread writes,
 * slowly or with faults. */

#define PACKET_TIME G_GUINT64_CONSTANT (200000000)
#define N_PACKETS 400

typedef struct
{
  SpoolFixture f;
  EkaBudget *budget;
  EkaSpool *spool;
  EkaOutbox *outbox;
  EkaChunker *chunker;
  gboolean waits; /* the recording waits for room */
  guint n_packets;

  GMutex lock;
  GCond cond;
  guint told;
  gboolean finished; /* all was put */
  gboolean gone;     /* so is the outbox */
} Real;

static void
wake (gpointer user_data)
{
  Real *r = user_data;

  g_mutex_lock (&r->lock);
  r->told++;
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
}

static void
note_gone (gpointer user_data)
{
  Real *r = user_data;

  g_mutex_lock (&r->lock);
  r->gone = TRUE;
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
}

static void
set_up (Real         *r,
        gconstpointer data)
{
  const gboolean *on_failure = data;

  spool_fixture_set_up (&r->f, NULL);
  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  r->budget = eka_budget_new (6 * 5 * RECORDER_PACKET_SIZE, 0);
  r->spool = eka_spool_new (r->f.store);
  r->outbox = eka_outbox_new (r->budget);
  eka_outbox_set_spool (r->outbox, r->spool,
                        on_failure != NULL ? EKA_OUTBOX_ON_FAILURE
                                           : EKA_OUTBOX_ALWAYS);
  eka_outbox_set_notify (r->outbox, wake, r, note_gone);
  r->chunker = recorder_new_chunker ();
}

/* The last reference may be one of the disk's. */
static void
close_outbox (Real *r)
{
  if (r->outbox == NULL)
    return;
  g_clear_pointer (&r->outbox, eka_outbox_unref);
  g_mutex_lock (&r->lock);
  while (!r->gone)
    g_cond_wait (&r->cond, &r->lock);
  r->gone = FALSE;
  g_mutex_unlock (&r->lock);
  g_clear_pointer (&r->spool, eka_spool_unref);
  g_assert_true (eka_disk_wait (r->f.disk, -1));
}

static void
tear_down (Real         *r,
           gconstpointer data)
{
  close_outbox (r);
  eka_budget_unref (r->budget);
  eka_chunker_free (r->chunker);
  spool_fixture_tear_down (&r->f, NULL);
  g_cond_clear (&r->cond);
  g_mutex_clear (&r->lock);
}

static void
put (Real     *r,
     EkaChunk *chunk)
{
  if (r->waits)
    g_assert_true (eka_budget_wait_for_room (r->budget, chunk));
  else
    eka_budget_make_room (r->budget, chunk);
  eka_outbox_put_with_state (r->outbox, chunk,
                             eka_outbox_wants_state (r->outbox)
                                 ? eka_chunker_save (r->chunker) : NULL);
  wake (r);
}

static void
put_chunks (Real *r)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (r->chunker)) != NULL)
    {
      put (r, chunk);
      eka_chunk_unref (chunk);
    }
}

static void
add_packets (Real *r,
             guint n)
{
  if (r->n_packets == 0)
    eka_outbox_begin (r->outbox, eka_chunker_save (r->chunker));
  while (n-- > 0)
    {
      guint8 data[RECORDER_PACKET_SIZE];
      const EkaPacket packet = {
        .data = data,
        .size = sizeof data,
        .running_time = r->n_packets * PACKET_TIME,
      };

      recorder_fill_packet (data, r->n_packets++);
      eka_outbox_add_packet (r->outbox, &packet);
      eka_chunker_push (r->chunker, &packet);
      put_chunks (r);
    }
}

static gpointer
record (gpointer data)
{
  Real *r = data;

  add_packets (r, N_PACKETS);
  eka_chunker_close (r->chunker);
  put_chunks (r);
  g_mutex_lock (&r->lock);
  r->finished = TRUE;
  g_mutex_unlock (&r->lock);
  wake (r);
  return NULL;
}

/* Returns: %FALSE where all is sent and nothing comes */
static gboolean
send_one (Real       *r,
          GByteArray *audio,
          guint      *next)
{
  guint number = G_MAXUINT, told;
  g_autoptr (EkaChunk) chunk = NULL;
  EkaOutboxStats stats;
  gboolean finished;

  g_mutex_lock (&r->lock);
  told = r->told;
  finished = r->finished;
  g_mutex_unlock (&r->lock);
  chunk = eka_outbox_try (r->outbox, &number);
  if (chunk != NULL)
    {
      g_assert_cmpuint (number, ==, (*next)++);
      recorder_append (audio, chunk);
      eka_outbox_acknowledge (r->outbox, number);
      return TRUE;
    }
  eka_outbox_get_stats (r->outbox, &stats);
  if (stats.chunks == 0 && finished)
    return FALSE;
  /* Who waits is woken, by the disk or by the next chunk. */
  g_mutex_lock (&r->lock);
  while (r->told == told)
    g_cond_wait (&r->cond, &r->lock);
  g_mutex_unlock (&r->lock);
  return TRUE;
}

static void
record_and_send (Real *r)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  GThread *thread = g_thread_new ("recorder", record, r);
  EkaOutboxStats stats;
  guint next = 0;

  while (send_one (r, audio, &next))
    ;
  g_thread_join (thread);
  g_assert_cmpuint (recorder_count (audio), ==, N_PACKETS);
  eka_outbox_get_stats (r->outbox, &stats);
  g_assert_cmpuint (stats.dropped, ==, 0);
}

static guint
count_sessions (Real *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = eka_leftover_list (r->f.location, &error);

  g_assert_no_error (error);
  return list->len;
}

static void
test_recorded_and_sent (Real         *r,
                        gconstpointer data)
{
  record_and_send (r);
  eka_outbox_clear (r->outbox);
  close_outbox (r);
  g_assert_cmpuint (count_sessions (r), ==, 0);
}

static void
test_recorded_in_its_time_and_sent (Real         *r,
                                    gconstpointer data)
{
  r->waits = TRUE;
  record_and_send (r);
  eka_outbox_clear (r->outbox);
  close_outbox (r);
  g_assert_cmpuint (count_sessions (r), ==, 0);
}

/* Some writes fail, then all is well again. */
static void
test_sent_though_the_disk_fails (Real         *r,
                                 gconstpointer data)
{
  failing_files_fail (r->f.failing,
                      DOUBLE_BIT (DOUBLE_WRITE) | DOUBLE_BIT (DOUBLE_SYNC), 40,
                      60, ENOSPC);
  record_and_send (r);
  eka_outbox_save (r->outbox);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
}

static void
test_sent_without_a_disk (Real         *r,
                          gconstpointer data)
{
  failing_files_fail (r->f.failing, DOUBLE_ANY, 0, G_MAXUINT, EROFS);
  record_and_send (r);
  failing_files_heal (r->f.failing);
}

/* Nobody sends, so that only the disk can make room: who waits tries it again. */
static void
test_who_waits_for_room_tries_the_disk_again (Real         *r,
                                              gconstpointer data)
{
  failing_files_fail (r->f.failing, DOUBLE_BIT (DOUBLE_WRITE), 0, 1, ENOSPC);
  eka_budget_set_patience (r->budget, G_TIME_SPAN_SECOND);
  r->waits = TRUE;
  add_packets (r, N_PACKETS);
  g_assert_cmpuint (failing_files_count_failed (r->f.failing), ==, 1);
  eka_outbox_save (r->outbox);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
}

/* All that was recorded is there once, in chunks or in the journal, however they
 * came to follow each other. */
static void
test_nothing_is_missing_on_disk (Real         *r,
                                 gconstpointer data)
{
  g_autoptr (GByteArray) audio = NULL;

  add_packets (r, 123);
  close_outbox (r);
  audio = recorder_recover_only (r->f.location);
  g_assert_cmpuint (recorder_count (audio), ==, 123);
}

static void
test_nothing_is_missing_after_a_fault (Real         *r,
                                       gconstpointer data)
{
  g_autoptr (GByteArray) audio = NULL;

  add_packets (r, 23);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
  failing_files_fail (r->f.failing, DOUBLE_BIT (DOUBLE_WRITE), 0, G_MAXUINT,
                      ENOSPC);
  add_packets (r, 20);
  g_assert_false (eka_outbox_wait_saved (r->outbox, -1));
  failing_files_heal (r->f.failing);
  add_packets (r, 20);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
  close_outbox (r);
  audio = recorder_recover_only (r->f.location);
  g_assert_cmpuint (recorder_count (audio), ==, 63);
}

static void
test_a_folder_removed_meanwhile (Real         *r,
                                 gconstpointer data)
{
  g_autofree gchar *path = NULL;
  g_autofree gchar *other = NULL;
  g_autoptr (GByteArray) audio = NULL;

  add_packets (r, 10);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
  path = eka_outbox_dup_folder (r->outbox);
  double_remove_tree (path);
  add_packets (r, 10);
  g_assert_true (eka_outbox_wait_saved (r->outbox, -1));
  other = eka_outbox_dup_folder (r->outbox);
  g_assert_cmpstr (other, !=, path);
  close_outbox (r);
  audio = recorder_recover_only (r->f.location);
  g_assert_cmpuint (recorder_count (audio), >=, 15);
}

/* Takes up the only session that is left, as it is. */
static void
restore_only (Real *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = eka_leftover_list (r->f.location, &error);
  EkaLeftover *leftover;
  g_autoptr (GPtrArray) rebuilt = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 1);
  leftover = list->pdata[0];
  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  r->spool = eka_spool_open (r->f.store, leftover->name, &error);
  g_assert_no_error (error);
  if (leftover->journal != NULL)
    rebuilt = eka_journal_rebuild (leftover->journal, NULL, &error);
  g_assert_no_error (error);
  r->outbox = eka_outbox_new (r->budget);
  eka_outbox_set_notify (r->outbox, wake, r, note_gone);
  eka_outbox_restore (r->outbox, r->spool, leftover, rebuilt);
  r->finished = TRUE;
}

/* A recording breaks off again and again, and so does who sends it. */
static void
test_leftovers_are_sent_once (Real         *r,
                              gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  gboolean listed[100];
  guint next = 0, i;

  for (i = 0; i < G_N_ELEMENTS (listed); i++)
    listed[i] = TRUE;
  add_packets (r, 123);
  for (i = 0; i < 3; i++)
    send_one (r, audio, &next);
  close_outbox (r);
  while (next < 20)
    {
      restore_only (r);
      eka_outbox_reconcile (r->outbox, listed, next);
      for (i = 0; i < 9; i++)
        send_one (r, audio, &next);
      close_outbox (r);
    }
  restore_only (r);
  eka_outbox_reconcile (r->outbox, listed, next);
  while (send_one (r, audio, &next))
    ;
  g_assert_cmpuint (recorder_count (audio), ==, 123);
  eka_outbox_clear (r->outbox);
  close_outbox (r);
  g_assert_cmpuint (count_sessions (r), ==, 0);
}

static void
test_the_rest_moves_to_another_session (Real         *r,
                                        gconstpointer data)
{
  g_autoptr (GByteArray) audio = NULL;
  g_autoptr (EkaSpool) spool = eka_spool_new (r->f.store);
  EkaOutbox *other = eka_outbox_new (r->budget);
  g_autoptr (GPtrArray) rest = NULL;
  guint i;

  eka_outbox_set_spool (other, spool, EKA_OUTBOX_ALWAYS);
  add_packets (r, 100);
  eka_chunker_close (r->chunker);
  put_chunks (r);
  rest = eka_outbox_take_rest (r->outbox);
  for (i = 0; i < rest->len; i++)
    eka_outbox_put_taken (other, rest->pdata[i], r->outbox);
  eka_outbox_clear (r->outbox);
  g_assert_true (eka_outbox_wait_saved (other, -1));
  close_outbox (r);
  eka_outbox_unref (other);
  g_clear_pointer (&spool, eka_spool_unref);
  g_assert_true (eka_disk_wait (r->f.disk, -1));
  g_assert_cmpuint (count_sessions (r), ==, 1);
  audio = recorder_recover_only (r->f.location);
  g_assert_cmpuint (recorder_count (audio), ==, 100);
}

#define add(path, data, func) \
  g_test_add ("/outboxreal/" path, Real, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  static const gboolean on_failure = TRUE;

  g_test_init (&argc, &argv, NULL);
  add ("recorded-and-sent", NULL, test_recorded_and_sent);
  add ("recorded-and-sent-on-failure", &on_failure, test_recorded_and_sent);
  add ("recorded-in-its-time-and-sent", NULL,
       test_recorded_in_its_time_and_sent);
  add ("recorded-in-its-time-and-sent-on-failure", &on_failure,
       test_recorded_in_its_time_and_sent);
  add ("sent-though-the-disk-fails", NULL, test_sent_though_the_disk_fails);
  add ("sent-without-a-disk", NULL, test_sent_without_a_disk);
  add ("who-waits-for-room-tries-the-disk-again", &on_failure,
       test_who_waits_for_room_tries_the_disk_again);
  add ("nothing-is-missing-on-disk", NULL, test_nothing_is_missing_on_disk);
  add ("nothing-is-missing-after-a-fault", NULL,
       test_nothing_is_missing_after_a_fault);
  add ("a-folder-removed-meanwhile", NULL, test_a_folder_removed_meanwhile);
  add ("leftovers-are-sent-once", NULL, test_leftovers_are_sent_once);
  add ("the-rest-moves-to-another-session", NULL,
       test_the_rest_moves_to_another_session);
  return g_test_run ();
}
