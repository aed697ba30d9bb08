/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "find.h"
#include "outbox/spool.h"
#include "print.h"
#include "scribe/json.h"
#include "status.h"
#include "summary.h"

/* µs that the disk may take at the end. */
#define DISK_TIME G_TIME_SPAN_MINUTE

/**
 * Purge:
 * @removed: names of what was removed
 * @size: bytes of that
 * @swept: folders without audio that were removed beside
 * @status: how it went so far
 */
typedef struct
{
  Options *options;
  EkaStore *store;
  JsonArray *removed;
  guint64 size;
  guint swept;
  Status status;
} Purge;

static void
fail (Purge  *self,
      GError *error)
{
  self->status = status_join (self->status, status_tell (error, NULL));
}

/* What would be lost, for people. */
static gchar *
describe (const EkaLeftover *leftover,
          const Summary     *summary)
{
  g_autofree gchar *waiting = print_duration (summary->waiting_duration);

  if (summary->is_safe)
    return g_strdup_printf ("%s, of which the service has all", leftover->name);
  if (summary->chunks == 0)
    return g_strdup (leftover->name);
  if (summary->failed)
    return g_strdup_printf ("%s, whose session the service could not process",
                            leftover->name);
  if (summary->waiting == 0)
    return g_strdup_printf ("%s, whose session was never ended",
                            leftover->name);
  return g_strdup_printf ("%s, with %s s of audio that the service may not have",
                          leftover->name, waiting);
}

/* Returns: whether the user says so */
static gboolean
ask (const EkaLeftover *leftover,
     const Summary     *summary)
{
  g_autofree gchar *what = describe (leftover, summary);
  g_autofree gchar *clean = print_clean (what);
  char answer[16] = "";

  fprintf (stderr, "Remove %s? [y/N] ", clean);
  fflush (stderr);
  if (fgets (answer, sizeof answer, stdin) == NULL)
    return FALSE;
  return answer[0] == 'y' || answer[0] == 'Y';
}

/* Nobody uses it from here on: it is looked at again, for somebody may have,
 * since it was listed. */
static gboolean
is_still_safe (Purge       *self,
               const gchar *name)
{
  g_autoptr (EkaLeftover) leftover = eka_leftover_look (self->options->outbox,
                                                        name, NULL);
  g_autoptr (Summary) summary = NULL;

  if (leftover == NULL)
    return FALSE;
  summary = summary_new (leftover);
  return summary->is_safe;
}

/* @named: the user wants it, whatever is in it */
static void
remove_leftover (Purge             *self,
                 const EkaLeftover *leftover,
                 gboolean           named)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaSpool) spool = eka_spool_open (self->store, leftover->name,
                                               &error);

  if (spool == NULL)
    {
      /* Somebody has just begun to send it, or has removed it. */
      if (named || !(g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY) ||
                     g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
        fail (self, error);
      return;
    }
  if (!named && !is_still_safe (self, leftover->name))
    return;
  eka_spool_remove (spool);
  eka_disk_wait (eka_store_get_disk (self->store),
                 g_get_monotonic_time () + DISK_TIME);
  if (g_file_test (leftover->path, G_FILE_TEST_EXISTS))
    {
      print_problem ("%s could not be removed", leftover->name);
      self->status = status_join (self->status, STATUS_FAILED);
      return;
    }
  json_array_add_string_element (self->removed, leftover->name);
  self->size += leftover->size;
  if (!self->options->json)
    print_line ("Removed %s", leftover->name);
}

static void
purge_named (Purge     *self,
             GPtrArray *leftovers)
{
  guint i;

  for (i = 0; i < leftovers->len; i++)
    {
      const EkaLeftover *leftover = g_ptr_array_index (leftovers, i);
      g_autoptr (Summary) summary = summary_new (leftover);

      if (leftover->state == EKA_LEFTOVER_IN_USE)
        {
          print_problem ("%s is in use: %s", leftover->name,
                         leftover->reason != NULL ? leftover->reason
                                                  : "it stays");
          self->status = status_join (self->status, STATUS_FAILED);
        }
      else if (self->options->yes || ask (leftover, summary))
        remove_leftover (self, leftover, TRUE);
    }
}

static void
purge_safe (Purge     *self,
            GPtrArray *leftovers)
{
  guint i;

  for (i = 0; i < leftovers->len; i++)
    {
      const EkaLeftover *leftover = g_ptr_array_index (leftovers, i);
      g_autoptr (Summary) summary = summary_new (leftover);

      if (leftover->state == EKA_LEFTOVER_READY && summary->is_safe)
        remove_leftover (self, leftover, FALSE);
      else
        print_detail ("%s stays", leftover->name);
    }
  self->swept = eka_leftover_sweep (self->options->outbox);
}

static void
print_removed (Purge *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_array_member (object, "removed",
                                json_array_ref (self->removed));
  json_object_set_int_member (object, "bytes", self->size);
  json_object_set_int_member (object, "swept", self->swept);
  json_node_set_object (node, object);
  print_json (node);
}

/* @leftovers: (transfer none): of the names, or all */
static Status
purge (Options   *options,
       GPtrArray *leftovers)
{
  EkaDisk *disk = eka_disk_acquire ();
  Purge self = { .options = options, .removed = json_array_new () };
  g_autofree gchar *size = NULL;
  guint n;

  self.store = eka_store_new (disk, options->outbox, 0);
  if (*options->arguments != NULL)
    purge_named (&self, leftovers);
  else
    purge_safe (&self, leftovers);
  n = json_array_get_length (self.removed);
  size = print_size (self.size);
  if (options->json)
    print_removed (&self);
  else if (*options->arguments == NULL)
    print_note ("%u recording%s removed, %s; %u folder%s that a crash left", n,
                n == 1 ? "" : "s", size, self.swept, self.swept == 1 ? "" : "s");
  json_array_unref (self.removed);
  eka_store_unref (self.store);
  eka_disk_release (disk);
  return self.status;
}

/**
 * purge_run:
 * @options: the options
 *
 * `ekascribe outbox purge`.
 *
 * Returns: the exit code
 */
int
purge_run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leftovers = NULL;

  if (*options->arguments != NULL && !options->yes &&
      !isatty (STDIN_FILENO))
    {
      print_problem ("What is removed is lost: --yes says that it may be");
      return STATUS_USAGE;
    }
  leftovers = find_leftovers (options->outbox, options->arguments, &error);
  if (leftovers == NULL)
    return status_tell (error, NULL);
  return purge (options, leftovers);
}
