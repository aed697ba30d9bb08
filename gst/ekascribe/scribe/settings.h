/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/token.h"

G_BEGIN_DECLS

typedef enum
{
  EKA_DISCOVERY_AUTO,
  EKA_DISCOVERY_REQUIRE,
  EKA_DISCOVERY_OFF,
} EkaDiscoveryMode;

/**
 * EkaChunkError:
 * @EKA_CHUNK_ERROR_ABORT: a session is not ended without a chunk that the
 *   service refuses
 * @EKA_CHUNK_ERROR_SKIP: it is left out, which is told
 */
typedef enum
{
  EKA_CHUNK_ERROR_ABORT,
  EKA_CHUNK_ERROR_SKIP,
} EkaChunkError;

/**
 * EkaUploadType:
 * @EKA_UPLOAD_CHUNKED: files over HTTP
 * @EKA_UPLOAD_STREAM: samples over a WebSocket
 * @EKA_UPLOAD_SINGLE: one file over HTTP, once the recording is over; only
 *   where discovery lists that
 */
typedef enum
{
  EKA_UPLOAD_CHUNKED,
  EKA_UPLOAD_STREAM,
  EKA_UPLOAD_SINGLE,
} EkaUploadType;

const gchar *eka_upload_type_to_string (EkaUploadType type);

/**
 * EkaStreamFormat:
 * @EKA_STREAM_PCM: samples as binary messages
 * @EKA_STREAM_JSON: samples in base64 in an envelope of JSON
 */
typedef enum
{
  EKA_STREAM_PCM,
  EKA_STREAM_JSON,
} EkaStreamFormat;

/**
 * EkaSettings:
 * @base_url: API root, without a slash at its end
 * @allow_http: credentials may go over plain http to any host
 * @trusted_hosts: (nullable): further `host` or `host:port` that may get them
 * @token: (nullable): where they come from
 * @discovery: whether the service is asked what it can do
 * @upload_type: how audio gets to the service
 * @stream_format: what a stream consists of
 * @stream_fallback: what can't be streamed goes up in chunks
 * @stream_timeout: µs without a sign of life after which a stream is given up
 * @session_id: (nullable): 16 to 32 characters; %NULL: one is made
 * @session_mode: `dictation` or `consultation`
 * @model: (nullable): %NULL: `lite`, or the first one that discovery lists
 * @templates: (nullable): at most two template ids
 * @leftover_templates: (nullable): for what interrupted recordings have left, in
 *   place of their own, which the service may not know
 * @language_hint: (nullable): ISO 639-1 codes or `auto_detect`
 * @transcript_language: (nullable): ISO 639-1 code
 * @patient_details: (nullable): a JSON object as text
 * @additional_data: (nullable): a JSON object as text
 * @part: number of the session in a recording that takes several, from 1; 0 or
 *   1: `additional_data` tells nothing of it
 * @first_id: (nullable): session id of part 1
 * @previous_id: (nullable): session id of the part before
 * @result_template: (nullable): asks for the documents of one template only
 * @wait_for_results: poll after End
 * @result_timeout: µs from End to the last poll; 0: no limit
 * @poll_interval: µs from the start of one poll to the start of the next
 * @preview_interval: µs from one question for the transcript so far to the next,
 *   while audio comes; 0: none is asked
 * @settle_time: µs that a result of `failed` or `partial` must stay the same
 *   before it is believed; 0: at once
 * @on_chunk_error: what becomes of a chunk that the service keeps refusing
 * @retry_time: µs after the end of the recording in which failed calls are
 *   repeated; 0: no second try once the recording has ended
 *
 * All a session needs to know, one copy for each session. Freed with
 * eka_settings_free(), which wipes what tells of a patient.
 */
typedef struct
{
  gchar *base_url;
  gboolean allow_http;
  gchar **trusted_hosts;
  EkaToken *token;
  EkaDiscoveryMode discovery;

  EkaUploadType upload_type;
  EkaStreamFormat stream_format;
  gboolean stream_fallback;
  gint64 stream_timeout;

  gchar *session_id;
  gchar *session_mode;
  gchar *model;
  gchar **templates;
  gchar **leftover_templates;
  gchar **language_hint;
  gchar *transcript_language;
  gchar *patient_details;
  gchar *additional_data;
  guint part;
  gchar *first_id;
  gchar *previous_id;
  gchar *result_template;

  gboolean wait_for_results;
  gint64 result_timeout;
  gint64 poll_interval;
  gint64 preview_interval;
  gint64 settle_time;
  EkaChunkError on_chunk_error;
  gint64 retry_time;
} EkaSettings;

EkaSettings *eka_settings_new          (void);
EkaSettings *eka_settings_copy         (const EkaSettings *settings);
void         eka_settings_free         (EkaSettings       *settings);
void         eka_settings_set_templates
                                       (EkaSettings       *settings,
                                        gchar            **templates);
gboolean     eka_settings_check        (const EkaSettings *settings,
                                        GError           **error);
gboolean     eka_settings_check_auth_url
                                       (const EkaSettings *settings,
                                        const gchar       *auth_url,
                                        GError           **error);
gboolean     eka_settings_check_object (const gchar       *property,
                                        const gchar       *text,
                                        GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaSettings, eka_settings_free)

G_END_DECLS
