/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixture.h"

/* A source of PCM in buffers of 20 ms, pushed by hand, whose samples can be told
 * apart wherever they end up.
 * @audio: all that was pushed */
typedef struct
{
  Fixture *f;
  GstPad *pad;
  GByteArray *audio;
} Talker;

void          talker_start       (Talker       *self,
                                  Fixture      *f,
                                  const gchar  *line);
void          talker_hush        (Talker       *self,
                                  guint         milliseconds);
void          talker_speak       (Talker       *self,
                                  guint         milliseconds);
GstFlowReturn talker_try         (Talker       *self,
                                  guint         milliseconds,
                                  gboolean      loud);
void          talker_end         (Talker       *self);
void          talker_stop        (Talker       *self);

gboolean      steer              (Fixture      *f,
                                  const gchar  *action);
gboolean      steer_to           (Fixture      *f,
                                  const gchar  *json);
void          steer_refused      (Fixture      *f,
                                  const gchar  *action,
                                  const gchar  *why);

guint         visits_count       (Fixture      *f);
const gchar  *visits_get_id      (Fixture      *f,
                                  guint         nth);
const gchar  *visits_get_request (Fixture      *f,
                                  guint         nth);
GByteArray   *visits_get_audio   (Fixture      *f,
                                  guint         nth);
void          visits_assert_audio (Talker      *self,
                                  guint         nth,
                                  guint         from,
                                  guint         to);
