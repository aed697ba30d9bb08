/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/error.h"

G_BEGIN_DECLS

/**
 * EkaNetfaultPhase:
 * @EKA_NETFAULT_CONNECTING: no connection yet
 * @EKA_NETFAULT_SECURING: the TLS handshake
 * @EKA_NETFAULT_WAITING: nothing of the answer came
 * @EKA_NETFAULT_READING: a part of the answer came
 *
 * How far an exchange got.
 */
typedef enum
{
  EKA_NETFAULT_CONNECTING,
  EKA_NETFAULT_SECURING,
  EKA_NETFAULT_WAITING,
  EKA_NETFAULT_READING,
} EkaNetfaultPhase;

/**
 * EkaNetfault:
 * @uri: where the request went
 * @phase: how far it got
 * @certificate: what is wrong with the server's certificate, or 0
 * @timeout: s without a byte after which it was given up
 *
 * What is known of an exchange that failed.
 */
typedef struct
{
  GUri *uri;
  EkaNetfaultPhase phase;
  GTlsCertificateFlags certificate;
  guint timeout;
} EkaNetfault;

GError *eka_netfault_to_error (const EkaNetfault *fault,
                            const GError   *cause);
gchar  *eka_netfault_host     (GUri           *uri);

G_END_DECLS
