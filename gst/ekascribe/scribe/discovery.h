/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/settings.h"

G_BEGIN_DECLS

/**
 * EkaModel:
 * @id: what `model` takes
 * @languages: (nullable): codes the model takes; %NULL: not told
 * @max_session_duration: longest recording in ns, or 0: not told
 */
typedef struct
{
  gchar *id;
  gchar **languages;
  guint64 max_session_duration;
} EkaModel;

/**
 * EkaDiscovery:
 * @base_url: (nullable): API root that the service names
 * @versions: (nullable): protocol versions
 * @audio_formats: (nullable): media types that uploads may have
 * @upload_methods: (nullable): values of `upload_type`
 * @max_chunk_duration: ns, or 0: not told
 * @models: (element-type EkaModel): perhaps empty
 * @languages: (nullable): language codes
 * @auto_detection: `auto_detect` is a language hint
 *
 * What a service says of itself; a member that it leaves out limits nothing.
 * Immutable and reference counted; the count is atomic.
 */
typedef struct
{
  gchar *base_url;
  gchar **versions;
  gchar **audio_formats;
  gchar **upload_methods;
  guint64 max_chunk_duration;
  GPtrArray *models;
  gchar **languages;
  gboolean auto_detection;
} EkaDiscovery;

EkaDiscovery   *eka_discovery_new_from_json (GBytes             *json,
                                             GError            **error);
EkaDiscovery   *eka_discovery_ref           (EkaDiscovery       *discovery);
void            eka_discovery_unref         (EkaDiscovery       *discovery);
const gchar    *eka_discovery_choose_format (const EkaDiscovery *discovery,
                                             const gchar        *media_type);
const EkaModel *eka_discovery_find_model    (const EkaDiscovery *discovery,
                                             const gchar        *id);
guint64         eka_discovery_get_max_session
                                            (const EkaDiscovery *discovery,
                                             const gchar        *model);
gboolean        eka_discovery_check_upload  (const EkaDiscovery *discovery,
                                             const EkaSettings  *settings,
                                             GError            **error);
gboolean        eka_discovery_check         (const EkaDiscovery *discovery,
                                             const EkaSettings  *settings,
                                             GError            **error);

EkaDiscovery   *eka_discovery_cache_get     (const gchar        *base_url,
                                             gint64              now);
void            eka_discovery_cache_put     (const gchar        *base_url,
                                             EkaDiscovery       *discovery,
                                             gint64              expires);
void            eka_discovery_cache_clear   (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaDiscovery, eka_discovery_unref)

G_END_DECLS
