/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeenums.h"

G_BEGIN_DECLS

/* The properties that tell of a run; the element answers them itself. */
typedef enum
{
  GST_EKASCRIBE_PROP_STATS = 1,
  GST_EKASCRIBE_PROP_STATE,
  GST_EKASCRIBE_PROP_CURRENT_SESSION_ID,
  GST_EKASCRIBE_PROP_FIRST_SETTING,
} GstEkascribePropId;

/**
 * GstEkascribeProperties:
 *
 * What an application has set, as it was set. Guarded by the object lock of the
 * element.
 */
typedef struct
{
  gchar *base_url;
  gchar *access_token;
  gchar *access_token_file;
  gchar *api_key;
  gchar *client_id;
  gchar *client_secret;
  gchar *auth_url;
  gchar *templates;
  gchar *language_hint;
  GstEkascribeSessionMode session_mode;
  gchar *model;
  gchar *transcript_language;
  gchar *session_id;
  gchar *patient_details;
  gchar *additional_data;
  gchar *result_template;
  EkaUploadType upload_type;
  EkaStreamFormat stream_format;
  gboolean stream_fallback;
  gboolean allow_http;
  gchar *trusted_hosts;
  GstEkascribeContainer container;
  GstEkascribeEncode encode;
  GstClockTime min_chunk_duration;
  GstClockTime max_chunk_duration;
  gboolean wait_for_results;
  GstClockTime result_timeout;
  GstClockTime poll_interval;
  GstClockTime result_settle_time;
  gchar *result_location;
  gchar *transcript_location;
  guint64 max_size_bytes;
  GstClockTime max_size_time;
  gchar *outbox_location;
  GstEkascribeOutboxPolicy outbox_policy;
  guint64 outbox_max_bytes;
  gboolean outbox_resume;
  EkaDiscoveryMode discovery;
  guint timeout;
  GstClockTime retry_time;
  EkaChunkError on_chunk_error;
  gchar *user_agent;
  gchar *proxy;
  gchar *proxy_id;
  gchar *proxy_pw;
  GstStructure *extra_headers;
  GTlsDatabase *tls_database;
  GstEkascribeMix mix;
  gboolean auto_start;
  GstClockTime start_on_speech;
  GstClockTime end_after_silence;
  GstClockTime preview_interval;
} GstEkascribeProperties;

void     gst_ekascribe_properties_install   (GObjectClass           *klass);
void     gst_ekascribe_properties_init      (GstEkascribeProperties *self);
void     gst_ekascribe_properties_clear     (GstEkascribeProperties *self);
gboolean gst_ekascribe_properties_set       (GstEkascribeProperties *self,
                                             guint                   id,
                                             const GValue           *value);
gboolean gst_ekascribe_properties_is_token  (guint                   id);
gboolean gst_ekascribe_properties_get       (GstEkascribeProperties *self,
                                             guint                   id,
                                             GValue                 *value);

G_END_DECLS
