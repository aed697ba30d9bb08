/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/transport.h"

#include <string.h>

G_DEFINE_INTERFACE (EkaTransport, eka_transport, G_TYPE_OBJECT)

static void
eka_transport_default_init (EkaTransportInterface *iface)
{
}

/**
 * eka_call_to_string:
 * @call: a call
 *
 * Returns: its name, for people and for error details
 */
const gchar *
eka_call_to_string (EkaCall call)
{
  static const gchar *const names[] = {
    [EKA_CALL_DISCOVER] = "discovery", [EKA_CALL_CREATE] = "create",
    [EKA_CALL_UPLOAD] = "upload",      [EKA_CALL_END] = "end",
    [EKA_CALL_GET] = "get",            [EKA_CALL_PATCH] = "patch",
    [EKA_CALL_LOGIN] = "login",        [EKA_CALL_REFRESH] = "refresh",
    [EKA_CALL_STREAM] = "stream",      [EKA_CALL_TEMPLATES] = "templates",
  };

  g_return_val_if_fail ((gsize) call < G_N_ELEMENTS (names), "call");
  return names[call];
}

/**
 * eka_request_new:
 * @call: which call it is
 * @method: (transfer none): HTTP method, a static string
 * @uri: absolute URI
 *
 * Returns: (transfer full): a request without body and credential
 */
EkaRequest *
eka_request_new (EkaCall      call,
                 const gchar *method,
                 const gchar *uri)
{
  EkaRequest *request = g_new0 (EkaRequest, 1);

  request->call = call;
  request->method = method;
  request->uri = g_strdup (uri);
  return request;
}

/**
 * eka_request_set_body:
 * @request: a request
 * @content_type: its media type, sent letter by letter
 * @body: (transfer none): what is sent
 */
void
eka_request_set_body (EkaRequest  *request,
                      const gchar *content_type,
                      GBytes      *body)
{
  g_clear_pointer (&request->content_type, g_free);
  g_clear_pointer (&request->body, g_bytes_unref);
  request->content_type = g_strdup (content_type);
  request->body = g_bytes_ref (body);
}

/**
 * eka_request_set_credential:
 * @request: a request
 * @header: (transfer none) (nullable): name of the header, a static string
 * @credential: (transfer full) (nullable): its value
 *
 * Replaces and wipes the credential of before.
 */
void
eka_request_set_credential (EkaRequest  *request,
                            const gchar *header,
                            gchar       *credential)
{
  if (request->credential != NULL)
    explicit_bzero (request->credential, strlen (request->credential));
  g_free (request->credential);
  request->header = header;
  request->credential = credential;
}

/**
 * eka_request_free:
 * @request: (transfer full): a request
 */
void
eka_request_free (EkaRequest *request)
{
  eka_request_set_credential (request, NULL, NULL);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_free (request->content_type);
  g_free (request->uri);
  g_free (request);
}

/**
 * eka_reply_new:
 * @status: HTTP status
 * @body: (transfer full): the whole body
 *
 * Returns: (transfer full): a reply without headers
 */
EkaReply *
eka_reply_new (guint   status,
               GBytes *body)
{
  EkaReply *reply = g_new0 (EkaReply, 1);

  reply->status = status;
  reply->body = body;
  reply->date = -1;
  return reply;
}

/**
 * eka_reply_free:
 * @reply: (transfer full): a reply
 */
void
eka_reply_free (EkaReply *reply)
{
  g_bytes_unref (reply->body);
  g_clear_object (&reply->socket);
  g_free (reply->retry_after);
  g_free (reply->cache_control);
  g_free (reply);
}

/**
 * eka_transport_send_async:
 * @self: a transport
 * @request: (transfer none): what to send; must live until @callback
 * @cancellable: (nullable): answered at once
 * @callback: called in the thread default context, never before this returns
 * @user_data: for @callback
 */
void
eka_transport_send_async (EkaTransport        *self,
                          EkaRequest          *request,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (EKA_IS_TRANSPORT (self));
  EKA_TRANSPORT_GET_IFACE (self)->send_async (self, request, cancellable,
                                              callback, user_data);
}

/**
 * eka_transport_send_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location
 *
 * Returns: (transfer full): the answer, whatever its status, or %NULL where no
 *   whole answer came: %EKA_SCRIBE_ERROR or %G_IO_ERROR_CANCELLED
 */
EkaReply *
eka_transport_send_finish (EkaTransport *self,
                           GAsyncResult *result,
                           GError      **error)
{
  g_return_val_if_fail (EKA_IS_TRANSPORT (self), NULL);
  return EKA_TRANSPORT_GET_IFACE (self)->send_finish (self, result, error);
}
