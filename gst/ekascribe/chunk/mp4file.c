/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp4file.h"

#include <string.h>

#include "chunk/aac.h"
#include "chunk/mp4.h"

#define BOX_HEAD 8
#define FULL_BOX_HEAD 4

/* What lies before the configuration in "stsd" of ours, from the count of
 * entries on: that, "mp4a", "esds", the descriptors; and its length is told by
 * the byte before it. */
#define CONFIG_OFFSET (4 + 36 + 12 + 5 + 15 + 2)

/* A part of the file. */
typedef struct
{
  const guint8 *data;
  gsize size;
} Part;

static guint32
get_32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static guint64
get_64 (const guint8 *p)
{
  return (guint64) get_32 (p) << 32 | get_32 (p + 4);
}

/* Finds the first box of a type among those that lie in @within. */
static gboolean
find_box (Part        within,
          const gchar *type,
          Part        *found)
{
  while (within.size >= BOX_HEAD)
    {
      const guint32 size = get_32 (within.data);

      if (size < BOX_HEAD || size > within.size)
        return FALSE;
      if (memcmp (within.data + 4, type, 4) == 0)
        {
          *found = (Part) { within.data + BOX_HEAD, size - BOX_HEAD };
          return TRUE;
        }
      within.data += size;
      within.size -= size;
    }
  return FALSE;
}

/* Goes down from box to box. @found begins behind version and flags. */
static gboolean
find_path (Part               file,
           const gchar *const *path,
           guint              *version,
           Part               *found)
{
  *found = file;
  for (; *path != NULL; path++)
    {
      if (!find_box (*found, *path, found))
        return FALSE;
    }
  if (found->size < FULL_BOX_HEAD)
    return FALSE;
  *version = found->data[0];
  found->data += FULL_BOX_HEAD;
  found->size -= FULL_BOX_HEAD;
  return TRUE;
}

static gboolean
read_codec (EkaCodec *codec,
            Part      file)
{
  const gchar *path[] = { "moov", "trak", "mdia", "minf",
                          "stbl", "stsd", NULL };
  guint version, size;
  Part box;

  if (!find_path (file, path, &version, &box) || box.size < CONFIG_OFFSET)
    return FALSE;
  size = box.data[CONFIG_OFFSET - 1];
  return size <= box.size - CONFIG_OFFSET &&
         eka_aac_init_codec (codec, box.data + CONFIG_OFFSET, size);
}

/* Reads the edit list. */
static gboolean
read_bounds (Part     file,
             guint64 *skip,
             guint64 *heard)
{
  const gchar *path[] = { "moov", "trak", "edts", "elst", NULL };
  guint version;
  Part box;

  if (!find_path (file, path, &version, &box))
    return FALSE;
  if (box.size < 4 + (version == 0 ? 8 : 16))
    return FALSE;
  *heard = version == 0 ? get_32 (box.data + 4) : get_64 (box.data + 4);
  *skip = version == 0 ? get_32 (box.data + 8) : get_64 (box.data + 12);
  return TRUE;
}

static gboolean
add_packets (EkaFile *file,
             Part     sizes,
             Part     packets)
{
  guint32 n, i;

  if (sizes.size < 8)
    return FALSE;
  n = get_32 (sizes.data + 4);
  if (n > (sizes.size - 8) / 4)
    return FALSE;
  for (i = 0; i < n; i++)
    {
      const gsize size = get_32 (sizes.data + 8 + i * (gsize) 4);

      if (size > packets.size ||
          !eka_file_add_packet (file, packets.data, size))
        return FALSE;
      packets.data += size;
      packets.size -= size;
    }
  return n > 0;
}

static gboolean
read_packets (EkaFile *file,
              Part     bytes)
{
  const gchar *path[] = { "moov", "trak", "mdia", "minf",
                          "stbl", "stsz", NULL };
  Part sizes, packets;
  guint version;

  return find_path (bytes, path, &version, &sizes) &&
         find_box (bytes, "mdat", &packets) &&
         add_packets (file, sizes, packets);
}

/* Would mp4.c write the same bytes again? */
static gboolean
is_ours (const EkaFile *file,
         GBytes        *bytes)
{
  const EkaStream stream = eka_file_get_stream (file);
  const guint8 *brand = (const guint8 *) g_bytes_get_data (bytes, NULL) + 8;
  g_autoptr (GBytes) again = eka_mp4_write (&stream, brand[0] == 'M');

  return g_bytes_equal (bytes, again);
}

/**
 * eka_mp4file_read:
 * @file: (inout): an empty file
 * @bytes: what eka_mp4_write() wrote, under either name
 *
 * Returns: %FALSE where it did not write it
 */
gboolean
eka_mp4file_read (EkaFile *file,
                  GBytes  *bytes)
{
  guint64 total, heard;
  Part part;

  part.data = g_bytes_get_data (bytes, &part.size);
  if (part.size > G_MAXINT32)
    return FALSE;
  if (!read_codec (&file->codec, part) ||
      !read_bounds (part, &file->skip, &heard) || !read_packets (file, part))
    return FALSE;
  total = eka_file_count_samples (file);
  if (file->skip > total || heard > total - file->skip)
    return FALSE;
  file->trim_end = total - file->skip - heard;
  return is_ours (file, bytes);
}
