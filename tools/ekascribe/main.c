/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "print.h"
#include "status.h"

static const Command commands[] = {
  { "outbox", "list", NULL, "Lists what interrupted recordings have left.", NULL,
    OPTIONS_OUTBOX | OPTIONS_JSON, 0, 0, list_run },
  { "outbox", "send", "[NAME|SESSION…]",
    "Sends what interrupted recordings have left, and ends their sessions.",
    "Without names: all that nobody is using.",
    OPTIONS_OUTBOX | OPTIONS_SERVICE | OPTIONS_WAIT | OPTIONS_JSON |
        OPTIONS_SESSION,
    0, G_MAXUINT, send_run },
  { "outbox", "export", "NAME|SESSION",
    "Makes a file to play of what a recording has left.",
    "Without --output the file gets the name of the recording, in the current "
    "folder.",
    OPTIONS_OUTBOX | OPTIONS_OUTPUT, 1, 1, export_run },
  { "outbox", "purge", "[NAME|SESSION…]",
    "Removes what is named. It is lost then.",
    "Without names: what is of no use any more, for the service has it or "
    "there is no audio in it.",
    OPTIONS_OUTBOX | OPTIONS_YES | OPTIONS_JSON, 0, G_MAXUINT, purge_run },
  { NULL, "get", "SESSION", "Gets transcript and documents of a session.", NULL,
    OPTIONS_SERVICE | OPTIONS_RESULT | OPTIONS_WAIT | OPTIONS_OUTPUT |
        OPTIONS_JSON,
    1, 1, get_run },
  { NULL, "discover", NULL, "Tells what the service can do.", NULL,
    OPTIONS_SERVICE | OPTIONS_JSON, 0, 0, discover_run },
  { NULL, "templates", NULL, "Lists the templates of the service.", NULL,
    OPTIONS_SERVICE | OPTIONS_JSON, 0, 0, templates_run },
};

static void
print_help (FILE *stream)
{
  guint i;

  fprintf (stream, "Usage:\n  ekascribe COMMAND [OPTION…]\n\n"
                   "What recordings with ekascribesink have left, and what the "
                   "service made of them.\n\nCommands:\n");
  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree gchar *name = g_strjoin (
          " ", commands[i].group != NULL ? commands[i].group : commands[i].name,
          commands[i].group != NULL ? commands[i].name : NULL, NULL);

      fprintf (stream, "  %-14s %s\n", name, commands[i].summary);
    }
  fprintf (stream,
           "\nThe token is taken from the variable EKASCRIBE_ACCESS_TOKEN, or "
           "from the file of\n--access-token-file. “ekascribe COMMAND --help” "
           "lists the options of a command,\nekascribe(1) explains all.\n");
}

static int
refuse (const gchar *what)
{
  print_problem ("%s", what);
  print_problem ("“ekascribe --help” lists the commands.");
  return STATUS_USAGE;
}

/* @words: (out): how many of the arguments name it */
static const Command *
find_command (gchar **arguments,
              guint  *words)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const Command *command = &commands[i];

      *words = command->group != NULL ? 2 : 1;
      if (g_strcmp0 (arguments[0], command->group != NULL ? command->group
                                                          : command->name) == 0 &&
          (command->group == NULL ||
           g_strcmp0 (arguments[1], command->name) == 0))
        return command;
    }
  return NULL;
}

static int
run (const Command *command,
     gchar        **arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = options_parse (command, arguments, &error);

  if (options == NULL)
    {
      print_problem ("%s", error->message);
      print_problem ("“%s --help” lists the options.", g_get_prgname ());
      return STATUS_USAGE;
    }
  print_set_verbosity (options->quiet, options->verbose);
  return command->run (options);
}

/* What could not be printed was not done.
 *
 * Returns: the exit code, @code if all is well */
static int
check_stdout (int code)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return code;
  print_problem ("Could not write to standard output");
  return code == STATUS_DONE ? STATUS_FAILED : code;
}

static int
run_arguments (gchar **arguments)
{
  static const gchar *const helps[] = { "--help", "-h", "-?", "help", NULL };
  gboolean group = g_strcmp0 (arguments[0], "outbox") == 0;
  const gchar *word = group ? arguments[1] : arguments[0];
  const Command *command;
  guint words;

  if (word == NULL)
    return refuse (group ? "Do what with the outbox? list, send, export or purge"
                         : "A command is missing.");
  if (g_strv_contains (helps, word))
    {
      print_help (stdout);
      return STATUS_DONE;
    }
  if (g_str_equal (word, "--version"))
    {
      print_line ("ekascribe %s", VERSION);
      return STATUS_DONE;
    }
  command = find_command (arguments, &words);
  if (command == NULL)
    {
      g_autofree gchar *what = g_strdup_printf ("“%s” is not a command.", word);

      return refuse (what);
    }
  return run (command, arguments + words);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) arguments = NULL;

  setlocale (LC_ALL, "");
  arguments = g_strdupv (argv);
  return check_stdout (run_arguments (arguments + MIN (argc, 1)));
}
