/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Recordings, and deliveries, that are dropped at every single step: whatever
 * is left is delivered, once and whole, and nothing stays. */
#include <string.h>

#include "bench.h"
#include "scribe/error.h"

#define FOR_EVER G_MAXUINT

/* Kinds of services. */
typedef struct
{
  const gchar *name;
  void (*set_up) (Bench *b);
  gboolean blind; /* it does not tell whether a session has everything */
} Kind;

static void
be_plain (Bench *b)
{
}

static void
refuse_again (Bench *b)
{
  b->service->refuses_again = TRUE;
}

static void
give_ids (Bench *b)
{
  b->service->own_ids = TRUE;
}

static void
tell_no_list (Bench *b)
{
  b->service->no_list = TRUE;
}

static void
tell_nothing (Bench *b)
{
  b->service->no_list = TRUE;
  b->service->no_count = TRUE;
}

static void
let_nobody_wait (Bench *b)
{
  b->settings->wait_for_results = FALSE;
}

static const gchar single_discovery[] =
    "{\"protocol\":\"medscribealliance\",\"supported_versions\":[\"0.1\"],"
    "\"capabilities\":{\"audio_formats\":[\"audio/wav\"],"
    "\"upload_methods\":[\"single\",\"chunked\"]}}";

static void
take_one_file (Bench *b)
{
  b->settings->upload_type = EKA_UPLOAD_SINGLE;
  b->settings->discovery = EKA_DISCOVERY_AUTO;
  b->service->discovery = single_discovery;
  b->service->appends = TRUE;
}

static const Kind kinds[] = {
  { "plain", be_plain, FALSE },
  { "refuses-again", refuse_again, FALSE },
  { "own-ids", give_ids, FALSE },
  { "no-list", tell_no_list, FALSE },
  { "no-word", tell_nothing, TRUE },
  { "nobody-waits", let_nobody_wait, FALSE },
  { "one-file", take_one_file, FALSE },
};

static guint
count_chunks (Bench *b)
{
  return b->settings->upload_type == EKA_UPLOAD_SINGLE ? 1 : 3;
}

/* Everything is in a session that was ended, once. */
static void
assert_delivered (Bench      *b,
                  const Kind *kind)
{
  FakeSession *session;
  guint n;

  session = bench_find_ended (b, &n);
  g_assert_cmpuint (n, >=, b->put > 0);
  if (n > 0)
    {
      g_assert_true (bench_has_all (b, session));
      g_assert_cmpuint (session->doubled, ==, 0);
    }
  if (!kind->blind)
    g_assert_cmpuint (n, <=, 1);
}

static void
deliver (Bench      *b,
         const Kind *kind)
{
  g_autofree gchar *name = bench_find (b);
  g_autofree gchar *still = NULL;
  g_autoptr (GError) error = NULL;

  if (name != NULL)
    {
      g_assert_true (bench_deliver (b, name, FOR_EVER));
      g_assert_no_error (b->error);
    }
  assert_delivered (b, kind);
  still = bench_find (b);
  g_assert_null (still);
}

static void
test_a_recording_is_dropped (gconstpointer data)
{
  const Kind *kind = data;
  gboolean over = FALSE;
  guint steps;

  for (steps = 0; !over; steps++)
    {
      Bench b = { 0 };

      g_test_message ("dropped after %u steps", steps);
      bench_set_up (&b, NULL);
      kind->set_up (&b);
      over = bench_record (&b, count_chunks (&b), steps);
      deliver (&b, kind);
      bench_tear_down (&b, NULL);
    }
  g_assert_cmpuint (steps, >, 10);
}

/* The delivery itself is dropped, and another one goes on. */
static void
test_a_delivery_is_dropped (gconstpointer data)
{
  const Kind *kind = data;
  gboolean over = FALSE;
  guint steps;

  for (steps = 0; !over; steps++)
    {
      Bench b = { 0 };
      g_autofree gchar *name = NULL;

      g_test_message ("dropped after %u steps", steps);
      bench_set_up (&b, NULL);
      kind->set_up (&b);
      bench_record_until (&b, count_chunks (&b), 1);
      name = bench_find (&b);
      over = bench_deliver (&b, name, steps);
      deliver (&b, kind);
      bench_tear_down (&b, NULL);
    }
  g_assert_cmpuint (steps, >, 5);
}

/* The same where the session is gone, so that another one is made on the way. */
static void
test_a_delivery_to_another_session_is_dropped (void)
{
  gboolean over = FALSE;
  guint steps;

  for (steps = 0; !over; steps++)
    {
      Bench b = { 0 };
      g_autofree gchar *name = NULL;

      g_test_message ("dropped after %u steps", steps);
      bench_set_up (&b, NULL);
      bench_record_until (&b, 3, 2);
      fake_service_find (b.service, b.session_id)->forgotten = TRUE;
      name = bench_find (&b);
      over = bench_deliver (&b, name, steps);
      deliver (&b, &kinds[0]);
      bench_tear_down (&b, NULL);
    }
  g_assert_cmpuint (steps, >, 10);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree gchar *recording =
          g_strconcat ("/delivery/dropped/recording/", kinds[i].name, NULL);
      g_autofree gchar *delivery =
          g_strconcat ("/delivery/dropped/delivery/", kinds[i].name, NULL);

      g_test_add_data_func (recording, &kinds[i], test_a_recording_is_dropped);
      g_test_add_data_func (delivery, &kinds[i], test_a_delivery_is_dropped);
    }
  g_test_add_func ("/delivery/dropped/delivery/another-session",
                   test_a_delivery_to_another_session_is_dropped);
  return g_test_run ();
}
