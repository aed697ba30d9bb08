/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "liar.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/json.h"

/* One scripted answer: a reply, an error, or with neither none at all. */
typedef struct
{
  EkaReply *reply;
  GError *error;
} Script;

#define N_CALLS (EKA_CALL_STREAM + 1)

/* One that was created before the newest. */
typedef struct
{
  GPtrArray *files;
  gboolean ended;
} OldSession;

static void eka_liar_transport_init (EkaTransportInterface *iface);

G_DEFINE_TYPE_WITH_CODE (EkaLiar, eka_liar, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (EKA_TYPE_TRANSPORT,
                                                eka_liar_transport_init))

static void
script_free (gpointer data)
{
  Script *script = data;

  g_clear_pointer (&script->reply, eka_reply_free);
  g_clear_error (&script->error);
  g_free (script);
}

static void
old_session_free (gpointer data)
{
  OldSession *old = data;

  g_ptr_array_unref (old->files);
  g_free (old);
}

static void
request_free (gpointer data)
{
  eka_request_free (data);
}

static void
eka_liar_init (EkaLiar *self)
{
  guint i;

  self->log = g_ptr_array_new_with_free_func (request_free);
  self->files = g_ptr_array_new_with_free_func (g_free);
  self->old = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                     old_session_free);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->scripts = g_new0 (GQueue, N_CALLS);
  for (i = 0; i < N_CALLS; i++)
    g_queue_init (&self->scripts[i]);
}

static void
eka_liar_finalize (GObject *object)
{
  EkaLiar *self = EKA_LIAR (object);
  guint i;

  for (i = 0; i < N_CALLS; i++)
    g_queue_clear_full (&self->scripts[i], script_free);
  g_free (self->scripts);
  g_ptr_array_unref (self->log);
  g_ptr_array_unref (self->files);
  g_hash_table_unref (self->old);
  g_ptr_array_unref (self->sockets);
  g_free (self->session_id);
  G_OBJECT_CLASS (eka_liar_parent_class)->finalize (object);
}

static void
eka_liar_class_init (EkaLiarClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eka_liar_finalize;
}

static void
log_request (EkaLiar    *self,
             EkaRequest *request)
{
  EkaRequest *copy = eka_request_new (request->call, request->method,
                                      request->uri);

  if (request->body != NULL)
    eka_request_set_body (copy, request->content_type, request->body);
  eka_request_set_credential (copy, request->header,
                              g_strdup (request->credential));
  copy->once = request->once;
  g_ptr_array_add (self->log, copy);
}

/* The last part of the path. */
static gchar *
name_of (const gchar *uri)
{
  gsize path = strcspn (uri, "?#");
  const gchar *slash = g_strrstr_len (uri, path, "/");

  return g_strndup (slash + 1, uri + path - slash - 1);
}

static gchar *
list_files (GPtrArray *files)
{
  GString *text = g_string_new ("[");
  guint i;

  for (i = 0; i < files->len; i++)
    g_string_append_printf (text, "%s\"%s\"", i > 0 ? "," : "",
                            (gchar *) g_ptr_array_index (files, i));
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static EkaReply *
reply_with (guint  status,
            gchar *body)
{
  return eka_reply_new (status, g_bytes_new_take (body, strlen (body)));
}

/* The part of the path behind “sessions”. */
static gchar *
id_of (const gchar *uri)
{
  const gchar *start = strstr (uri, "/sessions/");

  if (start == NULL)
    return NULL;
  start += strlen ("/sessions/");
  return g_strndup (start, strcspn (start, "/?#"));
}

/* One that is not the newest, if @request is about such a one. */
static OldSession *
find_old (EkaLiar    *self,
          EkaRequest *request)
{
  g_autofree gchar *id = id_of (request->uri);

  if (id == NULL || g_strcmp0 (id, self->session_id) == 0)
    return NULL;
  return g_hash_table_lookup (self->old, id);
}

static gboolean
is_ended (EkaLiar    *self,
          EkaRequest *request)
{
  OldSession *old = find_old (self, request);

  return old != NULL ? old->ended : self->ended;
}

static GPtrArray *
files_of (EkaLiar    *self,
          EkaRequest *request)
{
  OldSession *old = find_old (self, request);

  return old != NULL ? old->files : self->files;
}

static EkaReply *
answer_create (EkaLiar    *self,
               EkaRequest *request)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (request->body, NULL);
  const gchar *id = eka_json_get_string (body, "session_id");
  const gchar *host = strstr (request->uri, "://") + 3;
  g_autofree gchar *url = NULL;

  if (id == NULL)
    id = "ses_0123456789abcdef";
  if (g_strcmp0 (eka_json_get_string (body, "upload_type"), "stream") == 0)
    url = g_strdup_printf ("wss://%.*s/stream/%s/audio?key=k%%2F1",
                           (gint) strcspn (host, "/"), host, id);
  else
    url = g_strdup_printf ("%s/%s/audio", request->uri, id);
  return reply_with (201, g_strdup_printf (
      "{\"session_id\":\"%s\",\"status\":\"created\","
      "\"created_at\":\"2026-06-06T14:21:07Z\","
      "\"expires_at\":\"2026-06-06T15:21:07Z\","
      "\"upload_url\":\"%s\"}", id, url));
}

static EkaReply *
answer_upload (EkaLiar    *self,
               EkaRequest *request)
{
  g_autofree gchar *name = name_of (request->uri);
  g_autofree gchar *id = find_old (self, request) != NULL
                             ? id_of (request->uri)
                             : g_strdup (self->session_id);

  return reply_with (200, g_strdup_printf (
      "{\"session_id\":\"%s\",\"success\":true,"
      "\"original_filename\":\"%s\"}", id, name));
}

static EkaReply *
answer_state (EkaLiar    *self,
              EkaRequest *request,
              guint       status,
              gchar      *more)
{
  g_autofree gchar *id = find_old (self, request) != NULL
                             ? id_of (request->uri)
                             : g_strdup (self->session_id);
  GPtrArray *files = files_of (self, request);
  g_autofree gchar *list = list_files (files);
  g_autofree gchar *members = more;

  return reply_with (status, g_strdup_printf (
      "{\"session_id\":\"%s\",\"upload_url\":\"https://secret/\","
      "\"audio_files_received\":%u,\"audio_files\":%s,%s}",
      id, files->len, list, members));
}

static EkaReply *
answer_get (EkaLiar    *self,
            EkaRequest *request)
{
  if (!is_ended (self, request))
    return answer_state (self, request, 202,
                         g_strdup ("\"status\":\"initialized\""));
  return answer_state (self, request, 200, g_strdup_printf (
      "\"status\":\"completed\",\"audio_files_processed\":%u,"
      "\"model_used\":\"lite\",\"language_detected\":\"en\","
      "\"completed_at\":\"2026-06-06T14:22:07Z\","
      "\"transcript\":\"Patient presents with cough and fever...\","
      "\"templates\":[{\"eka_emr_template\":{\"status\":\"success\","
      "\"document_id\":\"doc_abc123\",\"data\":{\"chief_complaint\":"
      "\"cough\"},\"publish\":{}}}]", files_of (self, request)->len));
}

static EkaReply *
answer_stream (EkaLiar *self)
{
  EkaReply *reply = reply_with (101, g_strdup (""));

  self->socket = eka_liar_socket_new ();
  g_ptr_array_add (self->sockets, self->socket);
  self->socket->held = self->held;
  self->socket->no_close = self->no_close;
  reply->socket = g_object_ref (EKA_SOCKET (self->socket));
  return reply;
}

static EkaReply *
answer (EkaLiar    *self,
        EkaRequest *request)
{
  switch (request->call)
    {
    case EKA_CALL_DISCOVER:
      return reply_with (200, g_strdup (
          "{\"protocol\":\"medscribealliance\",\"protocol_version\":\"0.1\","
          "\"supported_versions\":[\"0.1\"],\"capabilities\":{"
          "\"audio_formats\":[\"audio/ogg;codecs=opus\",\"audio/wav\"],"
          "\"max_chunk_duration_seconds\":20,"
          "\"upload_methods\":[\"chunked\",\"stream\"]},\"models\":[{\"id\":\"lite\","
          "\"languages\":[\"en\",\"hi\"],\"max_session_duration_seconds\":3600}"
          "],\"languages\":{\"supported\":[\"en\",\"hi\"],"
          "\"auto_detection\":true}}"));
    case EKA_CALL_CREATE:
      return answer_create (self, request);
    case EKA_CALL_UPLOAD:
      return answer_upload (self, request);
    case EKA_CALL_END:
      return answer_state (self, request, 202,
                           g_strdup ("\"status\":\"processing\""));
    case EKA_CALL_GET:
      return answer_get (self, request);
    case EKA_CALL_PATCH:
      return reply_with (200, g_strdup ("{\"status\":\"success\"}"));
    case EKA_CALL_LOGIN:
    case EKA_CALL_REFRESH:
      self->tokens++;
      return reply_with (200, g_strdup_printf (
          "{\"access_token\":\"token-%u\",\"refresh_token\":\"again-%u\","
          "\"expires_in\":3600}", self->tokens, self->tokens));
    case EKA_CALL_STREAM:
      return answer_stream (self);
    case EKA_CALL_TEMPLATES:
      return reply_with (200, g_strdup ("{\"templates\":[]}"));
    }
  g_assert_not_reached ();
}

/* The newest session gets out of the way of the next one. */
static void
begin_session (EkaLiar    *self,
               GBytes     *json)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (json, NULL);
  OldSession *old;

  if (self->session_id != NULL)
    {
      old = g_new0 (OldSession, 1);
      old->files = g_steal_pointer (&self->files);
      old->ended = self->ended;
      g_hash_table_replace (self->old, g_steal_pointer (&self->session_id),
                            old);
      self->files = g_ptr_array_new_with_free_func (g_free);
    }
  self->session_id = g_strdup (eka_json_get_string (body, "session_id"));
  self->ended = FALSE;
}

static void
note_end (EkaLiar    *self,
          EkaRequest *request)
{
  OldSession *old = find_old (self, request);

  if (old != NULL)
    old->ended = TRUE;
  else
    self->ended = TRUE;
}

/* What an answer, scripted or not, changes at the service. */
static void
remember (EkaLiar    *self,
          EkaRequest *request,
          EkaReply   *reply)
{
  GPtrArray *files = files_of (self, request);
  g_autofree gchar *name = NULL;

  /* A refused create may be a second one: the session of the first is there. */
  if (request->call == EKA_CALL_CREATE && reply->status == 409)
    begin_session (self, request->body);
  if (reply->status / 100 != 2)
    return;
  if (request->call == EKA_CALL_CREATE)
    begin_session (self, reply->body);
  else if (request->call == EKA_CALL_END)
    note_end (self, request);
  else if (request->call == EKA_CALL_UPLOAD)
    {
      name = name_of (request->uri);
      if (!g_ptr_array_find_with_equal_func (files, name, g_str_equal, NULL))
        g_ptr_array_add (files, g_steal_pointer (&name));
    }
}

static gboolean
deliver (gpointer user_data)
{
  GTask *task = user_data;
  Script *script = g_task_get_task_data (task);

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (script->reply != NULL)
    g_task_return_pointer (task, g_steal_pointer (&script->reply),
                           (GDestroyNotify) eka_reply_free);
  else
    g_task_return_error (task, g_steal_pointer (&script->error));
  return G_SOURCE_REMOVE;
}

static gboolean
deliver_cancelled (GCancellable *cancellable,
                   gpointer      user_data)
{
  return deliver (user_data);
}

static void
eka_liar_send_async (EkaTransport        *transport,
                     EkaRequest          *request,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  EkaLiar *self = EKA_LIAR (transport);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSource) source = NULL;
  Script *script = NULL;

  log_request (self, request);
  if (g_atomic_int_get (&self->dead))
    {
      script = g_new0 (Script, 1);
      script->error = g_error_new_literal (EKA_SCRIBE_ERROR,
                                           EKA_SCRIBE_ERROR_NETWORK,
                                           "No route to host");
    }
  else if (request->call != EKA_CALL_GET || is_ended (self, request) ||
      self->any_get)
    script = g_queue_pop_head (&self->scripts[request->call]);
  if (script == NULL)
    {
      script = g_new0 (Script, 1);
      script->reply = answer (self, request);
    }
  if (script->reply != NULL)
    remember (self, request, script->reply);
  else if (request->call == EKA_CALL_END && self->lose_end)
    note_end (self, request);
  g_task_set_task_data (task, script, script_free);

  if (script->reply != NULL || script->error != NULL)
    {
      source = self->delay > 0 ? g_timeout_source_new (self->delay)
                               : g_idle_source_new ();
      g_source_set_callback (source, deliver, task, g_object_unref);
    }
  else
    {
      g_assert_nonnull (cancellable);
      source = g_cancellable_source_new (cancellable);
      g_source_set_callback (source, G_SOURCE_FUNC (deliver_cancelled), task,
                             g_object_unref);
    }
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_attach (source, g_task_get_context (task));
}

static EkaReply *
eka_liar_send_finish (EkaTransport *transport,
                      GAsyncResult *result,
                      GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
eka_liar_transport_init (EkaTransportInterface *iface)
{
  iface->send_async = eka_liar_send_async;
  iface->send_finish = eka_liar_send_finish;
}

/**
 * eka_liar_new:
 *
 * Returns: (transfer full): a liar that tells the truth so far
 */
EkaLiar *
eka_liar_new (void)
{
  return g_object_new (EKA_TYPE_LIAR, NULL);
}

static Script *
push (EkaLiar *self,
      EkaCall  call)
{
  Script *script = g_new0 (Script, 1);

  g_queue_push_tail (&self->scripts[call], script);
  return script;
}

/**
 * eka_liar_push:
 * @liar: a liar
 * @call: the call that it answers
 * @status: HTTP status
 * @body: the body
 *
 * Returns: (transfer none): the reply, for headers to be put on at once
 */
EkaReply *
eka_liar_push (EkaLiar     *liar,
               EkaCall      call,
               guint        status,
               const gchar *body)
{
  Script *script = push (liar, call);

  script->reply = reply_with (status, g_strdup (body));
  return script->reply;
}

/**
 * eka_liar_push_error:
 * @liar: a liar
 * @call: the call that gets no answer
 * @error: (transfer full): why
 */
void
eka_liar_push_error (EkaLiar *liar,
                     EkaCall  call,
                     GError  *error)
{
  push (liar, call)->error = error;
}

/**
 * eka_liar_push_stall:
 * @liar: a liar
 * @call: the call that gets nothing until it is cancelled
 */
void
eka_liar_push_stall (EkaLiar *liar,
                     EkaCall  call)
{
  push (liar, call);
}

/**
 * eka_liar_count:
 * @liar: a liar
 * @call: a call
 *
 * Returns: how many requests of @call came
 */
guint
eka_liar_count (EkaLiar *liar,
                EkaCall  call)
{
  guint n = 0;
  guint i;

  for (i = 0; i < liar->log->len; i++)
    n += ((EkaRequest *) g_ptr_array_index (liar->log, i))->call == call;
  return n;
}

/**
 * eka_liar_nth:
 * @liar: a liar
 * @call: a call
 * @nth: from 0
 *
 * Returns: (transfer none) (nullable): the request of @call that came as @nth
 */
EkaRequest *
eka_liar_nth (EkaLiar *liar,
              EkaCall  call,
              guint    nth)
{
  guint i;

  for (i = 0; i < liar->log->len; i++)
    {
      EkaRequest *request = g_ptr_array_index (liar->log, i);

      if (request->call == call && nth-- == 0)
        return request;
    }
  return NULL;
}
