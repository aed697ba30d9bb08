/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tokens.h"

#include <string.h>

/* Tables are by digest. */
struct _SandboxTokens
{
  const SandboxOptions *options;
  GHashTable *seen;      /* let in since tokens expired last */
  GHashTable *expired;   /* refused, whatever else is known of them */
  GHashTable *issued;    /* access token → gint64: its end, monotonic */
  GHashTable *refreshes; /* refresh token → Refresh */
  gchar *successor;      /* of the option's token, once that has expired */
  gboolean open;         /* to a successor */
};

/* Used ones are kept: their second use tells of a thief. */
typedef struct
{
  gchar *access;
  gboolean used;
} Refresh;

static void
refresh_free (gpointer data)
{
  Refresh *refresh = data;

  g_free (refresh->access);
  g_free (refresh);
}

/**
 * sandbox_tokens_new:
 * @options: what the command line asked for; they outlive this
 *
 * Returns: (transfer full): lets in whom the options name
 */
SandboxTokens *
sandbox_tokens_new (const SandboxOptions *options)
{
  SandboxTokens *self = g_new0 (SandboxTokens, 1);

  self->options = options;
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->expired = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->issued =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->refreshes =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, refresh_free);
  return self;
}

/**
 * sandbox_tokens_free:
 * @self: (transfer full): to be freed
 */
void
sandbox_tokens_free (SandboxTokens *self)
{
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->expired);
  g_hash_table_unref (self->issued);
  g_hash_table_unref (self->refreshes);
  g_free (self->successor);
  g_free (self);
}

/* Takes as long for each wrong secret. */
static gboolean
is_equal (const gchar *a, const gchar *b)
{
  gsize length = strlen (a);
  guint8 difference = length != strlen (b);
  gsize i;

  for (i = 0; difference == 0 && i < length; i++)
    difference |= (guint8)(a[i] ^ b[i]);
  return difference == 0;
}

static gchar *
make_digest (const gchar *token)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

static const gchar *
get_credential (SoupServerMessage *message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  const gchar *bearer = soup_message_headers_get_one (headers, "Authorization");

  if (bearer == NULL)
    return soup_message_headers_get_one (headers, "X-API-Key");
  return g_ascii_strncasecmp (bearer, "Bearer ", 7) == 0 ? bearer + 7 : NULL;
}

static SandboxRefusal *
refuse_wrong (void)
{
  return sandbox_refusal_new (401, "authentication_failed", NULL,
                              "Invalid token");
}

static SandboxRefusal *
refuse_expired (void)
{
  return sandbox_refusal_new (401, "token_expired", NULL,
                              "The token has expired");
}

/* The one of --token; after its expiry, the first other that comes. */
static gboolean
is_named (SandboxTokens *self, const gchar *token, const gchar *digest)
{
  if (self->options->token == NULL)
    return FALSE;
  if (is_equal (token, self->options->token))
    return TRUE;
  if (self->open)
    {
      self->open = FALSE;
      self->successor = g_strdup (digest);
    }
  return g_strcmp0 (self->successor, digest) == 0;
}

static SandboxRefusal *
check_token (SandboxTokens *self, const gchar *token, const gchar *digest)
{
  const gint64 *end = g_hash_table_lookup (self->issued, digest);

  if (g_hash_table_contains (self->expired, digest) ||
      (end != NULL && g_get_monotonic_time () >= *end))
    return refuse_expired ();
  if (end != NULL ||
      (self->options->client_id == NULL && self->options->token == NULL) ||
      is_named (self, token, digest))
    return NULL;
  return refuse_wrong ();
}

/**
 * sandbox_tokens_check:
 * @self: the tokens
 * @message: a call that wants in
 *
 * Returns: (transfer full) (nullable): why it is not let in
 */
SandboxRefusal *
sandbox_tokens_check (SandboxTokens *self, SoupServerMessage *message)
{
  const gchar *token = get_credential (message);
  g_autofree gchar *digest = NULL;
  SandboxRefusal *refusal;

  if (token == NULL)
    return self->options->client_id == NULL && self->options->token == NULL
               ? NULL
               : refuse_wrong ();
  digest = make_digest (token);
  refusal = check_token (self, token, digest);
  if (refusal == NULL)
    g_hash_table_add (self->seen, g_steal_pointer (&digest));
  return refusal;
}

/**
 * sandbox_tokens_expire:
 * @self: the tokens
 *
 * All that were let in or issued so far have expired. Refresh tokens have not.
 */
void
sandbox_tokens_expire (SandboxTokens *self)
{
  GHashTableIter iter;
  gpointer digest;

  g_hash_table_iter_init (&iter, self->issued);
  while (g_hash_table_iter_next (&iter, &digest, NULL))
    g_hash_table_add (self->expired, g_strdup (digest));
  g_hash_table_iter_init (&iter, self->seen);
  while (g_hash_table_iter_next (&iter, &digest, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_hash_table_add (self->expired, digest);
    }
  g_clear_pointer (&self->successor, g_free);
  /* With a client, there is the login for who wants another. */
  self->open = self->options->client_id == NULL;
}

/* --- grants ------------------------------------------------------------- */

static gchar *
make_token (void)
{
  g_autofree gchar *a = g_uuid_string_random ();
  g_autofree gchar *b = g_uuid_string_random ();

  return g_strconcat ("sandbox-", a, "-", b, NULL);
}

static SandboxGrant *
issue (SandboxTokens *self)
{
  SandboxGrant *grant = g_new0 (SandboxGrant, 1);
  Refresh *refresh = g_new0 (Refresh, 1);
  gint64 *end = g_new (gint64, 1);

  grant->access_token = make_token ();
  grant->refresh_token = make_token ();
  refresh->access = make_digest (grant->access_token);
  *end = g_get_monotonic_time () +
         (gint64)(self->options->token_lifetime * G_USEC_PER_SEC);
  g_hash_table_insert (self->issued, g_strdup (refresh->access), end);
  g_hash_table_insert (self->refreshes, make_digest (grant->refresh_token),
                       refresh);
  return grant;
}

/**
 * sandbox_tokens_login:
 * @self: the tokens
 * @client_id: who
 * @client_secret: proves it
 *
 * Returns: (transfer full) (nullable): what the client gets; %NULL: it is
 *   another
 */
SandboxGrant *
sandbox_tokens_login (SandboxTokens *self,
                      const gchar *client_id,
                      const gchar *client_secret)
{
  if (self->options->client_id == NULL ||
      !is_equal (client_id, self->options->client_id) ||
      !is_equal (client_secret, self->options->client_secret))
    return NULL;
  return issue (self);
}

/**
 * sandbox_tokens_refresh:
 * @self: the tokens
 * @refresh_token: of the client's last grant
 * @access_token: of the same; it may have expired, and lets in until then
 *
 * A refresh token that was used before revokes all that the client has.
 *
 * Returns: (transfer full) (nullable): the next grant; %NULL: the tokens are
 *   no pair, or not known any more
 */
SandboxGrant *
sandbox_tokens_refresh (SandboxTokens *self,
                        const gchar *refresh_token,
                        const gchar *access_token)
{
  g_autofree gchar *digest = make_digest (refresh_token);
  g_autofree gchar *access = make_digest (access_token);
  Refresh *refresh = g_hash_table_lookup (self->refreshes, digest);

  if (refresh == NULL)
    return NULL;
  if (refresh->used)
    {
      g_hash_table_remove_all (self->issued);
      g_hash_table_remove_all (self->refreshes);
      return NULL;
    }
  if (!g_str_equal (refresh->access, access))
    return NULL;
  refresh->used = TRUE;
  return issue (self);
}

static void
wipe (gchar *secret)
{
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/**
 * sandbox_grant_free:
 * @grant: (transfer full): to be wiped and freed
 */
void
sandbox_grant_free (SandboxGrant *grant)
{
  wipe (grant->access_token);
  wipe (grant->refresh_token);
  g_free (grant);
}
