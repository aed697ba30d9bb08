/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <json-glib/json-glib.h>

#include "scribe/delivery.h"

G_BEGIN_DECLS

/**
 * Parcel:
 * @name: of the leftover's folder
 * @sessions: (element-type utf8): ids that its audio went to
 * @chunks_done: how many the service has
 * @chunks_total: of how many
 * @duration_done: the same, in ns
 * @duration_total: in ns
 * @finished: the last event has come
 * @error: (nullable): why not all was delivered
 * @result: (nullable): the last one that came
 *
 * What became of one leftover.
 */
typedef struct
{
  gchar *name;
  GPtrArray *sessions;
  guint chunks_done;
  guint chunks_total;
  guint64 duration_done;
  guint64 duration_total;
  gboolean finished;
  GError *error;
  EkaResult *result;
} Parcel;

Parcel     *parcel_new       (const gchar            *name);
void        parcel_free      (Parcel                 *parcel);
void        parcel_note      (Parcel                 *parcel,
                              const EkaDeliveryEvent *event);
JsonObject *parcel_to_json   (const Parcel           *parcel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Parcel, parcel_free)

G_END_DECLS
