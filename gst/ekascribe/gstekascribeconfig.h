/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeproperties.h"

#include "scribe/http.h"

G_BEGIN_DECLS

/**
 * GstEkascribeConfig:
 * @settings: what the protocol needs
 * @client_id: (nullable): logs in for tokens
 * @client_secret: (nullable): with this
 * @auth_url: (nullable): there; %NULL: at the host of the service
 * @container: what chunks are
 * @encode: what decoded audio becomes
 * @min_chunk_duration: ns
 * @max_chunk_duration: ns
 * @max_size_bytes: of audio that waits for the uplink; 0: no bound
 * @max_size_time: the same in ns; 0: no bound
 * @outbox_location: (nullable): folder for unsent audio, where it was set
 * @outbox_policy: when audio goes there
 * @outbox_max_bytes: what all in it may take; 0: no bound
 * @outbox_resume: send what others have left in it
 * @result_location: (nullable): file for the JSON
 * @transcript_location: (nullable): file for the text
 * @timeout: of a call, in s
 * @mix: what becomes of several pads
 * @auto_start: audio after the end of a session begins another one
 * @start_on_speech: so much speech begins a session, in ns; 0: any audio
 * @end_after_silence: so much silence ends one, in ns; 0: none
 * @user_agent: (nullable)
 * @proxy: (nullable)
 * @proxy_id: (nullable)
 * @proxy_pw: (nullable)
 * @tls_database: (nullable)
 * @extra_headers: (nullable): names and values in turn
 *
 * One run's copy of the properties, with what the environment and files add.
 */
typedef struct
{
  EkaSettings *settings;
  gchar *client_id;
  gchar *client_secret;
  gchar *auth_url;
  GstEkascribeContainer container;
  GstEkascribeEncode encode;
  GstClockTime min_chunk_duration;
  GstClockTime max_chunk_duration;
  guint64 max_size_bytes;
  GstClockTime max_size_time;
  gchar *outbox_location;
  GstEkascribeOutboxPolicy outbox_policy;
  guint64 outbox_max_bytes;
  gboolean outbox_resume;
  gchar *result_location;
  gchar *transcript_location;
  guint timeout;
  gchar *user_agent;
  gchar *proxy;
  gchar *proxy_id;
  gchar *proxy_pw;
  GTlsDatabase *tls_database;
  GstEkascribeMix mix;
  gboolean auto_start;
  GstClockTime start_on_speech;
  GstClockTime end_after_silence;
  gchar **extra_headers;
} GstEkascribeConfig;

GstEkascribeConfig *gst_ekascribe_config_new   (const GstEkascribeProperties *properties);
gboolean            gst_ekascribe_config_check (GstEkascribeConfig  *self,
                                                GError             **error);
gchar             **gst_ekascribe_config_split (const gchar         *text);
void                gst_ekascribe_config_free  (GstEkascribeConfig  *self);
EkaTransport       *gst_ekascribe_config_make_transport
                                               (GstEkascribeConfig  *self,
                                                EkaWorker           *worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeConfig, gst_ekascribe_config_free)

G_END_DECLS
