/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "diskfixture.h"

#include <gio/gio.h>

/* --- from one session to another ---------------------------------------- */

/* The other session. */
static EkaOutbox *
new_other (Fixture  *f,
           EkaSpool *spool)
{
  EkaOutbox *other = eka_outbox_new (f->budget);

  eka_outbox_set_spool (other, spool, EKA_OUTBOX_ALWAYS);
  return other;
}

static void
hand_on (Fixture   *f,
         EkaOutbox *from,
         EkaOutbox *to)
{
  g_autoptr (GPtrArray) rest = eka_outbox_take_rest (from);
  guint i;

  for (i = 0; i < rest->len; i++)
    eka_outbox_put_taken (to, rest->pdata[i], from);
  sums_assert_right (f->budget);
}

static void
assert_has (EkaSpool *spool,
            guint     place,
            guint     packet)
{
  GBytes *bytes = fake_spool_get_place (spool, place);

  g_assert_true (bytes != NULL && fake_chunk_has (bytes, packet));
}

static void
run (EkaSpool *a,
     EkaSpool *b)
{
  while (fake_spool_count (a) + fake_spool_count (b) > 0)
    {
      fake_spool_run (a);
      fake_spool_run (b);
    }
}

static void
send_all (Fixture   *f,
          EkaOutbox *outbox,
          EkaSpool  *spool,
          guint      first,
          guint      n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      guint number = G_MAXUINT;
      g_autoptr (EkaChunk) chunk = NULL;

      if (eka_outbox_is_busy (outbox))
        run (f->spool, spool);
      chunk = eka_outbox_try (outbox, &number);
      g_assert_nonnull (chunk);
      g_assert_cmpuint (chunk->index, ==, first + i);
      g_assert_cmpuint (number, ==, i);
      eka_outbox_acknowledge (outbox, number);
    }
  g_assert_false (eka_outbox_is_busy (outbox));
}

static void
fill (Fixture *f)
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
  fake_spool_run (f->spool);
}

static void
test_files_go_along (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  EkaOutboxStats stats;
  guint i;

  fill (f);
  disk_assert_next (f, 1, 1);
  fake_spool_run (f->spool);
  hand_on (f, f->outbox, other);
  g_assert_cmpuint (eka_outbox_count_sent (f->outbox), ==, 1);
  g_assert_cmpuint (disk_get_stats (f).chunks, ==, 0);
  eka_outbox_get_stats (other, &stats);
  g_assert_cmpuint (stats.chunks, ==, 13);
  g_assert_cmpuint (stats.unsaved, ==, 0);
  g_assert_cmpuint (stats.stored, ==, 0);

  /* Both have it until the other one's index is there. */
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  run (spool, spool);
  for (i = 1; i < 14; i++)
    assert_has (spool, i - 1, i);
  g_assert_cmpstr (fake_spool_get_taken (spool, 0), ==, "first/audio_1.wav");
  g_assert_cmpstr (fake_spool_get_taken (spool, 12), ==, "first/audio_13.wav");
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 14);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 1);
  g_assert_cmpstr (fake_spool_get_taken (spool, 0), ==, "first/audio_1.wav");
  send_all (f, other, spool, 1, 13);
}

/* It is sent where it is not stored either. */
static void
test_what_is_in_memory_goes_along (Fixture      *f,
                                   gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  guint i;

  for (i = 0; i < 4; i++)
    disk_put (f, i);
  hand_on (f, f->outbox, other);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 0);
  for (i = 0; i < 4; i++)
    assert_has (spool, i, i);
  send_all (f, other, spool, 0, 4);
}

/* @n: what was done of it: 0: nothing */
static void
test_a_commit_under_way_may_fail (Fixture      *f,
                                  gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);

  disk_put (f, 0);
  disk_put (f, 1);
  hand_on (f, f->outbox, other);
  fake_spool_fail (f->spool, G_IO_ERROR_NO_SPACE);
  sums_assert_right (f->budget);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 0);
  send_all (f, other, spool, 0, 2);
}

static void
test_where_links_fail_it_is_written (Fixture      *f,
                                     gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);

  fill (f);
  hand_on (f, f->outbox, other);
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  sums_assert_right (f->budget);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 14);
  send_all (f, other, spool, 1, 13);
  sums_assert_right (f->budget);
  run (f->spool, spool);
  eka_outbox_save (other);
  run (f->spool, spool);
  sums_assert_right (f->budget);
  eka_outbox_clear (other);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
}

/* A crash must not find a file left out here because it is taken, and not there. */
static void
test_what_is_not_stored_is_not_taken (Fixture      *f,
                                      gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  g_autoptr (GBytes) description = g_bytes_new_static ("two", 3);
  guint stored = 0;
  guint i;

  fill (f);
  hand_on (f, f->outbox, other);
  fake_spool_step (spool);
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  eka_outbox_describe (other, description);
  fake_spool_run (spool);
  g_assert_cmpuint (fake_spool_n_places (spool), ==, 13);
  for (i = 0; i < 13; i++)
    stored += fake_spool_get_place (spool, i) != NULL;
  g_assert_cmpuint (stored, <, 13);
  g_assert_null (fake_spool_get_taken (spool, stored));
  send_all (f, other, spool, 1, 13);
  eka_outbox_save (other);
  run (f->spool, spool);
}

/* @clear: the first session is safe */
static void
give_up_unstored (Fixture *f,
                  gboolean clear)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  EkaOutbox *other = new_other (f, spool);
  guint i;

  fill (f);
  hand_on (f, f->outbox, other);
  if (clear)
    eka_outbox_clear (f->outbox);
  fake_spool_step (spool);
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  fake_spool_run (spool);
  eka_outbox_save (other);
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  eka_outbox_unref (other);
  run (f->spool, spool);
  g_assert_true (fake_spool_is_there (f->spool));
  for (i = 2; i < 14; i++)
    {
      g_autofree gchar *file = g_strdup_printf ("audio_%u.wav", i);

      g_assert_nonnull (fake_spool_get_file (f->spool, file));
    }
  sums_assert_right (f->budget);
}

/* The disk is full, and the recording is stopped: the first folder is where the
 * audio is. */
static void
test_what_is_nowhere_else_stays (Fixture      *f,
                                 gconstpointer data)
{
  give_up_unstored (f, FALSE);
}

static void
test_what_is_nowhere_else_keeps_its_folder (Fixture      *f,
                                            gconstpointer data)
{
  give_up_unstored (f, TRUE);
}

/* What the first session has given is still named where it commits meanwhile. */
static void
test_a_commit_in_between_loses_nothing (Fixture      *f,
                                        gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  guint i;

  fill (f);
  hand_on (f, f->outbox, other);
  disk_describe (f, "two");
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 14);
  for (i = 0; i < 14; i++)
    disk_assert_place (f, i, i);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 1);
}

/* What can't be linked because it is gone is written. */
static void
test_what_is_gone_but_in_memory_is_written (Fixture      *f,
                                            gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);

  disk_put_some (f, 3);
  fake_spool_vanish (f->spool);
  hand_on (f, f->outbox, other);
  run (f->spool, spool);
  eka_outbox_save (other);
  run (f->spool, spool);
  sums_assert_right (f->budget);
  g_assert_true (eka_outbox_wait_saved (other, -1));
  g_assert_cmpuint (fake_spool_n_files (spool), ==, 3);
  send_all (f, other, spool, 0, 3);
}

/* The first session finds out, while what it has given waits for a commit. */
static void
test_a_source_that_goes_meanwhile_is_lost (Fixture      *f,
                                           gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  EkaOutboxStats stats;
  guint i, number;

  fill (f);
  hand_on (f, f->outbox, other);
  fake_spool_vanish (f->spool);
  disk_describe (f, "two");
  fake_spool_run (f->spool);
  run (f->spool, spool);
  sums_assert_right (f->budget);
  eka_outbox_get_stats (other, &stats);
  g_assert_cmpuint (stats.chunks + stats.dropped_chunks, ==, 13);
  g_assert_cmpuint (stats.dropped_chunks, >, 0);
  for (i = 0; i < 13; i++)
    {
      g_autoptr (EkaChunk) chunk = NULL;

      while (eka_outbox_is_busy (other))
        run (f->spool, spool);
      chunk = eka_outbox_try (other, &number);
      if (chunk == NULL)
        break;
      eka_outbox_acknowledge (other, number);
    }
  eka_outbox_get_stats (other, &stats);
  g_assert_cmpuint (stats.chunks, ==, 0);
  g_assert_cmpuint (stats.dropped_chunks, ==, 13 - i);
  sums_assert_right (f->budget);
}

/* The first session is safe, or unwanted, before the second one has it all. */
static void
test_a_folder_stays_for_what_was_given (Fixture      *f,
                                        gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);

  fill (f);
  hand_on (f, f->outbox, other);
  eka_outbox_clear (f->outbox);
  g_assert_null (eka_outbox_dup_folder (f->outbox));
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  eka_outbox_unref (f->outbox);
  run (spool, spool);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
  send_all (f, other, spool, 1, 13);
  f->outbox = eka_outbox_new (f->budget);
}

/* The recording was discarded before there was another session. */
static void
test_what_nobody_came_for_goes (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr (GPtrArray) rest = NULL;

  fill (f);
  rest = eka_outbox_take_rest (f->outbox);
  eka_outbox_clear (f->outbox);
  fake_spool_run (f->spool);
  g_assert_false (fake_spool_is_there (f->spool));
}

/* The first session has failed. */
static void
test_what_was_given_is_there_when_abandoned (Fixture      *f,
                                             gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);

  fill (f);
  hand_on (f, f->outbox, other);
  eka_outbox_abandon (f->outbox);
  run (f->spool, spool);
  g_assert_true (fake_spool_is_there (f->spool));
  g_assert_cmpuint (fake_spool_n_files (spool), ==, 13);
  send_all (f, other, spool, 1, 13);
}

/* The second session has failed, and has no room on disk: its audio is where it
 * was. */
static void
test_what_was_given_is_there_when_closed (Fixture      *f,
                                          gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  g_autofree gchar *folder = NULL;
  guint n_files;

  disk_put (f, 0);
  fake_spool_run (f->spool);
  n_files = fake_spool_n_files (f->spool);
  hand_on (f, f->outbox, other);
  fake_spool_fail (spool, G_IO_ERROR_NO_SPACE);
  run (f->spool, spool);
  folder = eka_outbox_dup_folder (other);
  g_assert_cmpstr (folder, ==, "location/first");
  eka_outbox_close (other);
  eka_outbox_clear (f->outbox);
  run (f->spool, spool);
  g_assert_true (fake_spool_is_there (f->spool));
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, n_files);
  disk_assert_place (f, 0, 0);
}

static void
test_it_may_go_on_to_a_third (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaSpool) third_spool = fake_spool_new ("third");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  g_autoptr (EkaOutbox) third = new_other (f, third_spool);

  fill (f);
  hand_on (f, f->outbox, other);
  hand_on (f, other, third);
  run (third_spool, third_spool);
  g_assert_cmpuint (fake_spool_n_places (third_spool), ==, 13);
  g_assert_cmpstr (fake_spool_get_taken (third_spool, 0), ==,
                   "second/audio_0.wav");
  g_assert_cmpstr (fake_spool_get_taken (third_spool, 1), ==,
                   "first/audio_1.wav");
  run (f->spool, spool);
  run (f->spool, spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
  g_assert_cmpuint (fake_spool_n_files (spool), ==, 0);
  send_all (f, third, third_spool, 1, 13);
}

/* What nobody stores is read where it is. */
static void
test_a_session_without_disk_may_take_it (Fixture      *f,
                                         gconstpointer data)
{
  g_autoptr (EkaOutbox) other = eka_outbox_new (f->budget);

  fill (f);
  hand_on (f, f->outbox, other);
  send_all (f, other, f->spool, 1, 13);
  eka_outbox_clear (other);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_files (f->spool), ==, 1);
}

static void
test_a_source_that_is_gone_is_lost (Fixture      *f,
                                    gconstpointer data)
{
  g_autoptr (EkaSpool) spool = fake_spool_new ("second");
  g_autoptr (EkaOutbox) other = new_other (f, spool);
  EkaOutboxStats stats;

  fill (f);
  fake_spool_vanish (f->spool);
  hand_on (f, f->outbox, other);
  run (f->spool, spool);
  sums_assert_right (f->budget);
  while (eka_outbox_is_busy (other))
    run (f->spool, spool);
  for (;;)
    {
      guint number;
      g_autoptr (EkaChunk) chunk = eka_outbox_try (other, &number);

      if (chunk == NULL && !eka_outbox_is_busy (other))
        break;
      if (chunk == NULL)
        run (f->spool, spool);
      else
        eka_outbox_acknowledge (other, number);
    }
  eka_outbox_get_stats (other, &stats);
  g_assert_cmpuint (stats.dropped_chunks, ==, 13 - eka_outbox_count_sent (other));
  g_assert_cmpuint (stats.dropped_chunks, >, 0);
  sums_assert_right (f->budget);
}

/* --- what was left ------------------------------------------------------ */

/* A leftover with @n places: '.' a file, 'a' one that is acknowledged, 'g' was let
 * go, '?' lost; and an outbox that is restored from that. */
static void
restore_next (Fixture     *f,
              const gchar *places,
              GPtrArray   *rebuilt,
              guint        next_file)
{
  EkaLeftover leftover = { .name = (gchar *) "first",
                           .next_file = next_file };
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  EkaIndex *both[] = { eka_index_new (), eka_index_new () };
  guint i, j;

  for (i = 0; places[i] != '\0'; i++)
    {
      g_autoptr (EkaChunk) chunk = fake_chunk_new (i, 1, SIZE);
      g_autofree gchar *name = g_strdup_printf ("audio_%u.wav", i + 5);
      const gboolean there = places[i] == '.' || places[i] == 'a';
      gsize size;
      const guint8 *bytes = g_bytes_get_data (chunk->bytes, &size);

      if (there)
        eka_spool_commit_write (commit, name, chunk->bytes);
      for (j = 0; j < 2; j++)
        eka_index_add (both[j], there ? name : NULL, size,
                       eka_index_checksum (bytes, size), chunk,
                       places[i] == 'a' || places[i] == 'g'
                           ? EKA_INDEX_ACKNOWLEDGED : EKA_INDEX_WAITING);
    }
  g_ptr_array_add (both[1]->taken, g_strdup ("zero/audio_0.wav"));
  commit->index = both[0];
  commit->journal = fake_state_new (i, 1);
  eka_spool_commit (f->spool, commit, NULL, NULL);
  fake_spool_run (f->spool);

  leftover.index = both[1];
  leftover.description = g_bytes_new_static ("one", 3);
  eka_outbox_unref (f->outbox);
  f->outbox = eka_outbox_new (f->budget);
  eka_outbox_restore (f->outbox, f->spool, &leftover, rebuilt);
  sums_assert_right (f->budget);
  eka_index_free (both[1]);
  g_bytes_unref (leftover.description);
}

static void
restore (Fixture     *f,
         const gchar *places,
         GPtrArray   *rebuilt)
{
  restore_next (f, places, rebuilt, 0);
}

static void
test_leftovers_are_sent (Fixture      *f,
                         gconstpointer data)
{
  static const gboolean listed[] = { TRUE, FALSE };

  restore (f, "a...", NULL);
  g_assert_cmpuint (eka_outbox_count_sent (f->outbox), ==, 4);
  g_assert_cmpuint (disk_get_stats (f).chunks, ==, 4);
  g_assert_cmpuint (disk_get_stats (f).unsaved, ==, 0);
  g_assert_cmpuint (disk_get_stats (f).kept, ==, 0);
  disk_describe (f, "one");
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  eka_outbox_reconcile (f->outbox, listed, 2);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  disk_send (f, 1, 1);
  disk_assert_next (f, 2, 2);
  fake_spool_run (f->spool);
  eka_outbox_acknowledge (f->outbox, 2);
  disk_send (f, 3, 3);
  g_assert_cmpuint (eka_outbox_count_sent (f->outbox), ==, 4);
}

static void
test_what_was_rebuilt_is_on_disk_first (Fixture      *f,
                                        gconstpointer data)
{
  g_autoptr (GPtrArray) rebuilt =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);

  g_ptr_array_add (rebuilt, fake_chunk_new (1, 1, SIZE));
  restore (f, ".", rebuilt);
  eka_outbox_reconcile (f->outbox, (const gboolean[]) { TRUE }, 1);
  disk_assert_busy (f);
  disk_assert_journal (f, 1, 1);
  fake_spool_step (f->spool);
  disk_assert_journal (f, -1, 0);
  disk_assert_place (f, 1, 1);
  /* Names are not given twice. */
  g_assert_nonnull (fake_spool_get_file (f->spool, "audio_6.wav"));
  g_assert_cmpstr (fake_spool_get_taken (f->spool, 0), ==, "zero/audio_0.wav");
  disk_send (f, 1, 1);
}

/* Nor is one that another folder has taken: what has it would be left out there. */
static void
test_a_name_that_was_taken_is_not_given (Fixture      *f,
                                         gconstpointer data)
{
  g_autoptr (GPtrArray) rebuilt =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);

  g_ptr_array_add (rebuilt, fake_chunk_new (1, 1, SIZE));
  restore_next (f, ".", rebuilt, 8);
  fake_spool_run (f->spool);
  g_assert_null (fake_spool_get_file (f->spool, "audio_6.wav"));
  g_assert_nonnull (fake_spool_get_file (f->spool, "audio_8.wav"));
}

/* The journal is all that there is of it, and what it makes will be the same. */
static void
test_a_journal_stays_where_its_chunks_can_not (Fixture      *f,
                                               gconstpointer data)
{
  g_autoptr (GPtrArray) rebuilt =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);

  g_ptr_array_add (rebuilt, fake_chunk_new (1, 1, SIZE));
  restore (f, ".", rebuilt);
  fake_spool_fail (f->spool, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (fake_spool_count (f->spool), ==, 0);
  disk_assert_journal (f, 1, 1);
  eka_outbox_reconcile (f->outbox, (const gboolean[]) { TRUE }, 1);
  disk_assert_next (f, 1, 1);
  eka_outbox_save (f->outbox);
  fake_spool_run (f->spool);
  disk_assert_journal (f, -1, 0);
  disk_assert_place (f, 1, 1);
}

static void
test_without_chunks_a_journal_ends (Fixture      *f,
                                    gconstpointer data)
{
  g_autoptr (GPtrArray) rebuilt = g_ptr_array_new ();

  restore (f, ".", rebuilt);
  fake_spool_run (f->spool);
  disk_assert_journal (f, -1, 0);
}

static void
test_places_stay (Fixture      *f,
                  gconstpointer data)
{
  static const gboolean listed[] = { TRUE, TRUE, TRUE };

  restore (f, "g?...", NULL);
  g_assert_cmpuint (disk_get_stats (f).let_go, ==, SECOND);
  g_assert_cmpuint (disk_get_stats (f).dropped_chunks, ==, 1);
  eka_outbox_reconcile (f->outbox, listed, 3);
  sums_assert_right (f->budget);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  disk_send (f, 3, 3);
  g_assert_cmpuint (eka_outbox_rewind (f->outbox), ==, SECOND);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 3);
  disk_assert_place (f, 0, 2);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  disk_send (f, 2, 0);
}

/* What is lost and was never sent would be a hole in the service's numbers. */
static void
test_places_that_were_not_sent_close_up (Fixture      *f,
                                         gconstpointer data)
{
  restore (f, "a?.?", NULL);
  eka_outbox_reconcile (f->outbox, (const gboolean[]) { TRUE }, 1);
  sums_assert_right (f->budget);
  g_assert_cmpuint (eka_outbox_count_sent (f->outbox), ==, 1);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 2);
  disk_assert_place (f, 1, 2);
  disk_send (f, 2, 1);
}

/* The disk had failed, and audio was sent from memory. */
static void
test_numbers_of_the_service_are_kept_free (Fixture      *f,
                                           gconstpointer data)
{
  static const gboolean listed[] = { TRUE, TRUE, TRUE, FALSE };

  restore (f, ".", NULL);
  eka_outbox_reconcile (f->outbox, listed, 4);
  sums_assert_right (f->budget);
  fake_spool_run (f->spool);
  g_assert_cmpuint (fake_spool_n_places (f->spool), ==, 3);
  disk_put (f, 9);
  fake_spool_run (f->spool);
  disk_assert_place (f, 3, 9);
  disk_send (f, 9, 3);
}

static void
test_nothing_is_known_without_a_list (Fixture      *f,
                                      gconstpointer data)
{
  restore (f, "a.", NULL);
  eka_outbox_reconcile (f->outbox, NULL, 0);
  g_assert_cmpuint (disk_get_stats (f).chunks, ==, 2);
  disk_assert_busy (f);
  fake_spool_run (f->spool);
  disk_send (f, 0, 0);
}

#define add(path, setup, func) \
  g_test_add ("/outboxrest/" path, Fixture, setup, disk_set_up, func, \
              disk_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("files-go-along", &disk_tight, test_files_go_along);
  add ("what-is-in-memory-goes-along", &disk_always,
       test_what_is_in_memory_goes_along);
  add ("a-commit-under-way-may-fail", &disk_always,
       test_a_commit_under_way_may_fail);
  add ("where-links-fail-it-is-written", &disk_tight,
       test_where_links_fail_it_is_written);
  add ("what-is-not-stored-is-not-taken", &disk_tight,
       test_what_is_not_stored_is_not_taken);
  add ("what-is-nowhere-else-stays", &disk_tight,
       test_what_is_nowhere_else_stays);
  add ("what-is-nowhere-else-keeps-its-folder", &disk_tight,
       test_what_is_nowhere_else_keeps_its_folder);
  add ("a-commit-in-between-loses-nothing", &disk_tight,
       test_a_commit_in_between_loses_nothing);
  add ("what-is-gone-but-in-memory-is-written", &disk_always,
       test_what_is_gone_but_in_memory_is_written);
  add ("a-source-that-goes-meanwhile-is-lost", &disk_tight,
       test_a_source_that_goes_meanwhile_is_lost);
  add ("a-folder-stays-for-what-was-given", &disk_tight,
       test_a_folder_stays_for_what_was_given);
  add ("what-nobody-came-for-goes", &disk_tight,
       test_what_nobody_came_for_goes);
  add ("what-was-given-is-there-when-abandoned", &disk_tight,
       test_what_was_given_is_there_when_abandoned);
  add ("what-was-given-is-there-when-closed", &disk_always,
       test_what_was_given_is_there_when_closed);
  add ("it-may-go-on-to-a-third", &disk_tight, test_it_may_go_on_to_a_third);
  add ("a-session-without-disk-may-take-it", &disk_tight,
       test_a_session_without_disk_may_take_it);
  add ("a-source-that-is-gone-is-lost", &disk_tight,
       test_a_source_that_is_gone_is_lost);
  add ("leftovers-are-sent", &disk_always, test_leftovers_are_sent);
  add ("what-was-rebuilt-is-on-disk-first", &disk_always,
       test_what_was_rebuilt_is_on_disk_first);
  add ("a-name-that-was-taken-is-not-given", &disk_always,
       test_a_name_that_was_taken_is_not_given);
  add ("a-journal-stays-where-its-chunks-can-not", &disk_always,
       test_a_journal_stays_where_its_chunks_can_not);
  add ("without-chunks-a-journal-ends", &disk_always,
       test_without_chunks_a_journal_ends);
  add ("places-stay", &disk_always, test_places_stay);
  add ("places-that-were-not-sent-close-up", &disk_always,
       test_places_that_were_not_sent_close_up);
  add ("numbers-of-the-service-are-kept-free", &disk_always,
       test_numbers_of_the_service_are_kept_free);
  add ("nothing-is-known-without-a-list", &disk_always,
       test_nothing_is_known_without_a_list);
  return g_test_run ();
}
