/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "matrixcells.h"

#define N 1 << 0 /* discovery */
#define C 1 << 1 /* create */
#define U 1 << 2 /* upload */
#define E 1 << 3 /* end */
#define G 1 << 4 /* get */
#define P 1 << 5 /* patch */
#define ALL (N | C | U | E | G | P)

/* Which of the calls it may befall. The first Get is the look at the list, the
 * second one asks for results; of the uploads the second one is taken. */
static const struct
{
  const gchar *name;
  const gchar *where;
  guint bit;
} calls[] = {
  { "discovery", "discovery:1", N }, { "create", "create:1", C },
  { "upload", "upload:2", U },       { "end", "end:1", E },
  { "get", "get:1", G },             { "get", "get:2", G },
  { "patch", "patch:1", P },
};

/* @calls: which of them have such a fault; the sandbox refuses the others
 * because their answers have nothing of the kind
 * @fatal: those after which no audio can be saved */
static const struct
{
  const gchar *what;
  guint calls;
  guint fatal;
  const gchar *reason;
} faults[] = {
  { "reset", ALL, 0, NULL },
  { "lost", ALL, 0, NULL },
  { "400", ALL, C | P, "the service refuses what it was told" },
  { "401", C | U | E | G | P, 0, NULL },
  { "403", C | U | E | G | P, 0, NULL },
  { "404", N | C | U | E | G, 0, NULL },
  { "409", ALL, P, "the service does not cancel it" },
  { "410", N | C | U | E | G, 0, NULL },
  { "413", ALL, P, "the service does not cancel it" },
  { "422", ALL, C | P, "the service refuses what it was told" },
  { "429", ALL, 0, NULL },
  { "429=1", ALL, 0, NULL },
  { "429=date", ALL, 0, NULL },
  { "500", ALL, 0, NULL },
  { "502", ALL, 0, NULL },
  { "503", ALL, 0, NULL },
  { "503=1", ALL, 0, NULL },
  { "stall", ALL, 0, NULL },
  { "slow", ALL, 0, NULL },
  { "half-json", ALL, 0, NULL },
  { "wrong-json", ALL, 0, NULL },
  { "truncated", ALL, 0, NULL },
  { "early", C | U | E | P, 0, NULL },
  { "short-list", E | G, 0, NULL },
  { "no-list", E | G, 0, NULL },
  { "wrong-count", E | G, 0, NULL },
  { "other-session", C | U | E | G, 0, NULL },
  { "no-upload-url", C | G, 0, NULL },
  { "success-false", U, 0, NULL },
  { "wrong-name", U, 0, NULL },
  { "400/invalid_audio_format", U, 0, NULL },
  { "400/chunk_too_large", U, 0, NULL },
  { "400/session_ended", U | E, 0, NULL },
  { "forget", C | U | E | G, 0, NULL },
  { "end-session", U | E | G, 0, NULL },
  { "expire", U | E | G, 0, NULL },
  { "token-expired", C | U | E | G | P, 0, NULL },
};

static void
case_free (gpointer data)
{
  MatrixCase *self = data;

  g_free (self->first);
  g_free (self->second);
  g_free (self);
}

/**
 * matrix_cells:
 *
 * Returns: (transfer full) (element-type MatrixCase): every fault of every call
 */
GPtrArray *
matrix_cells (void)
{
  GPtrArray *cells = g_ptr_array_new_with_free_func (case_free);
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    for (j = 0; j < G_N_ELEMENTS (faults); j++)
      {
        MatrixCase *cell;

        if ((faults[j].calls & calls[i].bit) == 0)
          continue;
        cell = g_new0 (MatrixCase, 1);
        cell->first = g_strconcat (calls[i].where, ":", faults[j].what, NULL);
        cell->discards = calls[i].bit == (P);
        if ((faults[j].fatal & calls[i].bit) != 0)
          cell->impossible = faults[j].reason;
        g_ptr_array_add (cells, cell);
      }
  return cells;
}

/* Each of these meets each other one. */
static const gchar *const meeting[] = {
  "create:1:lost",     "create:2:503",       "upload:1:lost",
  "upload:2:502",      "upload:3:forget",    "upload:2:half-json",
  "get:1:short-list",  "get:2:reset",        "end:1:lost",
  "end:1-2:500",       "upload:4:end-session",
};

/**
 * matrix_pairs:
 *
 * Returns: (transfer full) (element-type MatrixCase): faults that meet
 */
GPtrArray *
matrix_pairs (void)
{
  GPtrArray *pairs = g_ptr_array_new_with_free_func (case_free);
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (meeting); i++)
    for (j = i + 1; j < G_N_ELEMENTS (meeting); j++)
      {
        MatrixCase *pair = g_new0 (MatrixCase, 1);

        pair->first = g_strdup (meeting[i]);
        pair->second = g_strdup (meeting[j]);
        g_ptr_array_add (pairs, pair);
      }
  return pairs;
}
