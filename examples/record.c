/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A recorder with buttons, on a terminal: what an application does with
 * ekascribesink. It needs nothing but GStreamer:
 *
 *   cc -o record record.c $(pkg-config --cflags --libs gstreamer-1.0)
 *   EKASCRIBE_ACCESS_TOKEN=… ./record --templates eka_emr_template
 *
 * Whatever the source is, this is all there is to it: a pipeline with the element
 * at its end, messages that are read from the bus, and four action signals.
 */
#include <gst/gst.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

static const gchar HELP[] =
    "  a, pause             take no audio for now\n"
    "  r, resume            go on\n"
    "  p, patient [FILE]    the next patient: in a session of its own. FILE holds\n"
    "                       a JSON object with the details; else you are asked\n"
    "  e, end               end this session; its results come\n"
    "  s, stop              end it all, and wait for the results (as Ctrl-C)\n";

typedef struct
{
  GMainLoop *loop;
  GstElement *pipeline;
  GstElement *scribe;
  gchar *templates;
  gboolean asking;   /* the next line names the patient */
  gboolean stopping; /* EOS is on its way */
  gint status;       /* what the program ends with */
} Recorder;

/* --- What the element says --------------------------------------------- */

static void
print_transcript (const GstStructure *structure)
{
  gboolean final = FALSE;

  gst_structure_get_boolean (structure, "final", &final);
  /* One that is not final replaces the one before. */
  g_print (final ? "\nTranscript:\n%s\n\n" : "... %s\n",
           gst_structure_get_string (structure, "text"));
}

static void
print_document (const GstStructure *structure)
{
  const gchar *data = gst_structure_get_string (structure, "data");
  const gchar *why = gst_structure_get_string (structure, "error-message");

  g_print ("Document %s (%s): %s\n\n",
           gst_structure_get_string (structure, "template-id"),
           gst_structure_get_string (structure, "status"),
           data != NULL ? data : (why != NULL ? why : "empty"));
}

/* Messages that are not known here are none of our business: later versions may
 * have more. */
static void
on_element_message (GstBus     *bus,
                    GstMessage *message,
                    gpointer    user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  const gchar *session = gst_structure_get_string (structure, "session-id");

  if (gst_structure_has_name (structure, "ekascribe-session"))
    g_print ("Session %s: %s\n", session != NULL ? session : "(none yet)",
             gst_structure_get_string (structure, "state"));
  else if (gst_structure_has_name (structure, "ekascribe-transcript"))
    print_transcript (structure);
  else if (gst_structure_has_name (structure, "ekascribe-template"))
    print_document (structure);
  else if (gst_structure_has_name (structure, "ekascribe-result"))
    g_print ("Session %s is done: %s\n", session,
             gst_structure_get_string (structure, "status"));
}

/* The text of an error says what happened; what to do depends on the program. */
static const gchar *
advise (const GError *error)
{
  if (g_error_matches (error, GST_RESOURCE_ERROR,
                       GST_RESOURCE_ERROR_NOT_AUTHORIZED))
    return "Set EKASCRIBE_ACCESS_TOKEN to a token that is valid.";
  if (g_error_matches (error, GST_RESOURCE_ERROR,
                       GST_RESOURCE_ERROR_OPEN_WRITE))
    return "Check the network and EKASCRIBE_BASE_URL, then start again.";
  if (g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return "Install the decoder that is named.";
  if (error->domain == GST_CORE_ERROR &&
      error->code == GST_CORE_ERROR_STATE_CHANGE)
    return "The command was not for now; nothing has changed.";
  return NULL;
}

static void
print_problem (const gchar        *kind,
               const GError       *error,
               const GstStructure *details)
{
  const gchar *advice = advise (error);
  const gchar *folder =
      details != NULL ? gst_structure_get_string (details, "outbox-folder") :
                        NULL;

  g_printerr ("%s: %s\n", kind, error->message);
  if (advice != NULL)
    g_printerr ("  %s\n", advice);
  if (folder != NULL)
    g_printerr ("  Nothing is lost: `ekascribe outbox send '%s'` sends it.\n",
                folder);
}

static void
on_warning (GstBus     *bus,
            GstMessage *message,
            gpointer    user_data)
{
  g_autoptr (GError) error = NULL;
  const GstStructure *details = NULL;

  gst_message_parse_warning (message, &error, NULL);
  gst_message_parse_warning_details (message, &details);
  print_problem ("Warning", error, details);
}

static void
on_error (GstBus     *bus,
          GstMessage *message,
          gpointer    user_data)
{
  Recorder *self = user_data;
  g_autoptr (GError) error = NULL;
  const GstStructure *details = NULL;

  gst_message_parse_error (message, &error, NULL);
  gst_message_parse_error_details (message, &details);
  print_problem ("Error", error, details);
  self->status = 1;
  g_main_loop_quit (self->loop);
}

/* All results were on the bus before. */
static void
on_eos (GstBus     *bus,
        GstMessage *message,
        gpointer    user_data)
{
  Recorder *self = user_data;

  g_main_loop_quit (self->loop);
}

/* --- What the user says ------------------------------------------------ */

/* EOS, and not a change of state: the last audio goes up, the session is ended,
 * and EOS comes out at the other end once the results are there. */
static void
stop (Recorder *self)
{
  if (self->stopping) {
    g_printerr ("Not waiting. What was not sent is kept on disk.\n");
    self->status = 1;
    g_main_loop_quit (self->loop);
    return;
  }
  self->stopping = TRUE;
  g_print ("Waiting for the results; once more: end without them.\n");
  gst_element_send_event (self->pipeline, gst_event_new_eos ());
}

static gboolean
on_interrupt (gpointer user_data)
{
  stop (user_data);
  return G_SOURCE_CONTINUE;
}

/* A command that can't be followed gives a warning on the bus. */
static void
command (Recorder    *self,
         const gchar *signal)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (self->scribe, signal, &done);
  g_print ("%s: %s\n", signal, done ? "yes" : "no");
}

static gchar *
quote (const gchar *text)
{
  GString *json = g_string_new ("\"");

  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (json, "\\%c", *text);
    else if ((guchar) *text < ' ')
      g_string_append_printf (json, "\\u%04x", *text);
    else
      g_string_append_c (json, *text);
  g_string_append_c (json, '"');
  return g_string_free (json, FALSE);
}

/* Nothing is inherited from the session before: what the next one needs is said
 * again. */
static void
begin_session (Recorder    *self,
               const gchar *details)
{
  g_autofree gchar *templates =
      quote (self->templates != NULL ? self->templates : "");
  g_autofree gchar *json =
      g_strdup_printf ("{\"patient-details\": %s%s%s}", details,
                       self->templates != NULL ? ", \"templates\": " : "",
                       self->templates != NULL ? templates : "");
  gboolean done = FALSE;

  g_signal_emit_by_name (self->scribe, "new-session", json, &done);
  g_print ("new-session: %s\n", done ? "yes" : "no");
}

static void
begin_session_of_file (Recorder    *self,
                       const gchar *path)
{
  g_autofree gchar *details = NULL;
  g_autoptr (GError) error = NULL;

  if (g_file_get_contents (path, &details, NULL, &error))
    begin_session (self, details);
  else
    g_printerr ("%s\n", error->message);
}

/* The answer to “Patient's id?” */
static void
begin_session_of_id (Recorder    *self,
                     const gchar *id)
{
  g_autofree gchar *quoted = quote (id);
  g_autofree gchar *details = g_strdup_printf ("{\"oid\": %s}", quoted);

  self->asking = FALSE;
  if (*id != '\0')
    begin_session (self, details);
  else
    g_print ("No next patient, then.\n");
}

static void
follow (Recorder    *self,
        const gchar *word,
        const gchar *rest)
{
  if (g_str_equal (word, "a") || g_str_equal (word, "pause")) {
    command (self, "pause");
  } else if (g_str_equal (word, "r") || g_str_equal (word, "resume")) {
    command (self, "resume");
  } else if (g_str_equal (word, "e") || g_str_equal (word, "end")) {
    command (self, "end-session");
  } else if (g_str_equal (word, "s") || g_str_equal (word, "stop")) {
    stop (self);
  } else if (!g_str_equal (word, "p") && !g_str_equal (word, "patient")) {
    g_print ("%s", HELP);
  } else if (rest != NULL) {
    begin_session_of_file (self, rest);
  } else {
    self->asking = TRUE;
    g_print ("Patient's id? ");
  }
}

static gboolean
on_line (GIOChannel  *input,
         GIOCondition condition,
         gpointer     user_data)
{
  Recorder *self = user_data;
  g_autofree gchar *line = NULL;
  g_auto (GStrv) words = NULL;

  /* Without a terminal the recording goes on: signals end it, too. */
  if (g_io_channel_read_line (input, &line, NULL, NULL, NULL) !=
      G_IO_STATUS_NORMAL)
    return G_SOURCE_REMOVE;
  g_strstrip (line);
  if (self->asking) {
    begin_session_of_id (self, line);
    return G_SOURCE_CONTINUE;
  }
  words = g_strsplit (line, " ", 2);
  if (words[0] != NULL)
    follow (self, words[0], words[1]);
  return G_SOURCE_CONTINUE;
}

/* --- The pipeline ------------------------------------------------------ */

/* @properties: NAME=VALUE; a secret has no place among them, for others see the
 * arguments of a program */
static gboolean
set_properties (GstElement *scribe,
                gchar     **properties,
                GError    **error)
{
  for (; properties != NULL && *properties != NULL; properties++) {
    g_auto (GStrv) pair = g_strsplit (*properties, "=", 2);

    if (pair[0] == NULL || pair[1] == NULL ||
        g_object_class_find_property (G_OBJECT_GET_CLASS (scribe), pair[0]) ==
            NULL) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "“%s” is no PROPERTY=VALUE of ekascribesink", *properties);
      return FALSE;
    }
    gst_util_set_object_arg (G_OBJECT (scribe), pair[0], pair[1]);
  }
  return TRUE;
}

static gboolean
build (Recorder    *self,
       const gchar *source,
       const gchar *patient,
       gchar      **properties,
       GError     **error)
{
  g_autofree gchar *description =
      g_strdup_printf ("%s ! ekascribesink name=scribe encode=opus", source);
  g_autofree gchar *details =
      patient != NULL ? g_strconcat ("@", patient, NULL) : NULL;

  /* A pipeline that lacks something is NULL, too. */
  self->pipeline =
      gst_parse_launch_full (description, NULL, GST_PARSE_FLAG_FATAL_ERRORS,
                             error);
  if (self->pipeline == NULL)
    return FALSE;
  self->scribe = gst_bin_get_by_name (GST_BIN (self->pipeline), "scribe");
  g_object_set (self->scribe, "templates", self->templates, "patient-details",
                details, NULL);
  return set_properties (self->scribe, properties, error);
}

static void
record (Recorder *self)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  GIOChannel *input = g_io_channel_unix_new (fileno (stdin));
  guint watches[3];
  GstMessage *message;
  guint i;

  /* As it comes: whether it is UTF-8 is for the element to say. */
  g_io_channel_set_encoding (input, NULL, NULL);
  gst_bus_add_signal_watch (bus);
  g_signal_connect (bus, "message::element", G_CALLBACK (on_element_message),
                    self);
  g_signal_connect (bus, "message::warning", G_CALLBACK (on_warning), self);
  g_signal_connect (bus, "message::error", G_CALLBACK (on_error), self);
  g_signal_connect (bus, "message::eos", G_CALLBACK (on_eos), self);
  watches[0] = g_unix_signal_add (SIGINT, on_interrupt, self);
  watches[1] = g_unix_signal_add (SIGTERM, on_interrupt, self);
  watches[2] = g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, self);
  g_io_channel_unref (input);

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (self->loop);

  /* By way of READY: with NULL the last messages would be flushed unread, and they
   * tell where audio is kept that was not sent. */
  gst_element_set_state (self->pipeline, GST_STATE_READY);
  while ((message = gst_bus_pop (bus)) != NULL) {
    gst_bus_async_signal_func (bus, message, NULL);
    gst_message_unref (message);
  }
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_remove_signal_watch (bus);
  for (i = 0; i < G_N_ELEMENTS (watches); i++)
    if (g_main_context_find_source_by_id (NULL, watches[i]) != NULL)
      g_source_remove (watches[i]);
}

int
main (int    argc,
      char **argv)
{
  Recorder self = { NULL };
  g_autofree gchar *source = NULL;
  g_autofree gchar *patient = NULL;
  g_auto (GStrv) properties = NULL;
  g_autoptr (GOptionContext) context =
      g_option_context_new ("[PROPERTY=VALUE...] - record, with ekascribesink");
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "source", 's', 0, G_OPTION_ARG_STRING, &source,
      "What is recorded, as for gst-launch-1.0 (default: autoaudiosrc)",
      "DESCRIPTION" },
    { "templates", 't', 0, G_OPTION_ARG_STRING, &self.templates,
      "Documents to make, of every session", "LIST" },
    { "patient", 'p', 0, G_OPTION_ARG_FILENAME, &patient,
      "JSON object with details of the first patient", "FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &properties, NULL,
      NULL },
    { NULL }
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      !build (&self, source != NULL ? source : "autoaudiosrc", patient,
              properties, &error)) {
    g_printerr ("%s\n", error->message);
    self.status = 2;
  } else {
    self.loop = g_main_loop_new (NULL, FALSE);
    g_print ("%s", HELP);
    record (&self);
    g_main_loop_unref (self.loop);
  }
  g_clear_object (&self.scribe);
  gst_clear_object (&self.pipeline);
  g_free (self.templates);
  return self.status;
}
