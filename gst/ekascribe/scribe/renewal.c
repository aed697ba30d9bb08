/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/renewal.h"

#include <string.h>

#include "scribe/secret.h"
#include "scribe/tokenprivate.h"

/* Who had no token for a refused one is not asked for it again at once. */
#define ASK_INTERVAL G_TIME_SPAN_MINUTE

/* One search, for all that wait at the token: in the file, by client
 * credentials, and from whoever is asked, in this order. */
typedef struct
{
  EkaToken *token;
  EkaTransport *transport;
  EkaClock *clock;
  gchar *refused; /* credential as it was sent, or NULL */
} Search;

static void
search_free (Search *search)
{
  eka_token_unref (search->token);
  g_object_unref (search->transport);
  eka_clock_unref (search->clock);
  eka_secret_clear (&search->refused);
  g_free (search);
}

/* Whoever waits learns whether what there is now is another credential than the
 * one that was refused to him.
 * @error: (transfer full) (nullable) */
static void
end_search (Search *search,
            GError *error)
{
  EkaToken *token = search->token;
  g_autofree gchar *credential = eka_token_dup_credential (token);
  GQueue waiting = token->waiting;
  GTask *task;

  g_queue_init (&token->waiting);
  while ((task = g_queue_pop_head (&waiting)) != NULL)
    {
      gboolean changed =
          credential != NULL &&
          g_strcmp0 (credential, g_task_get_task_data (task)) != 0;

      if (error != NULL && !changed)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, changed);
      g_object_unref (task);
    }
  if (credential != NULL)
    explicit_bzero (credential, strlen (credential));
  g_clear_error (&error);
  search_free (search);
}

/* --- somebody is asked ---------------------------------------------------- */

static void
asked (GObject      *source,
       GAsyncResult *result,
       gpointer      user_data)
{
  Search *search = user_data;
  gchar *value = g_task_propagate_pointer (G_TASK (result), NULL);

  if (value != NULL && eka_secret_is_credential (value))
    eka_token_set_value (search->token, value);
  eka_secret_clear (&value);
  end_search (search, NULL);
}

static gboolean
is_to_be_asked (Search *search,
                gint64  now)
{
  EkaToken *token = search->token;

  if (token->ask == NULL)
    return FALSE;
  return token->asked_at == 0 || now - token->asked_at >= ASK_INTERVAL ||
         g_strcmp0 (token->asked_for, search->refused) != 0;
}

static void
ask (Search *search)
{
  EkaToken *token = search->token;
  gint64 now = eka_clock_now (search->clock);

  if (!is_to_be_asked (search, now))
    {
      end_search (search, NULL);
      return;
    }
  token->asked_at = now;
  eka_secret_set (&token->asked_for, search->refused);
  g_mutex_lock (&token->lock);
  token->asking = g_task_new (NULL, NULL, asked, search);
  g_mutex_unlock (&token->lock);
  token->ask (token, token->ask_data);
}

/**
 * eka_renewal_answer:
 * @token: a source whose #EkaTokenAskFunc was called
 * @value: (nullable): a token; %NULL: there is none now
 * @later: without a token: one may come later, by eka_token_set_value()
 *
 * Answers the call. Thread safe.
 */
void
eka_renewal_answer (EkaToken    *token,
                    const gchar *value,
                    gboolean     later)
{
  GTask *task;
  gchar *copy = g_strdup (value);

  g_mutex_lock (&token->lock);
  task = g_steal_pointer (&token->asking);
  if (task != NULL)
    token->may_come = value == NULL && later;
  g_mutex_unlock (&token->lock);
  if (task == NULL)
    {
      eka_secret_clear (&copy);
      return;
    }
  g_task_return_pointer (task, copy, eka_secret_free);
  g_object_unref (task);
}

/* --- client credentials --------------------------------------------------- */

static void
logged_in (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Search *search = user_data;
  GError *error = NULL;
  gint64 stale;
  gchar *value = eka_login_renew_finish (search->token->login, result, &stale,
                                         &error);

  if (value != NULL)
    eka_token_take_login (search->token, value, stale);
  eka_secret_clear (&value);
  end_search (search, error);
}

static void
log_in (Search *search)
{
  const gchar *refused = search->refused;

  if (search->token->login == NULL)
    {
      ask (search);
      return;
    }
  if (refused != NULL && g_str_has_prefix (refused, "Bearer "))
    refused += strlen ("Bearer ");
  eka_login_renew_async (search->token->login, search->transport,
                         search->clock, refused, logged_in, search);
}

/* --- the file ------------------------------------------------------------- */

static void
file_read (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Search *search = user_data;
  g_autoptr (GError) error = NULL;
  gchar *value = g_task_propagate_pointer (G_TASK (result), &error);
  gboolean changed;

  if (error != NULL)
    g_debug ("no new token from the file: %s", error->message);
  changed = value != NULL && eka_token_take_file (search->token, value);
  eka_secret_clear (&value);
  if (changed)
    end_search (search, NULL);
  else
    log_in (search);
}

/* A pipe or a remote file may take its time. */
static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  gchar *value = eka_token_read_file (data, &error);

  if (value != NULL)
    g_task_return_pointer (task, value, eka_secret_free);
  else
    g_task_return_error (task, error);
}

static void
read_file (Search *search)
{
  g_autoptr (GTask) task = NULL;

  g_mutex_lock (&search->token->lock);
  if (search->token->filename != NULL)
    {
      task = g_task_new (NULL, NULL, file_read, search);
      g_task_set_task_data (task, g_strdup (search->token->filename), g_free);
    }
  g_mutex_unlock (&search->token->lock);
  if (task != NULL)
    g_task_run_in_thread (task, read_in_thread);
  else
    log_in (search);
}

/* --- whoever needs it ----------------------------------------------------- */

static gboolean
is_another (EkaToken    *token,
            const gchar *refused)
{
  gchar *credential = eka_token_dup_credential (token);
  gboolean another = credential != NULL && g_strcmp0 (credential, refused) != 0;

  eka_secret_clear (&credential);
  return another;
}

/**
 * eka_renewal_async:
 * @token: a source
 * @transport: (transfer none): the way to the service, for a login
 * @clock: (transfer none): time of the worker thread
 * @refused: (nullable): the credential that is not good any more, as it was sent
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Finds another credential. The one that holds now may be another one already:
 * another call, or the application, has brought it meanwhile. One search is
 * under way for all that wait.
 */
void
eka_renewal_async (EkaToken           *token,
                   EkaTransport       *transport,
                   EkaClock           *clock,
                   const gchar        *refused,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  gboolean searching = !g_queue_is_empty (&token->waiting);
  Search *search;

  g_task_set_source_tag (task, eka_renewal_async);
  g_task_set_task_data (task, g_strdup (refused), eka_secret_free);
  if (!searching && is_another (token, refused) &&
      !eka_token_is_due (token, eka_clock_now (clock)))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_queue_push_tail (&token->waiting, task);
  if (searching)
    return;
  search = g_new0 (Search, 1);
  search->token = eka_token_ref (token);
  search->transport = g_object_ref (transport);
  search->clock = eka_clock_ref (clock);
  search->refused = g_strdup (refused);
  read_file (search);
}

/**
 * eka_renewal_finish:
 * @token: a source
 * @result: what the callback got
 * @error: return location: why there is none, where that may pass, or is the
 *   service's last word on client credentials
 *
 * Returns: whether there is another credential; %FALSE without an error: nothing
 *   brought one
 */
gboolean
eka_renewal_finish (EkaToken     *token,
                    GAsyncResult *result,
                    GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
