/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "options.h"

G_BEGIN_DECLS

/* What main() runs: each returns the exit code, a Status or 128 and the number
 * of a signal. */

int discover_run  (Options *options);
int export_run    (Options *options);
int get_run       (Options *options);
int list_run      (Options *options);
int purge_run     (Options *options);
int send_run      (Options *options);
int templates_run (Options *options);

G_END_DECLS
