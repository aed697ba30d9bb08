/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/socket.h"

G_BEGIN_DECLS

/**
 * EkaCall:
 *
 * The calls of the protocol, and those that bring tokens.
 */
typedef enum
{
  EKA_CALL_DISCOVER,
  EKA_CALL_CREATE,
  EKA_CALL_UPLOAD,
  EKA_CALL_END,
  EKA_CALL_GET,
  EKA_CALL_PATCH,
  EKA_CALL_LOGIN,
  EKA_CALL_REFRESH,
  EKA_CALL_STREAM,
  EKA_CALL_TEMPLATES,
} EkaCall;

const gchar *eka_call_to_string (EkaCall call);

/**
 * EkaRequest:
 * @call: which call of the protocol this is
 * @method: HTTP method, a static string
 * @uri: absolute URI
 * @content_type: (nullable): of @body, sent letter by letter
 * @body: (nullable): what is sent
 * @header: (nullable): name of the header that carries the credential, a
 *   static string
 * @credential: (nullable): its value; wiped before it is freed
 * @once: a second sending may do harm: a transport must not repeat it by itself
 *
 * One HTTP request. Owned by one thread at a time; not changed while it is
 * under way.
 */
typedef struct
{
  EkaCall call;
  const gchar *method;
  gchar *uri;
  gchar *content_type;
  GBytes *body;
  const gchar *header;
  gchar *credential;
  gboolean once;
} EkaRequest;

EkaRequest *eka_request_new            (EkaCall      call,
                                        const gchar *method,
                                        const gchar *uri);
void        eka_request_set_body       (EkaRequest  *request,
                                        const gchar *content_type,
                                        GBytes      *body);
void        eka_request_set_credential (EkaRequest  *request,
                                        const gchar *header,
                                        gchar       *credential);
void        eka_request_free           (EkaRequest  *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaRequest, eka_request_free)

/**
 * EkaReply:
 * @status: HTTP status
 * @body: the whole body, perhaps empty
 * @retry_after: (nullable): the `Retry-After` header as it came
 * @cache_control: (nullable): the `Cache-Control` header as it came
 * @date: the `Date` header in seconds since 1970, or -1
 * @age: the `Age` header in seconds, or 0
 * @round_trip: µs from the first byte sent to the last byte received
 * @socket: (nullable): the connection that %EKA_CALL_STREAM opened, with a
 *   status of 101
 * @repeated: it answers a second sending; the first one got no answer, though
 *   the service may have heard it
 *
 * One HTTP answer that arrived whole.
 */
typedef struct
{
  guint status;
  GBytes *body;
  gchar *retry_after;
  gchar *cache_control;
  gint64 date;
  gint64 age;
  gint64 round_trip;
  EkaSocket *socket;
  gboolean repeated;
} EkaReply;

EkaReply *eka_reply_new  (guint     status,
                          GBytes   *body);
void      eka_reply_free (EkaReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaReply, eka_reply_free)

/**
 * EkaTransport:
 *
 * Carries one request to the service and brings the answer. Implemented with
 * libsoup (http.h) and, in the tests, by a liar. Used from the worker thread
 * only, with its GMainContext as thread default.
 *
 * Any HTTP status is an answer. An error means that no whole answer came; it is
 * an %EKA_SCRIBE_ERROR of error.h (`NETWORK`, `TLS`, `REDIRECTED`, `TOO_LARGE`)
 * or %G_IO_ERROR_CANCELLED.
 */
#define EKA_TYPE_TRANSPORT (eka_transport_get_type ())
G_DECLARE_INTERFACE (EkaTransport, eka_transport, EKA, TRANSPORT, GObject)

struct _EkaTransportInterface
{
  GTypeInterface parent;

  void      (*send_async)  (EkaTransport        *self,
                            EkaRequest          *request,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data);
  EkaReply *(*send_finish) (EkaTransport        *self,
                            GAsyncResult        *result,
                            GError             **error);
};

void      eka_transport_send_async  (EkaTransport        *self,
                                     EkaRequest          *request,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
EkaReply *eka_transport_send_finish (EkaTransport        *self,
                                     GAsyncResult        *result,
                                     GError             **error);

G_END_DECLS
