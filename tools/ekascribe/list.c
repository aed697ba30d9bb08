/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "commands.h"
#include "find.h"
#include "print.h"
#include "scribe/json.h"
#include "status.h"
#include "summary.h"
#include "table.h"

/* All leftovers together. */
typedef struct
{
  guint count;
  guint ready;
  guint64 duration;
  guint64 size;
} Sum;

static const gchar *
name_state (const EkaLeftover *leftover,
            const Summary     *summary)
{
  switch (leftover->state)
    {
    case EKA_LEFTOVER_READY:
      return summary->is_done ? "done" : "waiting";
    case EKA_LEFTOVER_IN_USE:
      return "in use now";
    case EKA_LEFTOVER_NEWER:
      return "newer";
    case EKA_LEFTOVER_DAMAGED:
      return "damaged";
    case EKA_LEFTOVER_UNREADABLE:
    default:
      return "unreadable";
    }
}

static void
add_row (Table             *table,
         const EkaLeftover *leftover,
         const Summary     *summary)
{
  g_autofree gchar *chunks = g_strdup_printf ("%u", summary->chunks);
  g_autofree gchar *seconds = print_duration (summary->duration);
  g_autofree gchar *size = print_size (leftover->size);

  table_add (table, leftover->name, name_state (leftover, summary),
             summary->started_at != NULL ? summary->started_at : "",
             summary->session_id != NULL ? summary->session_id : "", chunks,
             seconds, size, NULL);
}

static void
tell_reason (const EkaLeftover *leftover)
{
  g_autoptr (Summary) summary = summary_new (leftover);

  if (summary->is_done)
    print_note ("%s: %u chunk%s could not be sent and %s lost; the service has "
                "the rest", leftover->name, summary->lost,
                summary->lost == 1 ? "" : "s", summary->lost == 1 ? "is" : "are");
  if (leftover->reason == NULL)
    return;
  if (leftover->state == EKA_LEFTOVER_IN_USE)
    print_detail ("%s: %s", leftover->name, leftover->reason);
  else
    print_note ("%s: %s", leftover->name, leftover->reason);
}

static void
add_string (JsonObject  *object,
            const gchar *name,
            const gchar *value)
{
  g_autofree gchar *valid = NULL;

  if (value == NULL)
    {
      json_object_set_null_member (object, name);
      return;
    }
  valid = g_utf8_make_valid (value, -1);
  json_object_set_string_member (object, name, valid);
}

static JsonObject *
make_object (const EkaLeftover *leftover,
             const Summary     *summary)
{
  JsonObject *object = json_object_new ();

  add_string (object, "name", leftover->name);
  add_string (object, "path", leftover->path);
  add_string (object, "state", eka_leftover_state_to_string (leftover->state));
  add_string (object, "reason", leftover->reason);
  add_string (object, "started_at", summary->started_at);
  add_string (object, "session_id", summary->session_id);
  add_string (object, "base_url", summary->base_url);
  json_object_set_boolean_member (object, "created", summary->created);
  json_object_set_boolean_member (object, "ended", summary->ended);
  json_object_set_boolean_member (object, "failed", summary->failed);
  json_object_set_boolean_member (object, "safe", summary->is_safe);
  json_object_set_int_member (object, "chunks", summary->chunks);
  json_object_set_int_member (object, "chunks_waiting", summary->waiting);
  json_object_set_int_member (object, "chunks_lost", summary->lost);
  json_object_set_double_member (object, "seconds", summary->duration / 1e9);
  json_object_set_double_member (object, "seconds_waiting",
                                 summary->waiting_duration / 1e9);
  json_object_set_int_member (object, "bytes", leftover->size);
  return object;
}

static void
print_array (GPtrArray *leftovers)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonArray) array = json_array_new ();
  guint i;

  for (i = 0; i < leftovers->len; i++)
    {
      const EkaLeftover *leftover = g_ptr_array_index (leftovers, i);
      g_autoptr (Summary) summary = summary_new (leftover);

      json_array_add_object_element (array, make_object (leftover, summary));
    }
  json_node_set_array (node, array);
  print_json (node);
}

/* How the user sends them. */
static void
print_sum (const Options *options,
           const Sum     *sum)
{
  g_autofree gchar *seconds = print_duration (sum->duration);
  g_autofree gchar *size = print_size (sum->size);
  g_autofree gchar *quoted = NULL;

  if (sum->count == 0)
    {
      print_line ("Nothing is left in %s.", options->outbox);
      return;
    }
  if (options->outbox_told != NULL)
    quoted = g_shell_quote (options->outbox_told);
  print_line ("%u recording%s, %s s, %s.%s%s%s", sum->count,
              sum->count == 1 ? "" : "s", seconds, size,
              sum->ready > 0 ? " To send: ekascribe outbox send" : "",
              sum->ready > 0 && quoted != NULL ? " --outbox " : "",
              sum->ready > 0 && quoted != NULL ? quoted : "");
}

static void
print_table (const Options *options,
             GPtrArray     *leftovers)
{
  g_autoptr (Table) table = table_new (7);
  Sum sum = { .count = leftovers->len };
  guint i;

  table_add (table, "NAME", "STATE", "START (UTC)", "SESSION", "CHUNKS",
             "SECONDS", "SIZE", NULL);
  for (i = 4; i < 7; i++)
    table_right (table, i);
  for (i = 0; i < leftovers->len; i++)
    {
      const EkaLeftover *leftover = g_ptr_array_index (leftovers, i);
      g_autoptr (Summary) summary = summary_new (leftover);

      add_row (table, leftover, summary);
      sum.duration += summary->duration;
      sum.size += leftover->size;
      sum.ready += (leftover->state == EKA_LEFTOVER_READY &&
                    !summary->is_done) ||
                   leftover->state == EKA_LEFTOVER_DAMAGED;
    }
  if (leftovers->len > 0)
    table_print (table);
  print_sum (options, &sum);
  for (i = 0; i < leftovers->len; i++)
    tell_reason (g_ptr_array_index (leftovers, i));
}

/**
 * list_run:
 * @options: the options
 *
 * `ekascribe outbox list`.
 *
 * Returns: the exit code
 */
int
list_run (Options *options)
{
  gchar *all[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leftovers = find_leftovers (options->outbox, all,
                                                    &error);

  if (leftovers == NULL)
    return status_tell (error, NULL);
  if (options->json)
    print_array (leftovers);
  else
    print_table (options, leftovers);
  return STATUS_DONE;
}
