/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One outbox, and several processes that use it at once, or take it away under
 * each other. */
#include "arrived.h"
#include "child.h"
#include "delivered.h"
#include "fixtures.h"
#include "recorder.h"

#include <glib/gstdio.h>

#define DURATION 8
#define SPEED "2"

/* µs that nothing comes near, unless it hangs. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

#define PIPELINE                                                               \
  "appsrc name=source ! ekascribesink base-url=%s outbox-location=%s "         \
  "outbox-policy=always max-chunk-duration=1000000000 poll-interval=50000000 " \
  "result-settle-time=0"

static gchar *work;
static gchar *noise;
static OggFile *recording;

static Child *
start (const gchar *url,
       const gchar *outbox)
{
  g_autofree gchar *line = g_strdup_printf (PIPELINE, url, outbox);
  const gchar *const argv[] = { RECORDER_PATH, noise, SPEED, line, NULL };

  return child_new (argv, FALSE);
}

static guint
count_notes (Child         *child,
             RecorderEvent  event)
{
  const RecorderNote *notes = (const RecorderNote *) child->said->data;
  guint i, n = 0;

  for (i = 0; i < child->said->len / sizeof *notes; i++)
    n += notes[i].event == event;
  return n;
}

static void
await_notes (Child         *child,
             RecorderEvent  event,
             guint          n)
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;

  while (count_notes (child, event) < n)
    g_assert_true (child_read (
        child,
        (child->said->len / sizeof (RecorderNote) + 1) * sizeof (RecorderNote),
        end));
}

static void
finish (Child *child)
{
  g_assert_true (child_await (child, g_get_monotonic_time () + PATIENCE));
  g_assert_cmpint (child->exit_code, ==, 0);
}

/* A recording that was killed, and left behind. */
static void
leave (const gchar *url,
       const gchar *outbox)
{
  g_autoptr (Child) child = start (url, outbox);

  await_notes (child, RECORDER_CHUNK, 2);
  child_kill (child);
}

/* Each session is there once; @whole of them have all of the recording. */
static void
assert_arrived (Sandbox *sandbox,
                guint    sessions,
                guint    whole)
{
  g_autoptr (GArray) counts = delivered_count (sandbox, recording);
  guint i;

  g_assert_cmpuint (counts->len, ==, sessions);
  for (i = 0; i < counts->len; i++)
    whole -= g_array_index (counts, guint, i) == recording->packets->len;
  g_assert_cmpuint (whole, ==, 0);
}

/* What is recorded is passed over, what was left is sent, once. */
static void
test_two_record_and_two_send (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault upload:1-:slow=0.2");
  g_autofree gchar *outbox = g_build_filename (work, "shared", NULL);
  const gchar *const send[] = { EKASCRIBE_PATH, "outbox",     "send",
                                "--outbox",     outbox,       "--base-url",
                                sandbox->url,   NULL };
  g_autoptr (Child) first = NULL;
  g_autoptr (Child) second = NULL;
  guint sent = 0, i;

  for (i = 0; i < 3; i++)
    leave (sandbox->url, outbox);
  first = start (sandbox->url, outbox);
  second = start (sandbox->url, outbox);
  await_notes (first, RECORDER_PACKET, 1);
  await_notes (second, RECORDER_PACKET, 1);
  while (!child_await (first, 0) || !child_await (second, 0))
    {
      g_autoptr (Child) other = child_new (send, TRUE);

      delivered_send (sandbox, outbox);
      finish (other);
      sent++;
    }
  finish (first);
  finish (second);
  g_test_message ("sent %u times, by two at once", sent);
  g_assert_cmpuint (sent, >=, 2);
  g_assert_cmpuint (count_notes (first, RECORDER_WARNING), ==, 0);
  g_assert_cmpuint (count_notes (second, RECORDER_WARNING), ==, 0);
  assert_arrived (sandbox, 5, 2);
  delivered_assert_empty (outbox);
}

/* At once: what is removed file by file may get another one meanwhile, and stays for
 * the command to remove when it is old. */
static void
take_away (const gchar *folder)
{
  g_autofree gchar *taken = g_build_filename (work, "taken", NULL);

  g_assert_cmpint (g_rename (folder, taken), ==, 0);
  harness_folder_remove (taken);
}

/* Those that are there now: others are made in their place. */
static void
take_sessions (const gchar *outbox)
{
  g_autoptr (GDir) dir = g_dir_open (outbox, 0, NULL);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  const gchar *name;
  guint i;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (outbox, name, NULL));
  for (i = 0; i < paths->len; i++)
    take_away (g_ptr_array_index (paths, i));
}

/* It is told, and what memory holds is delivered. */
static void
test_a_folder_deleted_under_a_recording (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault upload:1-:slow=0.6");
  g_autofree gchar *outbox = g_build_filename (work, "deleted", NULL);
  g_autoptr (Child) child = start (sandbox->url, outbox);

  await_notes (child, RECORDER_CHUNK, 2);
  take_sessions (outbox);
  finish (child);
  g_assert_cmpuint (count_notes (child, RECORDER_WARNING), ==, 1);
  assert_arrived (sandbox, 1, 1);
  delivered_assert_empty (outbox);
}

/* With all of the outbox. */
static void
test_an_outbox_deleted_under_a_recording (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *outbox = g_build_filename (work, "gone", NULL);
  g_autoptr (Child) child = start (sandbox->url, outbox);

  await_notes (child, RECORDER_CHUNK, 2);
  take_away (outbox);
  finish (child);
  assert_arrived (sandbox, 1, 1);
  delivered_assert_empty (outbox);
}

/* RLIMIT_FSIZE, in KiB: journals can't be written, or chunks neither. */
static void
test_files_that_may_not_grow (gconstpointer data)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *outbox = g_build_filename (work, data, NULL);
  g_autofree gchar *line =
      g_strdup_printf (PIPELINE, sandbox->url, outbox);
  g_autofree gchar *script = g_strdup_printf (
      "trap '' XFSZ; ulimit -f %s; exec \"$0\" \"$@\"", (const gchar *) data);
  const gchar *const argv[] = { "bash", "-c",  script, RECORDER_PATH,
                                noise,  SPEED, line,   NULL };
  g_autoptr (Child) child = child_new (argv, FALSE);

  finish (child);
  g_assert_cmpuint (count_notes (child, RECORDER_WARNING), >=, 1);
  assert_arrived (sandbox, 1, 1);
  delivered_assert_empty (outbox);
}

int
main (int    argc,
      char **argv)
{
  int result;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  noise = g_build_filename (work, "noise.ogg", NULL);
  recording = arrived_make_noise (work, "noise.ogg", DURATION);
  g_test_add_func ("/shared/two-record-and-two-send",
                   test_two_record_and_two_send);
  g_test_add_func ("/shared/a-folder-deleted-under-a-recording",
                   test_a_folder_deleted_under_a_recording);
  g_test_add_func ("/shared/an-outbox-deleted-under-a-recording",
                   test_an_outbox_deleted_under_a_recording);
  g_test_add_data_func ("/shared/files-that-may-not-grow/journals", "2",
                        test_files_that_may_not_grow);
  g_test_add_data_func ("/shared/files-that-may-not-grow/chunks", "1",
                        test_files_that_may_not_grow);
  result = g_test_run ();
  ogg_file_free (recording);
  harness_folder_remove (work);
  g_free (work);
  g_free (noise);
  return result;
}
