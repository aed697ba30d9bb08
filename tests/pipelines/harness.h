/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What no test comes near, unless something hangs; in seconds. */
#define HARNESS_PATIENCE 60

/* Credentials that must turn up nowhere but at the server. */
#define HARNESS_TOKEN "tok-7f3a9c51e8"

void   harness_init          (int           *argc,
                              char        ***argv);
gint64 harness_prompt        (void);
gchar *harness_folder_new    (void);
void   harness_folder_remove (const gchar   *folder);
void   harness_run           (const gchar   *command);
gchar *harness_read          (const gchar   *folder,
                              const gchar   *name);

guint16 harness_free_port     (void);
GSubprocess *harness_serve   (const gchar   *command,
                              gchar        **url);
void         harness_stop    (GSubprocess   *process);

/**
 * Sandbox:
 * @url: its base URL
 * @folder: where it keeps its sessions
 *
 * An `ekascribe-sandbox` that runs as a process of its own.
 */
typedef struct
{
  GSubprocess *process;
  gchar *url;
  gchar *folder;
} Sandbox;

Sandbox    *sandbox_new      (const gchar   *options);
void        sandbox_free     (Sandbox       *sandbox);
gchar     **sandbox_list     (Sandbox       *sandbox);
gchar      *sandbox_only     (Sandbox       *sandbox);
JsonObject *sandbox_describe (Sandbox       *sandbox);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sandbox, sandbox_free)

/**
 * Launch:
 * @out: what it wrote to stdout so far
 * @err: what it wrote to stderr so far
 * @exit_code: its exit code, or -1 where a signal ended it
 *
 * A real `gst-launch-1.0 -m`.
 */
typedef struct
{
  GSubprocess *process;
  GString *out;
  GString *err;
  gint exit_code;
  guint open; /* pipes that are not at their end, and the process */
} Launch;

Launch *launch_start       (const gchar *const *environment,
                            const gchar        *format,
                            ...) G_GNUC_PRINTF (2, 3);
Launch *launch_run         (const gchar *const *environment,
                            const gchar        *format,
                            ...) G_GNUC_PRINTF (2, 3);
void    launch_wait_for    (Launch             *launch,
                            const gchar        *text);
void    launch_signal      (Launch             *launch,
                            gint                number);
void    launch_wait        (Launch             *launch);
void    launch_free        (Launch             *launch);
void    launch_assert_says (Launch             *launch,
                            const gchar        *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launch, launch_free)

/**
 * Player:
 * @pipeline: the pipeline
 * @scribe: (nullable): its element of the name `scribe`
 * @messages: (element-type GstMessage): all that came on the bus so far
 *
 * A pipeline in the test's own process.
 */
typedef struct
{
  GstElement *pipeline;
  GstElement *scribe;
  GPtrArray *messages;
} Player;

Player             *player_new    (const gchar    *format,
                                   ...) G_GNUC_PRINTF (1, 2);
void                player_free   (Player         *player);
void                player_set    (Player         *player,
                                   GstState        state);
GstMessage         *player_wait   (Player         *player,
                                   GstMessageType  types);
const GstStructure *player_await  (Player         *player,
                                   const gchar    *name,
                                   const gchar    *state);
GstMessage         *player_run    (Player         *player);
guint               player_count  (Player         *player,
                                   GstMessageType  types,
                                   const gchar    *name);
GstMessage         *player_find   (Player         *player,
                                   GstMessageType  types);
const GstStructure *player_last   (Player         *player,
                                   const gchar    *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Player, player_free)

/**
 * Fault:
 *
 * What an ERROR or WARNING must say; 0 and %NULL: no such detail. @text and
 * @debug are parts.
 */
typedef struct
{
  GQuark domain;
  gint code;
  const gchar *text;
  guint status;
  const gchar *error_code;
  const gchar *request;
  const gchar *property;
} Fault;

void harness_assert_fault (GstMessage  *message,
                           const Fault *expected);

G_END_DECLS
