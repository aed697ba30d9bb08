/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <string.h>

/* What passes by itself costs nothing but time: every call fails once, in every
 * way there is, and all that was said arrives, once and in order. */

#define SOUND                                                                  \
  "audiotestsrc num-buffers=300 samplesperbuffer=160 ! "                      \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "                         \
  "ekascribesink name=scribe max-chunk-duration=1000000000 base-url=%s "

#define CHUNKS "audio_0.wav audio_1.wav audio_2.wav "

static void
assert_delivered (Rogue  *rogue,
                  Player *player)
{
  GstMessage *end = player_run (player);
  g_autofree gchar *stored = rogue_stored (rogue);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  const RogueRequest *last;

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    gst_message_parse_error (end, &error, NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (stored, ==, CHUNKS);
  last = rogue_get (rogue, ROGUE_END, rogue_count (rogue, ROGUE_END));
  body = g_bytes_new_static ("{\"audio_files_sent\":3}",
                             strlen ("{\"audio_files_sent\":3}"));
  g_assert_cmpmem (g_bytes_get_data (last->body, NULL),
                   g_bytes_get_size (last->body),
                   g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  g_assert_nonnull (player_last (player, "ekascribe-result"));
}

/* Uploads 1 and 2 are of chunk 0, 3 and 4 of chunk 1. */
static void
assert_same_bytes_again (Rogue *rogue)
{
  guint i;

  for (i = 1; i <= 3; i += 2)
    {
      const RogueRequest *first = rogue_get (rogue, ROGUE_UPLOAD, i);
      const RogueRequest *second = rogue_get (rogue, ROGUE_UPLOAD, i + 1);

      g_assert_cmpstr (first->uri, ==, second->uri);
      g_assert_true (g_bytes_equal (first->body, second->body));
      g_assert_cmpuint (g_bytes_get_size (first->body), >, 16000);
    }
}

static void
test_a_status_passes (gconstpointer status)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  RogueCall call;

  for (call = ROGUE_DISCOVER; call <= ROGUE_GET; call++)
    rogue_reply (rogue, call, 1, 1, GPOINTER_TO_UINT (status), NULL,
                 "{\"error\":{\"code\":\"try_again\"}}");
  rogue_reply (rogue, ROGUE_UPLOAD, 3, 1, GPOINTER_TO_UINT (status), NULL, "");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
  assert_same_bytes_again (rogue);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), ==, 5);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_END), ==, 2);
}

static void
test_a_fault_passes (gconstpointer fault)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  RogueCall call;

  for (call = ROGUE_DISCOVER; call <= ROGUE_GET; call++)
    rogue_break (rogue, call, 1, 1, GPOINTER_TO_INT (fault));
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
}

/* The server gives each connection up after its answer, silently. */
static void
test_closed_connections_pass (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  RogueCall call;

  for (call = ROGUE_DISCOVER; call <= ROGUE_GET; call++)
    rogue_break (rogue, call, 1, 0, ROGUE_CLOSE_AFTER);
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
}

/* An answer of which only a part comes is none. */
static void
test_a_cut_answer_passes (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  RogueCall call;

  for (call = ROGUE_DISCOVER; call <= ROGUE_GET; call++)
    rogue_raw (rogue, call, 1, 1,
               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
               "Content-Length: 500\r\n\r\n{\"success\":true,");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
}

static void
test_no_http_passes (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_raw (rogue, ROGUE_CREATE, 1, 1, "220 mail.example ESMTP\r\n");
  rogue_raw (rogue, ROGUE_UPLOAD, 1, 1, "\r\n\r\n");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
}

/* --- Retry-After -------------------------------------------------------- */

static void
assert_paused (Rogue    *rogue,
               RogueCall call,
               gint64    at_least)
{
  gint64 pause = rogue_get (rogue, call, 2)->time -
                 rogue_get (rogue, call, 1)->time;

  g_test_message ("paused for %.3f s", pause / 1e6);
  g_assert_cmpint (pause, >=, at_least);
}

static void
test_retry_after_in_seconds_is_heeded (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_CREATE, 1, 1, 429, "Retry-After: 1", "");
  rogue_reply (rogue, ROGUE_UPLOAD, 1, 1, 503, "Retry-After: 1", "");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
  assert_paused (rogue, ROGUE_CREATE, G_TIME_SPAN_SECOND);
  assert_paused (rogue, ROGUE_UPLOAD, G_TIME_SPAN_SECOND);
}

/* By the server's clock, which is an hour slow. */
static void
test_retry_after_as_a_date_is_heeded (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_UPLOAD, 1, 1, 503,
               "Date: Fri, 02 Jan 2026 10:00:00 GMT\n"
               "Retry-After: Fri, 02 Jan 2026 10:00:02 GMT", "");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
  assert_paused (rogue, ROGUE_UPLOAD, 2 * G_TIME_SPAN_SECOND);
}

/* --- the end of patience ------------------------------------------------ */

static void
test_retry_time_ends_it (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        .status = 503, .request = "upload" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_UPLOAD, 1, 0, 503, NULL, "");
  player = player_new (SOUND "retry-time=300000000", rogue_url (rogue));
  harness_assert_fault (player_run (player), &fault);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), >=, 2);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_END), ==, 0);
}

static void
test_an_outage_is_told_once_and_its_end_too (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        .status = 503, .request = "upload" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_UPLOAD, 1, 3, 503, NULL, "");
  player = player_new (SOUND, rogue_url (rogue));
  assert_delivered (rogue, player);
  harness_assert_fault (player_find (player, GST_MESSAGE_WARNING), &fault);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_WARNING, NULL), ==, 1);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_INFO, NULL), ==, 1);
}

/* --- connections -------------------------------------------------------- */

static void
test_a_session_needs_one_connection (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = player_new (
      "audiotestsrc num-buffers=2000 samplesperbuffer=160 ! "
      "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
      "ekascribesink max-chunk-duration=1000000000 base-url=%s "
      "poll-interval=10000000", rogue_url (rogue));
  guint i;

  rogue_reply (rogue, ROGUE_GET, 1, 5, 202, NULL,
               "{\"status\":\"processing\"}");
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), ==, 20);
  for (i = 1; i <= 20; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("/audio_%u.wav", i - 1);
      const RogueRequest *request = rogue_get (rogue, ROGUE_UPLOAD, i);

      g_assert_true (g_str_has_suffix (request->uri, name));
      g_assert_cmpstr (request->content_type, ==, "audio/wav");
      g_assert_cmpuint (request->connection, ==, 1);
    }
  g_assert_cmpuint (rogue_count (rogue, ROGUE_GET), ==, 6);
  g_assert_cmpuint (rogue_connections (rogue), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  static const guint statuses[] = { 408, 425, 429, 500, 502, 503, 504 };
  guint i;

  harness_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/transient/status-passes/%u", statuses[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (statuses[i]),
                            test_a_status_passes);
    }
  g_test_add_data_func ("/transient/reset-passes",
                        GINT_TO_POINTER (ROGUE_RESET), test_a_fault_passes);
  g_test_add_data_func ("/transient/close-passes",
                        GINT_TO_POINTER (ROGUE_CLOSE), test_a_fault_passes);
  g_test_add_func ("/transient/closed-connections-pass",
                   test_closed_connections_pass);
  g_test_add_func ("/transient/a-cut-answer-passes", test_a_cut_answer_passes);
  g_test_add_func ("/transient/no-http-passes", test_no_http_passes);
  g_test_add_func ("/transient/retry-after-in-seconds-is-heeded",
                   test_retry_after_in_seconds_is_heeded);
  g_test_add_func ("/transient/retry-after-as-a-date-is-heeded",
                   test_retry_after_as_a_date_is_heeded);
  g_test_add_func ("/transient/retry-time-ends-it", test_retry_time_ends_it);
  g_test_add_func ("/transient/an-outage-is-told-once-and-its-end-too",
                   test_an_outage_is_told_once_and_its_end_too);
  g_test_add_func ("/transient/a-session-needs-one-connection",
                   test_a_session_needs_one_connection);
  return g_test_run ();
}
