/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <errno.h>
#include <string.h>

#include "recorder.h"
#include "scratch.h"
#include "trace.h"

/* An outbox whose disk keeps a log and fails as it is told. */
typedef struct
{
  Scratch scratch;
  gchar *location;
  Trace *trace;
  EkaFiles *failing; /* around the trace */
  EkaDisk *disk;
  EkaStore *store;

  GMutex lock;
  GCond cond;
  gboolean held;     /* the disk does nothing */
  GError *fault;     /* what the store told last */
  guint n_faults;    /* and how often */
} SpoolFixture;

static inline void
spool_fixture_note_fault (const GError *error,
                          gpointer      user_data)
{
  SpoolFixture *f = user_data;

  g_mutex_lock (&f->lock);
  g_clear_error (&f->fault);
  f->fault = error != NULL ? g_error_copy (error) : NULL;
  f->n_faults++;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->lock);
}

static inline void
spool_fixture_set_up (SpoolFixture *f,
                      gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_mutex_init (&f->lock);
  g_cond_init (&f->cond);
  scratch_set_up_fast (&f->scratch, NULL);
  scratch_make_folder (&f->scratch, "outbox", 0700);
  f->location = scratch_path (&f->scratch, "outbox");
  f->trace = trace_new (f->location);
  f->failing = failing_files_new (trace_files_new (f->trace, eka_files_new ()));
  f->disk = eka_disk_new_test (f->failing);
  f->store = eka_store_new (f->disk, f->location, 0);
  g_assert_true (eka_store_prepare (f->store, &error));
  eka_store_set_fault_func (f->store, spool_fixture_note_fault, f, NULL);
}

static inline void
spool_fixture_tear_down (SpoolFixture *f,
                         gconstpointer data)
{
  g_assert_true (eka_disk_wait (f->disk, -1));
  eka_store_unref (f->store);
  eka_disk_release (f->disk);
  g_assert_true (eka_disk_wait_gone (G_TIME_SPAN_MINUTE));
  trace_unref (f->trace);
  g_clear_error (&f->fault);
  g_free (f->location);
  scratch_tear_down (&f->scratch, NULL);
  g_cond_clear (&f->cond);
  g_mutex_clear (&f->lock);
}

static inline guint
spool_fixture_count (SpoolFixture *f)
{
  g_autoptr (GByteArray) audio = recorder_recover_only (f->location);

  return recorder_count (audio);
}

static inline void
spool_fixture_run_held (gpointer user_data)
{
  SpoolFixture *f = user_data;

  g_mutex_lock (&f->lock);
  while (f->held)
    g_cond_wait (&f->cond, &f->lock);
  g_mutex_unlock (&f->lock);
}

/* What is asked for from here on is done only after spool_fixture_go_on(). */
static inline void
spool_fixture_hold (SpoolFixture *f)
{
  g_mutex_lock (&f->lock);
  f->held = TRUE;
  g_mutex_unlock (&f->lock);
  eka_disk_push (f->disk, spool_fixture_run_held, f, NULL);
}

static inline void
spool_fixture_go_on (SpoolFixture *f)
{
  g_mutex_lock (&f->lock);
  f->held = FALSE;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->lock);
}

/* Returns: (transfer full): the steps from @first on, a line each, in which the name
 *   of the folder is NAME */
static inline gchar *
spool_fixture_describe (SpoolFixture *f,
                        guint         first,
                        const gchar  *name)
{
  GString *text = g_string_new (NULL);
  const guint length = trace_get_length (f->trace);
  guint i;

  for (i = first; i < length; i++)
    {
      g_autofree gchar *step = trace_describe (f->trace, i);

      g_string_append_printf (text, "%s\n", step);
    }
  g_string_replace (text, name, "NAME", 0);
  return g_string_free (text, FALSE);
}
