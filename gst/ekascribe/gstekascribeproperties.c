/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "gstekascribepropertiesprivate.h"

#include <string.h>

/**
 * gst_ekascribe_properties_init:
 * @self: memory full of zeros
 */
void
gst_ekascribe_properties_init (GstEkascribeProperties *self)
{
  const gchar *url = g_getenv ("EKASCRIBE_BASE_URL");

  self->base_url = g_strdup (url != NULL && *url != '\0' ? url :
                                                           DEFAULT_BASE_URL);
  self->session_mode = DEFAULT_SESSION_MODE;
  self->upload_type = DEFAULT_UPLOAD_TYPE;
  self->container = DEFAULT_CONTAINER;
  self->encode = DEFAULT_ENCODE;
  self->stream_format = DEFAULT_STREAM_FORMAT;
  self->stream_fallback = DEFAULT_STREAM_FALLBACK;
  self->allow_http = DEFAULT_ALLOW_HTTP;
  self->min_chunk_duration = DEFAULT_MIN_CHUNK_DURATION;
  self->max_chunk_duration = DEFAULT_MAX_CHUNK_DURATION;
  self->wait_for_results = DEFAULT_WAIT_FOR_RESULTS;
  self->result_timeout = DEFAULT_RESULT_TIMEOUT;
  self->poll_interval = DEFAULT_POLL_INTERVAL;
  self->result_settle_time = DEFAULT_RESULT_SETTLE_TIME;
  self->max_size_bytes = DEFAULT_MAX_SIZE_BYTES;
  self->max_size_time = DEFAULT_MAX_SIZE_TIME;
  self->outbox_policy = DEFAULT_OUTBOX_POLICY;
  self->outbox_max_bytes = DEFAULT_OUTBOX_MAX_BYTES;
  self->outbox_resume = DEFAULT_OUTBOX_RESUME;
  self->discovery = DEFAULT_DISCOVERY;
  self->timeout = DEFAULT_TIMEOUT;
  self->retry_time = DEFAULT_RETRY_TIME;
  self->on_chunk_error = DEFAULT_ON_CHUNK_ERROR;
  self->mix = DEFAULT_MIX;
  self->auto_start = DEFAULT_AUTO_START;
  self->start_on_speech = DEFAULT_START_ON_SPEECH;
  self->end_after_silence = DEFAULT_END_AFTER_SILENCE;
  self->preview_interval = DEFAULT_PREVIEW_INTERVAL;
  self->user_agent = g_strdup (DEFAULT_USER_AGENT);
}

static void
wipe (gchar **secret)
{
  if (*secret != NULL)
    explicit_bzero (*secret, strlen (*secret));
  g_clear_pointer (secret, g_free);
}

/**
 * gst_ekascribe_properties_clear:
 * @self: properties
 *
 * Frees what they hold, and wipes what is secret.
 */
void
gst_ekascribe_properties_clear (GstEkascribeProperties *self)
{
  wipe (&self->access_token);
  wipe (&self->api_key);
  wipe (&self->client_secret);
  wipe (&self->patient_details);
  wipe (&self->proxy_pw);
  g_clear_pointer (&self->base_url, g_free);
  g_clear_pointer (&self->access_token_file, g_free);
  g_clear_pointer (&self->client_id, g_free);
  g_clear_pointer (&self->auth_url, g_free);
  g_clear_pointer (&self->templates, g_free);
  g_clear_pointer (&self->language_hint, g_free);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->transcript_language, g_free);
  g_clear_pointer (&self->session_id, g_free);
  g_clear_pointer (&self->additional_data, g_free);
  g_clear_pointer (&self->result_template, g_free);
  g_clear_pointer (&self->trusted_hosts, g_free);
  g_clear_pointer (&self->result_location, g_free);
  g_clear_pointer (&self->transcript_location, g_free);
  g_clear_pointer (&self->outbox_location, g_free);
  g_clear_pointer (&self->user_agent, g_free);
  g_clear_pointer (&self->proxy, g_free);
  g_clear_pointer (&self->proxy_id, g_free);
  g_clear_pointer (&self->extra_headers, gst_structure_free);
  g_clear_object (&self->tls_database);
}

/* Where the string property @id is kept, or NULL where it is none. */
static gchar **
find_string (GstEkascribeProperties *self,
             guint                   id)
{
  switch (id) {
    case PROP_BASE_URL:
      return &self->base_url;
    case PROP_ACCESS_TOKEN:
      return &self->access_token;
    case PROP_ACCESS_TOKEN_FILE:
      return &self->access_token_file;
    case PROP_API_KEY:
      return &self->api_key;
    case PROP_CLIENT_ID:
      return &self->client_id;
    case PROP_CLIENT_SECRET:
      return &self->client_secret;
    case PROP_AUTH_URL:
      return &self->auth_url;
    case PROP_TEMPLATES:
      return &self->templates;
    case PROP_LANGUAGE_HINT:
      return &self->language_hint;
    case PROP_MODEL:
      return &self->model;
    case PROP_TRANSCRIPT_LANGUAGE:
      return &self->transcript_language;
    case PROP_SESSION_ID:
      return &self->session_id;
    case PROP_PATIENT_DETAILS:
      return &self->patient_details;
    case PROP_ADDITIONAL_DATA:
      return &self->additional_data;
    case PROP_RESULT_TEMPLATE:
      return &self->result_template;
    case PROP_TRUSTED_HOSTS:
      return &self->trusted_hosts;
    case PROP_RESULT_LOCATION:
      return &self->result_location;
    case PROP_TRANSCRIPT_LOCATION:
      return &self->transcript_location;
    case PROP_OUTBOX_LOCATION:
      return &self->outbox_location;
    case PROP_USER_AGENT:
      return &self->user_agent;
    case PROP_PROXY:
      return &self->proxy;
    case PROP_PROXY_ID:
      return &self->proxy_id;
    case PROP_PROXY_PW:
      return &self->proxy_pw;
    default:
      return NULL;
  }
}

static guint64 *
find_uint64 (GstEkascribeProperties *self,
             guint                   id)
{
  switch (id) {
    case PROP_MIN_CHUNK_DURATION:
      return &self->min_chunk_duration;
    case PROP_MAX_CHUNK_DURATION:
      return &self->max_chunk_duration;
    case PROP_RESULT_TIMEOUT:
      return &self->result_timeout;
    case PROP_POLL_INTERVAL:
      return &self->poll_interval;
    case PROP_RESULT_SETTLE_TIME:
      return &self->result_settle_time;
    case PROP_MAX_SIZE_BYTES:
      return &self->max_size_bytes;
    case PROP_MAX_SIZE_TIME:
      return &self->max_size_time;
    case PROP_OUTBOX_MAX_BYTES:
      return &self->outbox_max_bytes;
    case PROP_RETRY_TIME:
      return &self->retry_time;
    case PROP_START_ON_SPEECH:
      return &self->start_on_speech;
    case PROP_END_AFTER_SILENCE:
      return &self->end_after_silence;
    case PROP_PREVIEW_INTERVAL:
      return &self->preview_interval;
    default:
      return NULL;
  }
}

static gboolean
set_other (GstEkascribeProperties *self,
           guint                   id,
           const GValue           *value)
{
  switch (id) {
    case PROP_SESSION_MODE:
      self->session_mode = g_value_get_enum (value);
      return TRUE;
    case PROP_UPLOAD_TYPE:
      self->upload_type = g_value_get_enum (value);
      return TRUE;
    case PROP_CONTAINER:
      self->container = g_value_get_enum (value);
      return TRUE;
    case PROP_ENCODE:
      self->encode = g_value_get_enum (value);
      return TRUE;
    case PROP_STREAM_FORMAT:
      self->stream_format = g_value_get_enum (value);
      return TRUE;
    case PROP_STREAM_FALLBACK:
      self->stream_fallback = g_value_get_boolean (value);
      return TRUE;
    case PROP_OUTBOX_POLICY:
      self->outbox_policy = g_value_get_enum (value);
      return TRUE;
    case PROP_OUTBOX_RESUME:
      self->outbox_resume = g_value_get_boolean (value);
      return TRUE;
    case PROP_MIX:
      self->mix = g_value_get_enum (value);
      return TRUE;
    case PROP_AUTO_START:
      self->auto_start = g_value_get_boolean (value);
      return TRUE;
    case PROP_DISCOVERY:
      self->discovery = g_value_get_enum (value);
      return TRUE;
    case PROP_ON_CHUNK_ERROR:
      self->on_chunk_error = g_value_get_enum (value);
      return TRUE;
    case PROP_ALLOW_HTTP:
      self->allow_http = g_value_get_boolean (value);
      return TRUE;
    case PROP_WAIT_FOR_RESULTS:
      self->wait_for_results = g_value_get_boolean (value);
      return TRUE;
    case PROP_TIMEOUT:
      self->timeout = g_value_get_uint (value);
      return TRUE;
    case PROP_EXTRA_HEADERS:
      g_clear_pointer (&self->extra_headers, gst_structure_free);
      self->extra_headers = g_value_dup_boxed (value);
      return TRUE;
    case PROP_TLS_DATABASE:
      g_set_object (&self->tls_database, g_value_get_object (value));
      return TRUE;
    default:
      return FALSE;
  }
}

/**
 * gst_ekascribe_properties_set:
 * @self: properties
 * @id: number of one
 * @value: its new value
 *
 * Returns: %FALSE where there is no such property
 */
gboolean
gst_ekascribe_properties_set (GstEkascribeProperties *self,
                              guint                   id,
                              const GValue           *value)
{
  gchar **string = find_string (self, id);
  guint64 *number = find_uint64 (self, id);

  if (string != NULL) {
    wipe (string);
    *string = g_value_dup_string (value);
    return TRUE;
  }
  if (number != NULL) {
    *number = g_value_get_uint64 (value);
    return TRUE;
  }
  return set_other (self, id, value);
}

/**
 * gst_ekascribe_properties_is_token:
 * @id: number of a property
 *
 * Returns: whether it is the one that counts while a run is on, too
 */
gboolean
gst_ekascribe_properties_is_token (guint id)
{
  return id == PROP_ACCESS_TOKEN;
}

/**
 * gst_ekascribe_properties_get:
 * @self: properties
 * @id: number of one
 * @value: takes its value
 *
 * Returns: %FALSE where there is no such property
 */
gboolean
gst_ekascribe_properties_get (GstEkascribeProperties *self,
                              guint                   id,
                              GValue                 *value)
{
  gchar **string = find_string (self, id);
  guint64 *number = find_uint64 (self, id);

  if (string != NULL)
    g_value_set_string (value, *string);
  else if (number != NULL)
    g_value_set_uint64 (value, *number);
  else if (id == PROP_SESSION_MODE)
    g_value_set_enum (value, self->session_mode);
  else if (id == PROP_UPLOAD_TYPE)
    g_value_set_enum (value, self->upload_type);
  else if (id == PROP_CONTAINER)
    g_value_set_enum (value, self->container);
  else if (id == PROP_ENCODE)
    g_value_set_enum (value, self->encode);
  else if (id == PROP_STREAM_FORMAT)
    g_value_set_enum (value, self->stream_format);
  else if (id == PROP_STREAM_FALLBACK)
    g_value_set_boolean (value, self->stream_fallback);
  else if (id == PROP_OUTBOX_POLICY)
    g_value_set_enum (value, self->outbox_policy);
  else if (id == PROP_OUTBOX_RESUME)
    g_value_set_boolean (value, self->outbox_resume);
  else if (id == PROP_MIX)
    g_value_set_enum (value, self->mix);
  else if (id == PROP_AUTO_START)
    g_value_set_boolean (value, self->auto_start);
  else if (id == PROP_DISCOVERY)
    g_value_set_enum (value, self->discovery);
  else if (id == PROP_ON_CHUNK_ERROR)
    g_value_set_enum (value, self->on_chunk_error);
  else if (id == PROP_ALLOW_HTTP)
    g_value_set_boolean (value, self->allow_http);
  else if (id == PROP_WAIT_FOR_RESULTS)
    g_value_set_boolean (value, self->wait_for_results);
  else if (id == PROP_TIMEOUT)
    g_value_set_uint (value, self->timeout);
  else if (id == PROP_TLS_DATABASE)
    g_value_set_object (value, self->tls_database);
  else
    return FALSE;
  return TRUE;
}
