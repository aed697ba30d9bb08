/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/leftover.h"

G_BEGIN_DECLS

/**
 * Summary:
 * @session_id: (nullable): on the service
 * @base_url: (nullable): API root that it was recorded for
 * @started_at: (nullable): when the first audio came, ISO 8601
 * @created: the service has said that the session is there
 * @ended: it has accepted End
 * @failed: it has said that nothing will come of the session
 * @chunks: how many there are, those made of the journal counted
 * @waiting: those that the service may not have
 * @duration: of all, in ns
 * @waiting_duration: of those that wait, in ns
 * @lost: numbers of the session whose audio was left out, or could not be read
 * @is_safe: nothing is in it that the service does not have for sure
 * @is_done: all that could be read was sent, and the rest is lost
 *
 * What a leftover is, without what tells of a patient.
 */
typedef struct
{
  gchar *session_id;
  gchar *base_url;
  gchar *started_at;
  gboolean created;
  gboolean ended;
  gboolean failed;
  guint chunks;
  guint waiting;
  guint lost;
  guint64 duration;
  guint64 waiting_duration;
  gboolean is_safe;
  gboolean is_done;
} Summary;

Summary *summary_new  (const EkaLeftover *leftover);
void     summary_free (Summary           *summary);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Summary, summary_free)

G_END_DECLS
