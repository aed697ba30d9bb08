/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* kill -9 at any moment of a recording, and of what sends the rest: what the
 * service has in the end is the recording, packet for packet, up to at most a
 * second before the kill. */
#include "arrived.h"
#include "child.h"
#include "delivered.h"
#include "fixtures.h"
#include "recorder.h"

#include <string.h>

/* Most of a case is waiting. */
#define AT_ONCE 12

#define RECORDING_KILLS 200
#define SENDING_KILLS 100

/* Where the service is that can't be reached at first */
#define PORT 8800

/* µs. What is pushed is on its way to disk for no longer; on a machine that has better
 * things to do, some times of what a thread that only sleeps is late, and of what the
 * disk takes for a small file. */
#define MAX_LOSS G_TIME_SPAN_SECOND
#define LATE 4

#define SPEED "2"
#define SECOND_OF_PACKETS 100 /* at that speed */
#define PACKET_TIME (G_TIME_SPAN_SECOND / SECOND_OF_PACKETS)

/* s of a recording, and of its chunks. */
#define DURATION 8

#define PIPELINE                                                               \
  "appsrc name=source ! ekascribesink base-url=%s "                            \
  "outbox-location=%s outbox-policy=always max-chunk-duration=1000000000 "     \
  "poll-interval=50000000 result-settle-time=0 timeout=2"

/* Where in its life a recording is killed. */
typedef enum
{
  WHILE_RECORDING, /* around a packet */
  WHILE_UPLOADING, /* around an acknowledgement */
  WHILE_DRAINING,  /* after the last packet, while chunks go up */
  WHILE_ENDING,    /* after that */
  N_PHASES,
} Phase;

static const gchar *const phase_names[] = { "recording", "uploading",
                                            "draining", "ending" };

/* What the service is like in each of them. */
static const gchar *const moods[N_PHASES][4] = {
  { "", "--fault upload:2,4,5,8:lost", "--fault create:1-3:503",
    "--fault discovery:1-6:503" },
  { "", "--fault upload:1-:slow=0.3", "--fault upload:2,3,6:502",
    "--fault discovery:1:slow=2" },
  { "--fault upload:1-:slow=0.8", "--fault upload:1-6:503",
    "--fault upload:1,5:stall", "--fault discovery:1-4:reset" },
  { "--fault end:1:slow=1", "--fault end:1-2:lost --processing-time 1",
    "--fault get:1:slow=0.5 --processing-time 0.5",
    "--fault end:1-3:503" },
};

/* µs after the last packet in which a recording is killed, at most. */
static const gint64 spans[N_PHASES] = {
  [WHILE_DRAINING] = G_TIME_SPAN_SECOND,
  [WHILE_ENDING] = 5 * G_TIME_SPAN_SECOND / 2,
};

static gchar *work;
static OggFile *recording;
static GHashTable *places; /* packet to its place in the recording, from 1 on */
static guint32 seed;

/* Returns: packets that are on the service, in the one session that has any */
static guint
count_arrived (Sandbox *sandbox)
{
  g_autoptr (GArray) counts = delivered_count (sandbox, recording);

  g_assert_cmpuint (counts->len, <=, 1);
  return counts->len > 0 ? g_array_index (counts, guint, 0) : 0;
}

/* --- a recording that is killed ------------------------------------------ */

typedef struct
{
  gint killed;      /* recordings so far */
  gint begun;
  gint phases[N_PHASES];
  GMutex lock;      /* guards the rest */
  gint64 worst;     /* time in µs before a kill that was lost */
  guint lates;      /* kills that lost more than MAX_LOSS */
} Kills;

static const RecorderNote *
get_note (Child *child,
          guint  i)
{
  return &((const RecorderNote *) child->said->data)[i];
}

/* Reads on until the @n-th note of @event.
 *
 * Returns: FALSE where it ended without */
static gboolean
await_note (Child         *child,
            RecorderEvent  event,
            guint          n)
{
  guint i;

  for (i = 0; child_read (child, (i + 1) * sizeof (RecorderNote), -1); i++)
    {
      if (get_note (child, i)->event == RECORDER_DONE)
        return FALSE;
      if (get_note (child, i)->event == event && n-- == 0)
        return TRUE;
    }
  return FALSE;
}

/* Waits for the moment, which is chosen by chance, and kills.
 *
 * Returns: when, or 0 where it ended by itself before */
static gint64
kill_in (Child *child,
         Phase  phase,
         GRand *rand)
{
  gint64 span = spans[phase];
  gboolean there;

  if (phase == WHILE_RECORDING)
    there = await_note (child, RECORDER_PACKET,
                        g_rand_int_range (rand, 0, recording->packets->len));
  else if (phase == WHILE_UPLOADING)
    there = await_note (child, RECORDER_CHUNK,
                        g_rand_int_range (rand, 0, DURATION - 1));
  else
    there = await_note (child, RECORDER_END, 0);
  if (span == 0)
    span = 20 * G_TIME_SPAN_MILLISECOND;
  if (!there ||
      child_await (child, g_get_monotonic_time () +
                              g_rand_int_range (rand, 0, (gint32) span)))
    return 0;
  return child_kill (child);
}

/* Returns: packets that the element was given until @time for sure */
static guint
count_pushed (Child  *child,
              gint64  time)
{
  guint n = 0;
  guint i;

  for (i = 0; i < child->said->len / sizeof (RecorderNote); i++)
    {
      const RecorderNote *note = get_note (child, i);

      if (note->time <= time &&
          (note->event == RECORDER_PACKET || note->event == RECORDER_END))
        n = note->number;
    }
  return n;
}

typedef struct
{
  gint64 time; /* when it was done, of g_get_monotonic_time() */
  gint64 took;
} Sync;

/* What the disk takes while others use it: one file after the other. */
static GMutex syncs_lock; /* guards `syncs` */
static GArray *syncs;     /* of Sync */
static gint syncing;

static gpointer
keep_syncing (gpointer data)
{
  g_autofree gchar *path = g_build_filename (work, "sync", NULL);

  while (g_atomic_int_get (&syncing))
    {
      const gint64 start = g_get_monotonic_time ();
      Sync sync;

      g_assert_true (g_file_set_contents_full (
          path, "1", 1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, NULL));
      sync.time = g_get_monotonic_time ();
      sync.took = sync.time - start;
      g_mutex_lock (&syncs_lock);
      g_array_append_val (syncs, sync);
      g_mutex_unlock (&syncs_lock);
      g_usleep (100 * G_TIME_SPAN_MILLISECOND);
    }
  return NULL;
}

/* Returns: the longest that ended in the @span before @time, or soon after it */
static gint64
find_longest_sync (gint64 time,
                   gint64 span)
{
  gint64 longest = 0;
  guint i;

  g_mutex_lock (&syncs_lock);
  for (i = 0; i < syncs->len; i++)
    {
      const Sync *sync = &g_array_index (syncs, Sync, i);

      if (sync->time > time - span && sync->time < time + span)
        longest = MAX (longest, sync->took);
    }
  g_mutex_unlock (&syncs_lock);
  return longest;
}

/* Returns: how long before a kill at @time packets may have been pushed and yet not be
 * on disk, in µs */
static gint64
choose_loss (Child  *child,
             gint64  time)
{
  gint64 before = 0, late = 0;
  guint i;

  for (i = 0; i < child->said->len / sizeof (RecorderNote); i++)
    {
      const RecorderNote *note = get_note (child, i);

      if (note->event != RECORDER_PACKET || note->time > time)
        continue;
      if (before > 0)
        late = MAX (late, note->time - before - PACKET_TIME);
      before = note->time;
    }
  return MAX_LOSS + LATE * (late + find_longest_sync (time, 5 * MAX_LOSS));
}

/* Returns: when packet @n was given to the element */
static gint64
find_time (Child *child,
           guint  n)
{
  guint i;

  for (i = 0; i < child->said->len / sizeof (RecorderNote); i++)
    if (get_note (child, i)->event == RECORDER_PACKET &&
        get_note (child, i)->number == n)
      return get_note (child, i)->time;
  return G_MAXINT64;
}

/* Returns: the number of the last packet in the chunks on disk, plus one */
static guint
find_last_in_files (const gchar *outbox)
{
  g_autoptr (GDir) dir = g_dir_open (outbox, 0, NULL);
  const gchar *session, *name;
  guint last = 0;

  while (dir != NULL && (session = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *folder = g_build_filename (outbox, session, NULL);
      g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);

      while (files != NULL && (name = g_dir_read_name (files)) != NULL)
        {
          g_autoptr (GBytes) bytes = NULL;
          g_autoptr (OggFile) chunk = NULL;

          if (!g_str_has_prefix (name, "audio_"))
            continue;
          bytes = fixture_file (folder, name);
          chunk = ogg_file_new (bytes);
          last = MAX (last, GPOINTER_TO_UINT (g_hash_table_lookup (
                                places, g_ptr_array_index (
                                            chunk->packets,
                                            chunk->packets->len - 1))));
        }
    }
  return last;
}

/* @bearable: how much it may be */
static void
note_loss (Kills  *kills,
           gint64  loss,
           gint64  bearable)
{
  g_assert_cmpint (loss, <=, bearable);
  g_mutex_lock (&kills->lock);
  kills->worst = MAX (kills->worst, loss);
  kills->lates += loss > MAX_LOSS;
  g_mutex_unlock (&kills->lock);
}

static void
judge (Kills       *kills,
       Sandbox     *sandbox,
       Child       *child,
       const gchar *outbox,
       gint64       time)
{
  const guint begun = count_pushed (child, G_MAXINT64) + 1;
  const gint64 bearable = choose_loss (child, time);
  const guint owed = count_pushed (child, time - bearable);
  const guint written = find_last_in_files (outbox);
  guint arrived;

  delivered_send (sandbox, outbox);
  arrived = count_arrived (sandbox);
  g_assert_cmpuint (arrived, >=, owed);
  g_assert_cmpuint (arrived, >=, written);
  g_assert_cmpuint (arrived, <=, begun);
  delivered_assert_empty (outbox);
  if (arrived < count_pushed (child, time))
    note_loss (kills, time - find_time (child, arrived), bearable);
}

/* It came to its end before: nothing is left to be sent, or on disk. */
static void
assert_over (Sandbox     *sandbox,
             Child       *child,
             const gchar *outbox)
{
  g_assert_true (child_await (child, -1));
  g_assert_cmpint (child->exit_code, ==, 0);
  delivered_assert_empty (outbox);
  g_assert_cmpuint (count_arrived (sandbox), ==, recording->packets->len);
}

/* Returns: whether it was killed, and did not end before */
static gboolean
record_and_kill (Kills       *kills,
                 guint        number,
                 const gchar *folder)
{
  const Phase phase = number % N_PHASES;
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed + number);
  const gchar *mood =
      moods[phase][g_rand_int_range (rand, 0, G_N_ELEMENTS (moods[phase]))];
  g_autoptr (Sandbox) sandbox = sandbox_new (mood);
  g_autofree gchar *outbox = g_build_filename (folder, "outbox", NULL);
  g_autofree gchar *file = g_build_filename (work, "noise.ogg", NULL);
  g_autofree gchar *line = g_strdup_printf (PIPELINE, sandbox->url, outbox);
  const gchar *const argv[] = { RECORDER_PATH, file, SPEED, line, NULL };
  g_autoptr (Child) child = child_new (argv, FALSE);
  const gint64 time = kill_in (child, phase, rand);

  if (time == 0)
    {
      assert_over (sandbox, child, outbox);
      return FALSE;
    }
  g_test_message ("%u: killed while %s, %s", number, phase_names[phase], mood);
  judge (kills, sandbox, child, outbox, time);
  g_atomic_int_inc (&kills->phases[phase]);
  return TRUE;
}

static gpointer
kill_recordings (gpointer data)
{
  Kills *kills = data;

  while (g_atomic_int_get (&kills->killed) < RECORDING_KILLS)
    {
      g_autofree gchar *folder = harness_folder_new ();

      if (record_and_kill (kills, g_atomic_int_add (&kills->begun, 1), folder))
        g_atomic_int_inc (&kills->killed);
      harness_folder_remove (folder);
    }
  return NULL;
}

static void
run_in_threads (GThreadFunc func,
                gpointer    data)
{
  GThread *threads[AT_ONCE];
  guint i;

  for (i = 0; i < AT_ONCE; i++)
    threads[i] = g_thread_new ("killer", func, data);
  for (i = 0; i < AT_ONCE; i++)
    g_thread_join (threads[i]);
}

static void
test_a_recording_killed_at_any_moment (void)
{
  Kills kills = { 0 };
  guint i;

  g_mutex_init (&kills.lock);
  run_in_threads (kill_recordings, &kills);
  for (i = 0; i < N_PHASES; i++)
    g_test_message ("%d killed while %s", kills.phases[i], phase_names[i]);
  g_test_message ("%d recordings; at most %.3f s before a kill were lost",
                  kills.killed, kills.worst / 1e6);
  g_assert_cmpint (kills.killed, >=, RECORDING_KILLS);
  /* Whatever the machine did meanwhile, not in each of them. */
  g_assert_cmpuint (kills.lates, <=, RECORDING_KILLS / 20);
  g_mutex_clear (&kills.lock);
}

/* --- a delivery that is killed ------------------------------------------- */

typedef struct
{
  gint killed;
  gint delivered;
  gint begun;
} Deliveries;

/* A recording whose service could not be reached, killed at any moment, so that the
 * journal has its end, or a second after it.
 * @owed: (out): packets that were on disk for sure
 * @begun: (out): packets that may have been */
static void
record_offline (const gchar *url,
                const gchar *outbox,
                gboolean     whole,
                GRand       *rand,
                guint       *owed,
                guint       *begun)
{
  g_autofree gchar *file = g_build_filename (work, "noise.ogg", NULL);
  g_autofree gchar *line = g_strdup_printf (PIPELINE, url, outbox);
  const gchar *const argv[] = { RECORDER_PATH, file, whole ? "8" : SPEED, line,
                                NULL };
  g_autoptr (Child) child = child_new (argv, FALSE);
  gint64 time;

  if (whole)
    {
      g_assert_true (await_note (child, RECORDER_END, 0));
      g_assert_false (child_await (child, g_get_monotonic_time () + MAX_LOSS));
    }
  else
    g_assert_true (await_note (
        child, RECORDER_PACKET,
        g_rand_int_range (rand, 2 * SECOND_OF_PACKETS,
                          (gint32) recording->packets->len)));
  time = child_kill (child);
  *owed = count_pushed (child, time - choose_loss (child, time));
  *begun = MIN (count_pushed (child, time) + 1, recording->packets->len);
}

/* Returns: how often it was killed before it was through */
static guint
send_and_kill (Sandbox     *sandbox,
               const gchar *outbox,
               GRand       *rand)
{
  const gchar *const argv[] = { EKASCRIBE_PATH, "outbox",     "send",
                                "--outbox",     outbox,       "--base-url",
                                sandbox->url,   NULL };
  guint n;

  for (n = 0;; n++)
    {
      g_autoptr (Child) child = child_new (argv, TRUE);

      if (child_await (child, g_get_monotonic_time () +
                                  g_rand_int_range (rand, 0, 500000)))
        {
          if (child->exit_code != 0)
            g_error ("exit code %d: %.*s", child->exit_code,
                     (int) child->said->len,
                     (const gchar *) child->said->data);
          return n;
        }
      child_kill (child);
    }
}

static const gchar *const sending_moods[] = {
  "--fault upload:1-:slow=0.1",
  "--fault upload:2,4,5,8:lost --fault end:1-:slow=0.3",
  "--fault get:1-:slow=0.1 --fault upload:1-3:slow=0.2",
  "--fault create:1:lost --fault upload:1-:slow=0.1 --fault end:1:lost",
};

/* Of this machine, and nobody else's: the service comes there later. */
static gchar *
make_address (GRand *rand)
{
  return g_strdup_printf ("127.%d.%d.%d", g_rand_int_range (rand, 1, 255),
                          g_rand_int_range (rand, 1, 255),
                          g_rand_int_range (rand, 1, 255));
}

static void
deliver_and_kill (Deliveries  *all,
                  guint        number,
                  const gchar *folder)
{
  const gchar *mood = sending_moods[number % G_N_ELEMENTS (sending_moods)];
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed + number);
  g_autofree gchar *address = make_address (rand);
  g_autofree gchar *url =
      g_strdup_printf ("http://%s:%u/voice/v1", address, PORT);
  g_autofree gchar *options =
      g_strdup_printf ("--address %s --port %u %s", address, PORT, mood);
  g_autofree gchar *outbox = g_build_filename (folder, "outbox", NULL);
  g_autoptr (Sandbox) sandbox = NULL;
  guint killed, owed, begun, arrived;

  record_offline (url, outbox, number % 3 == 0, rand, &owed, &begun);
  sandbox = sandbox_new (options);
  g_assert_cmpstr (sandbox->url, ==, url);
  killed = send_and_kill (sandbox, outbox, rand);
  arrived = count_arrived (sandbox);
  g_test_message ("%u: killed %u times, %u of %u packets arrived, %s", number,
                  killed, arrived, begun, mood);
  g_assert_cmpuint (arrived, >=, owed);
  g_assert_cmpuint (arrived, <=, begun);
  delivered_assert_empty (outbox);
  g_atomic_int_add (&all->killed, (gint) killed);
  g_atomic_int_inc (&all->delivered);
}

static gpointer
kill_deliveries (gpointer data)
{
  Deliveries *all = data;

  while (g_atomic_int_get (&all->killed) < SENDING_KILLS)
    {
      g_autofree gchar *folder = harness_folder_new ();

      deliver_and_kill (all, g_atomic_int_add (&all->begun, 1), folder);
      harness_folder_remove (folder);
    }
  return NULL;
}

static void
test_a_delivery_killed_at_any_moment (void)
{
  Deliveries all = { 0 };

  run_in_threads (kill_deliveries, &all);
  g_test_message ("%d recordings delivered, once each; killed %d times",
                  all.delivered, all.killed);
  g_assert_cmpint (all.killed, >=, SENDING_KILLS);
}

/* Each packet has its place. */
static void
find_places (void)
{
  guint i;

  places = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  for (i = 0; i < recording->packets->len; i++)
    g_assert_true (g_hash_table_insert (
        places, g_ptr_array_index (recording->packets, i),
        GUINT_TO_POINTER (i + 1)));
}

int
main (int    argc,
      char **argv)
{
  GThread *thread;
  int result;

  harness_init (&argc, &argv);
  seed = g_test_rand_int ();
  g_test_message ("seed: %u", seed);
  work = harness_folder_new ();
  recording = arrived_make_noise (work, "noise.ogg", DURATION);
  find_places ();
  syncs = g_array_new (FALSE, FALSE, sizeof (Sync));
  syncing = TRUE;
  thread = g_thread_new ("sync", keep_syncing, NULL);
  g_test_add_func ("/kill/a-recording-at-any-moment",
                   test_a_recording_killed_at_any_moment);
  g_test_add_func ("/kill/a-delivery-at-any-moment",
                   test_a_delivery_killed_at_any_moment);
  result = g_test_run ();
  g_atomic_int_set (&syncing, FALSE);
  g_thread_join (thread);
  g_array_unref (syncs);
  g_hash_table_unref (places);
  ogg_file_free (recording);
  harness_folder_remove (work);
  g_free (work);
  return result;
}
