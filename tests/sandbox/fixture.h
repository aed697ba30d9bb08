/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

#define SESSION "ses_0123456789abcdef"
#define MINIMAL "\"upload_type\":\"chunked\",\"communication_protocol\":\"http\""

/**
 * Box:
 * @process: the program under test
 * @lines: its stdout
 * @base_url: as it printed it
 * @directory: where it keeps sessions
 * @soup: to talk to it
 * @token: (nullable): sent along
 * @log: (nullable): gets its stderr when it ends
 */
typedef struct
{
  GSubprocess *process;
  GDataInputStream *lines;
  gchar *base_url;
  gchar *directory;
  SoupSession *soup;
  const gchar *token;
  gchar **log;
} Box;

/**
 * Answer:
 * @status: HTTP status
 * @json: (nullable): the body, an object
 * @headers: of the answer
 */
typedef struct
{
  guint status;
  JsonNode *json;
  SoupMessageHeaders *headers;
} Answer;

Box     *box_start        (const gchar *option,
                               ...);
Box     *box_start_logged (gchar      **log,
                               const gchar *option,
                               ...);
void         box_stop     (Box         *box);
Answer      *box_send     (Box         *box,
                               const gchar *method,
                               const gchar *path,
                               const gchar *content_type,
                               GBytes      *body);
Answer      *box_get      (Box         *box,
                               const gchar *path);
Answer      *box_post     (Box         *box,
                               const gchar *path,
                               const gchar *json);
void         box_create   (Box         *box,
                               const gchar *members);
void         box_upload   (Box         *box,
                               const gchar *name,
                               const gchar *content_type,
                               GBytes      *body);
void         box_end      (Box         *box,
                               gint         sent);
Answer      *box_wait     (Box         *box);
Answer      *box_await    (Box         *box,
                               guint        busy);

void         answer_free      (Answer      *answer);
JsonNode    *answer_find      (Answer      *answer,
                               const gchar *path);
const gchar *answer_string    (Answer      *answer,
                               const gchar *path);
gint64       answer_int       (Answer      *answer,
                               const gchar *path);
void         answer_check     (Answer      *answer,
                               guint        status,
                               const gchar *code);

GArray      *make_tone        (gint         rate,
                               gint         channels,
                               gsize        frames,
                               gdouble      frequency,
                               gdouble      level);
GBytes      *make_wav         (gint         rate,
                               gint         channels,
                               const GArray *samples);
GBytes      *make_encoded     (const gchar *extension,
                               GBytes      *wav,
                               const gchar *arguments);
gchar       *make_certificate (const gchar *directory);
GArray      *read_wav         (GBytes      *wav,
                               gint        *rate,
                               gint        *channels);
GBytes      *read_kept        (Box         *box,
                               const gchar *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Box, box_stop)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

G_END_DECLS
