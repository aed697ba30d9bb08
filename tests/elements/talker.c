/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "talker.h"

#include <math.h>
#include <string.h>

#include "chunk/wav.h"

#define BUFFER_MS 20
#define BYTES_PER_MS 32

/* Full scale is 32768: a quiet room, and somebody in it. */
#define ROOM 24
#define VOICE 6000

/* --- what comes ----------------------------------------------------------- */

/* Makes the pipeline, which is one element, at a service that keeps what it
 * gets, and plays it. */
void
talker_start (Talker      *self,
              Fixture     *f,
              const gchar *line)
{
  if (f->service == NULL)
    f->service = fake_service_new (1);
  fixture_launch (f, line);
  self->f = f;
  self->audio = g_byte_array_new ();
  self->pad = fixture_start_push (f, PCM);
}

/* Noise, in which no two samples in a row are like those elsewhere. */
static gint16
make_sample (guint32  position,
             gboolean loud)
{
  guint32 hash = position * 2654435761u;
  gint noise;

  hash ^= hash >> 15;
  hash *= 2246822519u;
  hash ^= hash >> 13;
  noise = (gint) (hash % (2 * ROOM + 1)) - ROOM;
  if (!loud)
    return (gint16) noise;
  return (gint16) (noise + VOICE * sin (position * 0.13) *
                               (0.75 + 0.25 * sin (position * 0.0013)));
}

/* Returns: what became of the last buffer */
GstFlowReturn
talker_try (Talker   *self,
            guint     milliseconds,
            gboolean  loud)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint ms, i;

  for (ms = 0; ms < milliseconds && ret == GST_FLOW_OK; ms += BUFFER_MS) {
    const gsize size = BUFFER_MS * BYTES_PER_MS;
    const GstClockTime pts = self->audio->len / BYTES_PER_MS * GST_MSECOND;
    gint16 samples[BUFFER_MS * BYTES_PER_MS / 2];
    GstBuffer *buffer;

    for (i = 0; i < G_N_ELEMENTS (samples); i++)
      samples[i] =
          GINT16_TO_LE (make_sample (self->audio->len / 2 + i, loud));
    g_byte_array_append (self->audio, (const guint8 *) samples, size);
    buffer = gst_buffer_new_memdup (samples, size);
    GST_BUFFER_PTS (buffer) = pts;
    GST_BUFFER_DURATION (buffer) = BUFFER_MS * GST_MSECOND;
    ret = gst_pad_chain (self->pad, buffer);
  }
  return ret;
}

void
talker_hush (Talker *self,
             guint   milliseconds)
{
  g_assert_cmpint (talker_try (self, milliseconds, FALSE), ==, GST_FLOW_OK);
}

void
talker_speak (Talker *self,
              guint   milliseconds)
{
  g_assert_cmpint (talker_try (self, milliseconds, TRUE), ==, GST_FLOW_OK);
}

/* Ends the stream, and waits for the end of all sessions. */
void
talker_end (Talker *self)
{
  g_assert_true (gst_pad_send_event (self->pad, gst_event_new_eos ()));
  fixture_await_end (self->f);
}

/* Whatever has become of the pipeline. */
void
talker_stop (Talker *self)
{
  gst_element_set_state (self->f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (self->f->sink, self->pad);
  gst_clear_object (&self->pad);
  g_clear_pointer (&self->audio, g_byte_array_unref);
}

/* --- what is asked for ---------------------------------------------------- */

gboolean
steer (Fixture     *f,
       const gchar *action)
{
  gboolean done = FALSE;

  if (strcmp (action, "new-session") == 0)
    return steer_to (f, "{}");
  g_signal_emit_by_name (f->sink, action, &done);
  return done;
}

gboolean
steer_to (Fixture     *f,
          const gchar *json)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (f->sink, "new-session", json, &done);
  return done;
}

/* That is a warning, and nothing else. */
void
steer_refused (Fixture     *f,
               const gchar *action,
               const gchar *why)
{
  g_autoptr (GstMessage) warning = NULL;

  g_assert_false (steer (f, action));
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
                        why);
}

/* --- what has come of it -------------------------------------------------- */

static const GstStructure *
find_creation (Fixture *f,
               guint    nth)
{
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    const GstStructure *structure =
        gst_message_get_structure (g_ptr_array_index (f->messages, i));

    if (structure != NULL &&
        gst_structure_has_name (structure, "ekascribe-session") &&
        g_strcmp0 (gst_structure_get_string (structure, "state"),
                   "creating") == 0 &&
        nth-- == 0)
      return structure;
  }
  return NULL;
}

/* Returns: how many sessions the service was asked for, in what was waited for */
guint
visits_count (Fixture *f)
{
  guint n = 0;

  while (find_creation (f, n) != NULL)
    n++;
  return n;
}

const gchar *
visits_get_id (Fixture *f,
               guint    nth)
{
  const GstStructure *structure = find_creation (f, nth);

  g_assert_nonnull (structure);
  return gst_structure_get_string (structure, "session-id");
}

static FakeSession *
find_session (Fixture *f,
              guint    nth)
{
  FakeSession *session =
      fake_service_find (f->service, visits_get_id (f, nth));

  g_assert_nonnull (session);
  return session;
}

/* Returns: (transfer none): what Create was told */
const gchar *
visits_get_request (Fixture *f,
                    guint    nth)
{
  return find_session (f, nth)->request;
}

/* Returns: (transfer full): the samples that the service has of a session */
GByteArray *
visits_get_audio (Fixture *f,
                  guint    nth)
{
  FakeSession *session = find_session (f, nth);
  GByteArray *audio = g_byte_array_new ();
  guint i;

  for (i = 0; i < g_hash_table_size (session->files); i++) {
    GBytes *bytes = g_hash_table_lookup (session->files, GUINT_TO_POINTER (i));
    const guint8 *data;
    gsize size;

    g_assert_nonnull (bytes);
    data = g_bytes_get_data (bytes, &size);
    g_assert_cmpuint (size, >, EKA_WAV_HEADER_SIZE);
    g_byte_array_append (audio, data + EKA_WAV_HEADER_SIZE,
                         size - EKA_WAV_HEADER_SIZE);
  }
  return audio;
}

/* A session has just what was pushed between two times, in ms. */
void
visits_assert_audio (Talker *self,
                     guint   nth,
                     guint   from,
                     guint   to)
{
  g_autoptr (GByteArray) audio = visits_get_audio (self->f, nth);

  g_assert_cmpuint (audio->len, ==, (to - from) * BYTES_PER_MS);
  g_assert_cmpint (memcmp (audio->data,
                           self->audio->data + from * BYTES_PER_MS,
                           audio->len),
                   ==, 0);
}

void
visits_assert_says (const gchar *request,
                    const gchar *word)
{
  if (strstr (request, word) == NULL)
    g_error ("\"%s\" does not say %s", request, word);
}

void
visits_assert_silent (const gchar *request,
                      const gchar *word)
{
  if (strstr (request, word) != NULL)
    g_error ("\"%s\" says %s", request, word);
}

/* Nothing that belongs to the first visit. */
void
visits_assert_not_first (const gchar *request)
{
  static const gchar *const words[] = { "Asha", "first", "soap", "letter",
                                        "\"hi\"" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    visits_assert_silent (request, words[i]);
}
