/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeenums.h"

#include "chunk/container.h"
#include "scribe/discovery.h"

G_BEGIN_DECLS

/**
 * GstEkascribeFormat:
 * @codec: what the packets of the recording hold
 * @container: what they are wrapped in
 * @media_type: (nullable): what the service calls that, a static string; %NULL:
 *   no format at all
 *
 * What chunks are made of.
 */
typedef struct
{
  EkaCodecType codec;
  EkaContainer container;
  const gchar *media_type;
} GstEkascribeFormat;

/**
 * GstEkascribeFormatWish:
 * @native: (nullable): the codec that comes, where its packets may go as they
 *   are
 * @container: what the application asks for
 * @encode: what decoded audio becomes
 * @discovery: (nullable): what the service takes; %NULL: not known
 *
 * What a format is chosen by.
 */
typedef struct
{
  const EkaCodecType *native;
  GstEkascribeContainer container;
  GstEkascribeEncode encode;
  const EkaDiscovery *discovery;
} GstEkascribeFormatWish;

gboolean gst_ekascribe_format_choose (GstEkascribeFormat           *self,
                                      const GstEkascribeFormatWish *wish,
                                      GError                      **error);

G_END_DECLS
