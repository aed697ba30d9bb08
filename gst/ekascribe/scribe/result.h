/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaDocument:
 * @template_id: the template that made it
 * @status: as the service says it, such as `success` or `failed`
 * @document_id: (nullable)
 * @document_type: (nullable)
 * @data: (nullable): JSON text of whatever `data` holds; %NULL: null or absent
 * @publish: (nullable): JSON text
 * @presigned_url: (nullable)
 * @error_code: (nullable)
 * @error_message: (nullable)
 *
 * One entry of `templates`. All strings belong to the result.
 */
typedef struct
{
  gchar *template_id;
  gchar *status;
  gchar *document_id;
  gchar *document_type;
  gchar *data;
  gchar *publish;
  gchar *presigned_url;
  gchar *error_code;
  gchar *error_message;
} EkaDocument;

/**
 * EkaResult:
 * @session_id: the session
 * @status: as the service says it: `processing`, `completed`, `partial`,
 *   `failed`, `expired` …
 * @upload_url: (nullable): a credential where it is `wss`; never shown
 * @transcript: (nullable)
 * @model_used: (nullable)
 * @language_detected: (nullable)
 * @created_at: (nullable): ISO 8601
 * @expires_at: (nullable): ISO 8601
 * @completed_at: (nullable): ISO 8601
 * @message: (nullable): a sentence of the service's
 * @audio_files: (nullable): names of the files that the service holds
 * @audio_files_received: count, of the list where no number is told, or -1: not
 *   told
 * @audio_files_processed: count, or -1: not told
 * @processing_errors: (nullable): JSON text of the list
 * @error_code: (nullable): of an `error` object, where one is there
 * @error_message: (nullable)
 * @documents: (element-type EkaDocument): in the order of the answer
 * @json: the whole answer as JSON text, without `upload_url`
 *
 * An answer to Get Session. Immutable and reference counted; the count is
 * atomic.
 */
typedef struct
{
  gchar *session_id;
  gchar *status;
  gchar *upload_url;
  gchar *transcript;
  gchar *model_used;
  gchar *language_detected;
  gchar *created_at;
  gchar *expires_at;
  gchar *completed_at;
  gchar *message;
  gchar **audio_files;
  gint audio_files_received;
  gint audio_files_processed;
  gchar *processing_errors;
  gchar *error_code;
  gchar *error_message;
  GPtrArray *documents;
  gchar *json;
} EkaResult;

/**
 * EkaVerdict:
 * @EKA_VERDICT_BUSY: not final
 * @EKA_VERDICT_COMPLETED: all is there
 * @EKA_VERDICT_PARTIAL: some of it could not be processed
 * @EKA_VERDICT_FAILED: nothing will come of it
 * @EKA_VERDICT_EXPIRED: the session is gone
 * What an answer to Get Session means.
 */
typedef enum
{
  EKA_VERDICT_BUSY,
  EKA_VERDICT_COMPLETED,
  EKA_VERDICT_PARTIAL,
  EKA_VERDICT_FAILED,
  EKA_VERDICT_EXPIRED,
} EkaVerdict;

EkaResult *eka_result_new_from_json (GBytes     *json,
                                     GError    **error);
EkaResult *eka_result_ref           (EkaResult  *result);
void       eka_result_unref         (EkaResult  *result);
EkaVerdict eka_result_judge         (EkaResult  *result,
                                     guint       http_status);
gboolean   eka_result_is_known      (EkaResult  *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaResult, eka_result_unref)

G_END_DECLS
