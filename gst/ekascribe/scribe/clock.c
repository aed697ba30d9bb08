/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/clock.h"

typedef struct
{
  guint id;
  gint64 due;
  EkaClockFunc func;
  gpointer user_data;
} EkaTimer;

/* Both kinds keep their timers in one sorted list. The real clock (@source is
 * set) is woken for the first of them by a GSource; the test clock (@source is
 * %NULL) has a time of its own in @now.
 */
struct _EkaClock
{
  gatomicrefcount refs;
  GSource *source;
  GSequence *timers;
  GHashTable *by_id;
  guint last_id;
  gint64 now;
  /* Of the real clock: since when it runs so many times faster. */
  guint rate;
  gint64 origin;
  gint64 real_origin;
};

typedef struct
{
  GSource parent;
  EkaClock *clock;
} EkaClockSource;

/* Timers of the same instant run in the order in which they were scheduled. */
static gint
compare_timers (gconstpointer a,
                gconstpointer b,
                gpointer      user_data)
{
  const EkaTimer *x = a;
  const EkaTimer *y = b;

  if (x->due != y->due)
    return x->due < y->due ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

static EkaTimer *
first_timer (EkaClock *clock)
{
  GSequenceIter *iter = g_sequence_get_begin_iter (clock->timers);

  return g_sequence_iter_is_end (iter) ? NULL : g_sequence_get (iter);
}

/* The moment of the system's clock at which @time is reached. */
static gint64
to_real (EkaClock *clock,
         gint64    time)
{
  return clock->real_origin +
         (time - clock->origin + clock->rate - 1) / clock->rate;
}

static void
set_alarm (EkaClock *clock)
{
  EkaTimer *first = first_timer (clock);

  if (clock->source != NULL)
    g_source_set_ready_time (
        clock->source, first != NULL ? MAX (to_real (clock, first->due), 0)
                                     : -1);
}

static void
remove_timer (EkaClock *clock,
              guint     id)
{
  GSequenceIter *iter = g_hash_table_lookup (clock->by_id,
                                             GUINT_TO_POINTER (id));

  if (iter == NULL)
    return;
  g_hash_table_remove (clock->by_id, GUINT_TO_POINTER (id));
  g_sequence_remove (iter);
}

static void
run_timer (EkaClock *clock,
           EkaTimer *timer)
{
  EkaClockFunc func = timer->func;
  gpointer user_data = timer->user_data;

  remove_timer (clock, timer->id);
  func (user_data);
}

static gboolean
dispatch_clock (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  EkaClock *clock = eka_clock_ref (((EkaClockSource *) source)->clock);
  gint64 now = eka_clock_now (clock);
  EkaTimer *timer;

  while ((timer = first_timer (clock)) != NULL && timer->due <= now)
    run_timer (clock, timer);
  set_alarm (clock);
  eka_clock_unref (clock);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs clock_source_funcs = { NULL, NULL, dispatch_clock, NULL };

/**
 * eka_clock_new_test:
 *
 * Returns: (transfer full): a clock that stands still until
 *   eka_clock_advance()
 */
EkaClock *
eka_clock_new_test (void)
{
  EkaClock *clock = g_new0 (EkaClock, 1);

  g_atomic_ref_count_init (&clock->refs);
  clock->rate = 1;
  clock->timers = g_sequence_new (g_free);
  clock->by_id = g_hash_table_new (NULL, NULL);
  return clock;
}

/**
 * eka_clock_new:
 * @context: (nullable): where timers run; %NULL: the global default
 *
 * Returns: (transfer full): a clock of monotonic time
 */
EkaClock *
eka_clock_new (GMainContext *context)
{
  EkaClock *clock = eka_clock_new_test ();

  clock->source = g_source_new (&clock_source_funcs, sizeof (EkaClockSource));
  ((EkaClockSource *) clock->source)->clock = clock;
  g_source_set_name (clock->source, "EkaClock");
  g_source_attach (clock->source, context);
  return clock;
}

/**
 * eka_clock_ref:
 * @clock: a clock
 *
 * Returns: (transfer full): @clock
 */
EkaClock *
eka_clock_ref (EkaClock *clock)
{
  g_atomic_ref_count_inc (&clock->refs);
  return clock;
}

/**
 * eka_clock_unref:
 * @clock: (transfer full): a clock
 *
 * With the last reference go the timers, without being run.
 */
void
eka_clock_unref (EkaClock *clock)
{
  if (!g_atomic_ref_count_dec (&clock->refs))
    return;
  if (clock->source != NULL)
    g_source_destroy (clock->source);
  g_clear_pointer (&clock->source, g_source_unref);
  g_hash_table_unref (clock->by_id);
  g_sequence_free (clock->timers);
  g_free (clock);
}

/**
 * eka_clock_now:
 * @clock: a clock
 *
 * Returns: monotonic time in µs; a test clock starts at 0
 */
gint64
eka_clock_now (EkaClock *clock)
{
  if (clock->source == NULL)
    return clock->now;
  return clock->origin +
         (g_get_monotonic_time () - clock->real_origin) * clock->rate;
}

/**
 * eka_clock_set_rate:
 * @clock: a clock of monotonic time
 * @rate: how many times faster than that it runs from now on, at least 1
 *
 * For tests whose threads are real, while nobody has time for their pauses.
 */
void
eka_clock_set_rate (EkaClock *clock,
                    guint     rate)
{
  gint64 now = eka_clock_now (clock);

  g_return_if_fail (clock->source != NULL);
  g_return_if_fail (rate > 0);
  clock->origin = now;
  clock->real_origin = g_get_monotonic_time ();
  clock->rate = rate;
  set_alarm (clock);
}

/**
 * eka_clock_schedule:
 * @clock: a clock
 * @delay: µs from now; less than 0 counts as 0
 * @func: run once, from the main context or eka_clock_advance(), never from
 *   here; may schedule and cancel
 * @user_data: for @func; must live until @func ran or the timer is cancelled
 *
 * Returns: what eka_clock_cancel() takes, not 0
 */
guint
eka_clock_schedule (EkaClock    *clock,
                    gint64       delay,
                    EkaClockFunc func,
                    gpointer     user_data)
{
  EkaTimer *timer = g_new0 (EkaTimer, 1);
  GSequenceIter *iter;

  if (++clock->last_id == 0)
    clock->last_id = 1;
  timer->id = clock->last_id;
  timer->due = eka_clock_now (clock) + MAX (delay, 0);
  timer->func = func;
  timer->user_data = user_data;
  iter = g_sequence_insert_sorted (clock->timers, timer, compare_timers, NULL);
  g_hash_table_insert (clock->by_id, GUINT_TO_POINTER (timer->id), iter);
  set_alarm (clock);
  return timer->id;
}

/**
 * eka_clock_cancel:
 * @clock: a clock
 * @id: a timer; 0 and one that ran already are left alone
 */
void
eka_clock_cancel (EkaClock *clock,
                  guint     id)
{
  remove_timer (clock, id);
  set_alarm (clock);
}

/**
 * eka_clock_advance:
 * @clock: a test clock
 * @delay: µs, at least 0
 *
 * Moves the time on and runs what falls due, in order and each at its own
 * time, with what is scheduled meanwhile for the same span.
 */
void
eka_clock_advance (EkaClock *clock,
                   gint64    delay)
{
  gint64 end = clock->now + delay;
  EkaTimer *timer;

  g_return_if_fail (clock->source == NULL);
  g_return_if_fail (delay >= 0);

  eka_clock_ref (clock);
  while ((timer = first_timer (clock)) != NULL && timer->due <= end)
    {
      clock->now = MAX (clock->now, timer->due);
      run_timer (clock, timer);
    }
  clock->now = MAX (clock->now, end);
  eka_clock_unref (clock);
}

/**
 * eka_clock_next:
 * @clock: a clock
 *
 * Returns: µs until the next timer, 0 where it is due, -1 where there is none
 */
gint64
eka_clock_next (EkaClock *clock)
{
  EkaTimer *first = first_timer (clock);

  return first != NULL ? MAX (first->due - eka_clock_now (clock), 0) : -1;
}
