/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Buffers of every kind of caps, unwrapped: a byte for the caps, then a block for
 * codec_data, then one for each buffer.
 */
#include "input.h"

#include "gstekascribeunwrapper.h"

static const gchar *const kinds[] = {
  "audio/x-opus, channels = (int) 2",
  "audio/x-vorbis",
  "audio/mpeg, mpegversion = (int) 4, stream-format = (string) adts, "
  "framed = (boolean) true",
  "audio/mpeg, mpegversion = (int) 4, stream-format = (string) raw",
  "audio/mpeg, mpegversion = (int) 1, layer = (int) 3, "
  "parsed = (boolean) true",
  "audio/x-mulaw, rate = (int) 8000, channels = (int) 1",
};

static GstStructure *
make_structure (Input *input)
{
  GstStructure *structure = gst_structure_from_string (
      kinds[input_take_byte (input) % G_N_ELEMENTS (kinds)], NULL);
  g_autoptr (GBytes) block = input_take_block (input);
  gsize size;
  const guint8 *data = g_bytes_get_data (block, &size);
  g_autoptr (GstBuffer) buffer =
      size > 0 ? gst_buffer_new_memdup (data, size) : gst_buffer_new ();

  gst_structure_set (structure, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
  return structure;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  GstEkascribeUnwrapper unwrapper = { 0 };
  Input input = { data, size };
  GstStructure *structure;

  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  structure = make_structure (&input);
  if (gst_ekascribe_unwrapper_set_caps (&unwrapper, structure))
    {
      while (input.size > 0)
        {
          g_autoptr (GBytes) block = input_take_block (&input);
          gsize length;
          const guint8 *bytes = g_bytes_get_data (block, &length);
          const guint8 *end = bytes + length;

          if (gst_ekascribe_unwrapper_unwrap (&unwrapper, &bytes, &length))
            g_assert_true (bytes + length == end);
        }
    }
  gst_structure_free (structure);
  gst_ekascribe_unwrapper_clear (&unwrapper);
  return 0;
}
