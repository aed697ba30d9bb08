/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bench.h"

#include <glib/gstdio.h>
#include <string.h>

#include "chunk/wav.h"
#include "scribe/discovery.h"
#include "scribe/error.h"

/* Of the disk, in wall clock time. */
#define PATIENCE G_TIME_SPAN_MINUTE

/* Steps before a run counts as endless. */
#define MAX_STEPS 20000

/* Steps of a recording from one chunk to the next. */
#define CHUNK_STEPS 4

void
bench_set_up (Bench        *b,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  eka_discovery_cache_clear ();
  b->location = g_dir_make_tmp ("ekascribe-XXXXXX", &error);
  g_assert_no_error (error);
  b->clock = eka_clock_new_test ();
  b->worker = eka_worker_new_test (b->clock);
  b->service = fake_service_new (1);
  b->disk = eka_disk_acquire ();
  b->store = eka_store_new (b->disk, b->location, 0);
  g_assert_true (eka_store_prepare (b->store, &error));
  b->settings = eka_settings_new ();
  b->settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  b->settings->discovery = EKA_DISCOVERY_OFF;
  b->settings->token = eka_token_new ();
  eka_token_set_value (b->settings->token, "secret-token");
  b->said = g_ptr_array_new_with_free_func (g_free);
}

static void
remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *inner = g_build_filename (path, name, NULL);

      remove_tree (inner);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
forget_delivery (Bench *b)
{
  g_clear_pointer (&b->delivery, eka_delivery_unref);
  g_ptr_array_set_size (b->said, 0);
  g_clear_error (&b->error);
  g_clear_error (&b->warning);
  g_clear_pointer (&b->result, eka_result_unref);
  g_clear_pointer (&b->delivered_to, g_free);
  b->done = 0;
  b->chunks_done = 0;
}

void
bench_tear_down (Bench        *b,
                 gconstpointer data)
{
  bench_drop (b);
  forget_delivery (b);
  bench_settle (b);
  g_ptr_array_unref (b->said);
  eka_settings_free (b->settings);
  eka_store_unref (b->store);
  g_assert_true (eka_disk_wait (b->disk, g_get_monotonic_time () + PATIENCE));
  eka_disk_release (b->disk);
  g_object_unref (b->service);
  eka_worker_release (b->worker);
  eka_clock_unref (b->clock);
  remove_tree (b->location);
  g_free (b->location);
  g_free (b->session_id);
  eka_discovery_cache_clear ();
}

/* What the disk has done may be why it has more to do: what is closed is closed
 * when the last commit is done, which waited for the one before. */
#define DISK_LEVELS 4

/* Until all is done that does not wait for the worker. */
void
bench_wait_for_disk (Bench *b)
{
  guint i;

  for (i = 0; i < DISK_LEVELS; i++)
    g_assert_true (eka_disk_wait (b->disk,
                                  g_get_monotonic_time () + PATIENCE));
}

/* Lets the disk do what it was given, and then one thing of the worker's.
 *
 * Returns: whether there was one that does not wait for time */
gboolean
bench_step (Bench *b)
{
  g_assert_true (eka_disk_wait (b->disk, g_get_monotonic_time () + PATIENCE));
  return g_main_context_iteration (NULL, FALSE);
}

void
bench_settle (Bench *b)
{
  guint quiet;

  for (quiet = 0; quiet < DISK_LEVELS; quiet++)
    if (bench_step (b))
      quiet = 0;
}

/* As bench_step(), and moves the clock where nothing else is left. */
static void
step_or_wait (Bench *b)
{
  gint64 next;

  if (bench_step (b))
    return;
  next = eka_clock_next (b->clock);
  g_assert_cmpint (next, >=, 0);
  eka_clock_advance (b->clock, next);
}

/* --- the recording ------------------------------------------------------ */

static void
hear (const EkaSessionEvent *event,
      gpointer               user_data)
{
  Bench *b = user_data;

  g_free (b->session_id);
  b->session_id = g_strdup (event->session_id);
  b->over = b->over || event->type == EKA_SESSION_EVENT_DONE;
}

/* A file whose samples are all its number. */
EkaChunk *
bench_make_chunk (guint index)
{
  const EkaCodec codec = { .type = EKA_CODEC_PCM, .rate = 16000,
                           .channels = 1 };
  guint16 samples[BENCH_SAMPLES];
  g_autoptr (GBytes) bytes = NULL;
  guint i;

  for (i = 0; i < BENCH_SAMPLES; i++)
    samples[i] = GUINT16_TO_LE (index);
  bytes = eka_wav_write (&codec, (const guint8 *) samples, sizeof samples);
  return eka_chunk_new (index, bytes, "audio/wav", "wav",
                        index * BENCH_DURATION, BENCH_DURATION, BENCH_SAMPLES);
}

void
bench_begin (Bench *b)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (b->store);

  b->budget = eka_budget_new (0, 0);
  b->outbox = eka_outbox_new (b->budget);
  eka_outbox_set_spool (b->outbox, spool, EKA_OUTBOX_ALWAYS);
  b->session = eka_session_new (b->worker, EKA_TRANSPORT (b->service),
                                b->outbox, eka_settings_copy (b->settings),
                                hear, b, NULL);
  eka_session_open (b->session);
  eka_session_start (b->session, "en");
}

void
bench_put (Bench *b)
{
  g_autoptr (EkaChunk) chunk = bench_make_chunk (b->put++);

  eka_outbox_put (b->outbox, chunk);
  eka_session_chunk_added (b->session);
}

/* The process is no more: nobody gets an answer, nothing is called any more. */
void
bench_drop (Bench *b)
{
  if (b->session == NULL)
    return;
  b->service->down = TRUE;
  eka_session_abort (b->session);
  bench_settle (b);
  g_clear_pointer (&b->session, eka_session_unref);
  g_clear_pointer (&b->outbox, eka_outbox_unref);
  g_clear_pointer (&b->budget, eka_budget_unref);
  bench_settle (b);
  b->service->down = FALSE;
}

/* Drops a recording after @steps steps.
 *
 * Returns: whether it came to its end before */
gboolean
bench_record (Bench *b,
              guint  chunks,
              guint  steps)
{
  guint i;

  bench_begin (b);
  for (i = 0; i < steps && !b->over; i++)
    {
      g_assert_cmpuint (i, <, MAX_STEPS);
      if (i == chunks * CHUNK_STEPS)
        eka_session_finish (b->session);
      else if (i % CHUNK_STEPS == 0 && b->put < chunks)
        bench_put (b);
      if (i < chunks * CHUNK_STEPS)
        bench_step (b);
      else
        step_or_wait (b);
    }
  bench_drop (b);
  return b->over;
}

/* Drops one when the service has taken some of it. */
void
bench_record_until (Bench *b,
                    guint  chunks,
                    guint  acknowledged)
{
  EkaSessionStats stats;

  bench_begin (b);
  while (b->put < chunks)
    bench_put (b);
  do
    {
      step_or_wait (b);
      eka_session_get_stats (b->session, &stats);
    }
  while (stats.chunks_uploaded < acknowledged);
  bench_drop (b);
}

/* --- the delivery ------------------------------------------------------- */

static void
listen (const EkaDeliveryEvent *event,
        gpointer                user_data)
{
  Bench *b = user_data;

  g_assert_cmpuint (b->done, ==, 0);
  g_assert_nonnull (event->name);
  g_assert_cmpuint (event->chunks_done, <=, event->chunks_total);
  g_assert_cmpuint (event->duration_done, <=, event->duration_total);
  b->chunks_done = event->chunks_done;
  switch (event->type)
    {
    case EKA_DELIVERY_SESSION:
      g_free (b->delivered_to);
      b->delivered_to = g_strdup (event->session_id);
      g_ptr_array_add (b->said, g_strdup ("session"));
      break;
    case EKA_DELIVERY_CHUNK:
      g_ptr_array_add (b->said, g_strdup_printf ("chunk %u of %u",
                                                 event->chunks_done,
                                                 event->chunks_total));
      break;
    case EKA_DELIVERY_WARNING:
      g_clear_error (&b->warning);
      b->warning = g_error_copy (event->error);
      g_ptr_array_add (b->said, g_strdup_printf ("warning %d",
                                                 event->error->code));
      break;
    case EKA_DELIVERY_DONE:
      b->done++;
      if (event->error != NULL)
        b->error = g_error_copy (event->error);
      if (event->result != NULL)
        b->result = eka_result_ref (event->result);
      g_ptr_array_add (b->said, g_strdup ("done"));
      break;
    }
}

/* The one folder that is there.
 *
 * Returns: (nullable): its name, or %NULL where there is none */
gchar *
bench_find (Bench *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = eka_leftover_list (b->location, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (all->len, <=, 1);
  return all->len == 0
             ? NULL
             : g_strdup (((EkaLeftover *) g_ptr_array_index (all, 0))->name);
}

gchar *
bench_path (Bench       *b,
            const gchar *file)
{
  g_autofree gchar *name = bench_find (b);

  g_assert_nonnull (name);
  return g_build_filename (b->location, name, file, NULL);
}

void
bench_start (Bench       *b,
             const gchar *name)
{
  g_autoptr (GError) error = NULL;

  forget_delivery (b);
  b->delivery = eka_delivery_new (b->worker, EKA_TRANSPORT (b->service),
                                  b->store, b->settings, listen, b, NULL);
  eka_delivery_start (b->delivery, name, &error);
  g_assert_no_error (error);
}

/* Cancels it after @steps steps.
 *
 * Returns: whether it came to its end before */
gboolean
bench_deliver (Bench       *b,
               const gchar *name,
               guint        steps)
{
  gboolean ended;
  guint i;

  bench_start (b, name);
  for (i = 0; i < steps && b->done == 0; i++)
    {
      g_assert_cmpuint (i, <, MAX_STEPS);
      step_or_wait (b);
    }
  ended = b->done > 0;
  if (!ended)
    eka_delivery_cancel (b->delivery);
  g_clear_pointer (&b->delivery, eka_delivery_unref);
  bench_settle (b);
  g_assert_cmpuint (b->done, ==, 1);
  return ended;
}

guint
bench_count (Bench       *b,
             const gchar *word)
{
  guint count = 0;
  guint i;

  for (i = 0; i < b->said->len; i++)
    count += g_str_has_prefix (g_ptr_array_index (b->said, i), word);
  return count;
}

/* --- the service -------------------------------------------------------- */

/* A session that was ended and not cancelled; how many there are.
 * @n: (out) */
FakeSession *
bench_find_ended (Bench *b,
                  guint *n)
{
  FakeSession *found = NULL;
  GHashTableIter iter;
  gpointer value;

  *n = 0;
  g_hash_table_iter_init (&iter, b->service->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((FakeSession *) value)->ended && !((FakeSession *) value)->cancelled)
      {
        found = value;
        ++*n;
      }
  return found;
}

/* Whether the session is the recording, in order and byte for byte. */
gboolean
bench_has_all (Bench       *b,
               FakeSession *session)
{
  guint i;

  if (g_hash_table_size (session->files) != b->put)
    return FALSE;
  for (i = 0; i < b->put; i++)
    {
      g_autoptr (EkaChunk) chunk = bench_make_chunk (i);
      GBytes *bytes = g_hash_table_lookup (session->files,
                                           GUINT_TO_POINTER (i));

      if (bytes == NULL || !g_bytes_equal (bytes, chunk->bytes))
        return FALSE;
    }
  return TRUE;
}

/* --- what must hold ----------------------------------------------------- */

void
bench_assert_gone (Bench *b)
{
  g_autofree gchar *name = bench_find (b);

  g_assert_null (name);
}

/* It is in one session, once and whole, and no longer on disk. */
void
bench_assert_delivered (Bench *b)
{
  FakeSession *session;
  guint n;

  g_assert_no_error (b->error);
  session = bench_find_ended (b, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (bench_has_all (b, session));
  g_assert_nonnull (b->result);
  g_assert_cmpstr (b->delivered_to, ==, session->id);
  bench_assert_gone (b);
}

/* The failed start leaves everything as it was.
 *
 * Returns: (transfer full): what it said */
GError *
bench_fail_to_start (Bench       *b,
                     const gchar *name)
{
  guint calls = b->service->n_calls;
  GError *error = NULL;

  b->delivery = eka_delivery_new (b->worker, EKA_TRANSPORT (b->service),
                                  b->store, b->settings, NULL, NULL, NULL);
  g_assert_false (eka_delivery_start (b->delivery, name, &error));
  g_assert_nonnull (error);
  g_clear_pointer (&b->delivery, eka_delivery_unref);
  bench_settle (b);
  g_assert_cmpuint (b->service->n_calls, ==, calls);
  return error;
}

EkaDescriptor *
bench_read_description (Bench *b)
{
  g_autofree gchar *path = bench_path (b, EKA_SPOOL_DESCRIPTION_NAME);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  EkaDescriptor *descriptor;
  gchar *text;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, &error));
  g_assert_null (strstr (text, "secret-token"));
  bytes = g_bytes_new_take (text, size);
  descriptor = eka_descriptor_parse (bytes, &error);
  g_assert_no_error (error);
  return descriptor;
}
