/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * OptionGroups:
 *
 * Which options a command takes, beside `--help`, `--verbose` and `--quiet`.
 */
typedef enum
{
  OPTIONS_OUTBOX = 1 << 0,
  OPTIONS_SERVICE = 1 << 1,
  OPTIONS_JSON = 1 << 2,
  OPTIONS_WAIT = 1 << 3,
  OPTIONS_OUTPUT = 1 << 4,
  OPTIONS_YES = 1 << 5,
  OPTIONS_RESULT = 1 << 6,
  OPTIONS_SESSION = 1 << 7,
} OptionGroups;

/**
 * Options:
 * @outbox: folder of the outbox
 * @outbox_told: (nullable): the same, where it is not the default
 * @base_url: API root, without a slash at its end
 * @base_url_told: it was not the default
 * @auth_url: (nullable): where clients log in
 * @access_token_file: (nullable)
 * @trusted_hosts: (nullable): further hosts that may get credentials
 * @allow_http: credentials may go over plain http
 * @proxy: (nullable): URI
 * @ca_file: (nullable): certificates to trust, PEM
 * @retry_time: µs in which failed calls are repeated, or -1: not told
 * @timeout: µs that results are waited for; 0: no limit; -1: not told
 * @settle_time: µs that a result of `failed` or `partial` must stay the same
 *   before it is believed, or -1: not told
 * @wait: wait for results
 * @json: print JSON
 * @text: print the transcript only
 * @yes: ask nothing
 * @force: overwrite
 * @output: (nullable): a file name, or `-`
 * @templates: (nullable): for sessions that are to be created
 * @template_id: (nullable): the only template asked for
 * @arguments: (array zero-terminated=1): what is not an option
 *
 * What the command line and the environment say.
 */
typedef struct
{
  gchar *outbox;
  gchar *outbox_told;
  gchar *base_url;
  gboolean base_url_told;
  gchar *auth_url;
  gchar *access_token_file;
  gchar **trusted_hosts;
  gboolean allow_http;
  gchar *proxy;
  gchar *ca_file;
  gint64 retry_time;
  gint64 timeout;
  gint64 settle_time;
  gboolean wait;
  gboolean json;
  gboolean text;
  gboolean yes;
  gboolean force;
  gboolean quiet;
  gboolean verbose;
  gchar *output;
  gchar **templates;
  gchar *template_id;
  gchar **arguments;
} Options;

/**
 * Command:
 * @group: (nullable): the first word
 * @name: the second, or only one
 * @arguments: (nullable): how the help shows what follows the options
 * @summary: what the command does
 * @description: (nullable): more of it
 * @groups: its options
 * @least: arguments that it must have
 * @most: arguments that it may have
 * @run: does it, and returns the exit code
 */
typedef struct
{
  const gchar *group;
  const gchar *name;
  const gchar *arguments;
  const gchar *summary;
  const gchar *description;
  OptionGroups groups;
  guint least;
  guint most;
  int (*run) (Options *options);
} Command;

Options *options_parse (const Command *command,
                        gchar        **arguments,
                        GError       **error);
void     options_free  (Options       *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)

G_END_DECLS
