/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/outbox.h"
#include "scribe/descriptor.h"

G_BEGIN_DECLS

/**
 * EkaPlan:
 * @name: of the folder
 * @settings: what a session for it is made with
 * @descriptor: (nullable): of the session to go on with; %NULL: a new one
 * @language: (nullable): hint of the stream, ISO 639-1
 * @budget: of its outboxes
 * @outbox: (nullable): what is to be sent; %NULL: nothing
 * @warnings: (element-type GError): what is to be told first
 * @error: (nullable): why there is nothing to be sent, where that is not well
 *
 * How a leftover is to be delivered.
 */
typedef struct
{
  gchar *name;
  EkaSettings *settings;
  EkaDescriptor *descriptor;
  gchar *language;
  EkaBudget *budget;
  EkaOutbox *outbox;
  GPtrArray *warnings;
  GError *error;
} EkaPlan;

EkaPlan *eka_plan_load (EkaStore          *store,
                        const gchar       *name,
                        const EkaSettings *settings,
                        GError           **error);
void     eka_plan_free (EkaPlan           *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaPlan, eka_plan_free)

G_END_DECLS
