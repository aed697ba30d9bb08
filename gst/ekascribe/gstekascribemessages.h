/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/session.h"

G_BEGIN_DECLS

void gst_ekascribe_post_error      (GstElement      *element,
                                    const GError    *error,
                                    const gchar     *session_id);
void gst_ekascribe_post_warning    (GstElement      *element,
                                    const GError    *error,
                                    const gchar     *session_id);
void gst_ekascribe_post_loss       (GstElement      *element,
                                    gboolean         fatal,
                                    EkaScribeError   code,
                                    const gchar     *request,
                                    const gchar     *session_id,
                                    const gchar     *text);
void gst_ekascribe_post_session    (GstElement      *element,
                                    const gchar     *session_id,
                                    const gchar     *previous_id,
                                    EkaSessionState  state,
                                    guint            part,
                                    GstClockTime     running_time);
void gst_ekascribe_post_chunk      (GstElement      *element,
                                    const gchar     *session_id,
                                    guint            number,
                                    const EkaChunk  *chunk,
                                    const gchar     *name,
                                    guint            attempts);
void gst_ekascribe_post_transcript (GstElement      *element,
                                    const gchar     *session_id,
                                    guint            part,
                                    const gchar     *text,
                                    gboolean         final,
                                    const gchar     *language);
void gst_ekascribe_post_stream_message
                                   (GstElement      *element,
                                    const gchar     *session_id,
                                    guint            part,
                                    const gchar     *text);
void gst_ekascribe_post_combined   (GstElement      *element,
                                    const gchar     *session_id,
                                    guint            parts,
                                    const gchar     *text,
                                    const gchar     *language);
void gst_ekascribe_post_result     (GstElement      *element,
                                    const gchar     *session_id,
                                    guint            part,
                                    EkaAudit         audit,
                                    const EkaResult *result);

G_END_DECLS
