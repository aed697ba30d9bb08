/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "liar.h"
#include "scribe/session.h"

/* One session on a test clock with a lying service. What the session says is
 * written down as words: `state`, `discovered`, `chunk NAME`, `transcript TEXT`,
 * `warning CODE`, `fatal CODE`, `recovered`, `full CHUNKS`, `done`. */
typedef struct
{
  EkaClock *clock;
  EkaWorker *worker;
  EkaLiar *liar;
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaSettings *settings; /* until the session takes it */
  EkaSession *session;
  GPtrArray *said;
  EkaSessionState state;
  EkaAudit audit;      /* of DONE */
  gchar *session_id;
  gchar *previous_id;
  GPtrArray *rest;     /* of the last FULL */
  GError *error;     /* of DONE */
  GError *warning;   /* the last one */
  EkaResult *result; /* of DONE */
  guint done;        /* how often DONE was said */
  guint freed;       /* how often the listener was let go */
  guint next_index;
} Fixture;

void     fixture_set_up    (Fixture       *f,
                            gconstpointer  data);
void     fixture_tear_down (Fixture       *f,
                            gconstpointer  data);
void     fixture_make      (Fixture       *f);
void     fixture_open      (Fixture       *f);
void     fixture_start     (Fixture       *f);
void     fixture_add_chunk (Fixture       *f);
void     fixture_spin      (Fixture       *f);
void     fixture_run       (Fixture       *f);
void     fixture_record    (Fixture       *f,
                            guint          chunks);
guint    fixture_count     (Fixture       *f,
                            const gchar   *word);

#define add_test(path, func) \
  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
