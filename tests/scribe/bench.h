/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fakeservice.h"
#include "outbox/leftover.h"
#include "scribe/delivery.h"
#include "scribe/descriptor.h"
#include "scribe/session.h"

/* Of a chunk; the bench does not care how long it is. */
#define BENCH_SAMPLES 160
#define BENCH_DURATION G_GUINT64_CONSTANT (10000000)

/* A recording that is dropped on its way, and deliveries of what it left, on a
 * folder of their own, a clock moved by hand and a service that keeps what it
 * gets. What deliveries say is written down as words: `session`, `chunk DONE of
 * TOTAL`, `warning CODE`, `done`. */
typedef struct
{
  gchar *location;
  EkaClock *clock;
  EkaWorker *worker;
  FakeService *service;
  EkaDisk *disk;
  EkaStore *store;
  EkaSettings *settings;

  /* Of the recording. */
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaSession *session;
  gchar *session_id;
  guint put;      /* chunks */
  gboolean over;  /* DONE was said */

  /* Of the last delivery. */
  EkaDelivery *delivery;
  GPtrArray *said;
  GError *error;
  GError *warning; /* the last one */
  EkaResult *result;
  gchar *delivered_to;
  guint done;
  guint chunks_done;
} Bench;

void         bench_set_up       (Bench          *b,
                                 gconstpointer   data);
void         bench_tear_down    (Bench          *b,
                                 gconstpointer   data);
gboolean     bench_step         (Bench          *b);
void         bench_wait_for_disk
                                (Bench          *b);
void         bench_settle       (Bench          *b);

void         bench_begin        (Bench          *b);
void         bench_put          (Bench          *b);
void         bench_drop         (Bench          *b);
gboolean     bench_record       (Bench          *b,
                                 guint           chunks,
                                 guint           steps);
void         bench_record_until (Bench          *b,
                                 guint           chunks,
                                 guint           acknowledged);

gchar       *bench_find         (Bench          *b);
gchar       *bench_path         (Bench          *b,
                                 const gchar    *file);
void         bench_start        (Bench          *b,
                                 const gchar    *name);
gboolean     bench_deliver      (Bench          *b,
                                 const gchar    *name,
                                 guint           steps);
guint        bench_count        (Bench          *b,
                                 const gchar    *word);

FakeSession *bench_find_ended   (Bench          *b,
                                 guint          *n);
gboolean     bench_has_all      (Bench          *b,
                                 FakeSession    *session);
EkaChunk    *bench_make_chunk   (guint           index);

void         bench_assert_gone  (Bench          *b);
void         bench_assert_delivered
                                (Bench          *b);
GError      *bench_fail_to_start
                                (Bench          *b,
                                 const gchar    *name);
EkaDescriptor *bench_read_description
                                (Bench          *b);

#define add_bench(path, func) \
  g_test_add (path, Bench, NULL, bench_set_up, func, bench_tear_down)
