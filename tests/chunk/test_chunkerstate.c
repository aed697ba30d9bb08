/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunkerstate.h"

#include "../checked.h"
#include "packets.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define N_SEEDS checked_count (10, 3)
#define N_PACKETS 400

static void
hand_over (EkaChunker **chunker)
{
  g_autoptr (EkaChunkerState) state = eka_chunker_save (*chunker);

  eka_chunker_free (*chunker);
  *chunker = eka_chunker_restore (state);
}

/* @from: from here on it is handed over @every packets; 0: once */
static GPtrArray *
cut_up (const Packets *packets,
        guint          from,
        guint          every)
{
  GPtrArray *chunks = packets_new_chunks ();
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  guint i;

  for (i = 0; i < packets->packets->len; i++)
    {
      if (every == 0 ? i == from : i >= from && (i - from) % every == 0)
        hand_over (&chunker);
      packets_push (packets, i, chunker);
      /* not always: a state may hold what is complete */
      if (i % 5 > 1)
        packets_pop_all (chunker, chunks);
    }
  if (every > 0)
    hand_over (&chunker);
  eka_chunker_close (chunker);
  if (every > 0)
    hand_over (&chunker);
  packets_pop_all (chunker, chunks);
  return chunks;
}

static void
test_every_packet (void)
{
  guint n_chunks = 0, kind, seed;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      for (seed = 0; seed < N_SEEDS; seed++)
        {
          g_autoptr (Packets) packets = packets_new (kind, seed, N_PACKETS);
          g_autoptr (GPtrArray) chunks = cut_up (packets, G_MAXUINT, 0);
          g_autoptr (GPtrArray) others = cut_up (packets, 0, 1);

          g_test_message ("%s, seed %u: %u chunks", packets->name, seed,
                          chunks->len);
          packets_assert_same_chunks (chunks, others);
          n_chunks += chunks->len;
        }
    }
  /* else there was little to be the same */
  g_assert_cmpuint (n_chunks, >, 3 * PACKETS_N_KINDS * N_SEEDS);
}

static void
test_once (void)
{
  guint kind, i;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new (kind, 1, 150);
      g_autoptr (GPtrArray) chunks = cut_up (packets, G_MAXUINT, 0);

      for (i = 0; i < packets->packets->len; i++)
        {
          g_autoptr (GPtrArray) others = cut_up (packets, i, 0);

          packets_assert_same_chunks (chunks, others);
        }
    }
}

static void
assert_same_packets (const EkaChunkerState *state,
                     const EkaChunkerState *other)
{
  guint i;

  g_assert_cmpuint (state->packets->len, ==, other->packets->len);
  for (i = 0; i < state->packets->len; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (state->packets, EkaPacketInfo, i);
      const EkaPacketInfo *same =
          &g_array_index (other->packets, EkaPacketInfo, i);

      g_assert_cmpuint (info->size, ==, same->size);
      g_assert_cmpuint (info->samples, ==, same->samples);
      g_assert_cmpuint (info->voice, ==, same->voice);
      g_assert_cmpuint (info->loudness, ==, same->loudness);
      g_assert_cmpuint (info->effort, ==, same->effort);
    }
}

/* How loud a packet of CELT is, the one before tells too. */
static void
test_loudness (void)
{
  g_autoptr (Packets) packets = packets_new (0, 5, 300);
  g_autoptr (EkaChunkerState) state = NULL;
  g_autoptr (EkaChunkerState) other = NULL;
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (EkaChunker) handed = packets_start (packets);
  guint i;

  for (i = 0; i < 300; i++)
    {
      eka_chunker_push (chunker, packets_get (packets, i));
      eka_chunker_push (handed, packets_get (packets, i));
      hand_over (&handed);
    }
  state = eka_chunker_save (chunker);
  other = eka_chunker_save (handed);
  g_assert_cmpuint (state->packets->len, >, 200);
  assert_same_packets (state, other);
}

/* The state is a copy: the chunker goes on, and so do many of its twins. */
static void
test_copy (void)
{
  g_autoptr (Packets) packets = packets_new_plain (0, 1, 200);
  g_autoptr (GPtrArray) chunks = packets_new_chunks ();
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (EkaChunkerState) state = NULL;
  guint i, n;

  for (i = 0; i < 100; i++)
    packets_push (packets, i, chunker);
  packets_pop_all (chunker, chunks);
  g_ptr_array_set_size (chunks, 0);
  state = eka_chunker_save (chunker);
  for (; i < 200; i++)
    packets_push (packets, i, chunker);
  eka_chunker_close (chunker);
  packets_pop_all (chunker, chunks);
  g_clear_pointer (&chunker, eka_chunker_free);
  for (n = 0; n < 3; n++)
    {
      g_autoptr (GPtrArray) others = packets_new_chunks ();

      chunker = eka_chunker_restore (state);
      for (i = 100; i < 200; i++)
        packets_push (packets, i, chunker);
      eka_chunker_close (chunker);
      packets_pop_all (chunker, others);
      packets_assert_same_chunks (chunks, others);
      g_clear_pointer (&chunker, eka_chunker_free);
    }
}

/* What no packet shows: media type, limits out of bounds, an index. */
static void
test_members (void)
{
  const EkaChunkLimits limits = { .min_duration = 5, .max_duration = 7,
                                  .max_bytes = 9 };
  g_autoptr (Packets) packets = packets_new_plain (0, 1, 80);
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (GPtrArray) chunks = packets_new_chunks ();
  g_autoptr (EkaChunkerState) state = NULL;
  guint i;

  eka_chunker_set_media_type (chunker, "audio/ogg; codecs=opus");
  eka_chunker_set_limits (chunker, &limits);
  for (i = 0; i < 80; i++)
    packets_push (packets, i, chunker);
  packets_pop_all (chunker, chunks);
  g_assert_cmpuint (chunks->len, >, 0);
  state = eka_chunker_save (chunker);
  g_assert_cmpstr (state->media_type, ==, "audio/ogg; codecs=opus");
  g_assert_cmpuint (state->limits.min_duration, ==, 5);
  g_assert_cmpuint (state->limits.max_duration, ==, 7);
  g_assert_cmpuint (state->limits.max_bytes, ==, 9);
  g_assert_cmpuint (state->index, ==, chunks->len);
  g_assert_cmpuint (state->n_history, >, 0);
  g_assert_false (state->closed);
  eka_chunker_close (chunker);
  g_clear_pointer (&state, eka_chunker_state_free);
  state = eka_chunker_save (chunker);
  g_assert_true (state->closed);
}

static void
test_empty (void)
{
  g_autoptr (Packets) packets = packets_new_plain (0, 1, 80);
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (GPtrArray) chunks = packets_new_chunks ();
  g_autoptr (EkaChunkerState) state = eka_chunker_save (chunker);
  guint i;

  g_assert_true (eka_chunker_state_is_empty (state));
  for (i = 0; i < 80; i++)
    packets_push (packets, i, chunker);
  g_clear_pointer (&state, eka_chunker_state_free);
  state = eka_chunker_save (chunker);
  g_assert_false (eka_chunker_state_is_empty (state));
  eka_chunker_close (chunker);
  packets_pop_all (chunker, chunks);
  g_clear_pointer (&state, eka_chunker_state_free);
  state = eka_chunker_save (chunker);
  g_assert_true (eka_chunker_state_is_empty (state));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunkerstate/handed-over-at-every-packet",
                   test_every_packet);
  g_test_add_func ("/chunkerstate/handed-over-once-anywhere", test_once);
  g_test_add_func ("/chunkerstate/loudness-is-told-by-packets-before",
                   test_loudness);
  g_test_add_func ("/chunkerstate/saved-state-is-a-copy", test_copy);
  g_test_add_func ("/chunkerstate/media-type-limits-index", test_members);
  g_test_add_func ("/chunkerstate/empty-when-all-is-taken", test_empty);
  return g_test_run ();
}
