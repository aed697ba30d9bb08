/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/error.h"
#include "scribe/http.h"

#include <libsoup/soup.h>

#define RIG_WAIT (60 * G_TIME_SPAN_SECOND)

/* A raw connection of the server's, served by a thread of its own with blocking
 * calls; @nth counts connections from 0.
 */
typedef struct _Rig Rig;
typedef void (*RigServeFunc) (Rig        *rig,
                              GIOStream  *stream,
                              GSocket    *socket,
                              guint       nth,
                              gpointer    user_data);

/* A server in a thread of its own, with the client's worker beside it. @lock
 * and @cond are for whatever the handlers tell the test.
 */
struct _Rig
{
  GMutex lock;
  GCond cond;
  EkaWorker *worker;
  EkaTransport *http;
  SoupServer *server;
  GSocketService *service;
  RigServeFunc serve;
  gpointer serve_data;
  GPtrArray *sockets;
  guint n_connections;
  guint n_served;
  guint n_requests;
  guint16 port;
  gchar *base;
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
};

/* A call under way; the fields are valid after rig_wait(). */
typedef struct
{
  Rig *rig;
  EkaTransport *http;
  EkaRequest *request;
  GCancellable *cancellable;
  EkaReply *reply;
  GError *error;
  gboolean done;
} RigCall;

Rig     *rig_new_soup (SoupServerCallback handler,
                       gpointer           user_data,
                       GTlsCertificate   *certificate);
Rig     *rig_new_raw  (RigServeFunc       serve,
                       gpointer           user_data);
void     rig_set_http (Rig                  *rig,
                       const EkaHttpOptions *options);
void     rig_free     (Rig               *rig);

gchar   *rig_read_request (Rig           *rig,
                           GIOStream     *stream,
                           GBytes       **body);
void     rig_write        (GIOStream     *stream,
                           const gchar   *text);
void     rig_wait_count   (Rig           *rig,
                           guint         *counter,
                           guint          value);
guint    rig_count        (Rig           *rig,
                           guint         *counter);
void     rig_add          (Rig           *rig,
                           guint         *counter);

EkaRequest *rig_request (Rig            *rig,
                         const gchar    *method,
                         const gchar    *path,
                         const gchar    *body);
RigCall *rig_start  (Rig            *rig,
                     EkaRequest     *request);
RigCall *rig_start_full (Rig        *rig,
                         EkaRequest *request,
                         GCancellable *cancellable);
RigCall *rig_wait   (RigCall        *call);
RigCall *rig_call   (Rig            *rig,
                     const gchar    *method,
                     const gchar    *path,
                     const gchar    *body);
void     rig_call_free (RigCall     *call);

void     rig_assert_body  (RigCall      *call,
                           guint         status,
                           const gchar  *body);
void     rig_assert_error (RigCall      *call,
                           GQuark        domain,
                           gint          code,
                           const gchar  *pattern);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RigCall, rig_call_free)
