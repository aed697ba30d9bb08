/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the outbox costs the thread that fills it, with and without a disk, be it
 * fast or slow: prints one `name value` a line, times in ns. The thread takes
 * packets in real time, times --speed; another one sends and acknowledges. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chunk/opus.h"
#include "doubles.h"
#include "outbox/outbox.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define PACKET_SIZE 80
#define PACKET_TIME (SECOND / 50)

/* µs */
#define SENDER_PAUSE 5000
#define PATIENCE (10 * G_TIME_SPAN_MINUTE)

typedef struct
{
  guint32 wall;
  guint32 cpu;
} Cost;

typedef struct
{
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaChunker *chunker;
  GRand *rand;
  gboolean begun;
  gint over; /* atomic: the sender is to end */
  GArray *costs;
} Bench;

static guint64
get_time (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

static EkaChunker *
make_chunker (void)
{
  const EkaChunkLimits limits = {
    .min_duration = 10 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  return eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
}

static void
put_chunks (Bench *self)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (self->chunker)) != NULL) {
    EkaBudgetLoss loss = { 0 };

    eka_budget_force_room (self->budget, chunk, &loss);
    if (eka_outbox_wants_state (self->outbox))
      eka_outbox_put_with_state (self->outbox, chunk,
                                 eka_chunker_save (self->chunker));
    else
      eka_outbox_put (self->outbox, chunk);
    eka_chunk_unref (chunk);
  }
}

/* As the element's streaming thread does. */
static void
take (Bench           *self,
      const EkaPacket *packet)
{
  eka_chunker_push (self->chunker, packet);
  if (eka_outbox_wants_state (self->outbox)) {
    if (self->begun)
      eka_outbox_add_packet (self->outbox, packet);
    else
      eka_outbox_begin (self->outbox, eka_chunker_save (self->chunker));
    self->begun = TRUE;
  }
  put_chunks (self);
}

static void
push (Bench *self,
      guint  i)
{
  guint8 data[PACKET_SIZE];
  const EkaPacket packet = {
    .data = data,
    .size = sizeof data,
    .running_time = i * PACKET_TIME,
  };
  guint64 wall, cpu;
  Cost cost;
  guint j;

  for (j = 0; j < sizeof data; j++)
    data[j] = (guint8) g_rand_int (self->rand);
  data[0] = 0x08; /* SILK, 20 ms */
  wall = get_time (CLOCK_MONOTONIC);
  cpu = get_time (CLOCK_THREAD_CPUTIME_ID);
  take (self, &packet);
  cost.cpu = get_time (CLOCK_THREAD_CPUTIME_ID) - cpu;
  cost.wall = get_time (CLOCK_MONOTONIC) - wall;
  g_array_append_val (self->costs, cost);
}

static void
play (Bench  *self,
      guint   count,
      gdouble speed)
{
  const gint64 start = g_get_monotonic_time ();
  guint i;

  for (i = 0; i < count; i++) {
    const gint64 due = start + (gint64) (i * (PACKET_TIME / 1000) / speed);
    const gint64 now = g_get_monotonic_time ();

    if (due > now)
      g_usleep (due - now);
    push (self, i);
  }
}

static gpointer
send_all (gpointer data)
{
  Bench *self = data;

  while (!g_atomic_int_get (&self->over)) {
    guint number;
    g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);

    if (chunk != NULL)
      eka_outbox_acknowledge (self->outbox, number);
    else
      g_usleep (SENDER_PAUSE);
  }
  return NULL;
}

static int
compare_walls (gconstpointer a,
               gconstpointer b)
{
  const guint32 x = ((const Cost *) a)->wall;
  const guint32 y = ((const Cost *) b)->wall;

  return (x > y) - (x < y);
}

static void
print_costs (GArray *costs)
{
  guint64 cpu = 0;
  guint i;

  for (i = 0; i < costs->len; i++)
    cpu += g_array_index (costs, Cost, i).cpu;
  g_array_sort (costs, compare_walls);
  g_print ("cpu_mean %.1f\n", cpu / (gdouble) costs->len);
  g_print ("wall_median %u\n",
           g_array_index (costs, Cost, costs->len / 2).wall);
  g_print ("wall_p999 %u\n",
           g_array_index (costs, Cost, costs->len * 999 / 1000).wall);
  g_print ("wall_max %u\n",
           g_array_index (costs, Cost, costs->len - 1).wall);
}

static void
run (Bench  *self,
     guint   count,
     gdouble speed)
{
  GThread *sender = g_thread_new ("sender", send_all, self);
  struct timespec cpu;
  EkaOutboxStats stats;

  play (self, count, speed);
  eka_outbox_get_stats (self->outbox, &stats);
  g_print ("behind %u\n", stats.chunks);
  g_atomic_int_set (&self->over, TRUE);
  g_thread_join (sender);
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &cpu);
  g_print ("process_cpu %" G_GUINT64_FORMAT "\n",
           cpu.tv_sec * SECOND + cpu.tv_nsec);
  print_costs (self->costs);
}

static EkaOutboxPolicy
parse_policy (const gchar *text)
{
  if (g_strcmp0 (text, "always") == 0)
    return EKA_OUTBOX_ALWAYS;
  if (g_strcmp0 (text, "on-failure") == 0)
    return EKA_OUTBOX_ON_FAILURE;
  return EKA_OUTBOX_NEVER;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *policy = NULL, *folder = NULL;
  gint count = 10000, delay = 0, bound = 0;
  gdouble speed = 20;
  const GOptionEntry entries[] = {
    { "policy", 0, 0, G_OPTION_ARG_STRING, &policy, "When to use the disk",
      "POLICY" },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "An outbox", "FOLDER" },
    { "count", 0, 0, G_OPTION_ARG_INT, &count, "How many packets", "N" },
    { "speed", 0, 0, G_OPTION_ARG_DOUBLE, &speed, "Times real time", "N" },
    { "delay", 0, 0, G_OPTION_ARG_INT, &delay,
      "What each call to the disk takes longer, in ms", "MS" },
    { "bound", 0, 0, G_OPTION_ARG_INT, &bound, "Of memory, in bytes", "N" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaStore) store = NULL;
  g_autoptr (EkaSpool) spool = NULL;
  EkaDisk *disk;
  EkaFiles *files;
  Bench self = { 0 };

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  files = slow_files_new (eka_files_new (), (guint) delay * 1000);
  disk = eka_disk_new_test (files);
  self.budget = eka_budget_new ((guint64) bound, 0);
  self.outbox = eka_outbox_new (self.budget);
  if (parse_policy (policy) != EKA_OUTBOX_NEVER) {
    store = eka_store_new (disk, folder, 0);
    if (!eka_store_prepare (store, &error)) {
      g_printerr ("%s\n", error->message);
      return 1;
    }
    spool = eka_spool_new (store);
    eka_outbox_set_spool (self.outbox, spool, parse_policy (policy));
  }
  self.chunker = make_chunker ();
  self.rand = g_rand_new_with_seed (1);
  self.costs = g_array_sized_new (FALSE, FALSE, sizeof (Cost), (guint) count);

  run (&self, (guint) count, speed);

  slow_files_set_delay (files, 0);
  eka_outbox_clear (self.outbox);
  eka_outbox_unref (self.outbox);
  eka_budget_unref (self.budget);
  eka_chunker_free (self.chunker);
  g_rand_free (self.rand);
  g_array_unref (self.costs);
  g_clear_pointer (&spool, eka_spool_unref);
  g_clear_pointer (&store, eka_store_unref);
  eka_disk_wait (disk, g_get_monotonic_time () + PATIENCE);
  eka_disk_release (disk);
  return 0;
}
