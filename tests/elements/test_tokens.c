/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "scribe/worker.h"

/* Tokens that come while it runs. */

#define LINE                                                                  \
  "audiotestsrc num-buffers=30 samplesperbuffer=1600 ! " PCM                  \
  " ! ekascribesink name=s poll-interval=10000000 "
#define LIVE                                                                  \
  "audiotestsrc is-live=true samplesperbuffer=1600 ! " PCM                    \
  " ! ekascribesink name=s max-chunk-duration=1000000000 "

typedef struct
{
  guint asked;
  const gchar *token;
  GThread *thread;
} Handler;

static gchar *
give_token (GstElement *element,
            gpointer    user_data)
{
  Handler *handler = user_data;

  handler->asked++;
  handler->thread = g_thread_self ();
  return g_strdup (handler->token);
}

static gpointer worker_thread;

static gboolean
note_thread (gpointer user_data)
{
  g_atomic_pointer_set (&worker_thread, g_thread_self ());
  return G_SOURCE_REMOVE;
}

static const gchar *
last_credential (Fixture *f,
                 EkaCall  call)
{
  return eka_liar_nth (f->liar, call, fixture_count_calls (f, call) - 1)
      ->credential;
}

static void
assert_ends_well (Fixture *f)
{
  g_autoptr (GstMessage) end =
      fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

static void
test_required_gives_a_token (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (EkaWorker) worker = eka_worker_acquire ();
  Handler handler = { .token = "handed" };

  eka_worker_invoke (worker, note_thread, NULL, NULL);
  eka_liar_push (f->liar, EKA_CALL_CREATE, 401, "");
  fixture_launch (f, LINE);
  g_signal_connect (f->sink, "token-required", G_CALLBACK (give_token),
                    &handler);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (handler.asked, ==, 1);
  g_assert_true (handler.thread != g_atomic_pointer_get (&worker_thread));
  g_assert_cmpstr (last_credential (f, EKA_CALL_CREATE), ==, "Bearer handed");
  g_assert_cmpstr (last_credential (f, EKA_CALL_GET), ==, "Bearer handed");
}

/* Without any credential the first call would only cost a refusal. */
static void
test_required_comes_before_the_first_call (Fixture      *f,
                                           gconstpointer data)
{
  Handler handler = { .token = "handed" };

  fixture_launch (f, LINE);
  g_object_set (f->sink, "access-token", NULL, NULL);
  g_signal_connect (f->sink, "token-required", G_CALLBACK (give_token),
                    &handler);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpstr (last_credential (f, EKA_CALL_CREATE), ==, "Bearer handed");
}

/* The handler has none; it comes when the user has logged in, after EOS even. */
static void
test_token_comes_later (Fixture      *f,
                        gconstpointer data)
{
  Handler handler = { 0 };
  g_autoptr (GstMessage) warning = NULL;
  guint i;

  for (i = 0; i < 2; i++)
    eka_liar_push (f->liar, EKA_CALL_END, 401, "");
  fixture_launch (f, LINE);
  g_signal_connect (f->sink, "token-required", G_CALLBACK (give_token),
                    &handler);
  fixture_play (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_EOS |
                                 GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NOT_AUTHORIZED, "refused");
  g_object_set (f->sink, "access-token", "later", NULL);
  assert_ends_well (f);
  /* Once for each of the two that may have been refused. */
  g_assert_cmpuint (handler.asked, >=, 1);
  g_assert_cmpuint (handler.asked, <=, 2);
  g_assert_cmpstr (last_credential (f, EKA_CALL_GET), ==, "Bearer later");
}

/* Nobody is asked, but somebody has noticed. */
static void
test_token_is_set_while_it_records (Fixture      *f,
                                    gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  guint i;

  for (i = 0; i < 2; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 401, "");
  fixture_launch (f, LIVE);
  fixture_play (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NOT_AUTHORIZED, "refused");
  g_object_set (f->sink, "access-token", "new", NULL);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  g_assert_cmpstr (last_credential (f, EKA_CALL_UPLOAD), ==, "Bearer new");
  gst_element_send_event (f->pipeline, gst_event_new_eos ());
  assert_ends_well (f);
}

static void
test_no_token_is_refused (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;

  fixture_launch (f, LIVE);
  fixture_play (f);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  g_object_set (f->sink, "access-token", "two words", NULL);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "access-token");
  gst_element_send_event (f->pipeline, gst_event_new_eos ());
  assert_ends_well (f);
  g_assert_cmpstr (last_credential (f, EKA_CALL_GET), ==, "Bearer secret-token");
}

/* The token expires before the call @data. */
static void
test_client_renews_for_every_call (Fixture      *f,
                                   gconstpointer data)
{
  EkaCall call = GPOINTER_TO_UINT (data);
  g_autofree gchar *line = NULL;

  /* A client of its own: the login of the test before may still be there, and
   * would be shared. */
  line = g_strdup_printf (LINE "client-id=clinic-%u client-secret=s3cret", call);
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, call, 401, "");
  fixture_launch (f, line);
  g_object_set (f->sink, "access-token", NULL, NULL);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_LOGIN), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_REFRESH), ==, 1);
  g_assert_cmpstr (last_credential (f, EKA_CALL_GET), ==, "Bearer token-2");
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==,
                    call == EKA_CALL_UPLOAD ? 2 : 1);
}

typedef struct
{
  const gchar *settings;
  const gchar *property;
} Wrong;

static const Wrong wrong[] = {
  { "client-id=clinic", "client-secret" },
  { "client-secret=s3cret", "client-id" },
  { "client-id=a client-secret=b auth-url=http://api.test/auth", "auth-url" },
  { "client-id=a client-secret=b auth-url=https://other.test/auth",
    "auth-url" },
  { "client-id=a client-secret=b auth-url=none", "auth-url" },
};

static void
test_wrong_clients_fail_before_the_network (Fixture      *f,
                                            gconstpointer data)
{
  const Wrong *what = data;
  g_autofree gchar *line = g_strconcat (LINE, what->settings, NULL);
  g_autoptr (GstMessage) error = NULL;

  fixture_launch (f, line);
  g_assert_cmpint (gst_element_set_state (f->pipeline, GST_STATE_PLAYING), ==,
                   GST_STATE_CHANGE_FAILURE);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        what->property);
  g_assert_cmpstr (fixture_get_detail (error, "property"), ==,
                   what->property);
  g_assert_cmpuint (f->liar->log->len, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const EkaCall calls[] = { EKA_CALL_CREATE, EKA_CALL_UPLOAD,
                                   EKA_CALL_END, EKA_CALL_GET };
  guint i;

  fixture_init (&argc, &argv);
  add_test ("/tokens/required-gives-a-token", test_required_gives_a_token);
  add_test ("/tokens/required-comes-before-the-first-call",
            test_required_comes_before_the_first_call);
  add_test ("/tokens/a-token-comes-later", test_token_comes_later);
  add_test ("/tokens/a-token-is-set-while-it-records",
            test_token_is_set_while_it_records);
  add_test ("/tokens/what-is-no-token-is-refused", test_no_token_is_refused);
  for (i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/tokens/a-client-renews-for/%s",
                         eka_call_to_string (calls[i]));

    g_test_add (path, Fixture, GUINT_TO_POINTER (calls[i]), fixture_set_up,
                test_client_renews_for_every_call, fixture_tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/tokens/wrong-clients-fail-early/%u", i);

    g_test_add (path, Fixture, &wrong[i], fixture_set_up,
                test_wrong_clients_fail_before_the_network, fixture_tear_down);
  }
  return g_test_run ();
}
