/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Trap:
 * @url: an API root there
 *
 * A port that takes connections and never answers; it knows whether there were
 * any.
 */
typedef struct
{
  GSocket *socket;
  gchar *url;
} Trap;

Trap    *trap_new          (void);
void     trap_free         (Trap *trap);
gboolean trap_is_untouched (Trap *trap);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Trap, trap_free)

G_END_DECLS
