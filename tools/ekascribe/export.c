/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "chunk/join.h"
#include "commands.h"
#include "find.h"
#include "output.h"
#include "print.h"
#include "status.h"

/* A file that is made. */
typedef struct
{
  GBytes *bytes;
  const gchar *extension;
} Part;

/**
 * Export:
 * @join: (nullable): what the chunks go into
 * @parts: (element-type Part): what is full
 * @status: whether all that is there could be taken
 */
typedef struct
{
  EkaJoin *join;
  GPtrArray *parts;
  Status status;
} Export;

static void
part_free (gpointer data)
{
  Part *part = data;

  g_bytes_unref (part->bytes);
  g_free (part);
}

/* Chunks of another codec do not fit into the same file. */
static void
finish_part (Export *self)
{
  g_autoptr (EkaJoin) join = g_steal_pointer (&self->join);
  g_autoptr (GError) error = NULL;
  const gchar *extension = NULL;
  GBytes *bytes;
  Part *part;

  if (join == NULL)
    return;
  bytes = eka_join_finish (join, &extension, &error);
  /* Nothing that was added to it could be read, which was told. */
  if (bytes == NULL)
    return;
  part = g_new0 (Part, 1);
  part->bytes = bytes;
  part->extension = extension;
  g_ptr_array_add (self->parts, part);
}

static void
add_chunk (Export   *self,
           EkaChunk *chunk)
{
  g_autoptr (GError) error = NULL;

  if (self->join == NULL)
    self->join = eka_join_new ();
  if (eka_join_add (self->join, chunk, &error))
    return;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      finish_part (self);
      g_clear_error (&error);
      self->join = eka_join_new ();
      if (eka_join_add (self->join, chunk, &error))
        return;
      g_clear_pointer (&self->join, eka_join_free);
    }
  self->status = status_join (self->status, status_tell (error, "Left out"));
}

static void
add_entry (Export            *self,
           const EkaLeftover *leftover,
           guint              i)
{
  const EkaIndexEntry *entry = g_ptr_array_index (leftover->index->entries, i);
  g_autofree gchar *seconds = print_duration (entry->chunk->duration);
  g_autoptr (EkaChunk) chunk = NULL;
  g_autoptr (GError) error = NULL;

  if (entry->file == NULL)
    {
      print_note ("Chunk %u (%s s) is not on disk: the service has it.", i,
                  seconds);
      return;
    }
  chunk = eka_leftover_read (leftover, i, &error);
  if (chunk != NULL)
    {
      add_chunk (self, chunk);
      return;
    }
  print_problem ("Chunk %u (%s s) is left out: %s", i, seconds, error->message);
  self->status = status_join (self->status, STATUS_FAILED);
}

static void
add_journal (Export *self,
             GBytes *journal)
{
  EkaJournalDamage damage = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) chunks = NULL;
  guint i;

  if (journal == NULL)
    return;
  chunks = eka_journal_rebuild (journal, &damage, &error);
  if (chunks == NULL)
    {
      print_problem ("The last seconds are left out: %s", error->message);
      self->status = status_join (self->status, STATUS_FAILED);
      return;
    }
  if (damage.packets > 0 || damage.bytes > 0)
    {
      print_problem ("Of the last seconds, %u packets are damaged or missing",
                     damage.packets);
      self->status = status_join (self->status, STATUS_FAILED);
    }
  for (i = 0; i < chunks->len; i++)
    add_chunk (self, g_ptr_array_index (chunks, i));
}

static void
collect (Export            *self,
         const EkaLeftover *leftover)
{
  guint i;

  for (i = 0; leftover->index != NULL && i < leftover->index->entries->len; i++)
    add_entry (self, leftover, i);
  add_journal (self, leftover->journal);
  finish_part (self);
}

/* NAME.ext; of several NAME-1.ext and so on, before the extension where the user
 * gave one. */
static gchar *
make_filename (const gchar *output,
               const gchar *name,
               const gchar *extension,
               guint        number)
{
  g_autofree gchar *suffix = number > 0 ? g_strdup_printf ("-%u", number)
                                        : g_strdup ("");
  g_autofree gchar *base = NULL;
  const gchar *dot;

  if (output == NULL)
    return g_strconcat (name, suffix, ".", extension, NULL);
  base = g_path_get_basename (output);
  dot = strrchr (base, '.');
  if (number == 0 || dot == NULL || dot == base)
    return g_strconcat (output, suffix, NULL);
  dot = output + strlen (output) - strlen (dot);
  return g_strdup_printf ("%.*s%s%s", (int) (dot - output), output, suffix, dot);
}

static Status
write_part (const Options *options,
            const gchar   *name,
            const Part    *part,
            guint          number)
{
  g_autofree gchar *filename = make_filename (options->output, name,
                                              part->extension, number);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *size = print_size (g_bytes_get_size (part->bytes));

  if (!output_write (filename, options->force, part->bytes, &error))
    return status_tell (error, NULL);
  if (!g_str_equal (filename, "-"))
    print_note ("%s: %s", filename, size);
  return STATUS_DONE;
}

static Status
write_parts (const Options *options,
             const gchar   *name,
             GPtrArray     *parts)
{
  Status status = STATUS_DONE;
  guint i;

  if (parts->len == 0)
    {
      print_problem ("There is no audio in %s", name);
      return STATUS_FAILED;
    }
  if (parts->len > 1 && g_strcmp0 (options->output, "-") == 0)
    {
      print_problem ("The codec changes in %s, which makes %u files: they need "
                     "names", name, parts->len);
      return STATUS_FAILED;
    }
  for (i = 0; i < parts->len; i++)
    status = status_join (status,
                          write_part (options, name, g_ptr_array_index (parts, i),
                                      parts->len > 1 ? i + 1 : 0));
  return status;
}

/**
 * export_run:
 * @options: the options
 *
 * `ekascribe outbox export`. Takes no lock, and changes nothing in the outbox.
 *
 * Returns: the exit code
 */
int
export_run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leftovers = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  Export self = { 0 };
  Status status;

  leftovers = find_leftovers (options->outbox, options->arguments, &error);
  if (leftovers == NULL)
    return status_tell (error, NULL);
  if (leftovers->len > 1)
    {
      print_problem ("%u recordings belong to %s: name one of them",
                     leftovers->len, options->arguments[0]);
      return STATUS_USAGE;
    }
  /* A list does not have all journals, and takes its time. */
  leftover = eka_leftover_look (
      options->outbox,
      ((EkaLeftover *) g_ptr_array_index (leftovers, 0))->name, &error);
  if (leftover == NULL)
    return status_tell (error, NULL);
  if (leftover->reason != NULL && leftover->state != EKA_LEFTOVER_IN_USE)
    print_note ("%s: %s", leftover->name, leftover->reason);
  self.parts = g_ptr_array_new_with_free_func (part_free);
  collect (&self, leftover);
  status = status_join (self.status,
                        write_parts (options, leftover->name, self.parts));
  g_ptr_array_unref (self.parts);
  return status;
}
