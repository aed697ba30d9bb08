/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/feed.h"
#include "scribe/json.h"
#include "sessionfixture.h"

#define SECOND G_TIME_SPAN_SECOND
#define FRAME 3200

/* One session, and all that was said so far. */
typedef struct
{
  Fixture f;
  EkaFeed *feed;
  GByteArray *audio;
  gsize cut; /* of it, that chunks have */
} Streamer;

void        streamer_set_up            (Streamer     *s,
                                        gconstpointer data);
void        streamer_tear_down         (Streamer     *s,
                                        gconstpointer data);
void        streamer_open              (Streamer     *s);
void        streamer_start             (Streamer     *s);
void        streamer_say_something     (Streamer     *s,
                                        guint         ms);
void        streamer_cut               (Streamer     *s);
void        streamer_finish            (Streamer     *s);
void        streamer_hear              (Fixture      *f,
                                        const gchar  *text,
                                        gboolean      is_text);
void        streamer_assert_streamed   (Streamer     *s);
void        streamer_assert_uploaded   (Streamer     *s,
                                        const gchar  *broken);
JsonObject *streamer_body_of           (Fixture      *f,
                                        EkaCall       call,
                                        guint         nth);
void        streamer_assert_created_as (Fixture      *f,
                                        guint         nth,
                                        const gchar  *type,
                                        const gchar  *protocol);

#define add(path, data, func)                                                 \
  g_test_add (path, Streamer, data, streamer_set_up, func, streamer_tear_down)
