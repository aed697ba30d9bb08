/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rogue.h"

#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>

#define API "/voice/v1"
#define SESSION "ses_of_the_rogue_01"
#define PATIENCE G_TIME_SPAN_MINUTE

typedef enum
{
  RULE_REPLY,
  RULE_RAW,
  RULE_BREAK,
} RuleType;

/* For the requests @nth to @nth + @count - 1 of a call, from 1. */
typedef struct
{
  RogueCall call;
  guint nth;
  guint count;
  RuleType type;
  RogueFault fault;
  guint status;
  gchar *headers;
  gchar *body;
} Rule;

struct _Rogue
{
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  SoupServer *soup;
  gchar *url;

  /* Guards all below. */
  GMutex lock;
  GCond cond; /* a request has come */
  GPtrArray *rules;
  GPtrArray *requests;
  GPtrArray *connections; /* of GSocket, in order of their first request */
  GPtrArray *held;        /* of SoupServerMessage */
  gboolean ended;
  GString *stored;        /* names of acknowledged uploads */
  guint files;
  gchar *token;
};

static void
rule_free (gpointer data)
{
  Rule *rule = data;

  g_free (rule->headers);
  g_free (rule->body);
  g_free (rule);
}

static void
request_free (gpointer data)
{
  RogueRequest *request = data;

  g_free (request->method);
  g_free (request->uri);
  g_free (request->authorization);
  g_free (request->api_key);
  g_free (request->content_type);
  g_free (request->headers);
  g_bytes_unref (request->body);
  g_free (request);
}

/* --- what comes --------------------------------------------------------- */

static RogueCall
recognise (const gchar *method,
           const gchar *path)
{
  if (g_str_has_suffix (path, "/.well-known/medscribealliance"))
    return ROGUE_DISCOVER;
  if (strstr (path, "/audio/") != NULL)
    return ROGUE_UPLOAD;
  if (g_str_has_suffix (path, "/end"))
    return ROGUE_END;
  if (g_str_has_suffix (path, "/sessions") && g_str_equal (method, "POST"))
    return ROGUE_CREATE;
  if (strstr (path, "/sessions/") == NULL)
    return ROGUE_OTHER;
  if (g_str_equal (method, "PATCH"))
    return ROGUE_PATCH;
  return g_str_equal (method, "GET") ? ROGUE_GET : ROGUE_OTHER;
}

/* The number of the connection, from 1. Call with the lock held. */
static guint
find_connection (Rogue             *self,
                 SoupServerMessage *message)
{
  GSocket *socket = soup_server_message_get_socket (message);
  guint index;

  if (!g_ptr_array_find (self->connections, socket, &index))
    {
      index = self->connections->len;
      g_ptr_array_add (self->connections, g_object_ref (socket));
    }
  return index + 1;
}

static void
append_header (const char *name,
               const char *value,
               gpointer    user_data)
{
  g_string_append_printf (user_data, "%s: %s\n", name, value);
}

/* Call with the lock held. */
static RogueRequest *
note_request (Rogue             *self,
              SoupServerMessage *message)
{
  RogueRequest *request = g_new0 (RogueRequest, 1);
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  GUri *uri = soup_server_message_get_uri (message);
  GString *all = g_string_new (NULL);

  request->method = g_strdup (soup_server_message_get_method (message));
  request->call = recognise (request->method, g_uri_get_path (uri));
  request->uri = g_strconcat (g_uri_get_path (uri),
                              g_uri_get_query (uri) != NULL ? "?" : "",
                              g_uri_get_query (uri), NULL);
  request->authorization =
      g_strdup (soup_message_headers_get_one (headers, "Authorization"));
  request->api_key =
      g_strdup (soup_message_headers_get_one (headers, "X-API-Key"));
  request->content_type =
      g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  soup_message_headers_foreach (headers, append_header, all);
  request->headers = g_string_free (all, FALSE);
  request->body = soup_message_body_flatten (
      soup_server_message_get_request_body (message));
  request->connection = find_connection (self, message);
  request->time = g_get_monotonic_time ();
  g_ptr_array_add (self->requests, request);
  g_cond_broadcast (&self->cond);
  return request;
}

/* Call with the lock held. */
static guint
count_locked (Rogue    *self,
              RogueCall call)
{
  guint i, n = 0;

  for (i = 0; i < self->requests->len; i++)
    n += ((RogueRequest *) g_ptr_array_index (self->requests, i))->call == call;
  return n;
}

/* --- what goes ---------------------------------------------------------- */

static void
reply (SoupServerMessage *message,
       guint              status,
       const gchar       *headers,
       const gchar       *body)
{
  g_auto (GStrv) lines = g_strsplit (headers != NULL ? headers : "", "\n", -1);
  SoupMessageHeaders *to = soup_server_message_get_response_headers (message);
  guint i;

  soup_server_message_set_status (message, status, NULL);
  if (body != NULL)
    soup_server_message_set_response (message, "application/json",
                                      SOUP_MEMORY_COPY, body, strlen (body));
  for (i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      g_auto (GStrv) parts = g_strsplit (lines[i], ": ", 2);

      soup_message_headers_replace (to, parts[0], parts[1]);
    }
}

/* The first bytes under a name win. */
static gboolean
is_stored (Rogue       *self,
           const gchar *name)
{
  g_autofree gchar *word = g_strconcat (name, " ", NULL);

  return strstr (self->stored->str, word) != NULL;
}

static void
reply_upload (Rogue             *self,
              SoupServerMessage *message)
{
  const gchar *path =
      g_uri_get_path (soup_server_message_get_uri (message));
  g_autofree gchar *name = g_path_get_basename (path);
  g_autofree gchar *body = g_strdup_printf (
      "{\"session_id\":\"" SESSION "\",\"success\":true,"
      "\"original_filename\":\"%s\"}", name);

  g_mutex_lock (&self->lock);
  if (!is_stored (self, name))
    {
      g_string_append_printf (self->stored, "%s ", name);
      self->files++;
    }
  g_mutex_unlock (&self->lock);
  reply (message, 200, NULL, body);
}

/* Before End it lists what it has; after it, it is done at once. */
static void
reply_get (Rogue             *self,
           SoupServerMessage *message)
{
  g_auto (GStrv) names = NULL;
  g_autofree gchar *stored = NULL;
  g_autofree gchar *list = NULL;
  g_autofree gchar *body = NULL;
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->ended;
  stored = g_strchomp (g_strdup (self->stored->str));
  g_mutex_unlock (&self->lock);
  if (ended)
    {
      reply (message, 200, NULL,
             "{\"session_id\":\"" SESSION "\",\"status\":\"completed\","
             "\"transcript\":\"Heard by the rogue\",\"templates\":[]}");
      return;
    }
  names = g_strsplit (stored, " ", -1);
  list = g_strjoinv ("\",\"", names);
  body = g_strdup_printf ("{\"session_id\":\"" SESSION "\",\"status\":"
                          "\"initialized\",\"audio_files\":[%s%s%s]}",
                          *list != '\0' ? "\"" : "", list,
                          *list != '\0' ? "\"" : "");
  reply (message, 202, NULL, body);
}

static void
reply_as_usual (Rogue             *self,
                SoupServerMessage *message,
                RogueCall          call)
{
  g_autofree gchar *body = NULL;

  switch (call)
    {
    case ROGUE_DISCOVER:
      reply (message, 200, NULL,
             "{\"models\":[{\"id\":\"lite\","
             "\"max_session_duration_seconds\":3600}]}");
      break;
    case ROGUE_CREATE:
      g_mutex_lock (&self->lock);
      self->ended = FALSE;
      g_mutex_unlock (&self->lock);
      body = g_strdup_printf (
          "{\"session_id\":\"" SESSION "\",\"status\":\"created\","
          "\"upload_url\":\"%s/sessions/" SESSION "/audio\"}", self->url);
      reply (message, 201, NULL, body);
      break;
    case ROGUE_UPLOAD:
      reply_upload (self, message);
      break;
    case ROGUE_END:
      g_mutex_lock (&self->lock);
      self->ended = TRUE;
      body = g_strdup_printf ("{\"session_id\":\"" SESSION "\",\"status\":"
                              "\"processing\",\"audio_files_received\":%u}",
                              self->files);
      g_mutex_unlock (&self->lock);
      reply (message, 202, NULL, body);
      break;
    case ROGUE_GET:
      reply_get (self, message);
      break;
    case ROGUE_PATCH:
      reply (message, 200, NULL, "{\"status\":\"cancelled\"}");
      break;
    default:
      reply (message, 404, NULL, "{\"error\":{\"code\":\"not_found\"}}");
    }
}

/* With a reset, the peer sees ECONNRESET rather than the end. */
static void
drop_connection (SoupServerMessage *message,
                 gboolean           reset)
{
  g_autoptr (GSocket) socket =
      g_object_ref (soup_server_message_get_socket (message));
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  g_autoptr (GIOStream) stream = NULL;

  if (reset)
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
                sizeof linger);
  stream = soup_server_message_steal_connection (message);
  g_socket_close (socket, NULL);
}

static void
close_after (SoupServerMessage *message,
             gpointer           user_data)
{
  g_socket_shutdown (user_data, TRUE, TRUE, NULL);
}

static void
break_call (Rogue             *self,
            SoupServerMessage *message,
            RogueCall          call,
            RogueFault         fault)
{
  switch (fault)
    {
    case ROGUE_RESET:
    case ROGUE_CLOSE:
      drop_connection (message, fault == ROGUE_RESET);
      break;
    case ROGUE_CLOSE_AFTER:
      g_signal_connect_object (message, "finished", G_CALLBACK (close_after),
                               soup_server_message_get_socket (message), 0);
      reply_as_usual (self, message, call);
      break;
    case ROGUE_HANG:
      soup_server_message_pause (message);
      g_mutex_lock (&self->lock);
      g_ptr_array_add (self->held, g_object_ref (message));
      g_mutex_unlock (&self->lock);
      break;
    }
}

static void
write_raw (SoupServerMessage *message,
           const gchar       *bytes)
{
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), bytes,
                             strlen (bytes), NULL, NULL, NULL);
  g_io_stream_close (stream, NULL, NULL);
}

/* Call with the lock held. */
static Rule *
find_rule (Rogue    *self,
           RogueCall call,
           guint     number)
{
  guint i;

  for (i = 0; i < self->rules->len; i++)
    {
      Rule *rule = g_ptr_array_index (self->rules, i);

      if (rule->call == call && number >= rule->nth &&
          number - rule->nth < rule->count)
        return rule;
    }
  return NULL;
}

static void
on_request (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  Rogue *self = user_data;
  RogueRequest *request;
  gboolean authorized = TRUE;
  Rule *rule;

  g_mutex_lock (&self->lock);
  request = note_request (self, message);
  rule = find_rule (self, request->call, count_locked (self, request->call));
  if (rule != NULL && request->call == ROGUE_END && rule->status / 100 == 2)
    self->ended = TRUE;
  if (self->token != NULL && request->call != ROGUE_DISCOVER)
    authorized = request->authorization != NULL &&
                 g_str_equal (request->authorization, self->token);
  g_mutex_unlock (&self->lock);

  if (!authorized)
    reply (message, 401, NULL,
           "{\"error\":{\"code\":\"token_expired\",\"message\":\"Renew it\"}}");
  else if (rule == NULL)
    reply_as_usual (self, message, request->call);
  else if (rule->type == RULE_REPLY)
    reply (message, rule->status, rule->headers, rule->body);
  else if (rule->type == RULE_RAW)
    write_raw (message, rule->body);
  else
    break_call (self, message, request->call, rule->fault);
}

/* --- the thread --------------------------------------------------------- */

static gpointer
serve (gpointer data)
{
  Rogue *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/**
 * rogue_new:
 *
 * Returns: (transfer full): a service that serves
 */
Rogue *
rogue_new (void)
{
  Rogue *self = g_new0 (Rogue, 1);
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSList) listeners = NULL;

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->rules = g_ptr_array_new_with_free_func (rule_free);
  self->requests = g_ptr_array_new_with_free_func (request_free);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  self->stored = g_string_new (NULL);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);

  g_main_context_push_thread_default (self->context);
  self->soup = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_listen (self->soup, address, 0, &error);
  g_assert_no_error (error);
  g_main_context_pop_thread_default (self->context);

  listeners = soup_server_get_listeners (self->soup);
  bound = g_socket_get_local_address (listeners->data, NULL);
  self->url = g_strdup_printf (
      "http://127.0.0.1:%u" API,
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  self->thread = g_thread_new ("rogue", serve, self);
  return self;
}

static gboolean
stop (gpointer data)
{
  Rogue *self = data;

  soup_server_disconnect (self->soup);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/**
 * rogue_free:
 * @rogue: (transfer full): a service; its connections are closed
 */
void
rogue_free (Rogue *rogue)
{
  rogue_release (rogue);
  g_main_context_invoke (rogue->context, stop, rogue);
  g_thread_join (rogue->thread);
  while (g_main_context_iteration (rogue->context, FALSE))
    continue;
  g_object_unref (rogue->soup);
  g_main_loop_unref (rogue->loop);
  g_main_context_unref (rogue->context);
  g_ptr_array_unref (rogue->held);
  g_ptr_array_unref (rogue->rules);
  g_ptr_array_unref (rogue->requests);
  g_ptr_array_unref (rogue->connections);
  g_string_free (rogue->stored, TRUE);
  g_mutex_clear (&rogue->lock);
  g_cond_clear (&rogue->cond);
  g_free (rogue->token);
  g_free (rogue->url);
  g_free (rogue);
}

/**
 * rogue_url:
 * @rogue: a service
 *
 * Returns: its API root
 */
const gchar *
rogue_url (Rogue *rogue)
{
  return rogue->url;
}

/* --- rules -------------------------------------------------------------- */

static Rule *
add_rule (Rogue    *self,
          RogueCall call,
          guint     nth,
          guint     count,
          RuleType  type)
{
  Rule *rule = g_new0 (Rule, 1);

  rule->call = call;
  rule->nth = nth;
  rule->count = count > 0 ? count : G_MAXUINT;
  rule->type = type;
  return rule;
}

static void
keep_rule (Rogue *self,
           Rule  *rule)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->rules, rule);
  g_mutex_unlock (&self->lock);
}

/**
 * rogue_reply:
 * @rogue: a service
 * @call: which call
 * @nth: the first request of @call that gets this answer, from 1
 * @count: how many do; 0: all that follow
 * @status: HTTP status
 * @headers: (nullable): lines such as `Retry-After: 1`
 * @body: (nullable): JSON, where no header says otherwise
 *
 * Of several rules that fit the first one holds.
 */
void
rogue_reply (Rogue       *rogue,
             RogueCall    call,
             guint        nth,
             guint        count,
             guint        status,
             const gchar *headers,
             const gchar *body)
{
  Rule *rule = add_rule (rogue, call, nth, count, RULE_REPLY);

  rule->status = status;
  rule->headers = g_strdup (headers);
  rule->body = g_strdup (body);
  keep_rule (rogue, rule);
}

/**
 * rogue_raw:
 * @rogue: a service
 * @call: which call
 * @nth: as with rogue_reply()
 * @count: as with rogue_reply()
 * @bytes: what goes out, before the connection is closed
 */
void
rogue_raw (Rogue       *rogue,
           RogueCall    call,
           guint        nth,
           guint        count,
           const gchar *bytes)
{
  Rule *rule = add_rule (rogue, call, nth, count, RULE_RAW);

  rule->body = g_strdup (bytes);
  keep_rule (rogue, rule);
}

/**
 * rogue_break:
 * @rogue: a service
 * @call: which call
 * @nth: as with rogue_reply()
 * @count: as with rogue_reply()
 * @fault: what goes wrong
 */
void
rogue_break (Rogue     *rogue,
             RogueCall  call,
             guint      nth,
             guint      count,
             RogueFault fault)
{
  Rule *rule = add_rule (rogue, call, nth, count, RULE_BREAK);

  rule->fault = fault;
  keep_rule (rogue, rule);
}

/**
 * rogue_set_token:
 * @rogue: a service
 * @token: the only one that is good from now on; others get 401
 */
void
rogue_set_token (Rogue       *rogue,
                 const gchar *token)
{
  g_mutex_lock (&rogue->lock);
  g_free (rogue->token);
  rogue->token = g_strconcat ("Bearer ", token, NULL);
  g_mutex_unlock (&rogue->lock);
}

static gboolean
release (gpointer data)
{
  Rogue *self = data;
  g_autoptr (GPtrArray) held = NULL;
  guint i;

  g_mutex_lock (&self->lock);
  held = self->held;
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_set_size (self->rules, 0);
  g_mutex_unlock (&self->lock);
  for (i = 0; i < held->len; i++)
    {
      SoupServerMessage *message = g_ptr_array_index (held, i);
      const gchar *path =
          g_uri_get_path (soup_server_message_get_uri (message));

      reply_as_usual (self, message,
                      recognise (soup_server_message_get_method (message),
                                 path));
      soup_server_message_unpause (message);
    }
  return G_SOURCE_REMOVE;
}

/**
 * rogue_release:
 * @rogue: a service
 *
 * Drops all rules and answers what hangs, as usual.
 */
void
rogue_release (Rogue *rogue)
{
  g_main_context_invoke (rogue->context, release, rogue);
}

/* --- the log ------------------------------------------------------------ */

/**
 * rogue_wait:
 * @rogue: a service
 * @call: which call
 * @n: how many requests of it are waited for
 */
void
rogue_wait (Rogue    *rogue,
            RogueCall call,
            guint     n)
{
  gint64 end_time = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&rogue->lock);
  while (count_locked (rogue, call) < n)
    if (!g_cond_wait_until (&rogue->cond, &rogue->lock, end_time))
      g_error ("request %u of call %d does not come", n, call);
  g_mutex_unlock (&rogue->lock);
}

/**
 * rogue_count:
 * @rogue: a service
 * @call: which call, or %ROGUE_N_CALLS: any
 *
 * Returns: how many requests came
 */
guint
rogue_count (Rogue    *rogue,
             RogueCall call)
{
  guint n;

  g_mutex_lock (&rogue->lock);
  n = call == ROGUE_N_CALLS ? rogue->requests->len : count_locked (rogue, call);
  g_mutex_unlock (&rogue->lock);
  return n;
}

/**
 * rogue_connections:
 * @rogue: a service
 *
 * Returns: how many connections brought a request so far
 */
guint
rogue_connections (Rogue *rogue)
{
  guint n;

  g_mutex_lock (&rogue->lock);
  n = rogue->connections->len;
  g_mutex_unlock (&rogue->lock);
  return n;
}

/**
 * rogue_get:
 * @rogue: a service
 * @call: which call
 * @nth: which request of it, from 1
 *
 * Returns: (transfer none): the request, which came already
 */
const RogueRequest *
rogue_get (Rogue    *rogue,
           RogueCall call,
           guint     nth)
{
  RogueRequest *request = NULL;
  guint i, n = 0;

  g_mutex_lock (&rogue->lock);
  for (i = 0; i < rogue->requests->len && n < nth; i++)
    {
      request = g_ptr_array_index (rogue->requests, i);
      n += request->call == call;
    }
  g_mutex_unlock (&rogue->lock);
  g_assert_cmpuint (n, ==, nth);
  return request;
}

/**
 * rogue_stored:
 * @rogue: a service
 *
 * Returns: (transfer full): the names of the uploads that it acknowledged, each
 *   with a blank behind it
 */
gchar *
rogue_stored (Rogue *rogue)
{
  gchar *stored;

  g_mutex_lock (&rogue->lock);
  stored = g_strdup (rogue->stored->str);
  g_mutex_unlock (&rogue->lock);
  return stored;
}
