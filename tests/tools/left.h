/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/spool.h"

G_BEGIN_DECLS

/* What must turn up nowhere but at the service. */
#define LEFT_PATIENT "Asha Rao"

/* What one chunk lasts, in ns. */
#define LEFT_CHUNK (2 * G_GUINT64_CONSTANT (1000000000))

/**
 * Left:
 * @base_url: (nullable): of the service that it was recorded for
 * @session_id: (nullable): of the session
 * @templates: (nullable): that it is to be made with, with commas
 * @chunks: how many files there are
 * @acknowledged: how many of these the service has acknowledged
 * @mulaw: how many of these are of another codec: the last ones
 * @journal: packets of 100 ms that no chunk has taken
 * @created: the service has said that the session is there
 * @ended: it has accepted End
 * What a recording that was interrupted has left.
 */
typedef struct
{
  const gchar *base_url;
  const gchar *session_id;
  const gchar *templates;
  guint chunks;
  guint acknowledged;
  guint mulaw;
  guint journal;
  gboolean created;
  gboolean ended;
} Left;

gchar    *left_make (const gchar *outbox,
                     const Left  *left);
void      left_copy (const gchar *outbox,
                     const gchar *name,
                     guint        copies);
EkaSpool *left_hold (const gchar *outbox,
                     const gchar *name);
void      left_drop (EkaSpool    *spool);
guint     left_count (const gchar *outbox);

G_END_DECLS
