/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Leftovers that are odd or damaged, and disks that take their time. */
#include <unistd.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bench.h"
#include "chunk/wav.h"
#include "scribe/error.h"

#define FOR_EVER G_MAXUINT

static void
write_description (Bench       *b,
                   const gchar *text)
{
  g_autofree gchar *path = bench_path (b, EKA_SPOOL_DESCRIPTION_NAME);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* --- the disk says something odd ---------------------------------------- */

static void
test_a_foreign_service_gets_nothing (Bench        *b,
                                     gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autoptr (GError) error = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  g_free (b->settings->base_url);
  b->settings->base_url = g_strdup ("https://other.test/voice/v1");
  error = bench_fail_to_start (b, name);
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                   "base-url");
  g_assert_nonnull (strstr (error->message, "https://other.test/voice/v1"));
  g_assert_nonnull (strstr (error->message, "https://scribe.test/voice/v1"));
}

static const gchar *const other_services[] = {
  "http://scribe.test/voice/v1", "https://scribe.test:444/voice/v1",
  "https://scribe.test/voice/v2", "https://scribe.test/voice/v11",
  "https://scribe.test/voice", "https://scribe.test.evil/voice/v1",
};

static void
test_no_other_service_passes (Bench        *b,
                              gconstpointer data)
{
  g_autofree gchar *name = NULL;
  guint i;

  bench_record_until (b, 1, 1);
  name = bench_find (b);
  for (i = 0; i < G_N_ELEMENTS (other_services); i++)
    {
      g_autoptr (GError) error = NULL;

      g_free (b->settings->base_url);
      b->settings->base_url = g_strdup (other_services[i]);
      error = bench_fail_to_start (b, name);
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
    }
}

static void
test_the_same_service_in_other_words (Bench        *b,
                                      gconstpointer data)
{
  g_autofree gchar *name = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  g_free (b->settings->base_url);
  b->settings->base_url = g_strdup ("HTTPS://Scribe.test:443/voice/v1//");
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
}

static void
test_a_later_version_is_left_alone (Bench        *b,
                                    gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;
  g_autoptr (GError) error = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  write_description (b, "{\"format\": 2}");
  error = bench_fail_to_start (b, name);
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NEWER);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
}

static void
test_a_damaged_description_makes_a_new_session (Bench        *b,
                                                gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *model = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  write_description (b, data);
  g_free (b->settings->model);
  b->settings->model = g_strdup ("pro");
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
  bench_assert_delivered (b);
  g_assert_cmpstr (b->delivered_to, !=, b->session_id);
  g_assert_nonnull (strstr (
      fake_service_find (b->service, b->delivered_to)->request, "\"pro\""));
}

static void
test_a_missing_description_makes_a_new_session (Bench        *b,
                                                gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *path = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  path = bench_path (b, EKA_SPOOL_DESCRIPTION_NAME);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
  bench_assert_delivered (b);
}

static void
test_content_is_of_who_recorded (Bench        *b,
                                 gconstpointer data)
{
  g_autofree gchar *name = NULL;
  const gchar *request;

  b->service->down = TRUE;
  b->settings->templates = g_strsplit ("recorded", ",", -1);
  b->settings->patient_details = g_strdup ("{\"oid\": 12345678901234567890}");
  bench_begin (b);
  bench_put (b);
  bench_drop (b);
  name = bench_find (b);
  g_clear_pointer (&b->settings->templates, g_strfreev);
  g_clear_pointer (&b->settings->patient_details, g_free);
  b->settings->templates = g_strsplit ("delivered", ",", -1);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  request = fake_service_find (b->service, b->delivered_to)->request;
  g_assert_nonnull (strstr (request, "recorded"));
  g_assert_null (strstr (request, "delivered"));
  g_assert_nonnull (strstr (request, "{\"oid\": 12345678901234567890}"));
}

/* The chunks are what lies there under the names of chunks. */
static void
test_a_damaged_index (Bench        *b,
                      gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *path = NULL;

  bench_record_until (b, 4, 1);
  name = bench_find (b);
  path = bench_path (b, EKA_INDEX_NAME);
  g_assert_true (g_file_set_contents (path, data, -1, NULL));
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  g_assert_cmpuint (bench_count (b, "warning"), >=, 1);
  bench_assert_gone (b);
  g_assert_cmpuint (g_hash_table_size (
                        fake_service_find (b->service, b->delivered_to)->files),
                    ==, 4);
}

static void
test_an_index_of_a_later_version (Bench        *b,
                                  gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  bench_record_until (b, 2, 1);
  name = bench_find (b);
  path = bench_path (b, EKA_INDEX_NAME);
  g_assert_true (g_file_set_contents (path, "ekascribe-outbox 2\nsomething\n",
                                      -1, NULL));
  error = bench_fail_to_start (b, name);
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NEWER);
}

#define N_PACKETS 50
#define PACKET_SAMPLES 160

/* A recording that is cut off before its first chunk; its samples count up.
 *
 * Returns: (transfer full): the file that it would have become */
static GBytes *
record_packets (Bench *b)
{
  static const EkaChunkLimits limits = {
    .min_duration = 10 * G_GUINT64_CONSTANT (1000000000),
    .max_duration = 20 * G_GUINT64_CONSTANT (1000000000),
    .max_bytes = 10 * 1000 * 1000,
  };
  const EkaCodec codec = { .type = EKA_CODEC_PCM, .rate = 16000,
                           .channels = 1 };
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
  guint16 samples[N_PACKETS * PACKET_SAMPLES];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = GUINT16_TO_LE (i + 1);
  bench_begin (b);
  eka_outbox_begin (b->outbox, eka_chunker_save (chunker));
  for (i = 0; i < N_PACKETS; i++)
    {
      const EkaPacket packet = {
        .data = (const guint8 *) (samples + i * PACKET_SAMPLES),
        .size = PACKET_SAMPLES * sizeof *samples,
        .running_time = i * G_GUINT64_CONSTANT (10000000),
      };

      eka_outbox_add_packet (b->outbox, &packet);
    }
  bench_settle (b);
  bench_drop (b);
  return eka_wav_write (&codec, (const guint8 *) samples, sizeof samples);
}

static void
test_packets_that_no_chunk_has (Bench        *b,
                                gconstpointer data)
{
  g_autoptr (GBytes) expected = record_packets (b);
  g_autofree gchar *name = bench_find (b);
  FakeSession *session;

  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  g_assert_cmpuint (bench_count (b, "warning"), ==, 0);
  bench_assert_gone (b);
  session = fake_service_find (b->service, b->delivered_to);
  g_assert_cmpuint (g_hash_table_size (session->files), ==, 1);
  g_assert_true (g_bytes_equal (
      expected, g_hash_table_lookup (session->files, GUINT_TO_POINTER (0))));
}

static gchar *
find_journal (Bench *b)
{
  g_autofree gchar *folder = bench_path (b, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "journal_"))
      return g_build_filename (folder, name, NULL);
  g_assert_not_reached ();
}

/* What is left of it is delivered, and what is lost is told. */
static void
test_a_damaged_journal (Bench        *b,
                        gconstpointer data)
{
  g_autoptr (GBytes) expected = record_packets (b);
  g_autofree gchar *name = bench_find (b);
  g_autofree gchar *path = find_journal (b);
  g_autofree gchar *journal = NULL;
  FakeSession *session;
  gsize size;

  g_assert_true (g_file_get_contents (path, &journal, &size, NULL));
  journal[size / 2] ^= 0x55;
  g_assert_true (g_file_set_contents (path, journal, size, NULL));
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  bench_assert_gone (b);
  session = fake_service_find (b->service, b->delivered_to);
  g_assert_cmpuint (g_hash_table_size (session->files), >=, 1);
}

/* What can't be read may be read by somebody who knows more. */
static void
test_nothing_that_can_be_read_stays (Bench        *b,
                                     gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;
  g_autofree gchar *path = NULL;
  g_autofree gchar *chunk = NULL;

  bench_record_until (b, 1, 1);
  name = bench_find (b);
  path = bench_path (b, EKA_INDEX_NAME);
  chunk = bench_path (b, "audio_0.wav");
  g_assert_true (g_file_set_contents (path, "no index", -1, NULL));
  g_assert_cmpint (g_rename (chunk, path), ==, 0);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_error (b->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
}

/* A folder without audio is of no use. */
static void
test_nothing_to_deliver (Bench        *b,
                         gconstpointer data)
{
  g_autoptr (EkaIndex) index = eka_index_new ();
  g_autoptr (GBytes) bytes = eka_index_print (index);
  g_autofree gchar *name = NULL;
  g_autofree gchar *path = NULL;
  guint calls;

  bench_record_until (b, 1, 1);
  name = bench_find (b);
  path = bench_path (b, EKA_INDEX_NAME);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                                      g_bytes_get_size (bytes), NULL));
  calls = b->service->n_calls;
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  g_assert_cmpuint (b->service->n_calls, ==, calls);
  bench_assert_gone (b);
}

/* It may be read another day: so it stays, and the delivery ends. */
static void
test_what_can_not_be_read_is_given_up (Bench        *b,
                                       gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;
  g_autofree gchar *path = NULL;

  bench_record_until (b, 5, 2);
  name = bench_find (b);
  path = bench_path (b, "audio_4.wav");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (symlink ("elsewhere", path), ==, 0);
  b->settings->retry_time = 0;
  bench_start (b, name);
  while (b->done == 0)
    if (!bench_step (b))
      g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&b->delivery, eka_delivery_unref);
  bench_settle (b);
  g_assert_error (b->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DISK);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
}

/* --- a disk that takes its time ----------------------------------------- */

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean open;
} Gate;

static void
wait_at_gate (gpointer user_data)
{
  Gate *gate = user_data;

  g_mutex_lock (&gate->lock);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
open_gate (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
}

/* A session has a chunk that the disk does not get to. */
static void
begin_at_gate (Bench *b,
               Gate  *gate)
{
  guint turns = 0;

  g_mutex_init (&gate->lock);
  g_cond_init (&gate->cond);
  bench_begin (b);
  bench_settle (b);
  eka_disk_push (b->disk, wait_at_gate, gate, NULL);
  bench_put (b);
  /* It does not turn in circles. */
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (turns++, <, 100);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_UPLOAD], ==, 0);
}

static void
end_gate (Gate *gate)
{
  g_mutex_clear (&gate->lock);
  g_cond_clear (&gate->cond);
}

/* It keeps itself alive, too. */
static void
test_a_session_waits_for_the_disk (Bench        *b,
                                   gconstpointer data)
{
  Gate gate = { .open = FALSE };

  begin_at_gate (b, &gate);
  eka_session_finish (b->session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&b->session, eka_session_unref);
  open_gate (&gate);
  while (!b->over)
    if (!bench_step (b))
      eka_clock_advance (b->clock, eka_clock_next (b->clock));
  g_clear_pointer (&b->outbox, eka_outbox_unref);
  g_clear_pointer (&b->budget, eka_budget_unref);
  bench_settle (b);
  g_assert_true (bench_has_all (
      b, fake_service_find (b->service, b->session_id)));
  bench_assert_gone (b);
  end_gate (&gate);
}

static void
count_late (const GError *error,
            gpointer      user_data)
{
  guint *n = user_data;

  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  ++*n;
}

/* The session finds out, and tells, though the disk's thread is stuck. */
static void
test_a_disk_that_hangs_holds_nothing_up (Bench        *b,
                                         gconstpointer data)
{
  Gate gate = { .open = FALSE };
  guint n_told = 0;

  eka_store_set_fault_func (b->store, count_late, &n_told, NULL);
  begin_at_gate (b, &gate);
  g_assert_cmpuint (n_told, ==, 0);
  eka_budget_set_patience (b->budget, 0);
  while (b->service->n_of[EKA_CALL_UPLOAD] == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_told, ==, 1);
  open_gate (&gate);
  bench_settle (b);
  g_assert_cmpuint (n_told, ==, 2); /* it is over */
  eka_session_abort (b->session);
  bench_settle (b);
  eka_store_set_fault_func (b->store, NULL, NULL, NULL);
  g_clear_pointer (&b->session, eka_session_unref);
  g_clear_pointer (&b->outbox, eka_outbox_unref);
  g_clear_pointer (&b->budget, eka_budget_unref);
  bench_settle (b);
  end_gate (&gate);
}

/* What the disk says after that is heard by nobody. */
static void
test_a_session_that_waits_is_aborted (Bench        *b,
                                      gconstpointer data)
{
  Gate gate = { .open = FALSE };
  g_autofree gchar *name = NULL;

  begin_at_gate (b, &gate);
  eka_session_abort (b->session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&b->session, eka_session_unref);
  open_gate (&gate);
  bench_settle (b);
  g_clear_pointer (&b->outbox, eka_outbox_unref);
  g_clear_pointer (&b->budget, eka_budget_unref);
  bench_settle (b);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_UPLOAD], ==, 0);
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  end_gate (&gate);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_bench ("/delivery-disk/a-foreign-service-gets-nothing",
             test_a_foreign_service_gets_nothing);
  add_bench ("/delivery-disk/no-other-service-passes", test_no_other_service_passes);
  add_bench ("/delivery-disk/the-same-service-in-other-words",
             test_the_same_service_in_other_words);
  add_bench ("/delivery-disk/a-later-version-is-left-alone",
             test_a_later_version_is_left_alone);
  g_test_add ("/delivery-disk/a-damaged-description/cut", Bench, "{\"format\": 1, ",
              bench_set_up, test_a_damaged_description_makes_a_new_session,
              bench_tear_down);
  g_test_add ("/delivery-disk/a-damaged-description/empty", Bench, "", bench_set_up,
              test_a_damaged_description_makes_a_new_session, bench_tear_down);
  add_bench ("/delivery-disk/a-missing-description",
             test_a_missing_description_makes_a_new_session);
  add_bench ("/delivery-disk/content-is-of-who-recorded",
             test_content_is_of_who_recorded);
  g_test_add ("/delivery-disk/a-damaged-index/odd", Bench, "what is this?\n",
              bench_set_up, test_a_damaged_index, bench_tear_down);
  add_bench ("/delivery-disk/a-disk-that-hangs-holds-nothing-up",
             test_a_disk_that_hangs_holds_nothing_up);
  g_test_add ("/delivery-disk/a-damaged-index/empty", Bench, "", bench_set_up,
              test_a_damaged_index, bench_tear_down);
  add_bench ("/delivery-disk/an-index-of-a-later-version",
             test_an_index_of_a_later_version);
  add_bench ("/delivery-disk/packets-that-no-chunk-has",
             test_packets_that_no_chunk_has);
  add_bench ("/delivery-disk/a-damaged-journal", test_a_damaged_journal);
  add_bench ("/delivery-disk/nothing-that-can-be-read-stays",
             test_nothing_that_can_be_read_stays);
  add_bench ("/delivery-disk/nothing-to-deliver", test_nothing_to_deliver);
  add_bench ("/delivery-disk/what-can-not-be-read-is-given-up",
             test_what_can_not_be_read_is_given_up);
  add_bench ("/delivery-disk/a-session-waits-for-the-disk",
             test_a_session_waits_for_the_disk);
  add_bench ("/delivery-disk/a-session-that-waits-is-aborted",
             test_a_session_that_waits_is_aborted);
  return g_test_run ();
}
