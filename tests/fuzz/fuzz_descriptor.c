/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Descriptions of sessions. What was read is written, and read again, the same.
 */
#include "input.h"

#include "scribe/descriptor.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaDescriptor) first = eka_descriptor_parse (bytes, &error);
  g_autoptr (EkaDescriptor) second = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GBytes) again = NULL;

  g_assert_true ((first == NULL) == (error != NULL));
  if (first == NULL)
    return 0;
  written = eka_descriptor_print (first);
  second = eka_descriptor_parse (written, &error);
  g_assert_no_error (error);
  again = eka_descriptor_print (second);
  g_assert_true (g_bytes_equal (written, again));
  return 0;
}
