/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Status:
 * @STATUS_DONE: all that was asked for, or nothing was to do
 * @STATUS_FAILED: something was not done
 * @STATUS_USAGE: the command line, or a setting, can't work
 * @STATUS_NOT_AUTHORIZED: the service does not let us in
 * @STATUS_UNREACHABLE: no network, or a service that is not there
 * @STATUS_UNFINISHED: the service is not done with the session
 * @STATUS_REFUSED: it will not be: the session has failed, or expired
 *
 * The exit code, for scripts and timers. After a signal it is 128 and its
 * number.
 */
typedef enum
{
  STATUS_DONE = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2,
  STATUS_NOT_AUTHORIZED = 3,
  STATUS_UNREACHABLE = 4,
  STATUS_UNFINISHED = 5,
  STATUS_REFUSED = 6,
} Status;

Status status_of_error (const GError *error);
Status status_join     (Status        one,
                        Status        other);
Status status_tell     (const GError *error,
                        const gchar  *where);
void   status_warn     (const GError *error,
                        const gchar  *where,
                        gboolean      passes);

G_END_DECLS
