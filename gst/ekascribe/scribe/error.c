/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/error.h"

typedef EkaScribeErrorInfo EkaScribeErrorPrivate;

static void
eka_scribe_error_private_init (EkaScribeErrorPrivate *priv)
{
}

static void
eka_scribe_error_private_copy (const EkaScribeErrorPrivate *from,
                               EkaScribeErrorPrivate       *to)
{
  to->http_status = from->http_status;
  to->code = g_strdup (from->code);
  to->details = g_strdup (from->details);
  to->request = g_strdup (from->request);
  to->property = from->property;
  to->folder = g_strdup (from->folder);
  to->unsent = from->unsent;
}

static void
eka_scribe_error_private_clear (EkaScribeErrorPrivate *priv)
{
  g_free (priv->code);
  g_free (priv->details);
  g_free (priv->request);
  g_free (priv->folder);
}

G_DEFINE_EXTENDED_ERROR (EkaScribeError, eka_scribe_error)

/**
 * eka_scribe_error_get_info:
 * @error: an error of any domain
 *
 * Returns: (nullable) (transfer none): what @error carries beside its message,
 *   or %NULL where it is of another domain
 */
const EkaScribeErrorInfo *
eka_scribe_error_get_info (const GError *error)
{
  if (error == NULL || error->domain != EKA_SCRIBE_ERROR)
    return NULL;
  return eka_scribe_error_get_private (error);
}

/**
 * eka_scribe_error_edit_info:
 * @error: an error of this domain
 *
 * Returns: (transfer none): the part of @error to be filled in where the error
 *   is made; strings set there belong to it
 */
EkaScribeErrorInfo *
eka_scribe_error_edit_info (GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);
  g_return_val_if_fail (error->domain == EKA_SCRIBE_ERROR, NULL);
  return eka_scribe_error_get_private (error);
}

/**
 * eka_scribe_error_is_transient:
 * @error: an error of any domain
 *
 * Returns: whether the same call may go well later
 */
gboolean
eka_scribe_error_is_transient (const GError *error)
{
  return g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK) ||
         g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_UNAVAILABLE);
}
