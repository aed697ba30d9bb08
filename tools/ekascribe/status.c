/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "status.h"

#include <string.h>

#include "print.h"
#include "scribe/error.h"

/**
 * status_of_error:
 * @error: (nullable): why something was not done, of any domain
 *
 * Returns: the exit code for it
 */
Status
status_of_error (const GError *error)
{
  if (error == NULL)
    return STATUS_DONE;
  if (error->domain != EKA_SCRIBE_ERROR)
    return STATUS_FAILED;
  switch ((EkaScribeError) error->code)
    {
    case EKA_SCRIBE_ERROR_SETTINGS:
      return STATUS_USAGE;
    case EKA_SCRIBE_ERROR_NOT_AUTHORIZED:
      return STATUS_NOT_AUTHORIZED;
    /* A captive portal shows as a wrong certificate. */
    case EKA_SCRIBE_ERROR_NETWORK:
    case EKA_SCRIBE_ERROR_TLS:
    case EKA_SCRIBE_ERROR_UNAVAILABLE:
      return STATUS_UNREACHABLE;
    case EKA_SCRIBE_ERROR_FAILED:
      return STATUS_REFUSED;
    case EKA_SCRIBE_ERROR_GONE:
      return eka_scribe_error_get_info (error)->http_status == 410
                 ? STATUS_REFUSED
                 : STATUS_FAILED;
    default:
      return STATUS_FAILED;
    }
}

/**
 * status_join:
 * @one: how one thing went
 * @other: how another went
 *
 * Returns: the exit code for both: what has to be mended before all else
 */
Status
status_join (Status one,
             Status other)
{
  static const guint8 weight[] = {
    [STATUS_DONE] = 0,          [STATUS_UNFINISHED] = 1,
    [STATUS_REFUSED] = 2,       [STATUS_FAILED] = 3,
    [STATUS_UNREACHABLE] = 4,   [STATUS_NOT_AUTHORIZED] = 5,
    [STATUS_USAGE] = 6,
  };

  return weight[one] >= weight[other] ? one : other;
}

/* What the user can do about it. */
static const gchar *
advise (const GError *error)
{
  if (error->domain != EKA_SCRIBE_ERROR)
    return NULL;
  switch (status_of_error (error))
    {
    case STATUS_NOT_AUTHORIZED:
      return "Put a valid token into EKASCRIBE_ACCESS_TOKEN, or into a file and "
             "name it with --access-token-file.";
    case STATUS_UNREACHABLE:
      if (error->code == EKA_SCRIBE_ERROR_TLS)
        return "Is a login page between you and the service? --ca-file names a "
               "certificate to trust.";
      return "Try again later.";
    default:
      return NULL;
    }
}

/* What properties of the element are called here. */
static gchar *
name_options (const gchar *message)
{
  static const gchar *const words[][2] = {
    { "set allow-http=true", "give --allow-http" },
    { "with access-token or access-token-file",
      "in EKASCRIBE_ACCESS_TOKEN or with --access-token-file" },
    { "set access-token, access-token-file or EKASCRIBE_ACCESS_TOKEN",
      "set EKASCRIBE_ACCESS_TOKEN or --access-token-file" },
    { "belong into access-token or api-key",
      "belong into the environment or --access-token-file" },
    { "from access-token-file:", "from --access-token-file:" },
    { "unless trusted-hosts lists", "unless --trusted-hosts lists" },
    { "does not take the value of templates.",
      "does not take the templates of this session; others can be given with "
      "--templates." },
    { "templates has ", "--templates has " },
  };
  g_autoptr (GString) text = g_string_new (message);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    g_string_replace (text, words[i][0], words[i][1], 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Returns: whether @message says already what it is about */
static gboolean
names (const gchar *message,
       const gchar *where)
{
  const gsize length = strlen (where);

  return strncmp (message, where, length) == 0 &&
         (message[length] == ':' || message[length] == ' ');
}

/**
 * status_warn:
 * @error: what is amiss
 * @where: with what
 * @passes: it may be well without anybody's doing
 *
 * Tells it on stderr.
 */
void
status_warn (const GError *error,
             const gchar  *where,
             gboolean      passes)
{
  const gboolean named = names (error->message, where);
  g_autofree gchar *message = name_options (error->message);

  if (passes)
    print_note ("%s%s%s", named ? "" : where, named ? "" : ": ", message);
  else
    print_problem ("%s%s%s", named ? "" : where, named ? "" : ": ", message);
}

/**
 * status_tell:
 * @error: why something was not done
 * @where: (nullable): with what
 *
 * Tells it on stderr: what the service or the system says, its code and HTTP
 * status, and what can be done.
 *
 * Returns: the exit code for it
 */
Status
status_tell (const GError *error,
             const gchar  *where)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  g_autoptr (GString) text = g_string_new (NULL);
  const gchar *advice = advise (error);
  g_autofree gchar *message = name_options (error->message);

  if (where != NULL && !names (message, where))
    g_string_append_printf (text, "%s: ", where);
  g_string_append (text, message);
  if (info != NULL && info->code != NULL &&
      strstr (error->message, info->code) == NULL)
    g_string_append_printf (text, " (%s)", info->code);
  if (info != NULL && info->http_status != 0 &&
      strstr (error->message, "HTTP") == NULL)
    g_string_append_printf (text, " (HTTP %u)", info->http_status);
  print_problem ("%s", text->str);
  if (advice != NULL)
    print_problem ("%s", advice);
  return status_of_error (error);
}
