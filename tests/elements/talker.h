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

/* Properties of a first session, and what new-session gets for a second one. */
#define FIRST_VISIT                                                                 \
  "patient-details={\"name\":\"Asha\"} additional-data={\"visit\":\"first\"} " \
  "session-id=ses_of_the_first_visit templates=soap,letter "                  \
  "language-hint=hi "
#define SECOND_VISIT                                                                \
  "{\"patient-details\":{\"name\":\"Ravi\",\"year\":1970},"                   \
  "\"additional-data\":{\"visit\":\"second\"},"                               \
  "\"session-id\":\"ses_of_the_second_visit\","                               \
  "\"templates\":[\"referral\"],\"language-hint\":\"en, ta\"}"

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
void          visits_assert_says (const gchar  *request,
                                  const gchar  *word);
void          visits_assert_silent (const gchar *request,
                                  const gchar  *word);
void          visits_assert_not_first (const gchar *request);
