/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/client.h"

#include <string.h>

#include <glib/gstdio.h>

#include "liar.h"
#include "scribe/error.h"
#include "scribe/protocol.h"

#define BASE "https://api.example/voice/v1"

typedef struct
{
  EkaLiar *liar;
  EkaSettings *settings;
  EkaClient *client;
  GCancellable *cancellable;
} Fixture;

typedef struct
{
  EkaReply *reply;
  GError *error;
  gboolean done;
} Answer;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->liar = eka_liar_new ();
  f->settings = eka_settings_new ();
  f->settings->base_url = g_strdup (BASE);
  f->settings->token = eka_token_new ();
  eka_token_set_value (f->settings->token, "tok.en-1");
  f->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->client, eka_client_free);
  eka_settings_free (f->settings);
  g_assert_finalize_object (f->liar);
  g_object_unref (f->cancellable);
}

static void
answered (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Answer *answer = user_data;

  answer->reply = eka_client_call_finish (result, &answer->error);
  answer->done = TRUE;
}

/* (transfer full) @request; the client is made at the first call, so that a
 * test may change the settings before. */
static EkaReply *
call (Fixture    *f,
      EkaRequest *request,
      GError    **error)
{
  Answer answer = { 0 };

  if (f->client == NULL)
    f->client = eka_client_new (EKA_TRANSPORT (f->liar), f->settings);
  eka_client_call_async (f->client, request, f->cancellable, answered,
                         &answer);
  g_assert_false (answer.done);
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
  if (answer.error != NULL)
    g_propagate_error (error, answer.error);
  return answer.reply;
}

static void
test_credential_is_sent (Fixture      *f,
                         gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = NULL;

  reply = call (f, eka_protocol_get (BASE, "ses_1", NULL), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reply->status, ==, 202);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->header, ==,
                   "Authorization");
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->credential, ==,
                   "Bearer tok.en-1");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/scribe/client/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("the credential is sent", test_credential_is_sent);
  return g_test_run ();
}
