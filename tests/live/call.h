/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixtures.h"
#include "rtp.h"

G_BEGIN_DECLS

#define CALL_LEGS 2

/* How long the recorder waits for packets that are late; more than any jitter of
 * the tests, in ms. */
#define CALL_LATENCY 300

/**
 * Call:
 * @player: records through rtpbin, as an app does it
 * @sandbox: where to
 * @ports: where its legs are listened to
 * @legs: what is sent there; NULL where that leg isn't there
 * @events: keys (RFC 4733) are heard as tones; else they are ignored
 *
 * A call of one leg or two, and who records it.
 */
typedef struct
{
  Player *player;
  Sandbox *sandbox;
  guint ports[CALL_LEGS];
  RtpLeg *legs[CALL_LEGS];
  gboolean events;
} Call;

Call   *call_new           (guint        n_legs,
                            const gchar *options);
void    call_free          (Call        *call);
void    call_start         (Call        *call);
void    call_wait          (Call        *call);
void    call_end           (Call        *call);
GArray *call_tones         (Call        *call,
                            guint        channel);
GArray *call_sent          (Call        *call);
gchar  *call_digits        (Call        *call);
guint   call_sessions      (Call        *call);

gchar  *call_digits_of     (const gchar *transcript);
GArray *call_tones_in      (const gchar *folder,
                            guint        channel);
gchar  *call_without_doubles (gchar     *digits);

/**
 * Scenario:
 * @name: what it proves
 * @n_legs: 1 or 2
 * @options: more properties of ekascribesink
 * @prepare: writes down what the legs have to send
 * @end: (nullable): while and after they do, in place of call_wait() and call_end()
 * @check: looks at what was recorded
 *
 * One call. Those of a test take place at the same time, for they take their time.
 */
typedef struct
{
  const gchar *name;
  guint n_legs;
  const gchar *options;
  void (*prepare) (Call *call);
  void (*end) (Call *call);
  void (*check) (Call *call);
} Scenario;

int     scenario_main      (int              argc,
                            char           **argv,
                            const Scenario  *scenarios,
                            guint            n_scenarios);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

G_END_DECLS
