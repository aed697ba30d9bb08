/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribelive.h"

/**
 * gst_ekascribe_live_query:
 * @pad: a sink pad
 *
 * Returns: whether what comes there can't wait, for it is recorded now
 */
gboolean
gst_ekascribe_live_query (GstPad *pad)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}
