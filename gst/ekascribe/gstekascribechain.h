/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/settings.h"

G_BEGIN_DECLS

/**
 * GstEkascribeChain:
 * @settings: of all its sessions, and of no other; the session id is that of the
 *   first one
 * @length: sessions so far
 * @rolled: a session was ended because it was full
 * @closed: no session follows
 * @chunked: it is not streamed, or not any more
 * @combined: the transcripts of all sessions were put together
 * @discarded: nobody wants its audio
 *
 * One recording, from its first audio to its end. It takes several
 * sessions where one can't hold it. Reference counted; guarded by the lock of
 * the run.
 */
typedef struct
{
  gatomicrefcount refs;
  EkaSettings *settings;
  guint length;
  gboolean rolled;
  gboolean closed;
  gboolean chunked;
  gboolean combined;
  gboolean discarded;
} GstEkascribeChain;

GstEkascribeChain *gst_ekascribe_chain_new   (EkaSettings       *settings);
GstEkascribeChain *gst_ekascribe_chain_ref   (GstEkascribeChain *chain);
void               gst_ekascribe_chain_unref (GstEkascribeChain *chain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeChain, gst_ekascribe_chain_unref)

G_END_DECLS
