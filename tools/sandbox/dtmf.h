/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SANDBOX_DTMF_RATE 8000

/**
 * SandboxDigit:
 * @digit: one of 0–9, A–D, * and #
 * @start: seconds
 * @end: seconds
 */
typedef struct
{
  gchar digit;
  gdouble start;
  gdouble end;
} SandboxDigit;

typedef struct _SandboxDtmf SandboxDtmf;

SandboxDtmf  *sandbox_dtmf_new    (void);
void          sandbox_dtmf_free   (SandboxDtmf  *dtmf);
void          sandbox_dtmf_feed   (SandboxDtmf  *dtmf,
                                   const gint16 *samples,
                                   gsize         count);
void          sandbox_dtmf_finish (SandboxDtmf  *dtmf);
const GArray *sandbox_dtmf_digits (SandboxDtmf  *dtmf);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxDtmf, sandbox_dtmf_free)

G_END_DECLS
