/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fakespool.h"
#include "sums.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Chunks are of 100 bytes and one packet, which is a second. */
#define SIZE 100

/* An outbox with a spool that does what it is told. */
typedef struct
{
  EkaBudget *budget;
  EkaSpool *spool;
  EkaOutbox *outbox;
  guint told; /* how often there may have been something to send */
} Fixture;

typedef struct
{
  EkaOutboxPolicy policy;
  guint64 max_bytes;
} Setup;

extern const Setup disk_always;
extern const Setup disk_tight;
extern const Setup disk_on_failure;
extern const Setup disk_never;

void           disk_set_up         (Fixture       *f,
                                    gconstpointer  data);
void           disk_tear_down      (Fixture       *f,
                                    gconstpointer  data);
void           disk_put            (Fixture       *f,
                                    guint          packet);
void           disk_put_with_state (Fixture       *f,
                                    guint          packet,
                                    guint          n);
void           disk_put_some       (Fixture       *f,
                                    guint          n);
void           disk_describe       (Fixture       *f,
                                    const gchar   *text);
void           disk_send           (Fixture       *f,
                                    guint          packet,
                                    guint          number);
gboolean       disk_has_room       (Fixture       *f);
EkaOutboxStats disk_get_stats      (Fixture       *f);
void           disk_assert_next    (Fixture       *f,
                                    guint          packet,
                                    guint          number);
void           disk_assert_busy    (Fixture       *f);
void           disk_assert_place   (Fixture       *f,
                                    guint          place,
                                    gint           packet);
void           disk_assert_journal (Fixture       *f,
                                    gint           first,
                                    guint          n);
