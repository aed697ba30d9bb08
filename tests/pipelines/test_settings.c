/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"
#include "trap.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* What is wrong before the first call: one error that names the property, and
 * not a single connection. */

#define SOUND                                                                  \
  "audiotestsrc num-buffers=20 samplesperbuffer=160 ! "                       \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

typedef struct
{
  const gchar *name;
  const gchar *property;
  const gchar *properties;
  const gchar *text;
} Setting;

static const Setting settings[] = {
  { "three-templates", "templates", "templates=a,b,c", "3 entries" },
  { "short-session-id", "session-id", "session-id=0123456789",
    "16 to 32 characters" },
  { "long-session-id", "session-id",
    "session-id=0123456789012345678901234567890123", "16 to 32 characters" },
  { "broken-patient-details", "patient-details",
    "patient-details=\"\\{\\\"name\\\":\"", "JSON object" },
  { "patient-details-without-file", "patient-details",
    "patient-details=@/nowhere/patient.json", "/nowhere/patient.json" },
  { "patient-details-that-are-a-list", "patient-details",
    "patient-details=\"[1]\"", "JSON object" },
  { "broken-additional-data", "additional-data",
    "additional-data=\"\\{visit\"", "JSON object" },
  { "result-location-without-folder", "result-location",
    "result-location=/nowhere/result.json", "/nowhere" },
  { "transcript-location-without-folder", "transcript-location",
    "transcript-location=/nowhere/text.txt", "/nowhere" },
  { "missing-token-file", "access-token-file",
    "access-token-file=/nowhere/token", "/nowhere/token" },
  { "token-with-a-blank", "access-token", "access-token=\"a\\ b\"",
    "access-token" },
};

static void
test_setting (gconstpointer data)
{
  const Setting *setting = data;
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = setting->text,
                        .property = setting->property };
  g_autoptr (Trap) trap = trap_new ();
  g_autoptr (Player) player =
      player_new (SOUND "ekascribesink base-url=%s %s", trap->url,
                  setting->properties);

  harness_assert_fault (player_run (player), &fault);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_ERROR, NULL), ==, 1);
  player_set (player, GST_STATE_NULL);
  g_assert_true (trap_is_untouched (trap));
}

/* What gst-launch makes of a pipeline that can't start, such as one with a
 * filesink whose folder is missing. */
#define LAUNCH_REFUSED 255

static void
test_gst_launch_does_not_start (void)
{
  g_autoptr (Trap) trap = trap_new ();
  g_autoptr (Launch) launch = launch_run (
      NULL, SOUND "ekascribesink base-url=%s templates=a,b,c",
      trap->url);

  g_assert_cmpint (launch->exit_code, ==, LAUNCH_REFUSED);
  launch_assert_says (launch, "ERROR: from element");
  launch_assert_says (launch, "templates has 3 entries");
  g_assert_true (trap_is_untouched (trap));
}

static void
test_plain_http_only_goes_to_loopback (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = "clear text", .property = "base-url" };
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=http://scribe.invalid/voice/v1 "
      "access-token=" HARNESS_TOKEN);

  harness_assert_fault (player_run (player), &fault);
}

static void
test_allow_http_lifts_that (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .text = "scribe.invalid", .request = "discovery" };
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=http://scribe.invalid/voice/v1 "
      "access-token=" HARNESS_TOKEN " allow-http=true retry-time=0");

  harness_assert_fault (player_run (player), &fault);
}

/* As user and group that own nothing. */
#define NOBODY "setpriv --reuid=65534 --regid=65534 --clear-groups "

static gboolean
nobody_finds_the_plugin (void)
{
  gint status = 1;

  return geteuid () == 0 &&
         g_spawn_command_line_sync (
             NOBODY "test -r " PLUGIN_PATH "/libgstekascribe.so", NULL, NULL,
             &status, NULL) &&
         status == 0;
}

/* root may write everywhere, so that somebody else runs gst-launch here. */
static void
test_a_folder_that_nobody_may_write (void)
{
  g_autoptr (Trap) trap = trap_new ();
  g_autofree gchar *work = NULL;
  g_autofree gchar *folder = NULL;
  g_autoptr (Launch) launch = NULL;

  if (!nobody_finds_the_plugin ())
    {
      g_test_skip ("needs root, setpriv and a build that all may read");
      return;
    }
  work = harness_folder_new ();
  folder = g_build_filename (work, "locked", NULL);
  g_assert_cmpint (g_mkdir (folder, 0500), ==, 0);
  g_assert_cmpint (g_chmod (work, 0711), ==, 0);
  g_assert_cmpint (chown (folder, 65534, 65534), ==, 0);
  launch = launch_run (
      NULL,
      "!" NOBODY "env HOME=/nonexistent GST_REGISTRY_UPDATE=no "
      "gst-launch-1.0 -m " SOUND "ekascribesink base-url=%s "
      "result-location=%s/result.json", trap->url, folder);
  g_assert_cmpint (launch->exit_code, ==, LAUNCH_REFUSED);
  launch_assert_says (launch, "result-location");
  launch_assert_says (launch, "Permission denied");
  g_assert_true (trap_is_untouched (trap));
  harness_folder_remove (work);
}

static void
test_a_location_that_can_be_written_leaves_nothing_behind (void)
{
  g_autoptr (Trap) trap = trap_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s result-location=%s/result.json "
      "templates=a,b,c", trap->url, work);

  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_ERROR);
  g_assert_cmpint (g_rmdir (work), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  harness_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autofree gchar *path =
          g_strconcat ("/settings/is-an-error/", settings[i].name, NULL);

      g_test_add_data_func (path, &settings[i], test_setting);
    }
  g_test_add_func ("/settings/gst-launch-does-not-start",
                   test_gst_launch_does_not_start);
  g_test_add_func ("/settings/plain-http-only-goes-to-loopback",
                   test_plain_http_only_goes_to_loopback);
  g_test_add_func ("/settings/allow-http-lifts-that",
                   test_allow_http_lifts_that);
  g_test_add_func ("/settings/a-folder-that-nobody-may-write",
                   test_a_folder_that_nobody_may_write);
  g_test_add_func ("/settings/a-location-that-can-be-written-stays-empty",
                   test_a_location_that_can_be_written_leaves_nothing_behind);
  return g_test_run ();
}
