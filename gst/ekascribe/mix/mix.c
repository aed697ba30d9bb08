/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/mix.h"

#include <string.h>

#define SECOND G_GINT64_CONSTANT (1000000000)
#define MAX_CHANNELS 2

/* Blocks are whole multiples of 20 ms, while more is to come, and up to 1 s. */
#define BLOCK 320
#define MAX_BLOCK EKA_MIX_RATE

/* So far ahead of all others a stream may jump. Nobody lives in the future: where
 * one is waited for no longer than a patience, there are live streams. */
#define LIVE_REACH (10 * EKA_MIX_RATE)
#define REACH (3600 * EKA_MIX_RATE)

/* Silence of all legs that is longer is not given out. */
#define JUMP (10 * EKA_MIX_RATE)

/* A place in samples that is not known */
#define NOWHERE G_MININT64

typedef struct
{
  EkaLeg *leg;
  guint channel;
  gboolean removed; /* goes when all it gave is mixed */
} Slot;

/* @position: up to there all is mixed; NOWHERE before the first block. @slots: NULL
 * where a leg was removed. @gone: what legs did that are removed. */
struct _EkaMix
{
  guint channels;
  gint64 patience; /* samples; G_MAXINT64: no end of it */
  gint64 lag;      /* samples; see eka_mix_set_lag() */
  gint64 now;
  gint64 position;
  gint64 shift;
  gboolean begun; /* there was a leg */
  GPtrArray *slots;
  gint32 *sums;
  EkaMixStats gone;
  guint64 clipped;
};

static void
slot_free (Slot *self)
{
  if (self == NULL)
    return;
  eka_leg_free (self->leg);
  g_free (self);
}

static Slot *
peek_slot (const EkaMix *self,
           guint         leg)
{
  return leg < self->slots->len ? g_ptr_array_index (self->slots, leg) : NULL;
}

/**
 * eka_mix_new:
 * @channels: channels of the mix: 1, or 2
 *
 * Returns: (transfer full): a mix without legs, that waits for each without end
 */
EkaMix *
eka_mix_new (guint channels)
{
  EkaMix *self;

  g_return_val_if_fail (channels > 0 && channels <= MAX_CHANNELS, NULL);

  self = g_new0 (EkaMix, 1);
  self->channels = channels;
  self->patience = G_MAXINT64;
  self->now = NOWHERE;
  self->position = NOWHERE;
  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_free);
  self->sums = g_new (gint32, MAX_BLOCK * channels);
  return self;
}

/**
 * eka_mix_free:
 * @self: (transfer full): the mix
 *
 * Frees the mix with its legs and what waits in them.
 */
void
eka_mix_free (EkaMix *self)
{
  g_ptr_array_unref (self->slots);
  g_free (self->sums);
  g_free (self);
}

/**
 * eka_mix_set_patience:
 * @self: the mix
 * @patience: ns that a leg may stay behind the foremost one before it counts as
 *   silent, until it comes again; %G_MAXUINT64: it is waited for
 *
 * Says how long a leg is waited for. Patience has an end where a leg is live.
 */
void
eka_mix_set_patience (EkaMix *self,
                      guint64 patience)
{
  self->patience = patience == G_MAXUINT64
                       ? G_MAXINT64
                       : (gint64) (patience / EKA_MIX_SAMPLE);
}

/**
 * eka_mix_set_lag:
 * @self: the mix
 * @lag: ns that the mix stays behind the foremost leg; 0 at first
 *
 * Says how late a leg may come that is not there yet: its source may hold its first
 * samples back for as long as the network makes others late, while the legs that are
 * there have no need of that. Whatever is asked for without waiting comes anyway.
 */
void
eka_mix_set_lag (EkaMix *self,
                 guint64 lag)
{
  self->lag = (gint64) (lag / EKA_MIX_SAMPLE);
}

/**
 * eka_mix_set_now:
 * @self: the mix
 * @running_time: what the clock says, in ns
 *
 * Tells the time, where there is a clock. Not needed, but then legs that all were
 * away for more than ten seconds are known to be right about it.
 */
void
eka_mix_set_now (EkaMix *self,
                 guint64 running_time)
{
  self->now = running_time > G_MAXINT64
                  ? NOWHERE
                  : (gint64) running_time / EKA_MIX_SAMPLE;
}

/* Where the mix is, or will begin. */
static gint64
get_position (const EkaMix *self)
{
  gint64 first = G_MAXINT64;
  guint i;

  if (self->position != NOWHERE)
    return self->position;
  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 begin;

      if (slot != NULL && eka_leg_get_begin (slot->leg, &begin))
        first = MIN (first, begin);
    }
  return first == G_MAXINT64 ? NOWHERE : first;
}

/* What @leg has to know of the others; %NULL: of all. Theirs is the settled end: a
 * clock that still may be wrong says nothing about another. */
static void
look_around (const EkaMix *self,
             const Slot   *leg,
             EkaLegView   *view)
{
  guint i;

  view->position = self->position;
  view->foremost = self->now;
  view->begin = self->position == NOWHERE && self->patience == G_MAXINT64
                    ? get_position (self)
                    : NOWHERE;
  view->reach = self->patience == G_MAXINT64 ? REACH : LIVE_REACH;
  view->shift = self->shift;
  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 end;

      if (slot != NULL && slot != leg && eka_leg_get_end (slot->leg, &end))
        view->foremost = MAX (view->foremost, end);
    }
}

/* Remembers how a clock was put right, for another may be as wrong. */
static void
note_shift (EkaMix     *self,
            const Slot *slot,
            gint64      before)
{
  const gint64 shift = eka_leg_get_shift (slot->leg);

  if (shift != before && shift != 0)
    self->shift = shift;
}

/**
 * eka_mix_add_leg:
 * @self: the mix
 * @channel: channel that the leg goes to: 0, or 1 where the mix has two
 *
 * Adds a leg. From now on the mix waits for it, as long as its patience lasts.
 *
 * Returns: its number
 */
guint
eka_mix_add_leg (EkaMix *self,
                 guint   channel)
{
  Slot *slot;
  guint i;

  g_return_val_if_fail (channel < self->channels, 0);

  slot = g_new0 (Slot, 1);
  slot->leg = eka_leg_new ();
  slot->channel = channel;
  self->begun = TRUE;
  for (i = 0; i < self->slots->len; i++)
    {
      if (peek_slot (self, i) != NULL)
        continue;
      g_ptr_array_index (self->slots, i) = slot;
      return i;
    }
  g_ptr_array_add (self->slots, slot);
  return self->slots->len - 1;
}

/**
 * eka_mix_push:
 * @self: the mix
 * @leg: number of the leg
 * @running_time: of the first sample in ns; %EKA_MIX_NO_TIME: after the last ones
 * @samples: (array length=n_samples): samples in the machine's byte order
 * @n_samples: how many
 * @discont: whether something may be missing in front of them
 *
 * Takes samples of a leg; see eka_leg_push(). A leg that had ended begins anew.
 */
void
eka_mix_push (EkaMix       *self,
              guint         leg,
              guint64       running_time,
              const gint16 *samples,
              guint         n_samples,
              gboolean      discont)
{
  Slot *slot = peek_slot (self, leg);
  EkaLegView view;
  gint64 shift;

  g_return_if_fail (slot != NULL && !slot->removed);

  shift = eka_leg_get_shift (slot->leg);
  look_around (self, slot, &view);
  eka_leg_push (slot->leg, &view, running_time, samples, n_samples, discont);
  note_shift (self, slot, shift);
}

/**
 * eka_mix_gap:
 * @self: the mix
 * @leg: number of the leg
 * @running_time: where silence begins, in ns
 * @duration: how long it is, in ns; %EKA_MIX_NO_TIME: not known
 *
 * Takes the news that nothing comes on a leg for a while: it isn't waited for.
 */
void
eka_mix_gap (EkaMix *self,
             guint   leg,
             guint64 running_time,
             guint64 duration)
{
  Slot *slot = peek_slot (self, leg);
  EkaLegView view;

  g_return_if_fail (slot != NULL && !slot->removed);

  look_around (self, slot, &view);
  eka_leg_gap (slot->leg, &view, running_time, duration);
}

/**
 * eka_mix_end_leg:
 * @self: the mix
 * @leg: number of the leg
 *
 * Says that no more comes on a leg. What came is mixed, and the others go on.
 */
void
eka_mix_end_leg (EkaMix *self,
                 guint   leg)
{
  Slot *slot = peek_slot (self, leg);
  EkaLegView view;

  g_return_if_fail (slot != NULL && !slot->removed);

  look_around (self, slot, &view);
  eka_leg_end (slot->leg, &view);
}

/**
 * eka_mix_restart_leg:
 * @self: the mix
 * @leg: number of the leg
 *
 * Starts the clock of a leg anew, as after a flush. What came stays. Takes back
 * eka_mix_end_leg().
 */
void
eka_mix_restart_leg (EkaMix *self,
                     guint   leg)
{
  Slot *slot = peek_slot (self, leg);
  EkaLegView view;

  g_return_if_fail (slot != NULL && !slot->removed);

  look_around (self, slot, &view);
  eka_leg_restart (slot->leg, &view);
}

/* Frees legs that were removed and have nothing left. */
static void
sweep (EkaMix *self)
{
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      Slot *slot = peek_slot (self, i);
      EkaLegStats stats;

      if (slot == NULL || !slot->removed ||
          eka_leg_get_n_held (slot->leg) > 0)
        continue;
      eka_leg_get_stats (slot->leg, &stats);
      self->gone.filled += stats.filled;
      self->gone.late += stats.late;
      self->gone.skew += stats.skew;
      slot_free (slot);
      g_ptr_array_index (self->slots, i) = NULL;
    }
}

/**
 * eka_mix_remove_leg:
 * @self: the mix
 * @leg: number of the leg; may be given to another one now
 *
 * Ends a leg that never comes back, and frees it when all it gave is mixed.
 */
void
eka_mix_remove_leg (EkaMix *self,
                    guint   leg)
{
  Slot *slot = peek_slot (self, leg);

  g_return_if_fail (slot != NULL && !slot->removed);

  eka_mix_end_leg (self, leg);
  slot->removed = TRUE;
  sweep (self);
}

/* How far a leg has come, with what has no place yet. */
static gboolean
get_head (const EkaMix *self,
          const Slot   *slot,
          gint64       *head)
{
  EkaLegView view;

  if (!eka_leg_is_settling (slot->leg))
    return eka_leg_get_end (slot->leg, head);
  look_around (self, slot, &view);
  return eka_leg_get_head (slot->leg, &view, head);
}

/* How far the foremost leg has come; @settled: of what has its place. */
static gint64
find_foremost (const EkaMix *self,
               gboolean      settled)
{
  gint64 foremost = self->position;
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 head;

      if (slot == NULL)
        continue;
      if (settled ? eka_leg_get_end (slot->leg, &head)
                  : get_head (self, slot, &head))
        foremost = MAX (foremost, head);
    }
  return foremost;
}

/* Up to where nobody is waited for; NOWHERE: from the beginning on */
static gint64
get_deadline (const EkaMix *self)
{
  const gint64 foremost = find_foremost (self, FALSE);

  if (foremost == NOWHERE || self->patience == G_MAXINT64)
    return NOWHERE;
  return foremost - self->patience;
}

/**
 * eka_mix_get_ahead:
 * @self: the mix
 * @leg: number of a leg
 *
 * Of legs that have ended, and of those that are behind for longer than the
 * patience, nothing is expected.
 *
 * Returns: ns by which a leg is ahead of the slowest one
 */
guint64
eka_mix_get_ahead (EkaMix *self,
                   guint   leg)
{
  const gint64 deadline = get_deadline (self);
  gint64 slowest = G_MAXINT64, own = NOWHERE;
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 head;

      if (slot == NULL)
        continue;
      if (!get_head (self, slot, &head))
        head = get_position (self);
      if (i == leg)
        own = head;
      if (!eka_leg_is_ended (slot->leg))
        slowest = MIN (slowest, MAX (head, deadline));
    }
  if (own == NOWHERE || slowest == G_MAXINT64 || own <= slowest)
    return 0;
  if (slowest == NOWHERE)
    slowest = own - (gint64) eka_leg_get_n_held (peek_slot (self, leg)->leg);
  return (guint64) (own - slowest) * EKA_MIX_SAMPLE;
}

/**
 * eka_mix_get_leg_held:
 * @self: the mix
 * @leg: number of a leg
 *
 * Returns: samples that wait in the leg
 */
guint64
eka_mix_get_leg_held (EkaMix *self,
                      guint   leg)
{
  const Slot *slot = peek_slot (self, leg);

  return slot != NULL ? eka_leg_get_n_held (slot->leg) : 0;
}

/**
 * eka_mix_get_held:
 * @self: the mix
 *
 * Returns: samples that wait in all legs together
 */
guint64
eka_mix_get_held (EkaMix *self)
{
  guint64 n = 0;
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);

      if (slot != NULL)
        n += eka_leg_get_n_held (slot->leg);
    }
  return n;
}

static gboolean
is_overdue (const EkaMix *self,
            const Slot   *slot,
            gint64        deadline)
{
  gint64 head;

  return eka_leg_is_settling (slot->leg) && get_head (self, slot, &head) &&
         head < deadline;
}

/* Places what can't wait: of legs that are behind for too long, or of all. Before
 * the mix has begun that is a leg whose clock is far from another one's: who has the
 * lower number is right then. */
static void
settle (EkaMix  *self,
        gboolean all)
{
  const gint64 deadline = get_deadline (self);
  guint i;

  for (i = 0; self->position == NOWHERE && i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);

      all = all || (slot != NULL && is_overdue (self, slot, deadline));
    }
  for (i = 0; i < self->slots->len; i++)
    {
      Slot *slot = peek_slot (self, i);
      EkaLegView view;
      gint64 shift;

      if (slot == NULL || (!all && !is_overdue (self, slot, deadline)))
        continue;
      look_around (self, slot, &view);
      shift = eka_leg_get_shift (slot->leg);
      eka_leg_settle (slot->leg, &view);
      note_shift (self, slot, shift);
    }
}

static gboolean
have_all_ended (const EkaMix *self)
{
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);

      if (slot != NULL && !eka_leg_is_ended (slot->leg))
        return FALSE;
    }
  return self->begun;
}

/* Up to where the mix can go. A leg that settles has come, and isn't passed: see
 * settle() for one that stays behind. */
static gint64
find_limit (const EkaMix *self,
            gint64        position)
{
  const gint64 deadline = get_deadline (self);
  gint64 limit = find_foremost (self, TRUE);
  guint i;

  if (limit != NOWHERE)
    limit -= self->lag;
  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 end;

      if (slot == NULL || eka_leg_is_ended (slot->leg))
        continue;
      if (!eka_leg_get_end (slot->leg, &end))
        end = position;
      if (!eka_leg_is_settling (slot->leg))
        end = MAX (end, deadline);
      limit = MIN (limit, end);
    }
  return limit;
}

/* A long time in which nobody has anything is jumped over. */
static gint64
skip_silence (const EkaMix *self,
              gint64        position,
              gint64        limit)
{
  gint64 first = limit;
  guint i;

  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      gint64 place;

      if (slot != NULL && eka_leg_find_audio (slot->leg, &place))
        first = MIN (first, place);
    }
  return first - position > JUMP ? first : position;
}

static gint16
saturate (EkaMix *self,
          gint32  sum)
{
  const gint32 value = CLAMP (sum, G_MININT16, G_MAXINT16);

  self->clipped += value != sum;
  return GINT16_TO_LE ((gint16) value);
}

static void
mix_block (EkaMix     *self,
           guint       n,
           GByteArray *samples)
{
  const guint offset = samples->len;
  gint16 *out;
  guint i, c;

  memset (self->sums, 0, n * self->channels * sizeof *self->sums);
  for (i = 0; i < self->slots->len; i++)
    {
      Slot *slot = peek_slot (self, i);

      if (slot != NULL)
        eka_leg_take (slot->leg, self->position,
                      self->sums + n * slot->channel, n);
    }
  g_byte_array_set_size (samples,
                         offset + n * self->channels * sizeof (gint16));
  out = (gint16 *) (samples->data + offset);
  for (i = 0; i < n; i++)
    {
      for (c = 0; c < self->channels; c++)
        *out++ = saturate (self, self->sums[n * c + i]);
    }
}

/**
 * eka_mix_take:
 * @self: the mix
 * @all: whether to take everything that is there, whoever is behind
 * @samples: what the block is appended to: S16LE, channels interleaved
 * @running_time: (out): of the block in ns
 *
 * Takes what is ready, one second at most: as far as every leg has come, and past
 * those that are behind for longer than the patience, but for the lag. Unless all is taken or all
 * legs have ended, it is a multiple of 20 ms. To be called until nothing comes.
 * Blocks follow each other, but for a time of more than ten seconds in which no leg
 * had anything: @running_time tells.
 *
 * Returns: whether there is a block
 */
gboolean
eka_mix_take (EkaMix     *self,
              gboolean    all,
              GByteArray *samples,
              guint64    *running_time)
{
  gint64 position, limit, n;

  all = all || have_all_ended (self);
  settle (self, all);
  position = get_position (self);
  if (position == NOWHERE)
    return FALSE;
  limit = all ? find_foremost (self, TRUE) : find_limit (self, position);
  position = skip_silence (self, position, limit);
  n = MIN (limit - position, MAX_BLOCK);
  if (!all)
    n -= n % BLOCK;
  if (n <= 0)
    return FALSE;
  self->position = position;
  mix_block (self, (guint) n, samples);
  *running_time = (guint64) position * EKA_MIX_SAMPLE;
  self->position += n;
  sweep (self);
  return TRUE;
}

/**
 * eka_mix_is_ended:
 * @self: the mix
 *
 * Returns: whether there was a leg, all have ended or were removed, and all they
 *   gave was taken
 */
gboolean
eka_mix_is_ended (EkaMix *self)
{
  if (!have_all_ended (self))
    return FALSE;
  return find_foremost (self, TRUE) <= self->position;
}

/**
 * eka_mix_reset:
 * @self: the mix
 *
 * Forgets what came and where the mix is; its legs are as new, those that were
 * removed are gone. What the stats tell goes on.
 */
void
eka_mix_reset (EkaMix *self)
{
  guint i;

  self->position = NOWHERE;
  self->now = NOWHERE;
  self->shift = 0;
  for (i = 0; i < self->slots->len; i++)
    {
      Slot *slot = peek_slot (self, i);
      EkaLegStats stats;

      if (slot == NULL)
        continue;
      eka_leg_get_stats (slot->leg, &stats);
      self->gone.filled += stats.filled;
      self->gone.late += stats.late;
      self->gone.skew += stats.skew;
      eka_leg_free (slot->leg);
      slot->leg = eka_leg_new ();
    }
  sweep (self);
}

/**
 * eka_mix_get_stats:
 * @self: the mix
 * @stats: (out caller-allocates): what became of all legs so far
 *
 * Tells what the mix had to do to its audio.
 */
void
eka_mix_get_stats (EkaMix      *self,
                   EkaMixStats *stats)
{
  guint i;

  *stats = self->gone;
  stats->clipped = self->clipped;
  for (i = 0; i < self->slots->len; i++)
    {
      const Slot *slot = peek_slot (self, i);
      EkaLegStats leg;

      if (slot == NULL)
        continue;
      eka_leg_get_stats (slot->leg, &leg);
      stats->filled += leg.filled;
      stats->late += leg.late;
      stats->skew += leg.skew;
    }
}
