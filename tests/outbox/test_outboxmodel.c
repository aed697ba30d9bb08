/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <gio/gio.h>
#include <string.h>

#include "fakespool.h"
#include "sums.h"

/* Anything in any order, with a disk and a service that do as they like; whatever
 * happens, what is promised holds, and a power cut loses no more than what was just
 * on its way. */

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define SIZE 100
#define MAX_NUMBERS 4096

typedef struct
{
  EkaOutboxPolicy policy;
  guint fault;    /* of 100 times that the disk does something */
  guint vanish;   /* of 1000 */
  guint64 max_bytes;
} Case;

/* What the service has under a number. */
typedef struct
{
  gboolean sent;
  gboolean accepted;
  guint first;
  guint n;
} Number;

typedef struct
{
  const Case *kind;
  GRand *rand;
  EkaBudget *budget;
  EkaSpool *spool;
  EkaOutbox *outbox;

  guint n_packets; /* that came */
  guint n_put;     /* of these, in chunks */
  guint lost;      /* let go and lost with a session */
  guint removed;
  guint description;
  gboolean begun;
  gboolean out[MAX_NUMBERS]; /* by the first packet: it was given out */

  gboolean trouble; /* the last commit failed, or was the first after that */
  Number numbers[MAX_NUMBERS];
  guint n_commits;
} Model;

static guint
roll (Model *m,
      guint  n)
{
  return g_rand_int_range (m->rand, 0, n);
}

static const guint *
look (GBytes *bytes)
{
  return g_bytes_get_data (bytes, NULL);
}

/* --- what has to hold --------------------------------------------------- */

/* What the index says stands under a number is what was sent under it. */
static void
assert_places_right (Model *m,
                     guint  n)
{
  guint i;

  for (i = 0; i < MIN (n, fake_spool_n_places (m->spool)); i++)
    {
      GBytes *bytes = fake_spool_get_place (m->spool, i);

      if (bytes == NULL || !m->numbers[i].sent)
        continue;
      g_assert_cmpuint (look (bytes)[0], ==, m->numbers[i].first);
      g_assert_cmpuint (look (bytes)[1], ==, m->numbers[i].n);
    }
}

/* Of what may be sent now. */
static void
assert_may_be_sent (Model    *m,
                    EkaChunk *chunk,
                    guint     number)
{
  GBytes *place;
  gchar text[20];

  if (m->trouble)
    return;
  assert_places_right (m, number + 1);
  if (m->kind->policy != EKA_OUTBOX_ALWAYS)
    return;
  g_assert_cmpuint (number, <, fake_spool_n_places (m->spool));
  place = fake_spool_get_place (m->spool, number);
  g_assert_nonnull (place);
  g_assert_true (g_bytes_equal (place, chunk->bytes));
  if (m->description == 0 || m->out[look (chunk->bytes)[0]])
    return;
  g_snprintf (text, sizeof text, "%u", m->description);
  g_assert_cmpstr (fake_spool_get_description (m->spool), ==, text);
}

static void
assert_nothing_is_missing (Model *m)
{
  EkaOutboxStats stats;
  guint64 on_disk = 0;
  guint i;

  sums_assert_right (m->budget);
  eka_outbox_get_stats (m->outbox, &stats);
  g_assert_cmpuint (stats.held_duration + stats.let_go + stats.dropped +
                        (m->lost + m->removed) * SECOND, ==,
                    m->n_put * SECOND);
  if (m->kind->policy != EKA_OUTBOX_ALWAYS || m->trouble ||
      fake_spool_count (m->spool) > 0)
    return;
  /* Nothing is under way: all is there, each once. */
  for (i = 0; i < fake_spool_n_places (m->spool); i++)
    {
      GBytes *place = fake_spool_get_place (m->spool, i);

      on_disk += place != NULL ? look (place)[1] : 0;
    }
  g_assert_cmpuint (on_disk * SECOND, ==, stats.held_duration);
  g_assert_cmpuint (stats.held, ==, stats.stored);
  g_assert_cmpuint (fake_spool_n_files (m->spool), ==, stats.stored);
}

/* --- what happens ------------------------------------------------------- */

static void
add_packet (Model *m)
{
  if (!m->begun)
    eka_outbox_begin (m->outbox, fake_state_new (m->n_packets, 0));
  m->begun = TRUE;
  fake_add_packet (m->outbox, m->n_packets++);
}

static void
put (Model *m)
{
  const guint n = m->n_packets - m->n_put;
  const guint keep = n > 1 ? roll (m, MIN (n, 3)) : 0;
  g_autoptr (EkaChunk) chunk = NULL;
  EkaBudgetLoss loss;

  if (n == 0)
    return;
  chunk = fake_chunk_new (m->n_put, n - keep, SIZE);
  if (!eka_budget_make_room (m->budget, chunk) && roll (m, 2) == 0)
    eka_budget_force_room (m->budget, chunk, &loss);
  m->n_put += n - keep;
  eka_outbox_put_with_state (m->outbox, chunk, fake_state_new (m->n_put, keep));
}

static void
step (Model *m)
{
  const guint faults = fake_spool_n_faults ();

  if (fake_spool_count (m->spool) == 0)
    return;
  if (roll (m, 1000) < m->kind->vanish)
    fake_spool_vanish (m->spool);
  if (roll (m, 100) < m->kind->fault)
    {
      fake_spool_fail (m->spool, fake_spool_is_read (m->spool)
                                     ? G_IO_ERROR_NOT_FOUND
                                     : G_IO_ERROR_NO_SPACE);
      m->trouble = TRUE;
    }
  else
    fake_spool_step (m->spool);
  if (fake_spool_n_faults () != faults)
    m->trouble = TRUE;
  else if (fake_spool_n_commits (m->spool) != m->n_commits)
    m->trouble = FALSE;
  m->n_commits = fake_spool_n_commits (m->spool);
}

static void
forget_number (Model *m,
               guint  number)
{
  if (number + 1 == eka_outbox_count_sent (m->outbox))
    memset (&m->numbers[number], 0, sizeof m->numbers[number]);
}

static void
replace (Model    *m,
         EkaChunk *chunk,
         guint     number)
{
  const guint *what = look (chunk->bytes);
  const guint n = what[1] / 2;
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;

  if (m->numbers[number].accepted || n == 0 ||
      number + 1 != eka_outbox_count_sent (m->outbox))
    return;
  first = fake_chunk_new (what[0], n, SIZE / 2);
  second = fake_chunk_new (what[0] + n, what[1] - n, SIZE / 2);
  forget_number (m, number);
  m->out[what[0]] = FALSE;
  eka_outbox_replace (m->outbox, first, second);
}

static void
drop (Model    *m,
      EkaChunk *chunk,
      guint     number)
{
  if (m->numbers[number].accepted)
    return;
  forget_number (m, number);
  if (roll (m, 2) == 0)
    {
      eka_outbox_skip (m->outbox);
      return;
    }
  m->removed += look (chunk->bytes)[1];
  eka_outbox_remove (m->outbox);
}

/* Under one number the service never gets two things. */
static void
upload (Model    *m,
        EkaChunk *chunk,
        guint     number)
{
  Number *slot = &m->numbers[number];

  if (slot->sent)
    {
      g_assert_cmpuint (slot->first, ==, look (chunk->bytes)[0]);
      g_assert_cmpuint (slot->n, ==, look (chunk->bytes)[1]);
    }
  slot->sent = TRUE;
  slot->first = look (chunk->bytes)[0];
  slot->n = look (chunk->bytes)[1];
  slot->accepted = slot->accepted || roll (m, 4) != 0;
}

static void
send (Model *m)
{
  guint number = G_MAXUINT;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (m->outbox, &number);
  EkaOutboxStats stats;

  eka_outbox_get_stats (m->outbox, &stats);
  g_assert_cmpint (eka_outbox_is_busy (m->outbox), ==,
                   chunk == NULL && stats.chunks > 0);
  if (chunk == NULL)
    {
      /* Whoever waits is called. */
      if (stats.chunks > 0)
        g_assert_cmpuint (fake_spool_count (m->spool), >, 0);
      return;
    }
  g_assert_cmpuint (number, <, MAX_NUMBERS);
  assert_may_be_sent (m, chunk, number);
  m->out[look (chunk->bytes)[0]] = TRUE;
  switch (roll (m, 20))
    {
    case 0:
      replace (m, chunk, number);
      break;
    case 1:
      drop (m, chunk, number);
      break;
    case 2:
      break;
    default:
      upload (m, chunk, number);
      if (m->numbers[number].accepted && roll (m, 5) != 0)
        {
          eka_outbox_acknowledge (m->outbox, number);
          m->out[look (chunk->bytes)[0]] = FALSE;
        }
    }
}

static gboolean *
make_list (Model *m,
           guint *n)
{
  gboolean *listed = g_new0 (gboolean, MAX_NUMBERS);
  guint i;

  *n = 0;
  for (i = 0; i < MAX_NUMBERS; i++)
    {
      listed[i] = m->numbers[i].accepted;
      if (listed[i])
        *n = i + 1;
    }
  return listed;
}

/* The service's list is right, or lags. */
static void
settle (Model *m)
{
  guint n;
  g_autofree gboolean *listed = make_list (m, &n);

  if (n > 0 && roll (m, 2) == 0)
    {
      guint i = roll (m, n);

      listed[i] = FALSE;
    }
  eka_outbox_settle (m->outbox, listed, n);
}

static void
lose_session (Model *m)
{
  const guint64 lost = eka_outbox_rewind (m->outbox);

  m->lost += (guint) (lost / SECOND);
  memset (m->numbers, 0, sizeof m->numbers);
  memset (m->out, 0, sizeof m->out);
}

static void
describe (Model *m)
{
  gchar text[20];
  g_autoptr (GBytes) bytes = NULL;

  g_snprintf (text, sizeof text, "%u", ++m->description);
  bytes = g_bytes_new (text, strlen (text));
  eka_outbox_describe (m->outbox, bytes);
}

static void
happen (Model *m)
{
  const guint what = roll (m, 100);

  if (what < 30)
    add_packet (m);
  else if (what < 40)
    put (m);
  else if (what < 65)
    step (m);
  else if (what < 93)
    send (m);
  else if (what < 95)
    settle (m);
  else if (what < 97)
    describe (m);
  else if (what < 98)
    eka_outbox_save (m->outbox);
  else if (roll (m, 10) == 0)
    lose_session (m);
  assert_nothing_is_missing (m);
}

/* --- in the end --------------------------------------------------------- */

/* Sends all that is left, with a service that takes it. */
static void
send_rest (Model *m)
{
  EkaOutboxStats stats;

  for (;;)
    {
      guint number = 0;
      g_autoptr (EkaChunk) chunk = eka_outbox_try (m->outbox, &number);

      if (chunk == NULL && !eka_outbox_is_busy (m->outbox))
        break;
      if (chunk == NULL)
        {
          g_assert_cmpuint (fake_spool_count (m->spool), >, 0);
          fake_spool_step (m->spool);
          continue;
        }
      upload (m, chunk, number);
      m->numbers[number].accepted = TRUE;
      eka_outbox_acknowledge (m->outbox, number);
    }
  eka_outbox_get_stats (m->outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, 0);
  g_assert_cmpuint (stats.unsaved, ==, 0);
}

/* Returns: packets that the service has, each once and in order */
static guint
count_received (Model *m)
{
  guint sum = 0, next = 0, i;

  for (i = 0; i < MAX_NUMBERS; i++)
    {
      if (!m->numbers[i].accepted)
        continue;
      g_assert_cmpuint (m->numbers[i].first, >=, next);
      next = m->numbers[i].first + m->numbers[i].n;
      sum += m->numbers[i].n;
    }
  return sum;
}

static void
model_init (Model      *m,
            const Case *kind,
            guint       seed)
{
  memset (m, 0, sizeof *m);
  m->kind = kind;
  m->rand = g_rand_new_with_seed (seed);
  m->budget = eka_budget_new (kind->max_bytes, 0);
  m->spool = fake_spool_new ("first");
  m->outbox = eka_outbox_new (m->budget);
  eka_outbox_set_spool (m->outbox, m->spool, kind->policy);
}

static void
model_clear (Model *m)
{
  eka_outbox_clear (m->outbox);
  fake_spool_run (m->spool);
  g_assert_false (fake_spool_is_there (m->spool));
  eka_outbox_unref (m->outbox);
  eka_spool_unref (m->spool);
  g_assert_cmpuint (fake_spool_n_alive (), ==, 0);
  eka_budget_unref (m->budget);
  g_rand_free (m->rand);
}

static void
test_anything_in_any_order (gconstpointer data)
{
  const guint seed = (guint) g_test_rand_int ();
  g_autofree Model *m = g_new (Model, 1);
  EkaOutboxStats stats;
  guint run, i, n;

  for (run = 0; run < 60; run++)
    {
      model_init (m, data, seed + run);
      g_test_message ("seed %u", seed + run);
      n = roll (m, 600);
      for (i = 0; i < n; i++)
        happen (m);
      send_rest (m);
      assert_nothing_is_missing (m);
      eka_outbox_get_stats (m->outbox, &stats);
      g_assert_cmpuint (count_received (m) * SECOND + stats.dropped +
                            (m->lost + m->removed) * SECOND, >=,
                        m->n_put * SECOND);
      model_clear (m);
    }
}

/* --- power cut ---------------------------------------------------------- */

/* What somebody makes of what is there, after the power was cut. */
static void
recover (Model *m)
{
  EkaLeftover leftover = { .name = (gchar *) "first" };
  EkaSpool *spool = fake_spool_clone (m->spool, "first");
  GArray *journal = fake_spool_get_journal (spool);
  g_autoptr (GPtrArray) rebuilt =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  guint n;
  g_autofree gboolean *listed = make_list (m, &n);

  if (journal != NULL && journal->len > 0)
    g_ptr_array_add (rebuilt, fake_chunk_new (g_array_index (journal, guint, 0),
                                              journal->len, SIZE));
  leftover.index = fake_spool_read_index (spool);

  fake_spool_run (m->spool);
  eka_outbox_unref (m->outbox);
  eka_spool_unref (m->spool);
  m->spool = spool;
  m->n_commits = fake_spool_n_commits (spool);
  m->outbox = eka_outbox_new (m->budget);
  eka_outbox_restore (m->outbox, spool, &leftover, rebuilt);
  eka_outbox_reconcile (m->outbox, listed, n);
  sums_assert_right (m->budget);
  g_clear_pointer (&leftover.index, eka_index_free);
}

/* Returns: packets that are on disk, from the first one on without a hole but where
 *   audio was dropped or removed */
static guint
count_on_disk (Model *m)
{
  GArray *journal = fake_spool_get_journal (m->spool);
  guint sum = journal != NULL ? journal->len : 0;
  guint i;

  for (i = 0; i < fake_spool_n_places (m->spool); i++)
    {
      GBytes *place = fake_spool_get_place (m->spool, i);

      sum += place != NULL ? look (place)[1] : 0;
    }
  return sum;
}

/* All that is on disk gets to the service, once, even if the power is cut again and
 * again meanwhile. */
static void
test_after_a_power_cut (gconstpointer data)
{
  const guint seed = (guint) g_test_rand_int ();
  g_autofree Model *m = g_new (Model, 1);
  guint run, i, n, there;

  for (run = 0; run < 100; run++)
    {
      model_init (m, data, seed + run);
      g_test_message ("seed %u", seed + run);
      n = roll (m, 300);
      for (i = 0; i < n; i++)
        happen (m);
      there = count_on_disk (m);
      recover (m);
      while (roll (m, 3) != 0)
        {
          n = roll (m, 10);
          for (i = 0; i < n; i++)
            {
              guint number = 0;
              g_autoptr (EkaChunk) chunk = eka_outbox_try (m->outbox, &number);

              if (chunk == NULL)
                {
                  if (fake_spool_count (m->spool) > 0)
                    fake_spool_step (m->spool);
                  continue;
                }
              upload (m, chunk, number);
              if (m->numbers[number].accepted)
                eka_outbox_acknowledge (m->outbox, number);
            }
          recover (m);
        }
      send_rest (m);
      fake_spool_run (m->spool);
      g_assert_cmpuint (count_received (m), >=, there);
      g_assert_null (fake_spool_get_journal (m->spool));
      model_clear (m);
    }
}

static const Case cases[] = {
  { EKA_OUTBOX_ALWAYS, 0, 0, 0 },
  { EKA_OUTBOX_ALWAYS, 0, 0, 5 * SIZE },
  { EKA_OUTBOX_ALWAYS, 20, 0, 0 },
  { EKA_OUTBOX_ALWAYS, 20, 20, 5 * SIZE },
  { EKA_OUTBOX_ON_FAILURE, 0, 0, 8 * SIZE },
  { EKA_OUTBOX_ON_FAILURE, 20, 20, 8 * SIZE },
};

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/outboxmodel/anything-in-any-order/%u", i);

      g_test_add_data_func (path, &cases[i], test_anything_in_any_order);
    }
  g_test_add_data_func ("/outboxmodel/after-a-power-cut", &cases[0],
                        test_after_a_power_cut);
  g_test_add_data_func ("/outboxmodel/after-a-power-cut-with-little-memory",
                        &cases[1], test_after_a_power_cut);
  return g_test_run ();
}
