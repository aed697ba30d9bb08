/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribestore.h"

#include "scribe/error.h"

struct _GstEkascribeStore
{
  EkaStore *store;
  GstEkascribeOutboxPolicy policy;
  gboolean usual; /* it is where the command looks by itself */
};

/**
 * gst_ekascribe_store_is_wanted:
 * @config: settings of a run
 *
 * Returns: whether anything is to be written to disk, or read from there
 */
gboolean
gst_ekascribe_store_is_wanted (const GstEkascribeConfig *config)
{
  return config->outbox_resume ||
         config->outbox_policy != GST_EKASCRIBE_OUTBOX_POLICY_NEVER;
}

/**
 * gst_ekascribe_store_is_required:
 * @config: settings of a run
 *
 * Returns: whether somebody has asked for the outbox on disk, so that a run
 *   without it is none
 */
gboolean
gst_ekascribe_store_is_required (const GstEkascribeConfig *config)
{
  return config->outbox_location != NULL ||
         config->outbox_policy == GST_EKASCRIBE_OUTBOX_POLICY_ALWAYS ||
         config->outbox_policy == GST_EKASCRIBE_OUTBOX_POLICY_ON_FAILURE;
}

/**
 * gst_ekascribe_store_new:
 * @config: settings of a run
 * @error: return location; %EKA_SCRIBE_ERROR_DISK with the property at fault
 *
 * Makes the folder where it is not there yet, and finds out whether it can be
 * written to.
 *
 * Returns: (transfer full) (nullable): %NULL where it can't
 */
GstEkascribeStore *
gst_ekascribe_store_new (const GstEkascribeConfig *config,
                         GError                  **error)
{
  g_autoptr (GstEkascribeStore) self = g_new0 (GstEkascribeStore, 1);
  g_autofree gchar *standard = eka_store_dup_default_location ();
  g_autofree gchar *usual = g_canonicalize_filename (standard, NULL);
  g_autoptr (EkaDisk) disk = eka_disk_acquire ();
  /* Where it was now, whatever folder people are in when they read of it. */
  g_autofree gchar *location = g_canonicalize_filename (
      config->outbox_location != NULL ? config->outbox_location : usual, NULL);
  g_autoptr (GError) cause = NULL;

  self->policy = config->outbox_policy;
  self->usual = g_str_equal (location, usual);
  self->store = eka_store_new (disk, location, config->outbox_max_bytes);
  if (eka_store_prepare (self->store, &cause))
    return g_steal_pointer (&self);
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DISK,
               "outbox-location: %s", cause->message);
  if (error != NULL)
    eka_scribe_error_edit_info (*error)->property = "outbox-location";
  return NULL;
}

/**
 * gst_ekascribe_store_free:
 * @self: (transfer full): a store
 *
 * What is in it stays.
 */
void
gst_ekascribe_store_free (GstEkascribeStore *self)
{
  eka_store_unref (self->store);
  g_free (self);
}

/**
 * gst_ekascribe_store_get_folder:
 * @self: a store
 *
 * Returns: (transfer none): its folder
 */
EkaStore *
gst_ekascribe_store_get_folder (GstEkascribeStore *self)
{
  return self->store;
}

/**
 * gst_ekascribe_store_get_policy:
 * @self: a store
 * @live: the pipeline can't be played again
 *
 * Returns: when audio goes to it
 */
EkaOutboxPolicy
gst_ekascribe_store_get_policy (GstEkascribeStore *self,
                                gboolean           live)
{
  switch (self->policy) {
    case GST_EKASCRIBE_OUTBOX_POLICY_ALWAYS:
      return EKA_OUTBOX_ALWAYS;
    case GST_EKASCRIBE_OUTBOX_POLICY_ON_FAILURE:
      return EKA_OUTBOX_ON_FAILURE;
    case GST_EKASCRIBE_OUTBOX_POLICY_NEVER:
      return EKA_OUTBOX_NEVER;
    case GST_EKASCRIBE_OUTBOX_POLICY_AUTO:
      break;
  }
  return live ? EKA_OUTBOX_ALWAYS : EKA_OUTBOX_ON_FAILURE;
}

/**
 * gst_ekascribe_store_equip:
 * @self: a store
 * @outbox: an outbox into which nothing was put
 * @live: the pipeline can't be played again
 *
 * Gives @outbox a folder of its own, which is made when something is written.
 */
void
gst_ekascribe_store_equip (GstEkascribeStore *self,
                           EkaOutbox         *outbox,
                           gboolean           live)
{
  const EkaOutboxPolicy policy = gst_ekascribe_store_get_policy (self, live);
  g_autoptr (EkaSpool) spool = NULL;

  if (policy == EKA_OUTBOX_NEVER)
    return;
  spool = eka_spool_new (self->store);
  eka_outbox_set_spool (outbox, spool, policy);
}

/**
 * gst_ekascribe_store_advise:
 * @self: a store
 * @outbox: an outbox whose audio is on disk
 * @folder: (out) (transfer full) (nullable): its folder
 *
 * Returns: (transfer full) (nullable): where the audio is and what sends it, for
 *   people; %NULL where there is none on disk
 */
gchar *
gst_ekascribe_store_advise (GstEkascribeStore *self,
                            EkaOutbox         *outbox,
                            gchar            **folder)
{
  const gchar *location = eka_store_get_location (self->store);
  g_autofree gchar *quoted = g_shell_quote (location);
  g_autofree gchar *name = NULL;

  *folder = eka_outbox_dup_folder (outbox);
  if (*folder == NULL)
    return NULL;
  name = g_path_get_basename (*folder);
  return g_strdup_printf (
      "The audio is kept in %s. Send it with: ekascribe outbox send %s%s%s",
      *folder, name, self->usual ? "" : " --outbox ",
      self->usual ? "" : quoted);
}
