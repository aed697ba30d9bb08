/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Posts files one after the other on one connection with nothing but libsoup:
 * what the uploads cost at least where libsoup does them. */
#include <libsoup/soup.h>

typedef struct
{
  SoupSession *session;
  GMainLoop *loop;
  const gchar *url;
  gchar **files;
  guint next;
} Poster;

static void post_next (Poster *self);

static void
post_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read_finish (
      SOUP_SESSION (source), result, &error);

  if (body == NULL)
    g_error ("%s", error->message);
  post_next (user_data);
}

static void
post_next (Poster *self)
{
  const gchar *path = self->files[self->next];
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *uri = NULL;
  gchar *data;
  gsize size;

  if (path == NULL) {
    g_main_loop_quit (self->loop);
    return;
  }
  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  body = g_bytes_new_take (data, size);
  uri = g_strdup_printf ("%s/upload/ses_soup/audio_%u.ogg", self->url,
                         self->next++);
  message = soup_message_new ("POST", uri);
  /* Else each POST opens a connection of its own. */
  soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT);
  soup_message_headers_replace (soup_message_get_request_headers (message),
                                "Authorization", "Bearer bench");
  soup_message_set_request_body_from_bytes (message, "audio/ogg;codecs=opus",
                                            body);
  soup_session_send_and_read_async (self->session, message, G_PRIORITY_DEFAULT,
                                    NULL, post_done, self);
}

int
main (int argc, char **argv)
{
  Poster self = { 0 };

  if (argc < 2) {
    g_printerr ("Usage: %s URL FILE...\n", argv[0]);
    return 2;
  }
  self.session = soup_session_new ();
  self.loop = g_main_loop_new (NULL, FALSE);
  self.url = argv[1];
  self.files = argv + 2;
  if (argc > 2) {
    post_next (&self);
    g_main_loop_run (self.loop);
  }
  g_main_loop_unref (self.loop);
  g_object_unref (self.session);
  return 0;
}
