/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"
#include "proxy.h"

#include <string.h>

/* A bad network between the element and a service at which all is well: what
 * arrives is what was recorded. */

#define LINE                                                                   \
  "filesrc location=%s ! wavparse ! ekascribesink name=scribe model=pro "      \
  "max-chunk-duration=2000000000 timeout=1 poll-interval=50000000 "            \
  "base-url=http://127.0.0.1:%u/voice/v1"

static gchar *work;
static gchar *speech;

/* A service that knows only of the way through the proxy. */
static Sandbox *
make_service (Proxy **proxy)
{
  guint16 port = harness_free_port ();
  g_autofree gchar *options = NULL;

  *proxy = proxy_new (port);
  options = g_strdup_printf (
      "--port %u --public-url http://127.0.0.1:%u/voice/v1", port,
      proxy_get_port (*proxy));
  return sandbox_new (options);
}

static void
assert_arrived (Sandbox *sandbox,
                Player  *player)
{
  g_autoptr (GBytes) sent = fixture_wav_data (work, "speech.wav");
  g_autoptr (GBytes) received = NULL;
  g_autofree gchar *folder = NULL;

  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
  folder = g_build_filename (
      sandbox->folder,
      gst_structure_get_string (player_last (player, "ekascribe-result"),
                                "session-id"),
      NULL);
  received = fixture_join (folder);
  g_assert_true (g_bytes_equal (received, sent));
}

/* @mode: what the network does after the second chunk, until it is noticed */
static void
test_an_outage_in_the_middle (gconstpointer mode)
{
  Proxy *proxy;
  g_autoptr (Sandbox) sandbox = make_service (&proxy);
  Player *player = player_new (LINE, speech, proxy_get_port (proxy));

  /* A chunk takes a while, so that there is a middle. */
  proxy_set_rate (proxy, 500000);
  player_set (player, GST_STATE_PLAYING);
  player_await (player, "ekascribe-chunk", NULL);
  player_await (player, "ekascribe-chunk", NULL);
  proxy_set_mode (proxy, GPOINTER_TO_INT (mode));
  player_wait (player, GST_MESSAGE_WARNING);
  proxy_set_mode (proxy, PROXY_PASS);
  assert_arrived (sandbox, player);
  player_free (player);
  proxy_free (proxy);
}

static void
test_no_network_at_the_start (void)
{
  Proxy *proxy;
  g_autoptr (Sandbox) sandbox = make_service (&proxy);
  Player *player = player_new (LINE, speech, proxy_get_port (proxy));

  proxy_set_mode (proxy, PROXY_REFUSE);
  player_set (player, GST_STATE_PLAYING);
  player_wait (player, GST_MESSAGE_WARNING);
  proxy_set_mode (proxy, PROXY_PASS);
  assert_arrived (sandbox, player);
  player_free (player);
  proxy_free (proxy);
}

/* Slower than the audio, and each answer late; but a byte comes in time. */
static void
test_a_slow_network (void)
{
  Proxy *proxy;
  g_autoptr (Sandbox) sandbox = make_service (&proxy);
  Player *player = player_new (LINE, speech, proxy_get_port (proxy));

  proxy_set_delay (proxy, 50);
  proxy_set_rate (proxy, 400000);
  player_set (player, GST_STATE_PLAYING);
  assert_arrived (sandbox, player);
  player_free (player);
  proxy_free (proxy);
}

/* The connection breaks in the middle of an upload, or of an answer. */
static void
test_a_cut (gconstpointer direction)
{
  Proxy *proxy;
  g_autoptr (Sandbox) sandbox = make_service (&proxy);
  Player *player = player_new (LINE, speech, proxy_get_port (proxy));

  proxy_cut_after (proxy, GPOINTER_TO_INT (direction),
                   GPOINTER_TO_INT (direction) == PROXY_UP ? 100000
                                                                  : 2500);
  player_set (player, GST_STATE_PLAYING);
  assert_arrived (sandbox, player);
  g_assert_cmpuint (proxy_get_connections (proxy), >=, 2);
  player_free (player);
  proxy_free (proxy);
}

int
main (int    argc,
      char **argv)
{
  int result;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  speech = fixture_speech (work, 1);
  g_test_add_func ("/network/none-at-the-start", test_no_network_at_the_start);
  g_test_add_data_func ("/network/an-outage/refuses",
                        GINT_TO_POINTER (PROXY_REFUSE),
                        test_an_outage_in_the_middle);
  g_test_add_data_func ("/network/an-outage/swallows",
                        GINT_TO_POINTER (PROXY_DROP),
                        test_an_outage_in_the_middle);
  g_test_add_func ("/network/slow", test_a_slow_network);
  g_test_add_data_func ("/network/cut/in-an-upload",
                        GINT_TO_POINTER (PROXY_UP), test_a_cut);
  g_test_add_data_func ("/network/cut/in-an-answer",
                        GINT_TO_POINTER (PROXY_DOWN), test_a_cut);
  result = g_test_run ();
  harness_folder_remove (work);
  g_free (speech);
  g_free (work);
  return result;
}
