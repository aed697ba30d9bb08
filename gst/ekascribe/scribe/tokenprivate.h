/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/token.h"

G_BEGIN_DECLS

/* Between token.c (what the credential is) and renewal.c (how another one is
 * found). */
struct _EkaToken
{
  gatomicrefcount refs;

  GMutex lock; /* guards all up to @asking; nothing is called with it held */
  gchar *value;    /* the newest, wherever it came from */
  gchar *previous; /* what it has replaced, and answers may still echo */
  gint64 stale;    /* when @value is due to be renewed, or G_MAXINT64 */
  gchar *filename;
  gchar *loaded;   /* what the file held last */
  gchar *api_key;
  EkaLogin *login;
  EkaTokenAskFunc ask;
  gpointer ask_data;
  GDestroyNotify ask_destroy;
  gboolean may_come; /* who was asked last has not said no for ever */
  GTask *asking;     /* gets the answer of @ask */

  /* In the worker thread only. */
  GQueue waiting;    /* of GTask: who needs another credential */
  gint64 asked_at;   /* when @ask was called last */
  gchar *asked_for;  /* in place of which credential */
};

gchar *eka_token_dup_credential (EkaToken    *token);
gchar *eka_token_read_file      (const gchar *filename,
                                 GError     **error);
gboolean eka_token_take_file    (EkaToken    *token,
                                 const gchar *value);
void   eka_token_take_login     (EkaToken    *token,
                                 const gchar *value,
                                 gint64       stale);

G_END_DECLS
