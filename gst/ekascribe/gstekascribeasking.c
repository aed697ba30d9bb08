/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeasking.h"

#include "scribe/renewal.h"
#include "scribe/secret.h"

/* The signal `token-required`: where nothing else brings a token that is good,
 * the application is asked. */

static guint signal_id;

/* A question on its way to the application; it is always answered. */
typedef struct
{
  EkaToken *token;
  gboolean answered;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  if (!question->answered)
    eka_renewal_answer (question->token, NULL, FALSE);
  eka_token_unref (question->token);
  g_free (question);
}

/* On a thread of GStreamer's: handlers may take their time. */
static void
emit (GstElement *element,
      gpointer    user_data)
{
  Question *question = user_data;
  gchar *value = NULL;

  g_signal_emit (element, signal_id, 0, &value);
  if (value != NULL && !eka_secret_is_credential (value)) {
    GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
                         ("What token-required returned holds blanks, line "
                          "breaks or characters that no token has."),
                         (NULL));
    eka_secret_clear (&value);
  }
  question->answered = TRUE;
  eka_renewal_answer (question->token, value, TRUE);
  eka_secret_clear (&value);
}

/* On the worker thread. */
static void
ask (EkaToken *token,
     gpointer  user_data)
{
  g_autoptr (GstElement) element = g_weak_ref_get (user_data);
  Question *question;

  if (element == NULL ||
      !g_signal_has_handler_pending (element, signal_id, 0, FALSE)) {
    eka_renewal_answer (token, NULL, FALSE);
    return;
  }
  question = g_new0 (Question, 1);
  question->token = eka_token_ref (token);
  gst_element_call_async (element, emit, question, question_free);
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static gboolean
take_first (GSignalInvocationHint *hint,
            GValue                *result,
            const GValue          *returned,
            gpointer               user_data)
{
  const gchar *value = g_value_get_string (returned);

  if (value == NULL || *value == '\0')
    return TRUE;
  g_value_set_string (result, value);
  return FALSE;
}

/**
 * gst_ekascribe_asking_install:
 * @type: of the element
 *
 * Returns: the id of the signal
 */
guint
gst_ekascribe_asking_install (GType type)
{
  /**
   * GstEkascribeSink::token-required:
   * @self: the element
   *
   * The service has refused the credential, or there is none. Emitted on a
   * thread of GStreamer's, once for each credential that is refused; the first
   * handler that returns a token is the last.
   *
   * Returns: (transfer full) (nullable): a bearer token; or %NULL: one comes
   *   later, as #GstEkascribeSink:access-token
   */
  signal_id = g_signal_new ("token-required", type, G_SIGNAL_RUN_LAST, 0,
                            take_first, NULL, NULL, G_TYPE_STRING, 0);
  return signal_id;
}

/**
 * gst_ekascribe_asking_start:
 * @element: who emits; no reference is kept
 * @token: (transfer none): the credential of a run
 */
void
gst_ekascribe_asking_start (GstElement *element,
                            EkaToken   *token)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, element);
  eka_token_set_ask_func (token, ask, weak, weak_ref_free);
}
