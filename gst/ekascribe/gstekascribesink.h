/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/transport.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

#define GST_TYPE_EKASCRIBE_SINK (gst_ekascribe_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstEkascribeSink, gst_ekascribe_sink, GST, EKASCRIBE_SINK, GstBin)

GST_ELEMENT_REGISTER_DECLARE (ekascribesink)

/**
 * GstEkascribeTransportFunc:
 *
 * Returns: (transfer full): the way to the service, for one run
 */
typedef EkaTransport *(*GstEkascribeTransportFunc) (EkaWorker *worker,
                                                    gpointer   user_data);

void gst_ekascribe_sink_set_transport_func (GstEkascribeSink         *self,
                                            GstEkascribeTransportFunc func,
                                            gpointer                  user_data);

G_END_DECLS
