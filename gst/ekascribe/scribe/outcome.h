/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/session.h"

G_BEGIN_DECLS

/* Calls of a session, and what becomes of them: another try, a warning while
 * the recording runs, or the end. On the worker thread only. */

/* Answers in a row that are no protocol before a gateway in between counts as
 * the cause: a cut-off answer deserves another try, a web page does not. */
#define EKA_OUTCOME_MAX_MALFORMED 3

/* Refusals in a row, each with another 4xx than those that ask for credentials
 * or time, before they are meant. */
#define EKA_OUTCOME_MAX_REFUSALS 3

/* @reply: (nullable): any HTTP answer; @error: set where none came. Both are
 * borrowed. */
typedef void (*EkaSessionDoneFunc) (EkaSession *self,
                                    EkaReply   *reply,
                                    GError     *error);

void     eka_outcome_send         (EkaSession        *self,
                                   EkaRequest        *request,
                                   EkaSessionDoneFunc done);
gboolean eka_outcome_is_success   (EkaReply          *reply);
void     eka_outcome_note_success (EkaSession        *self);
void     eka_outcome_forget_failures (EkaSession     *self);
void     eka_outcome_note_failure (EkaSession        *self,
                                   EkaReply          *reply,
                                   GError            *error);
void     eka_outcome_try_again    (EkaSession        *self,
                                   EkaReply          *reply);
void     eka_outcome_note_refusal (EkaSession        *self,
                                   EkaReply          *reply,
                                   EkaCall            call);

G_END_DECLS
