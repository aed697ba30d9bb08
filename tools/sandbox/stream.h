/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SANDBOX_STREAM_RATE 16000
#define SANDBOX_STREAM_FILE "audio.wav"

/**
 * SandboxStreamForm:
 * @SANDBOX_STREAM_NEW: nothing came yet
 * @SANDBOX_STREAM_BINARY: samples are the messages
 * @SANDBOX_STREAM_JSON: samples are in the messages
 */
typedef enum
{
  SANDBOX_STREAM_NEW,
  SANDBOX_STREAM_BINARY,
  SANDBOX_STREAM_JSON,
} SandboxStreamForm;

/**
 * SandboxStreamLink:
 * @heard: audio was heard; a transcript, if it is time for one
 * @over: the session takes no more audio
 *
 * What the connection of a stream is told.
 */
typedef struct
{
  void (*heard) (gpointer user_data, const gchar *transcript);
  void (*over)  (gpointer user_data);
} SandboxStreamLink;

/**
 * SandboxStream:
 * @id: in the URL
 * @token: in the URL; who has it may send
 * @form: what the first message was
 * @stopped: all audio was sent
 * @stalled: no more is read, though more may come
 * @link: (nullable): whom the connection is told through; there while it is
 *   open
 * @link_data: for @link
 * @pending: samples that came and were not heard
 * @taken: bytes of samples that came
 * @heard: bytes of samples that were heard
 * @limit: the most that @taken may be
 * @too_long: it would have been more
 *
 * The audio of a session of type `stream`: S16LE, mono, 16 kHz.
 */
typedef struct
{
  gchar *id;
  gchar *token;
  SandboxStreamForm form;
  gboolean stopped;
  gboolean stalled;
  const SandboxStreamLink *link;
  gpointer link_data;
  GByteArray *pending;
  guint64 taken;
  guint64 heard;
  guint64 limit;
  gboolean too_long;
} SandboxStream;

SandboxStream *sandbox_stream_new      (gdouble         max_duration);
void           sandbox_stream_free     (SandboxStream  *stream);
gchar         *sandbox_stream_make_url (SandboxStream  *stream,
                                        const gchar    *base_url);
gboolean       sandbox_stream_admits   (SandboxStream  *stream,
                                        const gchar    *token);
void           sandbox_stream_begin    (SandboxStream  *stream,
                                        const SandboxStreamLink *link,
                                        gpointer        link_data);
gboolean       sandbox_stream_take     (SandboxStream  *stream,
                                        gboolean        text,
                                        gconstpointer   data,
                                        gsize           size,
                                        GError        **error);
GBytes        *sandbox_stream_next     (SandboxStream  *stream,
                                        gboolean        all);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxStream, sandbox_stream_free)

G_END_DECLS
