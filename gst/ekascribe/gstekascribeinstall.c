/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepropertiesprivate.h"

/* How every property looks from outside. */

#define READABLE                                                              \
  (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_DOC_SHOW_DEFAULT)
#define READWRITE                                                             \
  (READABLE | G_PARAM_WRITABLE | GST_PARAM_MUTABLE_READY)
/* What every DOT dump would show, were it readable. */
#define SECRET                                                                \
  (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static void
install_string (GObjectClass *klass,
                guint         id,
                const gchar  *name,
                const gchar  *nick,
                const gchar  *blurb,
                const gchar  *value,
                GParamFlags   flags)
{
  g_object_class_install_property (
      klass, id, g_param_spec_string (name, nick, blurb, value, flags));
}

static void
install_boolean (GObjectClass *klass,
                 guint         id,
                 const gchar  *name,
                 const gchar  *nick,
                 const gchar  *blurb,
                 gboolean      value)
{
  g_object_class_install_property (
      klass, id, g_param_spec_boolean (name, nick, blurb, value, READWRITE));
}

static void
install_uint64 (GObjectClass *klass,
                guint         id,
                const gchar  *name,
                const gchar  *nick,
                const gchar  *blurb,
                guint64       least,
                guint64       most,
                guint64       value)
{
  g_object_class_install_property (
      klass, id,
      g_param_spec_uint64 (name, nick, blurb, least, most, value, READWRITE));
}

static void
install_enum (GObjectClass *klass,
              guint         id,
              const gchar  *name,
              const gchar  *nick,
              const gchar  *blurb,
              GType         type,
              gint          value,
              GParamFlags   flags)
{
  g_object_class_install_property (
      klass, id, g_param_spec_enum (name, nick, blurb, type, value, flags));
}

static void
install_service (GObjectClass *klass)
{
  install_string (klass, PROP_BASE_URL, "base-url", "Base URL",
                  "API root of the service, without a slash at its end. Where "
                  "it is not set, the environment variable EKASCRIBE_BASE_URL "
                  "holds",
                  DEFAULT_BASE_URL, READWRITE);
  install_string (klass, PROP_ACCESS_TOKEN, "access-token", "Access token",
                  "Bearer token of the service. A launch line is visible to "
                  "everybody on the machine: prefer the environment variable "
                  "EKASCRIBE_ACCESS_TOKEN, which holds where no credential is "
                  "set, or access-token-file. Set while it runs, it holds from "
                  "the next call on",
                  NULL,
                  G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS |
                      GST_PARAM_MUTABLE_PLAYING);
  install_string (klass, PROP_ACCESS_TOKEN_FILE, "access-token-file",
                  "Access token file",
                  "File that holds the bearer token; read at start, and again "
                  "whenever the service refuses the token",
                  NULL, READWRITE);
  install_string (klass, PROP_API_KEY, "api-key", "API key",
                  "Key that is sent as X-API-Key, in place of a token", NULL,
                  SECRET);
  install_string (klass, PROP_CLIENT_ID, "client-id", "Client id",
                  "Id of a client of the service that logs in for its tokens. "
                  "Where no credential is set the environment variables "
                  "EKASCRIBE_CLIENT_ID and EKASCRIBE_CLIENT_SECRET hold",
                  NULL, READWRITE);
  install_string (klass, PROP_CLIENT_SECRET, "client-secret", "Client secret",
                  "What client-id logs in with", NULL, SECRET);
  install_string (klass, PROP_AUTH_URL, "auth-url", "Auth URL",
                  "Where clients log in, without a slash at its end. Not set: "
                  "/connect-auth/v1 at the host of base-url",
                  NULL, READWRITE);
  install_boolean (klass, PROP_ALLOW_HTTP, "allow-http", "Allow HTTP",
                   "Send credentials and audio over plain http to any host. "
                   "Without it only to this machine (loopback)",
                   DEFAULT_ALLOW_HTTP);
  install_string (klass, PROP_TRUSTED_HOSTS, "trusted-hosts", "Trusted hosts",
                  "Further hosts that may get the credential, as host or "
                  "host:port, separated by commas; without it only the host of "
                  "base-url",
                  NULL, READWRITE);
  install_enum (klass, PROP_DISCOVERY, "discovery", "Discovery",
                "Whether the service is asked what it can do before a session "
                "is created. Settings that it rules out are an error then",
                GST_TYPE_EKASCRIBE_DISCOVERY, DEFAULT_DISCOVERY, READWRITE);
}

static void
install_upload (GObjectClass *klass)
{
  install_enum (klass, PROP_UPLOAD_TYPE, "upload-type", "Upload type",
                "How audio gets to the service",
                GST_TYPE_EKASCRIBE_UPLOAD_TYPE, DEFAULT_UPLOAD_TYPE, READWRITE);
  install_enum (klass, PROP_CONTAINER, "container", "Container",
                "What chunks are. One that can't hold the audio as it comes, nor "
                "what encode makes of it, is an error",
                GST_TYPE_EKASCRIBE_CONTAINER, DEFAULT_CONTAINER, READWRITE);
  install_enum (klass, PROP_ENCODE, "encode", "Encode",
                "What is made of raw audio, and of audio that the container or "
                "the service does not take as it comes",
                GST_TYPE_EKASCRIBE_ENCODE, DEFAULT_ENCODE, READWRITE);
  install_enum (klass, PROP_STREAM_FORMAT, "stream-format", "Stream format",
                "What a stream consists of (upload-type=stream)",
                GST_TYPE_EKASCRIBE_STREAM_FORMAT, DEFAULT_STREAM_FORMAT,
                READWRITE);
  install_boolean (klass, PROP_STREAM_FALLBACK, "stream-fallback",
                   "Stream fallback",
                   "Send all audio in chunks, to another session, where the "
                   "service takes no stream or the stream breaks; without it "
                   "that is an error",
                   DEFAULT_STREAM_FALLBACK);
}

static void
install_session (GObjectClass *klass)
{
  install_string (klass, PROP_TEMPLATES, "templates", "Templates",
                  "Ids of the documents to make, at most two, separated by "
                  "commas, such as eka_emr_template",
                  NULL, READWRITE);
  install_string (klass, PROP_LANGUAGE_HINT, "language-hint", "Language hint",
                  "Languages that are spoken, as ISO 639-1 codes separated by "
                  "commas, or auto_detect. Not set: the stream's language tag, "
                  "else auto_detect where the service knows it",
                  NULL, READWRITE);
  install_enum (klass, PROP_SESSION_MODE, "session-mode", "Session mode",
                "Who speaks", GST_TYPE_EKASCRIBE_SESSION_MODE,
                DEFAULT_SESSION_MODE, READWRITE);
  install_string (klass, PROP_MODEL, "model", "Model",
                  "Model of the service, such as lite or pro. Not set: lite, "
                  "or the first one that the service lists",
                  NULL, READWRITE);
  install_string (klass, PROP_TRANSCRIPT_LANGUAGE, "transcript-language",
                  "Transcript language",
                  "Language of the transcript, as ISO 639-1 code. Not set: the "
                  "one that is spoken",
                  NULL, READWRITE);
  install_string (klass, PROP_SESSION_ID, "session-id", "Session id",
                  "Id of the first session, 16 to 32 characters. Not set: one "
                  "is made; current-session-id tells it",
                  NULL, READWRITE);
  install_string (klass, PROP_PATIENT_DETAILS, "patient-details",
                  "Patient details",
                  "Who the patient is: a JSON object, or @FILE that holds one "
                  "(better, as a launch line is visible to everybody on the "
                  "machine)",
                  NULL, SECRET);
  install_string (klass, PROP_ADDITIONAL_DATA, "additional-data",
                  "Additional data",
                  "What the service shall give back with the results: a JSON "
                  "object, or @FILE that holds one. At most 4096 bytes, and "
                  "nothing about the patient",
                  NULL, READWRITE);
}

static void
install_results (GObjectClass *klass)
{
  install_boolean (klass, PROP_WAIT_FOR_RESULTS, "wait-for-results",
                   "Wait for results",
                   "Hold EOS back until the results are on the bus; otherwise "
                   "only until the service has accepted all audio",
                   DEFAULT_WAIT_FOR_RESULTS);
  install_uint64 (klass, PROP_RESULT_TIMEOUT, "result-timeout",
                  "Result timeout",
                  "How long to wait for results after the end of the audio, in "
                  "ns (0 = for ever)",
                  0, G_MAXINT64, DEFAULT_RESULT_TIMEOUT);
  install_uint64 (klass, PROP_POLL_INTERVAL, "poll-interval", "Poll interval",
                  "Time from one question for results to the next, in ns",
                  10 * GST_MSECOND, G_MAXINT64, DEFAULT_POLL_INTERVAL);
  install_uint64 (klass, PROP_RESULT_SETTLE_TIME, "result-settle-time",
                  "Result settle time",
                  "How long a result of failed or partial must stay the same "
                  "before it is believed, in ns (0 = at once): services say so "
                  "while some of their work goes on",
                  0, 180 * GST_SECOND, DEFAULT_RESULT_SETTLE_TIME);
  install_string (klass, PROP_RESULT_TEMPLATE, "result-template",
                  "Result template",
                  "Ask for the documents of this template only", NULL,
                  READWRITE);
  install_string (klass, PROP_RESULT_LOCATION, "result-location",
                  "Result location",
                  "File for the whole result as JSON, readable for its owner "
                  "only. %s stands for the session id. A file that is there "
                  "already stays: the new one is name-2.ext then",
                  NULL, READWRITE);
  install_string (klass, PROP_TRANSCRIPT_LOCATION, "transcript-location",
                  "Transcript location",
                  "File for the transcript as text; see result-location", NULL,
                  READWRITE);
}

static void
install_bounds (GObjectClass *klass)
{
  install_uint64 (klass, PROP_MIN_CHUNK_DURATION, "min-chunk-duration",
                  "Minimum chunk duration",
                  "Where the last pause between this and max-chunk-duration "
                  "ends a chunk, in ns; half of that where it is more",
                  GST_SECOND, 60 * GST_SECOND, DEFAULT_MIN_CHUNK_DURATION);
  install_uint64 (klass, PROP_MAX_CHUNK_DURATION, "max-chunk-duration",
                  "Maximum chunk duration",
                  "Longest piece of audio that is uploaded in one go, in ns. A "
                  "service that tells a lower limit wins",
                  GST_SECOND, 60 * GST_SECOND, DEFAULT_MAX_CHUNK_DURATION);
  install_uint64 (klass, PROP_MAX_SIZE_BYTES, "max-size-bytes",
                  "Maximum size in bytes",
                  "How much audio may be kept in memory until its results are "
                  "there, in bytes (0 = unlimited). Beyond it what the service "
                  "lists is let go, and the rest goes to disk (outbox-policy). "
                  "Where it can't, a live pipeline may take twice as much "
                  "before the oldest audio is dropped, any other one waits",
                  0, G_MAXUINT64, DEFAULT_MAX_SIZE_BYTES);
  install_uint64 (klass, PROP_MAX_SIZE_TIME, "max-size-time",
                  "Maximum size in time",
                  "How much audio may be kept in memory, in ns (0 = unlimited); "
                  "see max-size-bytes",
                  0, G_MAXUINT64, DEFAULT_MAX_SIZE_TIME);
  install_uint64 (klass, PROP_RETRY_TIME, "retry-time", "Retry time",
                  "How long after the end of the audio failed calls are still "
                  "repeated, in ns (0 = not at all). While audio comes they "
                  "are repeated without end",
                  0, G_MAXINT64, DEFAULT_RETRY_TIME);
  install_enum (klass, PROP_ON_CHUNK_ERROR, "on-chunk-error",
                "On chunk error",
                "What becomes of a chunk that the service keeps refusing",
                GST_TYPE_EKASCRIBE_CHUNK_ERROR, DEFAULT_ON_CHUNK_ERROR,
                READWRITE);
}

static void
install_outbox (GObjectClass *klass)
{
  install_string (klass, PROP_OUTBOX_LOCATION, "outbox-location",
                  "Outbox location",
                  "Folder for audio that is not safe on the service yet. Not "
                  "set: the environment variable EKASCRIBE_OUTBOX, else "
                  "ekascribe in XDG_STATE_HOME (~/.local/state)",
                  NULL, READWRITE);
  install_enum (klass, PROP_OUTBOX_POLICY, "outbox-policy", "Outbox policy",
                "When audio goes to disk", GST_TYPE_EKASCRIBE_OUTBOX_POLICY,
                DEFAULT_OUTBOX_POLICY, READWRITE);
  install_uint64 (klass, PROP_OUTBOX_MAX_BYTES, "outbox-max-bytes",
                  "Outbox maximum bytes",
                  "How much all that is in outbox-location may take, in bytes "
                  "(0 = as much as the disk has, but for a reserve)",
                  0, G_MAXUINT64, DEFAULT_OUTBOX_MAX_BYTES);
  install_boolean (klass, PROP_OUTBOX_RESUME, "outbox-resume", "Outbox resume",
                   "Send what interrupted recordings have left in "
                   "outbox-location for this service, too, in the background",
                   DEFAULT_OUTBOX_RESUME);
}

static void
install_http (GObjectClass *klass)
{
  g_object_class_install_property (
      klass, PROP_TIMEOUT,
      g_param_spec_uint ("timeout", "Timeout",
                         "Time without a byte after which a call has failed, "
                         "in seconds",
                         1, 3600, DEFAULT_TIMEOUT, READWRITE));
  install_string (klass, PROP_USER_AGENT, "user-agent", "User agent",
                  "What the element calls itself", DEFAULT_USER_AGENT,
                  READWRITE);
  install_string (klass, PROP_PROXY, "proxy", "Proxy",
                  "URI of an HTTP proxy. Not set: the system's. What stays on "
                  "this machine takes no proxy elsewhere", NULL,
                  READWRITE);
  install_string (klass, PROP_PROXY_ID, "proxy-id", "Proxy user",
                  "User name at the proxy", NULL, READWRITE);
  install_string (klass, PROP_PROXY_PW, "proxy-pw", "Proxy password",
                  "Password at the proxy", NULL, SECRET);
  g_object_class_install_property (
      klass, PROP_EXTRA_HEADERS,
      g_param_spec_boxed ("extra-headers", "Extra headers",
                          "Headers that are added to every request, such as "
                          "headers,x-tenant=clinic",
                          GST_TYPE_STRUCTURE, SECRET));
  g_object_class_install_property (
      klass, PROP_TLS_DATABASE,
      g_param_spec_object ("tls-database", "TLS database",
                           "Certificates to trust. Not set: the system's",
                           G_TYPE_TLS_DATABASE,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                               GST_PARAM_MUTABLE_READY));
}

/* Several streams, and sessions that come and go while the pipeline plays. */
static void
install_live (GObjectClass *klass)
{
  install_enum (klass, PROP_MIX, "mix", "Mix",
                "What becomes of several pads", GST_TYPE_EKASCRIBE_MIX,
                DEFAULT_MIX, READWRITE);
  install_boolean (klass, PROP_AUTO_START, "auto-start", "Auto start",
                   "Audio that comes after end-session begins another session, "
                   "which has no patient details; false: it waits for "
                   "new-session",
                   DEFAULT_AUTO_START);
  install_uint64 (klass, PROP_START_ON_SPEECH, "start-on-speech",
                  "Start on speech",
                  "A session begins once somebody has spoken for so long, in "
                  "ns, and again after each end; 0: with the first audio",
                  0, 60 * GST_SECOND, DEFAULT_START_ON_SPEECH);
  install_uint64 (klass, PROP_END_AFTER_SILENCE, "end-after-silence",
                  "End after silence",
                  "A session ends once nobody has spoken for so long, in ns; "
                  "0: never",
                  0, G_MAXINT64, DEFAULT_END_AFTER_SILENCE);
  install_uint64 (klass, PROP_PREVIEW_INTERVAL, "preview-interval",
                  "Preview interval",
                  "How often the service is asked for the transcript so far "
                  "while the recording goes on, in ns; 0: never",
                  0, G_MAXINT64, DEFAULT_PREVIEW_INTERVAL);
}

static void
install_run (GObjectClass *klass)
{
  g_object_class_install_property (
      klass, GST_EKASCRIBE_PROP_STATS,
      g_param_spec_boxed (
          "stats", "Statistics",
          "Of this run, or of the last one: packets, bytes-in, chunks, "
          "chunks-uploaded, retries, bytes-uploaded, audio-duration (ns), "
          "bytes-waiting, time-waiting (ns), round-trip (ns of the last "
          "upload), packets-damaged, time-filled (silence in "
          "place of audio that did not come, in ns), bytes-kept, chunks-dropped, time-lost "
          "(ns), sessions-replaced, bytes-stored (on disk), time-unsaved (ns, "
          "neither acknowledged nor on disk), sessions, time-paused and "
          "time-ignored (ns, audio that was not to be recorded), pads (that "
          "have a source and have not ended), time-late, time-skewed (ns) "
          "and samples-clipped (of a mix)",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  install_enum (klass, GST_EKASCRIBE_PROP_STATE, "state", "State",
                "State of the newest session", GST_TYPE_EKASCRIBE_STATE,
                EKA_SESSION_IDLE, READABLE);
  install_string (klass, GST_EKASCRIBE_PROP_CURRENT_SESSION_ID,
                  "current-session-id", "Current session id",
                  "Id of the newest session", NULL, READABLE);
}

/**
 * gst_ekascribe_properties_install:
 * @klass: class of the element
 */
void
gst_ekascribe_properties_install (GObjectClass *klass)
{
  install_service (klass);
  install_upload (klass);
  install_session (klass);
  install_results (klass);
  install_bounds (klass);
  install_outbox (klass);
  install_http (klass);
  install_live (klass);
  install_run (klass);

  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_SESSION_MODE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_UPLOAD_TYPE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_STREAM_FORMAT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_DISCOVERY, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_CHUNK_ERROR, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_CONTAINER, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_ENCODE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_OUTBOX_POLICY, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_MIX, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_EKASCRIBE_STATE, 0);
}
