/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "doubles.h"

G_BEGIN_DECLS

/**
 * Trace:
 *
 * All that was done to one folder, in order, and what of it would be left after a
 * power cut at any point. Thread safe and reference counted.
 */
typedef struct _Trace Trace;

/**
 * TraceNames:
 * @TRACE_NAMES_DROPPED: of names that were made, changed or removed after the last
 *   sync of their folder
 * @TRACE_NAMES_KEPT: all of these are as if they were synced
 * @TRACE_NAMES_RANDOM: each is the one or the other
 */
typedef enum
{
  TRACE_NAMES_DROPPED,
  TRACE_NAMES_KEPT,
  TRACE_NAMES_RANDOM,
} TraceNames;

/**
 * TraceData:
 * @TRACE_DATA_DROPPED: what was written after the last sync of a file is gone
 * @TRACE_DATA_SHORT: some of it is there, from its start on
 * @TRACE_DATA_ZEROED: zeros are in its place
 * @TRACE_DATA_KEPT: all of it is there: with %TRACE_NAMES_KEPT what is left where
 *   only the process died
 * @TRACE_DATA_RANDOM: one of these for each file
 */
typedef enum
{
  TRACE_DATA_DROPPED,
  TRACE_DATA_SHORT,
  TRACE_DATA_ZEROED,
  TRACE_DATA_KEPT,
  TRACE_DATA_RANDOM,
} TraceData;

Trace    *trace_new         (const gchar *root);
Trace    *trace_ref         (Trace       *trace);
void      trace_unref       (Trace       *trace);
EkaFiles *trace_files_new   (Trace       *trace,
                             EkaFiles    *inner);
void      trace_mark        (Trace       *trace,
                             const gchar *text);
guint     trace_get_length  (Trace       *trace);
guint     trace_count_marks (Trace       *trace,
                             guint        n_steps,
                             const gchar *text);
gchar    *trace_describe    (Trace       *trace,
                             guint        step);
void      trace_build       (Trace       *trace,
                             guint        n_steps,
                             TraceNames   names,
                             TraceData    data,
                             guint32      seed,
                             const gchar *target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Trace, trace_unref)

G_END_DECLS
