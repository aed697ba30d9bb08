/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "find.h"

#include <gio/gio.h>
#include <string.h>

#include "summary.h"

static gboolean
has_session (const EkaLeftover *leftover,
             const gchar       *session_id)
{
  g_autoptr (Summary) summary = summary_new (leftover);

  return g_strcmp0 (summary->session_id, session_id) == 0;
}

static gboolean
contains (GPtrArray         *list,
          const EkaLeftover *leftover)
{
  return g_ptr_array_find (list, leftover, NULL);
}

/* A path into the outbox is a name too: shells complete folders. */
static gchar *
make_name (const gchar *argument,
           const gchar *location)
{
  g_autofree gchar *path = g_canonicalize_filename (argument, NULL);
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *outbox = g_canonicalize_filename (location, NULL);

  if (strchr (argument, G_DIR_SEPARATOR) != NULL &&
      g_str_equal (folder, outbox))
    return g_path_get_basename (path);
  return g_strdup (argument);
}

/* Returns: whether there is one */
static gboolean
add_matches (GPtrArray   *found,
             GPtrArray   *all,
             const gchar *name)
{
  gboolean any = FALSE;
  guint i;

  for (i = 0; i < all->len; i++)
    {
      EkaLeftover *leftover = g_ptr_array_index (all, i);

      if (!g_str_equal (leftover->name, name) && !has_session (leftover, name))
        continue;
      any = TRUE;
      if (!contains (found, leftover))
        g_ptr_array_add (found, leftover);
    }
  return any;
}

/**
 * find_leftovers:
 * @location: folder of the outbox
 * @names: (array zero-terminated=1): folders and session ids; none: all
 * @error: return location for a #GIOErrorEnum; %G_IO_ERROR_NOT_FOUND names what
 *   is not there
 *
 * Returns: (transfer full) (element-type EkaLeftover): the leftovers, each once,
 *   in the order of the names
 */
GPtrArray *
find_leftovers (const gchar *location,
                gchar      **names,
                GError     **error)
{
  g_autoptr (GPtrArray) all = eka_leftover_list (location, error);
  g_autoptr (GPtrArray) found = NULL;
  guint i;

  if (all == NULL || *names == NULL)
    return g_steal_pointer (&all);
  found = g_ptr_array_new ();
  for (i = 0; names[i] != NULL; i++)
    {
      g_autofree gchar *name = make_name (names[i], location);

      if (add_matches (found, all, name))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "There is no recording or session “%s” in %s", names[i],
                   location);
      return NULL;
    }
  /* What was found is kept, the rest goes. */
  for (i = all->len; i > 0; i--)
    if (contains (found, g_ptr_array_index (all, i - 1)))
      g_ptr_array_steal_index (all, i - 1);
  g_ptr_array_set_free_func (found, (GDestroyNotify) eka_leftover_free);
  return g_steal_pointer (&found);
}
