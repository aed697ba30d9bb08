/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "liarsocket.h"

#include "scribe/envelope.h"

G_DEFINE_FINAL_TYPE (EkaLiarSocket, eka_liar_socket, EKA_TYPE_SOCKET)

static gboolean
eka_liar_socket_is_ready (EkaSocket *socket)
{
  EkaLiarSocket *self = EKA_LIAR_SOCKET (socket);

  return !self->deaf && (!self->held || self->sent < self->allowed);
}

static gboolean
leave (gpointer user_data)
{
  if (eka_liar_socket_is_ready (user_data))
    eka_socket_tell_ready (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
close_normally (gpointer user_data)
{
  eka_socket_tell_closed (user_data, 1000, NULL);
  return G_SOURCE_REMOVE;
}

static void
later (EkaLiarSocket *self,
       GSourceFunc    func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, g_object_ref (self), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
eka_liar_socket_await (EkaSocket *socket)
{
  later (EKA_LIAR_SOCKET (socket), leave);
}

static gboolean
eka_liar_socket_send (EkaSocket   *socket,
                      const gchar *text,
                      GBytes      *binary)
{
  EkaLiarSocket *self = EKA_LIAR_SOCKET (socket);
  gsize size;
  const guint8 *data;

  if (self->deaf)
    return FALSE;
  g_assert_false (self->stopped);
  self->sent++;
  if (text == NULL)
    {
      data = g_bytes_get_data (binary, &size);
      g_byte_array_append (self->pcm, data, (guint) size);
      return TRUE;
    }
  g_ptr_array_add (self->texts, g_strdup (text));
  self->stopped = g_str_equal (text, EKA_ENVELOPE_STOP);
  if (self->stopped && !self->no_close)
    later (self, close_normally);
  return TRUE;
}

static void
eka_liar_socket_close (EkaSocket *socket)
{
  EkaLiarSocket *self = EKA_LIAR_SOCKET (socket);

  self->goodbyes++;
  if (!self->rude)
    later (self, close_normally);
}

static void
eka_liar_socket_set_ping_interval (EkaSocket *socket,
                                   guint      seconds)
{
  EKA_LIAR_SOCKET (socket)->ping_interval = seconds;
}

static void
eka_liar_socket_finalize (GObject *object)
{
  EkaLiarSocket *self = EKA_LIAR_SOCKET (object);

  g_byte_array_unref (self->pcm);
  g_ptr_array_unref (self->texts);
  G_OBJECT_CLASS (eka_liar_socket_parent_class)->finalize (object);
}

static void
eka_liar_socket_class_init (EkaLiarSocketClass *klass)
{
  EkaSocketClass *socket_class = EKA_SOCKET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = eka_liar_socket_finalize;
  socket_class->is_ready = eka_liar_socket_is_ready;
  socket_class->await = eka_liar_socket_await;
  socket_class->send = eka_liar_socket_send;
  socket_class->set_ping_interval = eka_liar_socket_set_ping_interval;
  socket_class->close = eka_liar_socket_close;
}

static void
eka_liar_socket_init (EkaLiarSocket *self)
{
  self->allowed = 1;
  self->pcm = g_byte_array_new ();
  self->texts = g_ptr_array_new_with_free_func (g_free);
}

EkaLiarSocket *
eka_liar_socket_new (void)
{
  return g_object_new (EKA_TYPE_LIAR_SOCKET, NULL);
}
