/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "parcel.h"

#include "scribe/error.h"
#include "scribe/json.h"

/**
 * parcel_new:
 * @name: of a leftover's folder
 *
 * Returns: (transfer full): a parcel of which nothing is known yet
 */
Parcel *
parcel_new (const gchar *name)
{
  Parcel *parcel = g_new0 (Parcel, 1);

  parcel->name = g_strdup (name);
  parcel->sessions = g_ptr_array_new_with_free_func (g_free);
  return parcel;
}

/**
 * parcel_free:
 * @parcel: (transfer full): a parcel
 */
void
parcel_free (Parcel *parcel)
{
  g_free (parcel->name);
  g_ptr_array_unref (parcel->sessions);
  g_clear_error (&parcel->error);
  g_clear_pointer (&parcel->result, eka_result_unref);
  g_free (parcel);
}

static void
add_session (Parcel      *self,
             const gchar *id)
{
  if (id == NULL ||
      g_ptr_array_find_with_equal_func (self->sessions, id, g_str_equal, NULL))
    return;
  g_ptr_array_add (self->sessions, g_strdup (id));
}

/**
 * parcel_note:
 * @parcel: a parcel
 * @event: what happened to it
 */
void
parcel_note (Parcel                 *parcel,
             const EkaDeliveryEvent *event)
{
  add_session (parcel, event->session_id);
  if (event->type != EKA_DELIVERY_WARNING)
    {
      parcel->chunks_done = MAX (parcel->chunks_done, event->chunks_done);
      parcel->chunks_total = MAX (parcel->chunks_total, event->chunks_total);
      parcel->duration_done = MAX (parcel->duration_done, event->duration_done);
      parcel->duration_total = MAX (parcel->duration_total,
                                    event->duration_total);
    }
  if (event->type != EKA_DELIVERY_DONE)
    return;
  parcel->finished = TRUE;
  if (event->error != NULL)
    parcel->error = g_error_copy (event->error);
  if (event->result != NULL)
    parcel->result = eka_result_ref (event->result);
}

static void
add_error (JsonObject   *object,
           const GError *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  JsonObject *member;

  if (error == NULL)
    {
      json_object_set_null_member (object, "error");
      return;
    }
  member = json_object_new ();
  json_object_set_string_member (member, "message", error->message);
  if (info != NULL && info->code != NULL)
    json_object_set_string_member (member, "code", info->code);
  if (info != NULL && info->http_status != 0)
    json_object_set_int_member (member, "http_status", info->http_status);
  json_object_set_object_member (object, "error", member);
}

static void
add_result (JsonObject *object,
            EkaResult  *result)
{
  JsonObject *member = NULL;

  if (result != NULL)
    member = eka_json_parse_object (result->json, -1, NULL);
  if (member != NULL)
    json_object_set_object_member (object, "result", member);
  else
    json_object_set_null_member (object, "result");
}

/**
 * parcel_to_json:
 * @parcel: a parcel
 *
 * Returns: (transfer full): what `outbox send --json` prints of it
 */
JsonObject *
parcel_to_json (const Parcel *parcel)
{
  JsonObject *object = json_object_new ();
  JsonArray *sessions = json_array_new ();
  guint i;

  for (i = 0; i < parcel->sessions->len; i++)
    json_array_add_string_element (sessions,
                                   g_ptr_array_index (parcel->sessions, i));
  json_object_set_string_member (object, "name", parcel->name);
  json_object_set_boolean_member (object, "delivered",
                                  parcel->finished && parcel->error == NULL);
  json_object_set_array_member (object, "session_ids", sessions);
  json_object_set_int_member (object, "chunks", parcel->chunks_total);
  json_object_set_int_member (object, "chunks_delivered", parcel->chunks_done);
  json_object_set_double_member (object, "seconds",
                                 parcel->duration_total / 1e9);
  json_object_set_double_member (object, "seconds_delivered",
                                 parcel->duration_done / 1e9);
  add_error (object, parcel->error);
  add_result (object, parcel->result);
  return object;
}
