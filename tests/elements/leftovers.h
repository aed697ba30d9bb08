/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/leftover.h"

/* What is on disk in the place of an outbox. */

guint        leftovers_count      (const gchar *location);
EkaLeftover *leftovers_get        (const gchar *location,
                                   guint        nth);
EkaLeftover *leftovers_get_only   (const gchar *location);
void         leftovers_read       (EkaLeftover *leftover,
                                   GByteArray  *audio);
gboolean     leftovers_mention    (const gchar *folder,
                                   const gchar *word);
EkaLeftover *leftovers_await      (const gchar *location,
                                   gboolean    (*done) (EkaLeftover *));
