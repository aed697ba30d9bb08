/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

/* A certificate authority that lives as long as the test. It has signed, for
 * 127.0.0.1 but where stated: `good`; `elsewhere`, for another host; `expired`.
 * `stranger` has signed itself.
 */
void             pki_make     (void);
void             pki_remove   (void);
GTlsCertificate *pki_load     (const gchar *name);
GTlsDatabase    *pki_database (void);
