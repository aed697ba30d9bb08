/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What becomes of chunks that the service does not take. */
#include "chunk/chunker.h"
#include "chunk/opus.h"
#include "chunk/wav.h"
#include "outbox/outboxprivate.h"
#include "scribe/error.h"
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define OPEN "{\"status\":\"initialized\",\"audio_files\":[]}"

static void
push_code (Fixture     *f,
           EkaCall      call,
           guint        status,
           const gchar *code,
           guint        count)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"error\":{\"code\":\"%s\"}}", code);

  while (count-- > 0)
    eka_liar_push (f->liar, call, status, body);
}

static void
push_reset (Fixture *f,
            EkaCall  call)
{
  eka_liar_push_error (f->liar, call,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "reset"));
}

static void
add (Fixture  *f,
     EkaChunk *chunk) /* (transfer full) */
{
  eka_outbox_put (f->outbox, chunk);
  eka_chunk_unref (chunk);
  eka_session_chunk_added (f->session);
}

static gchar *
get_body (EkaRequest *request)
{
  gsize size;
  const gchar *data = g_bytes_get_data (request->body, &size);

  return g_strndup (data, size);
}

/* --- another format ----------------------------------------------------- */

/* What a recoder was given, and what it does. */
typedef struct
{
  Fixture base;
  GMutex lock;
  GCond cond;
  gboolean held;       /* guarded by lock: it does not return */
  gboolean inside;     /* guarded by lock */
  gboolean fails;
  gboolean is_silent;  /* its chunks have no samples */
  GThread *thread;     /* that it ran on */
  GString *seen;       /* the bytes of each, and a ! behind the last */
} RecodeFixture;

static EkaChunk *
recode (EkaChunk *chunk,
        gboolean  last,
        gpointer  user_data,
        GError  **error)
{
  RecodeFixture *r = user_data;
  gsize size;
  const gchar *data = g_bytes_get_data (chunk->bytes, &size);
  g_autofree gchar *text = g_strdup_printf ("wav of %.*s", (int) size, data);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  g_mutex_lock (&r->lock);
  r->inside = TRUE;
  g_cond_broadcast (&r->cond);
  while (r->held)
    g_cond_wait (&r->cond, &r->lock);
  r->inside = FALSE;
  g_mutex_unlock (&r->lock);
  r->thread = g_thread_self ();
  g_string_append_printf (r->seen, "%.*s%s ", (int) size, data,
                          last ? "!" : "");
  if (r->fails)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "it is noise");
      return NULL;
    }
  return eka_chunk_new (chunk->index, bytes, "audio/wav", "wav", 0, SECOND,
                        r->is_silent ? 0 : 16000);
}

static void
recode_set_up (RecodeFixture *r,
               gconstpointer  data)
{
  fixture_set_up (&r->base, NULL);
  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  r->seen = g_string_new (NULL);
  fixture_open (&r->base);
  eka_session_set_recode_func (r->base.session, recode, r, NULL);
}

static void
recode_tear_down (RecodeFixture *r,
                  gconstpointer  data)
{
  fixture_tear_down (&r->base, NULL);
  g_string_free (r->seen, TRUE);
  g_cond_clear (&r->cond);
  g_mutex_clear (&r->lock);
}

/* Has the recorder stay inside, or lets it go. */
static void
hold (RecodeFixture *r,
      gboolean       held)
{
  g_mutex_lock (&r->lock);
  r->held = held;
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
}

static void
wait_inside (RecodeFixture *r)
{
  fixture_spin (&r->base);
  g_mutex_lock (&r->lock);
  while (!r->inside)
    g_cond_wait (&r->cond, &r->lock);
  g_mutex_unlock (&r->lock);
}

/* As fixture_spin(), with what goes on in the other thread. */
static void
spin_all (RecodeFixture *r)
{
  while (g_main_context_iteration (NULL, r->base.session->calling))
    ;
}

static void
run_all (RecodeFixture *r)
{
  spin_all (r);
  while (r->base.done == 0)
    {
      g_assert_cmpint (eka_clock_next (r->base.clock), >=, 0);
      eka_clock_advance (r->base.clock, eka_clock_next (r->base.clock));
      spin_all (r);
    }
}

static EkaChunk *
new_ogg (RecodeFixture *r,
         const gchar   *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return eka_chunk_new (r->base.next_index++, bytes, "audio/ogg;codecs=opus",
                        "ogg", 0, SECOND, 48000);
}

static void
add_ogg (RecodeFixture *r,
         const gchar   *text)
{
  add (&r->base, new_ogg (r, text));
  spin_all (r);
}

static void
start_with (RecodeFixture *r,
            guint          accepted)
{
  Fixture *f = &r->base;
  guint i;

  eka_session_start (f->session, NULL);
  fixture_spin (f);
  for (i = 0; i < accepted; i++)
    {
      g_autofree gchar *text = g_strdup_printf ("%u", i);

      add_ogg (r, text);
    }
  push_code (f, EKA_CALL_UPLOAD, 400, "invalid_audio_format", 1);
}

static void
assert_upload (Fixture     *f,
               guint        nth,
               const gchar *name,
               const gchar *text)
{
  EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, nth);
  g_autofree gchar *body = NULL;

  g_assert_nonnull (request);
  body = get_body (request);
  g_assert_true (g_str_has_suffix (request->uri, name));
  g_assert_cmpstr (body, ==, text);
}

static void
test_all_goes_on_as_wav (RecodeFixture *r,
                         gconstpointer  data)
{
  Fixture *f = &r->base;
  g_autofree gchar *old = NULL;
  EkaRequest *patch;
  EkaSessionStats stats;

  start_with (r, 2);
  old = g_strdup (f->session_id);
  add_ogg (r, "2");
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  /* The last one waits, for it may be the very last. */
  g_assert_cmpstr (r->seen->str, ==, "0 1 ");
  add_ogg (r, "3");
  g_assert_cmpstr (r->seen->str, ==, "0 1 2 ");
  eka_session_finish (f->session);
  run_all (r);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (r->seen->str, ==, "0 1 2 3! ");
  g_assert_true (r->thread != g_thread_self ());
  assert_upload (f, 3, "/audio_0.wav", "wav of 0");
  assert_upload (f, 4, "/audio_1.wav", "wav of 1");
  assert_upload (f, 5, "/audio_2.wav", "wav of 2");
  assert_upload (f, 6, "/audio_3.wav", "wav of 3");
  g_assert_cmpstr (f->previous_id, ==, old);
  patch = eka_liar_nth (f->liar, EKA_CALL_PATCH, 0);
  g_assert_nonnull (patch);
  g_assert_true (g_str_has_suffix (patch->uri, old));
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.replaced, ==, 1);
}

/* Each chunk is recoded once, also where the next session is lost. */
static void
test_wav_stays_wav (RecodeFixture *r,
                    gconstpointer  data)
{
  Fixture *f = &r->base;

  start_with (r, 1);
  add_ogg (r, "1");
  f->liar->any_get = TRUE;
  push_code (f, EKA_CALL_UPLOAD, 410, "session_expired", 1);
  push_code (f, EKA_CALL_GET, 410, "session_expired", 1);
  add_ogg (r, "2");
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (r->seen->str, ==, "0 1 2! ");
  g_assert_cmpuint (f->liar->files->len, ==, 3);
}

static void
test_what_cannot_be_recoded_is_refused (RecodeFixture *r,
                                        gconstpointer  data)
{
  Fixture *f = &r->base;
  EkaOutboxStats left;

  r->fails = TRUE;
  start_with (r, 1);
  add_ogg (r, "1");
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  g_assert_cmpuint (f->done, ==, 0);
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_nonnull (strstr (f->error->message, "it is noise"));
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.kept, ==, 2);
}

static void
test_what_cannot_be_recoded_may_be_skipped (RecodeFixture *r,
                                            gconstpointer  data)
{
  Fixture *f = &r->base;
  EkaOutboxStats left;

  f->session->settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  r->fails = TRUE;
  start_with (r, 1);
  add_ogg (r, "1");
  r->fails = FALSE;
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  assert_upload (f, 2, "/audio_0.wav", "wav of 1");
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.dropped_chunks, ==, 1);
}

static void
test_a_chunk_without_samples_is_no_loss (RecodeFixture *r,
                                         gconstpointer  data)
{
  Fixture *f = &r->base;
  EkaOutboxStats left;

  r->is_silent = TRUE;
  start_with (r, 1);
  add_ogg (r, "1");
  r->is_silent = FALSE;
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  assert_upload (f, 2, "/audio_0.wav", "wav of 1");
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.dropped_chunks, ==, 0);
}

static void
test_discard_while_it_is_recoded (RecodeFixture *r,
                                  gconstpointer  data)
{
  Fixture *f = &r->base;

  r->fails = data != NULL;
  start_with (r, 0);
  r->held = TRUE;
  add (f, new_ogg (r, "0"));
  eka_session_finish (f->session);
  wait_inside (r);
  eka_session_discard (f->session);
  fixture_spin (f);
  hold (r, FALSE);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_no_error (f->error);
}

/* The memory of a live recording is full while the oldest chunk is recoded. */
static void
test_what_is_recoded_is_not_dropped (RecodeFixture *r,
                                     gconstpointer  data)
{
  Fixture *f = &r->base;
  g_autoptr (EkaChunk) more = new_ogg (r, "3");
  EkaBudgetLoss loss;

  start_with (r, 0);
  r->held = TRUE;
  add (f, new_ogg (r, "0"));
  add (f, new_ogg (r, "1"));
  wait_inside (r);
  f->budget->max_bytes = 1;
  eka_budget_force_room (f->budget, more, &loss);
  g_assert_cmpuint (loss.chunks, ==, 1);
  f->budget->max_bytes = 0;
  add (f, eka_chunk_ref (more));
  hold (r, FALSE);
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (r->seen->str, ==, "0 3! ");
  assert_upload (f, 1, "/audio_0.wav", "wav of 0");
  assert_upload (f, 2, "/audio_1.wav", "wav of 3");
}

/* Not all can be recoded: the session ends with what it has. */
static void
test_what_was_let_go_stays_where_it_is (RecodeFixture *r,
                                        gconstpointer  data)
{
  Fixture *f = &r->base;
  g_autoptr (EkaChunk) more = new_ogg (r, "3");

  start_with (r, 2);
  f->budget->max_bytes = 2;
  g_assert_false (eka_budget_make_room (f->budget, more));
  eka_session_make_room (f->session);
  spin_all (r);
  g_assert_true (eka_budget_make_room (f->budget, more));
  add_ogg (r, "2");
  g_assert_cmpuint (fixture_count (f, "full 1"), ==, 1);
  g_assert_cmpuint (((EkaChunk *) f->rest->pdata[0])->index, ==, 3);
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
}

static void
test_wav_that_is_refused_is_refused (RecodeFixture *r,
                                     gconstpointer  data)
{
  Fixture *f = &r->base;

  eka_session_start (f->session, NULL);
  fixture_spin (f);
  push_code (f, EKA_CALL_UPLOAD, 400, "invalid_audio_format", 99);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  run_all (r);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                   "invalid_audio_format");
  g_assert_cmpstr (r->seen->str, ==, "");
}

/* --- too large ---------------------------------------------------------- */

/* @samples: how many; each is one more than the one before, from @first on */
static EkaChunk *
new_wav (guint first,
         guint samples)
{
  g_autofree guint16 *pcm = g_new (guint16, samples);
  g_autoptr (GBytes) bytes = NULL;
  EkaCodec codec;
  guint i;

  for (i = 0; i < samples; i++)
    pcm[i] = GUINT16_TO_LE (first + i);
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  bytes = eka_wav_write (&codec, (const guint8 *) pcm, samples * 2);
  return eka_chunk_new (0, bytes, "audio/wav", "wav", 0, samples * 62500,
                        samples);
}

/* Upload @nth brought @samples samples from @first on. */
static void
assert_samples (Fixture     *f,
                guint        nth,
                const gchar *name,
                guint        first,
                guint        samples)
{
  EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, nth);
  g_autoptr (EkaChunk) chunk = new_wav (first, samples);

  g_assert_nonnull (request);
  g_assert_true (g_str_has_suffix (request->uri, name));
  g_assert_true (g_bytes_equal (request->body, chunk->bytes));
}

static void
test_a_chunk_that_is_too_large_is_split (Fixture      *f,
                                         gconstpointer data)
{
  fixture_start (f);
  add (f, new_wav (0, 4000));
  fixture_spin (f);
  if (data != NULL)
    push_code (f, EKA_CALL_UPLOAD, 400, "chunk_too_large", 1);
  else
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 413, "<html>too large</html>");
  add (f, new_wav (4000, 8000));
  add (f, new_wav (12000, 3000)); /* is small enough */
  add (f, new_wav (15000, 9600)); /* is not, and that is known by now */
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 7);
  assert_samples (f, 0, "/audio_0.wav", 0, 4000);
  assert_samples (f, 1, "/audio_1.wav", 4000, 8000);
  assert_samples (f, 2, "/audio_1.wav", 4000, 4000);
  assert_samples (f, 3, "/audio_2.wav", 8000, 4000);
  assert_samples (f, 4, "/audio_3.wav", 12000, 3000);
  assert_samples (f, 5, "/audio_4.wav", 15000, 4800);
  assert_samples (f, 6, "/audio_5.wav", 19800, 4800);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

static void
test_halves_are_split_again (Fixture      *f,
                             gconstpointer data)
{
  fixture_start (f);
  push_code (f, EKA_CALL_UPLOAD, 413, "chunk_too_large", 2);
  add (f, new_wav (0, 16000));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  assert_samples (f, 2, "/audio_0.wav", 0, 4000);
  assert_samples (f, 3, "/audio_1.wav", 4000, 4000);
  assert_samples (f, 4, "/audio_2.wav", 8000, 4000);
  assert_samples (f, 5, "/audio_3.wav", 12000, 4000);
}

static void
test_opus_is_split (Fixture      *f,
                    gconstpointer data)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  const EkaPacket packet = {
    .data = (const guint8 *) "\xf8\xff\xfe",
    .size = 3,
  };
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint i;

  eka_opus_init_codec (&codec, 1);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
  for (i = 0; i < 500; i++)
    g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  fixture_start (f);
  push_code (f, EKA_CALL_UPLOAD, 413, "chunk_too_large", 1);
  add (f, eka_chunker_pop (chunker));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  g_assert_cmpstr (f->liar->files->pdata[1], ==, "audio_1.ogg");
}

static void
test_what_cannot_be_split_is_refused (Fixture      *f,
                                      gconstpointer data)
{
  EkaOutboxStats left;

  fixture_start (f);
  push_code (f, EKA_CALL_UPLOAD, 413, "chunk_too_large", 99);
  add (f, new_wav (0, 3000));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (eka_scribe_error_get_info (f->error)->http_status, ==, 413);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.kept, ==, 1);
}

/* The whole may be there by now, though the list does not show it: a half under
 * its number would be ignored. */
static void
test_a_number_that_may_be_heard_has_its_bytes (Fixture      *f,
                                               gconstpointer data)
{
  fixture_start (f);
  f->liar->any_get = TRUE;
  if (data != NULL)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 504, "");
  else
    push_reset (f, EKA_CALL_UPLOAD);
  push_code (f, EKA_CALL_UPLOAD, 413, "chunk_too_large", 1);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, OPEN);
  add (f, new_wav (0, 8000));
  fixture_spin (f);
  eka_session_finish (f->session); /* which must not make it forget that */
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_nonnull (f->previous_id);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 4);
  assert_samples (f, 2, "/audio_0.wav", 0, 4000);
  assert_samples (f, 3, "/audio_1.wav", 4000, 4000);
}

static void
test_a_chunk_that_may_be_heard_is_not_skipped (Fixture      *f,
                                               gconstpointer data)
{
  fixture_start (f);
  f->liar->any_get = TRUE;
  f->session->settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  push_reset (f, EKA_CALL_UPLOAD);
  push_code (f, EKA_CALL_UPLOAD, 422, "audio_quality_poor", 3);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, OPEN);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, OPEN);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, OPEN);
  add (f, new_wav (0, 100));
  add (f, new_wav (100, 100));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_nonnull (f->previous_id);
  assert_samples (f, 4, "/audio_0.wav", 0, 100);
  assert_samples (f, 5, "/audio_1.wav", 100, 100);
}

#define add_recode_test(path, func) \
  g_test_add ("/session-refusal/" path, RecodeFixture, NULL, recode_set_up, \
              func, recode_tear_down)
#define add_data_test(path, data, func) \
  g_test_add ("/session-refusal/" path, Fixture, data, fixture_set_up, func, \
              fixture_tear_down)

static void
add_recode_tests (void)
{
  add_recode_test ("all-goes-on-as-wav", test_all_goes_on_as_wav);
  add_recode_test ("wav-stays-wav", test_wav_stays_wav);
  add_recode_test ("what-cannot-be-recoded-is-refused",
                   test_what_cannot_be_recoded_is_refused);
  add_recode_test ("what-cannot-be-recoded-may-be-skipped",
                   test_what_cannot_be_recoded_may_be_skipped);
  add_recode_test ("a-chunk-without-samples-is-no-loss",
                   test_a_chunk_without_samples_is_no_loss);
  add_recode_test ("discard-while-it-is-recoded",
                   test_discard_while_it_is_recoded);
  g_test_add ("/session-refusal/discard-while-recoding-fails", RecodeFixture,
              "fails", recode_set_up, test_discard_while_it_is_recoded,
              recode_tear_down);
  add_recode_test ("what-is-recoded-is-not-dropped",
                   test_what_is_recoded_is_not_dropped);
  add_recode_test ("what-was-let-go-stays-where-it-is",
                   test_what_was_let_go_stays_where_it_is);
  add_recode_test ("wav-that-is-refused-is-refused",
                   test_wav_that_is_refused_is_refused);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_recode_tests ();
  add_data_test ("a-chunk-that-is-too-large-is-split/413", NULL,
                 test_a_chunk_that_is_too_large_is_split);
  add_data_test ("a-chunk-that-is-too-large-is-split/code", "code",
                 test_a_chunk_that_is_too_large_is_split);
  add_data_test ("halves-are-split-again", NULL, test_halves_are_split_again);
  add_data_test ("opus-is-split", NULL, test_opus_is_split);
  add_data_test ("what-cannot-be-split-is-refused", NULL,
                 test_what_cannot_be_split_is_refused);
  add_data_test ("a-number-that-may-be-heard-has-its-bytes/reset", NULL,
                 test_a_number_that_may_be_heard_has_its_bytes);
  add_data_test ("a-number-that-may-be-heard-has-its-bytes/504", "504",
                 test_a_number_that_may_be_heard_has_its_bytes);
  add_data_test ("a-chunk-that-may-be-heard-is-not-skipped", NULL,
                 test_a_chunk_that_may_be_heard_is_not_skipped);
  return g_test_run ();
}
