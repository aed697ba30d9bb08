/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"
#include "trap.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "outbox/leftover.h"

/* What real programs leave on a real disk. */

#define LAUNCH_REFUSED 255

#define LIVE                                                                   \
  "audiotestsrc is-live=true samplesperbuffer=160 ! "                         \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "                         \
  "ekascribesink max-chunk-duration=1000000000 base-url=%s "
#define FILE                                                                   \
  "audiotestsrc num-buffers=500 samplesperbuffer=160 ! "                      \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "                         \
  "ekascribesink max-chunk-duration=1000000000 base-url=%s "

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

/* Returns: (transfer full) (nullable): the only session in @location */
static EkaLeftover *
find_only (const gchar *location)
{
  g_autoptr (GPtrArray) all = eka_leftover_list (location, NULL);
  const EkaLeftover *first;

  if (all == NULL || all->len != 1)
    return NULL;
  first = g_ptr_array_index (all, 0);
  return eka_leftover_look (location, first->name, NULL);
}

static void
wait_for_chunks (const gchar *location,
                 guint        chunks)
{
  const gint64 end = g_get_monotonic_time () +
                     HARNESS_PATIENCE * G_TIME_SPAN_SECOND;
  guint found = 0;

  while (found < chunks)
    {
      g_autoptr (EkaLeftover) leftover = find_only (location);

      g_assert_cmpint (g_get_monotonic_time (), <, end);
      if (leftover != NULL && leftover->index != NULL)
        found = leftover->index->entries->len;
      g_usleep (2000);
    }
}

static guint64
measure (EkaLeftover *leftover)
{
  g_autoptr (GPtrArray) rebuilt = NULL;
  g_autoptr (GError) error = NULL;
  EkaJournalDamage damage = { 0 };
  guint64 duration = 0;
  guint i;

  for (i = 0; i < leftover->index->entries->len; i++)
    {
      g_autoptr (EkaChunk) chunk = eka_leftover_read (leftover, i, &error);

      g_assert_no_error (error);
      duration += chunk->duration;
    }
  g_assert_nonnull (leftover->journal);
  rebuilt = eka_journal_rebuild (leftover->journal, &damage, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (damage.packets, ==, 0);
  for (i = 0; i < rebuilt->len; i++)
    duration += ((EkaChunk *) g_ptr_array_index (rebuilt, i))->duration;
  return duration;
}

/* A crash loses no chunk, and what is not in one is in the journal. */
static void
test_killed (void)
{
  g_autofree gchar *location = harness_folder_new ();
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (Launch) launch = NULL;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  launch = launch_start (NULL, LIVE "outbox-location=%s", rogue_url (rogue),
                         location);
  wait_for_chunks (location, 2);
  launch_signal (launch, SIGKILL);
  launch_wait (launch);
  leftover = find_only (location);
  g_assert_nonnull (leftover);
  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  g_assert_nonnull (leftover->description);
  g_assert_cmpuint (measure (leftover), >=, 2 * GST_SECOND);
  rogue_release (rogue);
  harness_folder_remove (location);
}

/* Ctrl-C without -e saves what was not sent, and says where. */
static void
test_interrupted (void)
{
  g_autofree gchar *location = harness_folder_new ();
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (Launch) launch = NULL;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  launch = launch_start (NULL, LIVE "outbox-location=%s", rogue_url (rogue),
                         location);
  wait_for_chunks (location, 1);
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  leftover = find_only (location);
  g_assert_nonnull (leftover);
  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  g_assert_null (leftover->journal);
  rogue_release (rogue);
  harness_folder_remove (location);
}

/* root may write everywhere, so that somebody else runs gst-launch here. */
static void
test_not_writable (void)
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
      "gst-launch-1.0 -m " FILE "outbox-location=%s/outbox",
      trap->url, folder);
  g_assert_cmpint (launch->exit_code, ==, LAUNCH_REFUSED);
  launch_assert_says (launch, "outbox-location");
  launch_assert_says (launch, "Permission denied");
  g_assert_true (trap_is_untouched (trap));
  harness_folder_remove (work);
}

/* A disk that is really full: what finds no room there is sent from memory. */
static void
test_full_disk (void)
{
  g_autofree gchar *location = harness_folder_new ();
  g_autofree gchar *mount = NULL;
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Launch) launch = NULL;
  gint status = 1;

  mount = g_strdup_printf ("unshare -m mount -t tmpfs -o size=200k tmpfs %s",
                           location);
  if (!g_spawn_command_line_sync (mount, NULL, NULL, &status, NULL) ||
      status != 0)
    {
      g_test_skip ("needs the right to mount");
      harness_folder_remove (location);
      return;
    }
  launch = launch_run (
      NULL,
      "!unshare -m sh -c \"mount -t tmpfs -o size=200k tmpfs %s && "
      "exec gst-launch-1.0 -m " FILE "outbox-policy=always "
      "outbox-location=%s\"", location, rogue_url (rogue), location);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "audio is kept in memory");
  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), >=, 5);
  harness_folder_remove (location);
}

/* What is said of a session whose disk was full: all there was is in its folder. */
static void
assert_remnant (Launch      *launch,
                const gchar *copy)
{
  g_autoptr (EkaLeftover) leftover = find_only (copy);

  launch_assert_says (launch, "could not be saved, except for what was on disk");
  launch_assert_says (launch, "ekascribe outbox send ");
  g_assert_nonnull (leftover);
  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  g_assert_cmpuint (measure (leftover), >=, 2 * GST_SECOND);
}

/* Nobody listens there. */
#define NOWHERE "http://127.0.0.1:1/voice/v1"

/* A disk that is full, and a service that is not there: what was written before
 * stays, however the recording ends.
 * @how: (nullable): whether a signal ends it; by itself without */
static void
test_full_disk_without_a_service (gconstpointer how)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *copy = g_build_filename (work, "copy", NULL);
  g_autofree gchar *disk = g_build_filename (work, "disk", NULL);
  g_autofree gchar *mount = NULL;
  g_autoptr (Launch) launch = NULL;
  gint status = 1;

  g_assert_cmpint (g_mkdir (disk, 0700), ==, 0);
  mount = g_strdup_printf ("unshare -m mount -t tmpfs -o size=120k tmpfs %s",
                           disk);
  if (!g_spawn_command_line_sync (mount, NULL, NULL, &status, NULL) ||
      status != 0)
    {
      g_test_skip ("needs the right to mount");
      harness_folder_remove (work);
      return;
    }
  /* Only its own mounts show it, so that what it leaves is copied. In its own group
   * timeout sends the signal twice, and the second one may kill gst-launch. */
  launch = launch_run (
      NULL,
      "!unshare -m sh -c \"mount -t tmpfs -o size=120k tmpfs %s && "
      "%s gst-launch-1.0 -m audiotestsrc is-live=true num-buffers=%s "
      "samplesperbuffer=160 ! audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
      "ekascribesink retry-time=1000000000 max-chunk-duration=4500000000 "
      "outbox-policy=always base-url=%s "
      "outbox-location=%s; cp -a %s %s\"",
      disk, how != NULL ? "timeout --foreground -s INT 10" : "",
      how != NULL ? "-1" : "600", NOWHERE, disk, disk, copy);
  assert_remnant (launch, copy);
  harness_folder_remove (work);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/outbox/killed", test_killed);
  g_test_add_func ("/outbox/interrupted", test_interrupted);
  g_test_add_func ("/outbox/not-writable", test_not_writable);
  g_test_add_func ("/outbox/full-disk", test_full_disk);
  g_test_add_data_func ("/outbox/full-disk-without-a-service/ends", NULL,
                        test_full_disk_without_a_service);
  g_test_add_data_func ("/outbox/full-disk-without-a-service/interrupted", "INT",
                        test_full_disk_without_a_service);
  return g_test_run ();
}
