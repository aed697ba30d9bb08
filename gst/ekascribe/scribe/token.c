/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "scribe/error.h"

/* A bearer token in a file; more than this is another file by mistake. */
#define MAX_FILE_SIZE (64 * 1024)

/* How long a pipe, as of a shell's `<(command)`, may take for its next bytes,
 * in ms. */
#define PIPE_PATIENCE 5000

/* A shorter secret is none, and taking it out would cut words to pieces. */
#define MIN_REDACTED 3

struct _EkaToken
{
  gatomicrefcount refs;
  GMutex lock; /* guards all below; nothing is called with it held */
  gchar *value;    /* as it was set */
  gchar *filename;
  gchar *loaded;   /* from the file; goes before @value */
  gchar *api_key;
};

static void
wipe (gchar **secret)
{
  if (*secret != NULL)
    explicit_bzero (*secret, strlen (*secret));
  g_clear_pointer (secret, g_free);
}

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
  wipe (&token->value);
  wipe (&token->loaded);
  wipe (&token->api_key);
  g_free (token->filename);
  g_mutex_clear (&token->lock);
  g_free (token);
}

/**
 * eka_token_set_value:
 * @token: a source
 * @value: (nullable): a bearer token; blanks around it do not count
 */
void
eka_token_set_value (EkaToken    *token,
                     const gchar *value)
{
  g_mutex_lock (&token->lock);
  wipe (&token->value);
  if (value != NULL)
    token->value = copy_trimmed (value, strlen (value));
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_set_file:
 * @token: a source
 * @filename: (nullable): a file that holds a bearer token; read by
 *   eka_token_load() and eka_token_renew()
 */
void
eka_token_set_file (EkaToken    *token,
                    const gchar *filename)
{
  g_mutex_lock (&token->lock);
  wipe (&token->loaded);
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
  wipe (&token->api_key);
  if (api_key != NULL)
    token->api_key = copy_trimmed (api_key, strlen (api_key));
  g_mutex_unlock (&token->lock);
}

/* What may stand in a header field (RFC 9110 section 5.5), blanks left out. */
static gboolean
is_credential (const gchar *value)
{
  if (*value == '\0')
    return FALSE;
  for (; *value != '\0'; value++)
    if (!g_ascii_isgraph (*value))
      return FALSE;
  return TRUE;
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

/* The token in @filename; what is no token is wiped. */
static gchar *
read_file (const gchar *filename,
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
  else if (value == NULL || !is_credential (value))
    {
      wipe (&value);
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
  bad_value = token->value != NULL && !is_credential (token->value);
  bad_key = token->api_key != NULL && !is_credential (token->api_key);
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

  value = read_file (filename, &local);
  if (value == NULL)
    {
      message = g_strdup_printf ("No token could be read from "
                                 "access-token-file: %s", local->message);
      return set_settings_error (error, "access-token-file", message);
    }

  g_mutex_lock (&token->lock);
  wipe (&token->loaded);
  token->loaded = value;
  g_mutex_unlock (&token->lock);
  return TRUE;
}

/**
 * eka_token_is_set:
 * @token: a source
 *
 * Returns: whether there is a token or a key
 */
gboolean
eka_token_is_set (EkaToken *token)
{
  gboolean set;

  g_mutex_lock (&token->lock);
  set = token->loaded != NULL || token->value != NULL ||
        token->api_key != NULL;
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
  const gchar *value;

  g_mutex_lock (&token->lock);
  value = token->loaded != NULL ? token->loaded : token->value;
  if (value != NULL)
    eka_request_set_credential (request, "Authorization",
                                g_strconcat ("Bearer ", value, NULL));
  else if (token->api_key != NULL)
    eka_request_set_credential (request, "X-API-Key",
                                g_strdup (token->api_key));
  else
    eka_request_set_credential (request, NULL, NULL);
  g_mutex_unlock (&token->lock);
}

/**
 * eka_token_renew:
 * @token: a source
 * @request: a request whose credential the server refused
 *
 * Reads the file again and puts the credential on @request that holds now. It
 * is compared with the one that was refused: another call, or the application,
 * may have brought the new one meanwhile.
 *
 * Returns: whether it is another one, worth another try
 */
gboolean
eka_token_renew (EkaToken   *token,
                 EkaRequest *request)
{
  g_autofree gchar *refused = g_strdup (request->credential);
  gboolean changed;

  eka_token_load (token, NULL);
  eka_token_authorize (token, request);
  changed = request->credential != NULL &&
            g_strcmp0 (refused, request->credential) != 0;
  wipe (&refused);
  return changed;
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
  const gchar *secrets[3];
  guint i;

  g_mutex_lock (&token->lock);
  secrets[0] = token->value;
  secrets[1] = token->loaded;
  secrets[2] = token->api_key;
  for (i = 0; text != NULL && i < G_N_ELEMENTS (secrets); i++)
    if (secrets[i] != NULL && strlen (secrets[i]) >= MIN_REDACTED &&
        strstr (text, secrets[i]) != NULL)
      {
        GString *string = g_string_new (text);

        g_string_replace (string, secrets[i], "…", 0);
        wipe (&text);
        text = g_string_free (string, FALSE);
      }
  g_mutex_unlock (&token->lock);
  return text;
}
