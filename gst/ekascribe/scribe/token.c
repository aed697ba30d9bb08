/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/tokenprivate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "scribe/error.h"
#include "scribe/secret.h"

/* A bearer token in a file; more than this is another file by mistake. */
#define MAX_FILE_SIZE (64 * 1024)

/* How long a pipe, as of a shell's `<(command)`, may take for its next bytes,
 * in ms. */
#define PIPE_PATIENCE 5000

/* @length bytes without the blanks around them; no copy of a part is left
 * behind. %NULL where nothing else is there. */
static gchar *
copy_trimmed (const gchar *text,
              gsize        length)
{
  while (length > 0 && g_ascii_isspace (*text))
    {
      text++;
      length--;
    }
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  return length > 0 ? g_strndup (text, length) : NULL;
}

/**
 * eka_token_new:
 *
 * Returns: (transfer full): a source that holds nothing yet
 */
EkaToken *
eka_token_new (void)
{
  EkaToken *token = g_new0 (EkaToken, 1);

  g_atomic_ref_count_init (&token->refs);
  g_mutex_init (&token->lock);
  g_queue_init (&token->waiting);
  token->stale = G_MAXINT64;
  return token;
}

/**
 * eka_token_ref:
 * @token: a source
 *
 * Returns: (transfer full): @token
 */
EkaToken *
eka_token_ref (EkaToken *token)
{
  g_atomic_ref_count_inc (&token->refs);
  return token;
}

/**
 * eka_token_unref:
 * @token: (transfer full): a source
 */
void
eka_token_unref (EkaToken *token)
{
  if (!g_atomic_ref_count_dec (&token->refs))
    return;
  eka_secret_clear (&token->value);
  eka_secret_clear (&token->previous);
  eka_secret_clear (&token->loaded);
  eka_secret_clear (&token->api_key);
  eka_secret_clear (&token->asked_for);
  g_clear_pointer (&token->login, eka_login_unref);
  if (token->ask_destroy != NULL)
    token->ask_destroy (token->ask_data);
  g_free (token->filename);
  g_mutex_clear (&token->lock);
  g_free (token);
}

/* @value: (transfer full) (nullable) */
static void
replace_value_locked (EkaToken *token,
                      gchar    *value,
                      gint64    stale)
{
  eka_secret_clear (&token->previous);
  token->previous = token->value;
  token->value = value;
  token->stale = stale;
}

/**
 * eka_token_set_value:
 * @token: a source
 * @value: (nullable): a bearer token; blanks around it do not count
 *
 * The newest token counts, wherever it comes from.
 */
void
eka_token_set_value (EkaToken    *token,
                     const gchar *value)
{
  g_mutex_lock (&token->lock);
  replace_value_locked (
      token, value != NULL ? copy_trimmed (value, strlen (value)) : NULL,
      G_MAXINT64);
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_set_file:
 * @token: a source
 * @filename: (nullable): a file that holds a bearer token; read by
 *   eka_token_load(), and again for each renewal
 */
void
eka_token_set_file (EkaToken    *token,
                    const gchar *filename)
{
  g_mutex_lock (&token->lock);
  eka_secret_clear (&token->loaded);
  g_free (token->filename);
  token->filename = g_strdup (filename);
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_set_api_key:
 * @token: a source
 * @api_key: (nullable): a key that goes out as `X-API-Key`, in place of a token
 */
void
eka_token_set_api_key (EkaToken    *token,
                       const gchar *api_key)
{
  g_mutex_lock (&token->lock);
  eka_secret_clear (&token->api_key);
  if (api_key != NULL)
    token->api_key = copy_trimmed (api_key, strlen (api_key));
  g_mutex_unlock (&token->lock);
}

static gboolean
set_settings_error (GError     **error,
                    const gchar *property,
                    const gchar *message)
{
  g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                       message);
  if (error != NULL)
    eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

/* Reads at most @size bytes. A device or a pipe may stand behind the name, so
 * neither the size that it tells nor an end may be waited for: a pipe that
 * nobody writes to is empty.
 *
 * Returns: how many, or -1 with errno set */
static gssize
read_bounded (const gchar *filename,
              gchar       *buffer,
              gsize        size)
{
  gint fd = g_open (filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  gsize length = 0;
  gssize got = -1;
  gint saved;

  if (fd < 0)
    return -1;
  while (length < size)
    {
      struct pollfd ready = { .fd = fd, .events = POLLIN };

      got = read (fd, buffer + length, size - length);
      if (got > 0)
        length += got;
      else if (got == 0 || (errno != EINTR &&
                            (errno != EAGAIN ||
                             poll (&ready, 1, PIPE_PATIENCE) <= 0)))
        break;
    }
  saved = errno;
  close (fd);
  errno = saved;
  return got < 0 ? -1 : (gssize) length;
}

/* The token in @filename; what is no token is wiped. May take its time. */
gchar *
eka_token_read_file (const gchar *filename,
                     GError     **error)
{
  gchar buffer[MAX_FILE_SIZE + 1];
  gssize length = read_bounded (filename, buffer, sizeof buffer);
  gint saved = errno;
  gchar *value = NULL;

  if (length >= 0 && length <= MAX_FILE_SIZE &&
      memchr (buffer, '\0', length) == NULL)
    value = copy_trimmed (buffer, length);
  explicit_bzero (buffer, sizeof buffer);

  if (length < 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved),
                 "“%s”: %s", filename, g_strerror (saved));
  else if (value == NULL || !eka_secret_is_credential (value))
    {
      eka_secret_clear (&value);
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                   "“%s” does not hold a token and nothing else", filename);
    }
  return value;
}

/**
 * eka_token_load:
 * @token: a source
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS that names the property
 *
 * Reads the file, where one is set, and looks whether what is set can stand in
 * a header. Blocks for a local file; not for the streaming thread.
 *
 * Returns: %FALSE where the file has no token, or a token or key is none
 */
gboolean
eka_token_load (EkaToken *token,
                GError  **error)
{
  g_autofree gchar *filename = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree gchar *message = NULL;
  gboolean bad_value, bad_key;
  gchar *value;

  g_mutex_lock (&token->lock);
  filename = g_strdup (token->filename);
  bad_value = token->value != NULL && !eka_secret_is_credential (token->value);
  bad_key = token->api_key != NULL && !eka_secret_is_credential (token->api_key);
  g_mutex_unlock (&token->lock);

  if (bad_key)
    return set_settings_error (error, "api-key",
                               "The api-key holds blanks, line breaks or "
                               "characters that no key has");
  if (filename == NULL && bad_value)
    return set_settings_error (error, "access-token",
                               "The access-token holds blanks, line breaks or "
                               "characters that no token has");
  if (filename == NULL)
    return TRUE;

  value = eka_token_read_file (filename, &local);
  if (value == NULL)
    {
      message = g_strdup_printf ("No token could be read from "
                                 "access-token-file: %s", local->message);
      return set_settings_error (error, "access-token-file", message);
    }

  eka_token_take_file (token, value);
  eka_secret_clear (&value);
  return TRUE;
}

/* Whether @value is another one than the file held before; it counts then. */
gboolean
eka_token_take_file (EkaToken    *token,
                     const gchar *value)
{
  gboolean changed;

  g_mutex_lock (&token->lock);
  changed = g_strcmp0 (token->loaded, value) != 0;
  if (changed)
    {
      eka_secret_set (&token->loaded, value);
      replace_value_locked (token, g_strdup (value), G_MAXINT64);
    }
  g_mutex_unlock (&token->lock);
  return changed;
}

/* @stale: when another one is due, by the worker's clock */
void
eka_token_take_login (EkaToken    *token,
                      const gchar *value,
                      gint64       stale)
{
  g_mutex_lock (&token->lock);
  if (g_strcmp0 (token->value, value) != 0)
    replace_value_locked (token, g_strdup (value), stale);
  else
    token->stale = stale;
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_set_login:
 * @token: a source
 * @login: (transfer none) (nullable): where tokens come from when there is none,
 *   or it is not good any more
 */
void
eka_token_set_login (EkaToken *token,
                     EkaLogin *login)
{
  EkaLogin *old;

  g_mutex_lock (&token->lock);
  old = token->login;
  token->login = login != NULL ? eka_login_ref (login) : NULL;
  g_mutex_unlock (&token->lock);
  g_clear_pointer (&old, eka_login_unref);
}

/**
 * eka_token_set_ask_func:
 * @token: a source that is not in use yet
 * @func: (nullable): called on the worker thread when nothing else brings a good
 *   token; every call has to be answered, with eka_token_answer()
 * @user_data: for @func
 * @destroy: (nullable): frees @user_data with the source
 */
void
eka_token_set_ask_func (EkaToken       *token,
                        EkaTokenAskFunc func,
                        gpointer        user_data,
                        GDestroyNotify  destroy)
{
  g_mutex_lock (&token->lock);
  token->ask = func;
  token->ask_data = user_data;
  token->ask_destroy = destroy;
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_may_come:
 * @token: a source
 *
 * Returns: whether somebody who was asked for a token, and had none, may bring
 *   one later with eka_token_set_value()
 */
gboolean
eka_token_may_come (EkaToken *token)
{
  gboolean may;

  g_mutex_lock (&token->lock);
  may = token->may_come;
  g_mutex_unlock (&token->lock);
  return may;
}

/**
 * eka_token_is_due:
 * @token: a source
 * @now: by the worker's clock
 *
 * Returns: whether a call should not go out before eka_renewal_async(): there is
 *   no credential though one can be had, or it is about to expire
 */
gboolean
eka_token_is_due (EkaToken *token,
                  gint64    now)
{
  gboolean due;

  g_mutex_lock (&token->lock);
  due = token->login != NULL && (token->value == NULL || now >= token->stale);
  if (token->value == NULL && token->api_key == NULL && token->ask != NULL)
    due = TRUE;
  g_mutex_unlock (&token->lock);
  return due;
}

static gchar *
dup_credential_locked (EkaToken *token)
{
  return token->value != NULL ? g_strconcat ("Bearer ", token->value, NULL)
                              : g_strdup (token->api_key);
}

/* Returns: (transfer full) (nullable): as it stands in the header */
gchar *
eka_token_dup_credential (EkaToken *token)
{
  gchar *credential;

  g_mutex_lock (&token->lock);
  credential = dup_credential_locked (token);
  g_mutex_unlock (&token->lock);
  return credential;
}

/**
 * eka_token_is_set:
 * @token: a source
 *
 * Returns: whether there is a token or a key, or client credentials
 */
gboolean
eka_token_is_set (EkaToken *token)
{
  gboolean set;

  g_mutex_lock (&token->lock);
  set = token->value != NULL || token->api_key != NULL ||
        token->login != NULL;
  g_mutex_unlock (&token->lock);
  return set;
}

/**
 * eka_token_authorize:
 * @token: a source
 * @request: a request that goes where the credential may go
 *
 * Puts the credential on @request: `Authorization: Bearer` (RFC 6750), or
 * `X-API-Key` where only a key is set; nothing where there is none.
 */
void
eka_token_authorize (EkaToken   *token,
                     EkaRequest *request)
{
  gchar *credential;
  const gchar *header;

  g_mutex_lock (&token->lock);
  header = token->value != NULL ? "Authorization" : "X-API-Key";
  credential = dup_credential_locked (token);
  g_mutex_unlock (&token->lock);
  eka_request_set_credential (request, credential != NULL ? header : NULL,
                              credential);
}

/**
 * eka_token_redact:
 * @token: a source
 * @text: (transfer full) (nullable): a text of the server's
 *
 * Returns: (transfer full) (nullable): @text without the secrets that it may
 *   echo
 */
gchar *
eka_token_redact (EkaToken *token,
                  gchar    *text)
{
  g_mutex_lock (&token->lock);
  text = eka_secret_redact (token->value, text);
  text = eka_secret_redact (token->previous, text);
  text = eka_secret_redact (token->loaded, text);
  text = eka_secret_redact (token->api_key, text);
  if (token->login != NULL)
    text = eka_login_redact (token->login, text);
  g_mutex_unlock (&token->lock);
  return text;
}
