/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* Valgrind and the address sanitizer, which see as much in fewer rounds of the
 * same: those are all gone through natively. */
static inline gboolean
checked_is (void)
{
  return g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL;
}

/* Returns: @all, or @few where each step is watched */
static inline guint
checked_count (guint all,
               guint few)
{
  return checked_is () ? few : all;
}
