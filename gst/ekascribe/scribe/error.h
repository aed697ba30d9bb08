/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaScribeError:
 * @EKA_SCRIBE_ERROR_SETTINGS: a setting can't work; details name the property
 * @EKA_SCRIBE_ERROR_NETWORK: no whole answer came; worth another try
 * @EKA_SCRIBE_ERROR_TLS: the server's certificate was refused
 * @EKA_SCRIBE_ERROR_REDIRECTED: a redirect that is not followed
 * @EKA_SCRIBE_ERROR_TOO_LARGE: an answer over the limit
 * @EKA_SCRIBE_ERROR_UNTRUSTED: credentials would go where they must not
 * @EKA_SCRIBE_ERROR_UNAVAILABLE: the server asks for another try (408, 425,
 *   429, 5xx)
 * @EKA_SCRIBE_ERROR_NOT_AUTHORIZED: 401 or 403
 * @EKA_SCRIBE_ERROR_REFUSED: another 4xx
 * @EKA_SCRIBE_ERROR_GONE: the session is not there (404, 410)
 * @EKA_SCRIBE_ERROR_PROTOCOL: an answer that the protocol does not know
 * @EKA_SCRIBE_ERROR_FAILED: the service could not process the session
 * @EKA_SCRIBE_ERROR_TIMEOUT: a limit of the client's own ran out
 * @EKA_SCRIBE_ERROR_LOST: audio could not be kept
 * @EKA_SCRIBE_ERROR_DISK: the outbox on disk can't be used
 * @EKA_SCRIBE_ERROR_NEWER: a later version wrote what is on disk
 * @EKA_SCRIBE_ERROR_DAMAGED: what is on disk can't be read
 *
 * The one error domain of this library.
 */
typedef enum
{
  EKA_SCRIBE_ERROR_SETTINGS,
  EKA_SCRIBE_ERROR_NETWORK,
  EKA_SCRIBE_ERROR_TLS,
  EKA_SCRIBE_ERROR_REDIRECTED,
  EKA_SCRIBE_ERROR_TOO_LARGE,
  EKA_SCRIBE_ERROR_UNTRUSTED,
  EKA_SCRIBE_ERROR_UNAVAILABLE,
  EKA_SCRIBE_ERROR_NOT_AUTHORIZED,
  EKA_SCRIBE_ERROR_REFUSED,
  EKA_SCRIBE_ERROR_GONE,
  EKA_SCRIBE_ERROR_PROTOCOL,
  EKA_SCRIBE_ERROR_FAILED,
  EKA_SCRIBE_ERROR_TIMEOUT,
  EKA_SCRIBE_ERROR_LOST,
  EKA_SCRIBE_ERROR_DISK,
  EKA_SCRIBE_ERROR_NEWER,
  EKA_SCRIBE_ERROR_DAMAGED,
} EkaScribeError;

#define EKA_SCRIBE_ERROR (eka_scribe_error_quark ())
GQuark eka_scribe_error_quark (void);

/**
 * EkaScribeErrorInfo:
 * @http_status: status of the answer, or 0
 * @code: (nullable): the server's error code
 * @details: (nullable): the server's details, as JSON text
 * @request: (nullable): the call that failed, such as `upload`
 * @property: (nullable): the property at fault, a static string
 * @folder: (nullable): where the audio is kept on disk that it is about
 * @unsent: of %EKA_SCRIBE_ERROR_NETWORK and %EKA_SCRIBE_ERROR_TLS: the server has
 *   seen nothing of the request
 *
 * What an error of the domain carries beside its message; never a secret or a
 * patient's detail.
 */
typedef struct
{
  guint http_status;
  gchar *code;
  gchar *details;
  gchar *request;
  const gchar *property;
  gchar *folder;
  gboolean unsent;
} EkaScribeErrorInfo;

const EkaScribeErrorInfo *eka_scribe_error_get_info (const GError *error);
EkaScribeErrorInfo       *eka_scribe_error_edit_info (GError      *error);
gboolean                  eka_scribe_error_is_transient (const GError *error);

G_END_DECLS
