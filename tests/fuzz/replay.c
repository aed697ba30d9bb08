/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs a target once over each file of a folder, without a fuzzer: what was found
 * once stays tested, with every compiler and checker.
 */
#include "input.h"

#include <stdio.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = NULL;
  const gchar *name;
  guint n = 0;

  if (argc != 2)
    {
      fprintf (stderr, "Usage: %s FOLDER\n", argv[0]);
      return 2;
    }
  folder = g_dir_open (argv[1], 0, &error);
  if (folder == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree gchar *path = g_build_filename (argv[1], name, NULL);
      g_autofree gchar *data = NULL;
      gsize size;

      if (!g_file_get_contents (path, &data, &size, &error))
        g_error ("%s", error->message);
      LLVMFuzzerTestOneInput ((const guint8 *) data, size);
      printf ("ok %u - %s\n", ++n, name);
    }
  g_assert_cmpuint (n, >, 0);
  printf ("1..%u\n", n);
  return 0;
}
