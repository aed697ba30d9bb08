/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"

#include <gst/pbutils/pbutils.h>

/* Audio that nothing installed can decode. */

#define SOUND                                                                  \
  "audiotestsrc num-buffers=20 ! audio/x-raw,rate=16000,channels=1 ! mulawenc "

static void
set_rank (const gchar *name,
          guint        rank)
{
  g_autoptr (GstPluginFeature) feature = gst_registry_lookup_feature (
      gst_registry_get (), name);

  if (feature != NULL)
    gst_plugin_feature_set_rank (feature, rank);
}

static void
test_a_missing_decoder_is_named (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *detail = NULL;
  GstMessage *missing, *message;
  g_auto (GStrv) sessions = NULL;

  set_rank ("mulawdec", GST_RANK_NONE);
  set_rank ("avdec_pcm_mulaw", GST_RANK_NONE);
  player = player_new (SOUND "! ekascribesink base-url=%s", sandbox->url);
  message = player_run (player);
  set_rank ("mulawdec", GST_RANK_PRIMARY);

  missing = player_find (player, GST_MESSAGE_ELEMENT);
  while (missing != NULL && !gst_is_missing_plugin_message (missing))
    {
      g_ptr_array_remove (player->messages, missing);
      missing = player_find (player, GST_MESSAGE_ELEMENT);
    }
  g_assert_nonnull (missing);
  detail = gst_missing_plugin_message_get_installer_detail (missing);
  g_assert_nonnull (g_strrstr (detail, "decoder-audio/x-mulaw"));

  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);
  g_assert_nonnull (g_strrstr (error->message, "audio/x-mulaw"));
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
}

static void
test_gst_launch_exits_1 (void)
{
  const gchar *const environment[] = {
    "GST_PLUGIN_FEATURE_RANK", "mulawdec:NONE,avdec_pcm_mulaw:NONE", NULL
  };
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = launch_run (
      environment, SOUND "! ekascribesink base-url=%s", sandbox->url);

  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "audio/x-mulaw");
}

/* In place of what others do with unlinked caps: a clear no. */
static void
test_what_is_no_audio_does_not_link (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = launch_run (
      NULL, "videotestsrc num-buffers=5 ! ekascribesink base-url=%s",
      sandbox->url);

  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "could not link");
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  gst_pb_utils_init ();
  g_test_add_func ("/decoders/a-missing-one-is-named",
                   test_a_missing_decoder_is_named);
  g_test_add_func ("/decoders/gst-launch-exits-1", test_gst_launch_exits_1);
  g_test_add_func ("/decoders/what-is-no-audio-does-not-link",
                   test_what_is_no_audio_does_not_link);
  return g_test_run ();
}
