/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fakeservice.h"

#include <stdio.h>
#include <string.h>

#include "scribe/error.h"
#include "scribe/json.h"

static void fake_service_transport_init (EkaTransportInterface *iface);

G_DEFINE_TYPE_WITH_CODE (FakeService, fake_service, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (EKA_TYPE_TRANSPORT,
                                                fake_service_transport_init))

/* Answers in a row that are none, of a lucid service. */
#define MAX_GARBLED 2

/* A request, its session and the answer that it gets. */
typedef struct
{
  EkaRequest *request;
  FakeSession *session; /* or NULL */
  gchar *id;            /* of the session that it asks for */
  gchar *name;          /* of the file that it brings */
  FakeFault fault;
} Visit;

static void
session_free (gpointer data)
{
  FakeSession *session = data;

  g_free (session->id);
  g_free (session->request);
  g_hash_table_unref (session->files);
  g_free (session->format);
  g_free (session->doubtful);
  g_hash_table_unref (session->dropped);
  g_free (session);
}

static void
fake_service_init (FakeService *self)
{
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                          session_free);
  self->name_format = "audio_%u.%s";
}

static void
fake_service_finalize (GObject *object)
{
  FakeService *self = FAKE_SERVICE (object);

  g_hash_table_unref (self->sessions);
  g_rand_free (self->rand);
  G_OBJECT_CLASS (fake_service_parent_class)->finalize (object);
}

static void
fake_service_class_init (FakeServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_service_finalize;
}

/**
 * fake_service_new:
 * @seed: the same seed and calls give the same faults
 *
 * Returns: (transfer full): a service without a fault so far
 */
FakeService *
fake_service_new (guint32 seed)
{
  FakeService *self = g_object_new (FAKE_TYPE_SERVICE, NULL);

  self->rand = g_rand_new_with_seed (seed);
  return self;
}

/**
 * fake_service_find:
 * @self: a service
 * @id: of a session
 *
 * Returns: (transfer none) (nullable): what it keeps of it, or kept
 */
FakeSession *
fake_service_find (FakeService *self,
                   const gchar *id)
{
  return id != NULL ? g_hash_table_lookup (self->sessions, id) : NULL;
}

/* The same, unless it has lost its memory since. */
static FakeSession *
recall (FakeService *self,
        const gchar *id)
{
  FakeSession *session = fake_service_find (self, id);

  return session != NULL && !session->forgotten ? session : NULL;
}

static gboolean
chance (FakeService *self,
        gdouble      share)
{
  return g_rand_double (self->rand) < share;
}

static EkaReply *
reply_with (guint  status,
            gchar *body)
{
  return eka_reply_new (status, g_bytes_new_take (body, strlen (body)));
}

static EkaReply *
refuse (guint        status,
        const gchar *code)
{
  return reply_with (status, g_strdup_printf (
      "{\"error\":{\"code\":\"%s\",\"message\":\"no\"}}", code));
}

/* --- what it keeps ------------------------------------------------------ */

/* `,"audio_files_received":N,"audio_files":[…]` with @omit left out. */
static void
append_files (FakeService *self,
              FakeSession *session,
              FakeFault    fault,
              GString     *body)
{
  g_autoptr (GList) keys = g_hash_table_get_keys (session->files);
  guint n = g_hash_table_size (session->files);
  gint omit = fault == FAKE_FAULT_SHORT_LIST && n > 0
                  ? g_rand_int_range (self->rand, 0, n)
                  : -1;
  gint count = fault == FAKE_FAULT_WRONG_COUNT
                   ? g_rand_int_range (self->rand, 0, 20)
                   : (gint) n - (omit >= 0);
  const gchar *comma = "";
  GList *l;
  gint i;

  session->misled = session->misled || count != (gint) n;
  if (!self->no_count)
    g_string_append_printf (body, ",\"audio_files_received\":%d", count);
  if (self->no_list)
    return;
  g_string_append (body, ",\"audio_files\":[");
  for (l = keys, i = 0; l != NULL; l = l->next, i++)
    {
      if (i == omit)
        continue;
      g_string_append (body, comma);
      g_string_append_c (body, '"');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_string_append_printf (body, self->name_format,
                              GPOINTER_TO_UINT (l->data), session->format);
#pragma GCC diagnostic pop
      g_string_append_c (body, '"');
      comma = ",";
    }
  g_string_append_c (body, ']');
}

/* @status: of the session; NULL: none */
static EkaReply *
show (FakeService *self,
      Visit       *visit,
      guint        http_status,
      const gchar *status)
{
  g_autoptr (GString) body = g_string_new (NULL);
  const gchar *id = visit->fault == FAKE_FAULT_OTHER_ID ? "ses_of_someone_else"
                                                        : visit->id;

  g_string_append_printf (body, "{\"session_id\":\"%s\",\"status\":\"%s\"", id,
                          status);
  if (visit->fault != FAKE_FAULT_NO_URL)
    g_string_append_printf (body,
                            ",\"upload_url\":\"https://scribe.test/put/%s\"",
                            visit->id);
  g_string_append (body, ",\"created_at\":\"2026-06-06T14:21:07Z\","
                         "\"expires_at\":\"2026-06-06T15:21:07Z\"");
  append_files (self, visit->session, visit->fault, body);
  g_string_append_c (body, '}');
  return reply_with (http_status,
                     g_string_free (g_steal_pointer (&body), FALSE));
}

/* @id: (transfer full): of the session that @visit creates */
static FakeSession *
add_session (FakeService *self,
             Visit       *visit,
             gchar       *id)
{
  FakeSession *session = g_new0 (FakeSession, 1);

  session->id = id;
  session->files = g_hash_table_new_full (NULL, NULL, NULL,
                                          (GDestroyNotify) g_bytes_unref);
  session->dropped = g_hash_table_new (NULL, NULL);
  session->polls = g_rand_int_range (self->rand, 0, 4);
  session->request = g_strndup (
      g_bytes_get_data (visit->request->body, NULL),
      g_bytes_get_size (visit->request->body));
  g_hash_table_replace (self->sessions, session->id, session);
  return session;
}

static gboolean
wants_template (JsonObject  *body,
                const gchar *name)
{
  JsonArray *templates = eka_json_get_array (body, "templates");
  guint i;

  for (i = 0; templates != NULL && i < json_array_get_length (templates); i++)
    if (g_strcmp0 (json_array_get_string_element (templates, i), name) == 0)
      return TRUE;
  return FALSE;
}

static EkaReply *
answer_create (FakeService *self,
               Visit       *visit)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (visit->request->body,
                                                      NULL);
  g_autofree gchar *id = self->own_ids
                             ? g_strdup_printf ("txn_%u", self->n_calls)
                             : g_strdup (eka_json_get_string (body,
                                                              "session_id"));
  FakeSession *session = recall (self, id);

  if (self->no_template != NULL && wants_template (body, self->no_template))
    return refuse (400, "invalid_template");
  if (session != NULL && self->refuses_again)
    return refuse (409, "txn_already_initialized");
  if (session == NULL)
    session = add_session (self, visit, g_strdup (id));
  visit->session = session;
  visit->id = g_steal_pointer (&id);
  return show (self, visit, 201, "created");
}

/* The first bytes of a number win, and none but the same may follow. */
static void
store (FakeService *self,
       FakeSession *session,
       guint        number,
       GBytes      *bytes)
{
  g_autoptr (GBytes) kept = self->digest != NULL ? self->digest (bytes)
                                                 : g_bytes_ref (bytes);
  GBytes *first = g_hash_table_lookup (session->files,
                                       GUINT_TO_POINTER (number));

  session->doubled += first != NULL && self->appends;
  if (first != NULL)
    g_assert_true (g_bytes_equal (first, kept));
  else
    g_hash_table_insert (session->files, GUINT_TO_POINTER (number),
                         g_steal_pointer (&kept));
}

static gboolean
drops (FakeService *self,
       Visit       *visit,
       guint        number)
{
  FakeSession *session = visit->session;

  if (visit->fault != FAKE_FAULT_DROP)
    return FALSE;
  session->lied_to = TRUE;
  return g_hash_table_add (session->dropped, GUINT_TO_POINTER (number)) ||
         !self->drops_once;
}

static EkaReply *
answer_upload (FakeService *self,
               Visit       *visit)
{
  FakeSession *session = visit->session;
  GBytes *bytes = visit->request->body;
  gchar extension[8];
  guint number;

  if (sscanf (visit->name, "audio_%u.%7[a-z]", &number, extension) != 2)
    return refuse (400, "invalid_request");
  if (session->ended || session->cancelled)
    return refuse (400, "session_ended");
  if (self->max_bytes > 0 && g_bytes_get_size (bytes) > self->max_bytes)
    return refuse (413, "chunk_too_large");
  if ((self->refuses_ogg && strcmp (extension, "ogg") == 0) ||
      (session->format != NULL && strcmp (session->format, extension) != 0))
    return refuse (400, "invalid_audio_format");
  if (self->max_files > 0 && number >= self->max_files)
    return refuse (400, "session_duration_exceeded");
  if (!drops (self, visit, number))
    store (self, session, number, bytes);
  if (session->format == NULL)
    session->format = g_strdup (extension);
  return reply_with (200, g_strdup_printf (
      "{\"session_id\":\"%s\",\"success\":true,"
      "\"original_filename\":\"%s\"}",
      visit->fault == FAKE_FAULT_OTHER_ID ? "ses_of_someone_else" : visit->id,
      visit->name));
}

static EkaReply *
answer_end (FakeService *self,
            Visit       *visit)
{
  FakeSession *session = visit->session;

  if (session->cancelled)
    return refuse (400, "session_cancelled");
  if (session->ended && self->refuses_again)
    return refuse (400, "session_ended");
  if (visit->fault == FAKE_FAULT_DOUBT && !session->ended)
    {
      session->doubtful = g_strdup (chance (self, 0.5) ? "failed" : "partial");
      session->doubts = g_rand_int_range (self->rand, 1, 9);
    }
  session->ended = TRUE;
  return show (self, visit, 202, "processing");
}

static EkaReply *
answer_results (FakeService *self,
                Visit       *visit)
{
  FakeSession *session = visit->session;
  guint n = g_hash_table_size (session->files);

  return reply_with (200, g_strdup_printf (
      "{\"session_id\":\"%s\",\"status\":\"completed\","
      "\"transcript\":\"said in %s\",\"audio_files_processed\":%u}",
      visit->fault == FAKE_FAULT_OTHER_ID ? "ses_of_someone_else" : visit->id,
      visit->id, n));
}

static EkaReply *
answer_get (FakeService *self,
            Visit       *visit)
{
  FakeSession *session = visit->session;

  if (session->cancelled)
    return show (self, visit, 200, "cancelled");
  if (!session->ended)
    return show (self, visit, 202, "initialized");
  if (session->polls > 0)
    {
      session->polls--;
      return show (self, visit, 202, "processing");
    }
  if (session->doubts > 0)
    {
      session->doubts--;
      return show (self, visit,
                   strcmp (session->doubtful, "partial") == 0 ? 206 : 200,
                   session->doubtful);
    }
  return answer_results (self, visit);
}

static EkaReply *
answer_cancel (FakeService *self,
               Visit       *visit)
{
  if (visit->session->ended)
    return refuse (409, "session_ended");
  visit->session->cancelled = TRUE;
  return reply_with (200, g_strdup ("{\"status\":\"success\"}"));
}

/* The honest answer, and the work for it. */
static EkaReply *
work (FakeService *self,
      Visit       *visit)
{
  if (visit->request->call == EKA_CALL_CREATE)
    return answer_create (self, visit);
  if (visit->request->call == EKA_CALL_LOGIN ||
      visit->request->call == EKA_CALL_REFRESH)
    return reply_with (200, g_strdup (
        "{\"access_token\":\"token\",\"refresh_token\":\"again\","
        "\"expires_in\":36000}"));
  if (visit->request->call == EKA_CALL_DISCOVER && self->discovery != NULL)
    return reply_with (200, g_strdup (self->discovery));
  if (visit->session == NULL || visit->session->expired)
    return self->gone || (visit->session != NULL && chance (self, 0.5))
               ? reply_with (410, g_strdup ("{\"status\":\"expired\"}"))
               : refuse (404, "session_not_found");
  switch (visit->request->call)
    {
    case EKA_CALL_UPLOAD:
      return answer_upload (self, visit);
    case EKA_CALL_END:
      return answer_end (self, visit);
    case EKA_CALL_GET:
      return answer_get (self, visit);
    default:
      return answer_cancel (self, visit);
    }
}

/* --- what goes wrong ---------------------------------------------------- */

static FakeFault
choose_fault (FakeService *self)
{
  guint sum = 0;
  guint i, at;

  if (self->calm || !chance (self, self->rate))
    return FAKE_FAULT_NONE;
  for (i = 0; i < FAKE_N_FAULTS; i++)
    sum += self->faults[i];
  if (sum == 0)
    return FAKE_FAULT_NONE;
  self->n_faults++;
  at = g_rand_int_range (self->rand, 0, sum);
  for (i = 0; at >= self->faults[i]; i++)
    at -= self->faults[i];
  return i;
}

static EkaReply *
answer_status (FakeService *self)
{
  static const guint statuses[] = { 400, 404, 408, 409, 413, 422, 425,
                                    429, 500, 502, 503, 504 };
  EkaReply *reply = refuse (
      statuses[g_rand_int_range (self->rand, 0, G_N_ELEMENTS (statuses))],
      "accident");

  if (reply->status == 429)
    reply->retry_after = g_strdup ("7");
  return reply;
}

static EkaReply *
answer_busy (FakeService *self)
{
  static const guint statuses[] = { 429, 500, 502, 503, 504 };
  EkaReply *reply = refuse (
      statuses[g_rand_int_range (self->rand, 0, G_N_ELEMENTS (statuses))],
      "busy");

  if (reply->status == 429)
    reply->retry_after = g_strdup ("2");
  return reply;
}

static EkaReply *
answer_garbage (FakeService *self)
{
  static const gchar *const bodies[] = { "", "{\"session_id\":\"ses_",
                                         "<html><title>Login</title></html>",
                                         "[]", "{\"status\":\"ok\"}" };

  return reply_with (200, g_strdup (bodies[g_rand_int_range (
                              self->rand, 0, G_N_ELEMENTS (bodies))]));
}

/* Whether the answer to @visit would be one garbled answer too many. */
static gboolean
is_too_garbled (FakeService *self,
                Visit       *visit)
{
  FakeSession *session = visit->session;
  gboolean garbled = visit->fault == FAKE_FAULT_GARBAGE ||
                     visit->fault == FAKE_FAULT_OTHER_ID;

  if (session != NULL)
    session->garbled = garbled ? session->garbled + 1 : 0;
  return self->lucid && garbled &&
         (session == NULL || session->garbled > MAX_GARBLED);
}

static void
befall (FakeService *self,
        Visit       *visit)
{
  FakeSession *session = visit->session;
  GHashTableIter iter;
  gpointer value;

  if (visit->fault == FAKE_FAULT_FORGET)
    {
      g_hash_table_iter_init (&iter, self->sessions);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        ((FakeSession *) value)->forgotten = TRUE;
      visit->session = NULL;
    }
  if (session == NULL)
    return;
  if (visit->fault == FAKE_FAULT_END)
    session->ended = TRUE;
  if (visit->fault == FAKE_FAULT_CANCEL && !session->ended)
    session->cancelled = TRUE;
  if (visit->fault == FAKE_FAULT_EXPIRE && !session->ended)
    session->expired = TRUE;
}

/* Returns: (nullable): the answer; NULL: none comes */
static EkaReply *
answer (FakeService *self,
        Visit       *visit)
{
  g_autoptr (EkaReply) reply = NULL;

  self->n_calls++;
  self->n_of[visit->request->call]++;
  if (g_atomic_int_get (&self->down))
    return NULL;
  visit->fault = choose_fault (self);
  if (is_too_garbled (self, visit))
    visit->fault = FAKE_FAULT_RESET_AFTER;
  if (visit->fault == FAKE_FAULT_RESET_BEFORE)
    return NULL;
  if (visit->fault == FAKE_FAULT_STATUS)
    return answer_status (self);
  if (visit->fault == FAKE_FAULT_BUSY)
    return answer_busy (self);
  befall (self, visit);
  reply = work (self, visit);
  if (visit->fault == FAKE_FAULT_RESET_AFTER)
    return NULL;
  if (visit->fault == FAKE_FAULT_STATUS_AFTER)
    return refuse (chance (self, 0.5) ? 500 : 504, "accident");
  if (visit->fault == FAKE_FAULT_GARBAGE)
    return answer_garbage (self);
  return g_steal_pointer (&reply);
}

/* --- the transport ------------------------------------------------------ */

/* `…/sessions/ID`, `…/sessions/ID/end`, `…/sessions/ID/audio/NAME`,
 * `…/put/ID/NAME` */
static void
find_session (FakeService *self,
              Visit       *visit)
{
  g_auto (GStrv) parts = g_strsplit (visit->request->uri, "/", -1);
  guint n = g_strv_length (parts);
  guint i;

  for (i = 3; i + 1 < n; i++)
    if (strcmp (parts[i], "sessions") == 0 || strcmp (parts[i], "put") == 0)
      break;
  if (i + 1 >= n)
    return;
  visit->id = g_strndup (parts[i + 1], strcspn (parts[i + 1], "?"));
  visit->name = g_strdup (parts[n - 1]);
  if (!self->strict || visit->request->call != EKA_CALL_UPLOAD ||
      strcmp (parts[i], "put") == 0)
    visit->session = recall (self, visit->id);
}

static gboolean
deliver (gpointer user_data)
{
  GTask *task = user_data;
  FakeService *self = g_task_get_source_object (task);
  EkaReply *reply = g_task_get_task_data (task);

  self->pending--;
  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (reply == NULL)
    g_task_return_new_error (task, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                             "connection reset");
  else
    {
      EkaReply *copy = eka_reply_new (reply->status,
                                      g_bytes_ref (reply->body));

      copy->retry_after = g_strdup (reply->retry_after);
      g_task_return_pointer (task, copy, (GDestroyNotify) eka_reply_free);
    }
  return G_SOURCE_REMOVE;
}

static void
fake_service_send_async (EkaTransport        *transport,
                         EkaRequest          *request,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  FakeService *self = FAKE_SERVICE (transport);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSource) source = g_idle_source_new ();
  Visit visit = { .request = request };
  EkaReply *reply;

  find_session (self, &visit);
  reply = answer (self, &visit);
  g_debug ("%s %s, fault %d: %u %s", eka_call_to_string (request->call),
           request->uri, visit.fault, reply != NULL ? reply->status : 0,
           reply != NULL ? (const gchar *) g_bytes_get_data (reply->body, NULL)
                         : "no answer");
  if (reply != NULL)
    g_task_set_task_data (task, reply, (GDestroyNotify) eka_reply_free);
  g_free (visit.id);
  g_free (visit.name);
  self->pending++;
  g_source_set_callback (source, deliver, task, g_object_unref);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_attach (source, g_task_get_context (task));
}

static EkaReply *
fake_service_send_finish (EkaTransport *transport,
                          GAsyncResult *result,
                          GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
fake_service_transport_init (EkaTransportInterface *iface)
{
  iface->send_async = fake_service_send_async;
  iface->send_finish = fake_service_send_finish;
}
