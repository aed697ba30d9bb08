/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaDetour:
 *
 * A proxy resolver that asks another one, but sends what stays on this machine
 * through no proxy elsewhere: it would carry a credential in clear text over
 * the network, and could not reach us.
 */
#define EKA_TYPE_DETOUR (eka_detour_get_type ())
G_DECLARE_FINAL_TYPE (EkaDetour, eka_detour, EKA, DETOUR, GObject)

GProxyResolver *eka_detour_new (GProxyResolver *resolver);

G_END_DECLS
