/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "diskfixture.h"

#include <string.h>

const Setup disk_always = { EKA_OUTBOX_ALWAYS, 0 };
const Setup disk_tight = { EKA_OUTBOX_ALWAYS, 10 * SIZE };
const Setup disk_on_failure = { EKA_OUTBOX_ON_FAILURE, 16 * SIZE };
const Setup disk_never = { EKA_OUTBOX_NEVER, 4 * SIZE };

static void
note (gpointer user_data)
{
  ((Fixture *) user_data)->told++;
}

void
disk_set_up (Fixture      *f,
             gconstpointer data)
{
  const Setup *setup = data;

  f->budget = eka_budget_new (setup->max_bytes, 0);
  f->spool = fake_spool_new ("first");
  f->outbox = eka_outbox_new (f->budget);
  eka_outbox_set_spool (f->outbox, f->spool, setup->policy);
  eka_outbox_set_notify (f->outbox, note, f, NULL);
}

void
disk_tear_down (Fixture      *f,
                gconstpointer data)
{
  fake_spool_run (f->spool);
  sums_assert_right (f->budget);
  eka_outbox_unref (f->outbox);
  eka_spool_unref (f->spool);
  g_assert_cmpuint (fake_spool_n_alive (), ==, 0);
  eka_budget_unref (f->budget);
}

void
disk_put (Fixture *f,
          guint    packet)
{
  g_autoptr (EkaChunk) chunk = fake_chunk_new (packet, 1, SIZE);

  eka_outbox_put (f->outbox, chunk);
  sums_assert_right (f->budget);
}

/* The chunker holds @n packets after that. */
void
disk_put_with_state (Fixture *f,
                     guint    packet,
                     guint    n)
{
  g_autoptr (EkaChunk) chunk = fake_chunk_new (packet, 1, SIZE);

  eka_outbox_put_with_state (f->outbox, chunk, fake_state_new (packet + 1, n));
}

/* Packets from 0 on, and all on disk in the end. */
void
disk_put_some (Fixture *f,
               guint    n)
{
  guint i;

  for (i = 0; i < n; i++)
    disk_put (f, i);
  fake_spool_run (f->spool);
}

void
disk_describe (Fixture     *f,
               const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  eka_outbox_describe (f->outbox, bytes);
}

void
disk_assert_next (Fixture *f,
                  guint    packet,
                  guint    number)
{
  guint got = G_MAXUINT;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (f->outbox, &got);

  g_assert_nonnull (chunk);
  g_assert_nonnull (chunk->bytes);
  g_assert_cmpuint (chunk->index, ==, packet);
  g_assert_cmpuint (got, ==, number);
  g_assert_false (eka_outbox_is_busy (f->outbox));
}

void
disk_assert_busy (Fixture *f)
{
  guint number;

  g_assert_null (eka_outbox_try (f->outbox, &number));
  g_assert_null (eka_outbox_peek (f->outbox, NULL));
  g_assert_true (eka_outbox_is_busy (f->outbox));
}

void
disk_send (Fixture *f,
           guint    packet,
           guint    number)
{
  disk_assert_next (f, packet, number);
  eka_outbox_acknowledge (f->outbox, number);
}

/* @packet: of the chunk there, or -1: there is only its place */
void
disk_assert_place (Fixture *f,
                   guint    place,
                   gint     packet)
{
  GBytes *bytes = fake_spool_get_place (f->spool, place);

  if (packet < 0)
    g_assert_null (bytes);
  else
    g_assert_true (bytes != NULL && fake_chunk_has (bytes, packet));
}

/* @first: packet that it begins with, or -1: there is none */
void
disk_assert_journal (Fixture *f,
                     gint     first,
                     guint    n)
{
  GArray *journal = fake_spool_get_journal (f->spool);
  guint i;

  if (first < 0)
    {
      g_assert_null (journal);
      return;
    }
  g_assert_nonnull (journal);
  g_assert_cmpuint (journal->len, ==, n);
  for (i = 0; i < n; i++)
    g_assert_cmpuint (g_array_index (journal, guint, i), ==, first + i);
}

EkaOutboxStats
disk_get_stats (Fixture *f)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (f->outbox, &stats);
  return stats;
}

gboolean
disk_has_room (Fixture *f)
{
  g_autoptr (EkaChunk) chunk = fake_chunk_new (99, 1, SIZE);

  return eka_budget_make_room (f->budget, chunk);
}
