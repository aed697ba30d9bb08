/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "log.h"

#define START_KEY "sandbox-start"
#define FAULT_KEY "sandbox-log-fault"

static void
on_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  gint64 *start = g_new (gint64, 1);

  *start = g_get_monotonic_time ();
  g_object_set_data_full (G_OBJECT (message), START_KEY, start, g_free);
}

/* The path without its query, nothing of headers and bodies. */
static void
write_line (SoupServerMessage *message, const gchar *result)
{
  const gint64 *start = g_object_get_data (G_OBJECT (message), START_KEY);
  const gchar *fault = g_object_get_data (G_OBJECT (message), FAULT_KEY);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree gchar *time = g_date_time_format (now, "%H:%M:%S");
  GUri *uri = soup_server_message_get_uri (message);
  /* It is decoded: a line break in it would forge a line of the log. */
  g_autofree gchar *path = g_strescape (uri ? g_uri_get_path (uri) : "?", NULL);

  g_printerr ("%s.%03d %s %s %s %.1f ms%s%s\n", time,
              g_date_time_get_microsecond (now) / 1000,
              soup_server_message_get_method (message), path, result,
              start ? (gdouble)(g_get_monotonic_time () - *start) / 1000.0
                    : 0.0,
              fault ? " " : "", fault ? fault : "");
}

static void
write_status (SoupServerMessage *message, guint status)
{
  g_autofree gchar *text = g_strdup_printf ("%u", status);

  write_line (message, status ? text : "none");
}

static void
on_finished (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  write_status (message, soup_server_message_get_status (message));
}

static void
on_aborted (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  write_line (message, "aborted");
}

/**
 * sandbox_log_connect:
 * @soup: the server
 *
 * Writes a line to stderr for each request of @soup. Without this call nothing
 * is logged, whatever else is called here.
 */
void
sandbox_log_connect (SoupServer *soup)
{
  g_signal_connect (soup, "request-started", G_CALLBACK (on_started), NULL);
  g_signal_connect (soup, "request-finished", G_CALLBACK (on_finished), NULL);
  g_signal_connect (soup, "request-aborted", G_CALLBACK (on_aborted), NULL);
}

/**
 * sandbox_log_fault:
 * @message: a call
 * @fault: as it was given; it outlives @message
 *
 * Has the call's line name the fault.
 */
void
sandbox_log_fault (SoupServerMessage *message, const gchar *fault)
{
  g_object_set_data (G_OBJECT (message), FAULT_KEY, (gpointer)fault);
}

/**
 * sandbox_log_taken:
 * @message: a call whose connection was taken from the server
 * @status: that goes out; 0: no answer does
 *
 * The server tells of no end of such a call: this writes its line.
 */
void
sandbox_log_taken (SoupServerMessage *message, guint status)
{
  if (g_object_get_data (G_OBJECT (message), START_KEY) != NULL)
    write_status (message, status);
}
