/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstEkascribeChain:
 * @length: sessions so far
 * @rolled: a session was ended because it was full
 * @closed: no session follows
 * @chunked: it is not streamed, or not any more
 * @combined: the transcripts of all sessions were put together
 * @discarded: nobody wants its audio
 *
 * One recording, from its first audio to the end of the stream. It takes several
 * sessions where one can't hold it. Reference counted; guarded by the lock of
 * the run.
 */
typedef struct
{
  gatomicrefcount refs;
  guint length;
  gboolean rolled;
  gboolean closed;
  gboolean chunked;
  gboolean combined;
  gboolean discarded;
} GstEkascribeChain;

GstEkascribeChain *gst_ekascribe_chain_new   (void);
GstEkascribeChain *gst_ekascribe_chain_ref   (GstEkascribeChain *chain);
void               gst_ekascribe_chain_unref (GstEkascribeChain *chain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeChain, gst_ekascribe_chain_unref)

G_END_DECLS
