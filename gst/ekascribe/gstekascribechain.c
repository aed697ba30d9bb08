/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribechain.h"

/**
 * gst_ekascribe_chain_new:
 * @settings: (transfer full): of its sessions
 *
 * Returns: (transfer full): a recording without a session
 */
GstEkascribeChain *
gst_ekascribe_chain_new (EkaSettings *settings)
{
  GstEkascribeChain *chain = g_new0 (GstEkascribeChain, 1);

  g_atomic_ref_count_init (&chain->refs);
  chain->settings = settings;
  return chain;
}

/**
 * gst_ekascribe_chain_ref:
 * @chain: a recording
 *
 * Returns: (transfer full): @chain
 */
GstEkascribeChain *
gst_ekascribe_chain_ref (GstEkascribeChain *chain)
{
  g_atomic_ref_count_inc (&chain->refs);
  return chain;
}

/**
 * gst_ekascribe_chain_unref:
 * @chain: (transfer full): a recording
 */
void
gst_ekascribe_chain_unref (GstEkascribeChain *chain)
{
  if (!g_atomic_ref_count_dec (&chain->refs))
    return;
  eka_settings_free (chain->settings);
  g_free (chain);
}
