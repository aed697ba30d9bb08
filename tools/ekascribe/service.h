/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "options.h"
#include "scribe/client.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * Service:
 * @settings: how it is talked to
 * @worker: the network thread
 * @transport: the way to it
 * @base_url: API root: that of the settings, or where discovery says it is
 *
 * The service that the options name.
 */
typedef struct
{
  EkaSettings *settings;
  EkaWorker *worker;
  EkaTransport *transport;
  EkaClient *client;
  gchar *base_url;
} Service;

Service  *service_new      (const Options *options,
                            GError       **error);
void      service_free     (Service       *service);
EkaReply *service_get      (Service       *service,
                            EkaRequest    *request,
                            gint64         patience,
                            GError       **error);
GError   *service_fault    (Service       *service,
                            EkaReply      *reply,
                            EkaCall        call);
EkaReply *service_discover (Service       *service,
                            gint64         patience,
                            GError       **error);
gboolean  service_find     (Service       *service,
                            gint64         patience,
                            GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Service, service_free)

G_END_DECLS
