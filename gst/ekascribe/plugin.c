/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribesink.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (ekascribesink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, ekascribe,
                   "Transcripts and medical notes from audio with EkaScribe",
                   plugin_init, VERSION, "LGPL", "gst-ekascribe",
                   "https://developer.eka.care")
