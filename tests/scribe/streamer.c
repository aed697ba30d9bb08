/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "streamer.h"

#include <string.h>

#include "chunk/wav.h"
#include "scribe/sessionprivate.h"

void
streamer_set_up (Streamer     *s,
                 gconstpointer data)
{
  fixture_set_up (&s->f, data);
  s->f.settings->upload_type = EKA_UPLOAD_STREAM;
  s->feed = eka_feed_new ();
  s->audio = g_byte_array_new ();
}

void
streamer_tear_down (Streamer     *s,
                    gconstpointer data)
{
  fixture_tear_down (&s->f, data);
  eka_feed_unref (s->feed);
  g_byte_array_unref (s->audio);
}

void
streamer_open (Streamer *s)
{
  Fixture *f = &s->f;

  fixture_make (f);
  eka_session_set_feed (f->session, s->feed);
  eka_session_open (f->session);
  fixture_spin (f);
}

void
streamer_start (Streamer *s)
{
  streamer_open (s);
  eka_session_start (s->f.session, NULL);
  fixture_spin (&s->f);
}

/* @ms: of audio, at 32 bytes each */
void
streamer_say_something (Streamer *s,
                        guint     ms)
{
  guint i;

  for (i = 0; i < ms; i++)
    {
      guint8 sound[32];
      guint j;

      for (j = 0; j < sizeof sound; j++)
        sound[j] = g_test_rand_int ();
      g_byte_array_append (s->audio, sound, sizeof sound);
      if (eka_feed_push (s->feed, sound, sizeof sound))
        eka_session_audio_added (s->f.session);
    }
  fixture_spin (&s->f);
}

/* What was said since the last cut becomes a chunk. */
void
streamer_cut (Streamer *s)
{
  Fixture *f = &s->f;
  const gsize size = s->audio->len - s->cut;
  EkaCodec codec;
  GBytes *wav;
  EkaChunk *chunk;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  wav = eka_wav_write (&codec, s->audio->data + s->cut, size);
  chunk = eka_chunk_new (f->next_index++, wav, "audio/wav", "wav", 0,
                         size * G_GUINT64_CONSTANT (31250), size / 2);
  s->cut = s->audio->len;
  eka_outbox_put (f->outbox, chunk);
  eka_feed_cut (s->feed, chunk);
  eka_session_chunk_added (f->session);
  eka_chunk_unref (chunk);
  g_bytes_unref (wav);
  fixture_spin (f);
}

/* The last chunk, the end, and all that follows. */
void
streamer_finish (Streamer *s)
{
  if (s->cut < s->audio->len)
    streamer_cut (s);
  eka_session_finish (s->f.session);
  fixture_run (&s->f);
}

void
streamer_assert_streamed (Streamer *s)
{
  EkaLiarSocket *socket = s->f.liar->socket;

  g_assert_cmpmem (socket->pcm->data, socket->pcm->len, s->audio->data,
                   s->audio->len);
  g_assert_true (socket->stopped);
}

/* Everything that was said is in the uploads to the session that was ended, and
 * nothing else; @broken was not ended, and is cancelled. */
void
streamer_assert_uploaded (Streamer    *s,
                          const gchar *broken)
{
  Fixture *f = &s->f;
  g_autoptr (GByteArray) uploaded = g_byte_array_new ();
  g_autofree gchar *broken_path = g_strdup_printf ("/sessions/%s", broken);
  guint i, cancels = 0;

  for (i = 0; i < f->liar->log->len; i++)
    {
      EkaRequest *request = g_ptr_array_index (f->liar->log, i);
      gboolean of_broken =
          broken != NULL && strstr (request->uri, broken_path) != NULL;
      gsize size;
      const guint8 *data;

      if (request->call == EKA_CALL_PATCH)
        cancels++;
      g_assert_true (!of_broken || request->call == EKA_CALL_PATCH ||
                     request->call == EKA_CALL_GET);
      if (request->call != EKA_CALL_UPLOAD)
        continue;
      data = g_bytes_get_data (request->body, &size);
      g_byte_array_append (uploaded, data + EKA_WAV_HEADER_SIZE,
                           (guint) (size - EKA_WAV_HEADER_SIZE));
    }
  g_assert_cmpmem (uploaded->data, uploaded->len, s->audio->data,
                   s->audio->len);
  g_assert_cmpuint (cancels, ==, broken != NULL ? 1 : 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_no_error (f->error);
}

JsonObject *
streamer_body_of (Fixture *f,
                  EkaCall  call,
                  guint    nth)
{
  JsonObject *object =
      eka_json_parse_bytes (eka_liar_nth (f->liar, call, nth)->body, NULL);

  g_assert_nonnull (object);
  return object;
}

void
streamer_assert_created_as (Fixture     *f,
                            guint        nth,
                            const gchar *type,
                            const gchar *protocol)
{
  g_autoptr (JsonObject) body = streamer_body_of (f, EKA_CALL_CREATE, nth);

  g_assert_cmpstr (eka_json_get_string (body, "upload_type"), ==, type);
  g_assert_cmpstr (eka_json_get_string (body, "communication_protocol"), ==,
                   protocol);
}

void
streamer_hear (Fixture     *f,
               const gchar *text,
               gboolean     is_text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  eka_socket_tell_message (EKA_SOCKET (f->liar->socket), bytes, is_text);
}
