/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/webmfile.h"

#include "chunk/opus.h"
#include "chunk/webm.h"
#include "chunk/webmids.h"

#define MAX_LACE 256

/* What is left to be read */
typedef struct
{
  const guint8 *data;
  gsize size;
} Reader;

static gboolean
read_byte (Reader *self,
           guint  *byte)
{
  if (self->size == 0)
    return FALSE;
  *byte = *self->data++;
  self->size--;
  return TRUE;
}

/* RFC 8794 section 4: a number that begins with its own length; an ID keeps the
 * bit that ends the length. */
static gboolean
read_number (Reader  *self,
             gboolean is_id,
             guint64 *number)
{
  guint byte, more, i;

  if (!read_byte (self, &byte) || byte == 0)
    return FALSE;
  more = 8 - g_bit_storage (byte);
  *number = is_id ? byte : byte ^ 0x80u >> more;
  for (i = 0; i < more; i++)
    {
      if (!read_byte (self, &byte))
        return FALSE;
      *number = *number << 8 | byte;
    }
  return TRUE;
}

/* The lengths of all packets of a lace but the last, RFC 9559 section 10.3.2 */
static gboolean
read_xiph_sizes (Reader *self,
                 gsize  *sizes,
                 guint  *n_sizes)
{
  guint byte, i;

  if (!read_byte (self, n_sizes))
    return FALSE;
  for (i = 0; i < *n_sizes; i++)
    {
      sizes[i] = 0;
      do
        {
          if (!read_byte (self, &byte))
            return FALSE;
          sizes[i] += byte;
        }
      while (byte == 255);
    }
  return TRUE;
}

static gboolean
read_block (EkaFile *file,
            Reader   block)
{
  gsize sizes[MAX_LACE];
  guint n_sizes = 0, flags, i;

  if (block.size < EKA_WEBM_BLOCK_HEAD_SIZE)
    return FALSE;
  flags = block.data[3];
  block.data += EKA_WEBM_BLOCK_HEAD_SIZE;
  block.size -= EKA_WEBM_BLOCK_HEAD_SIZE;
  if ((flags & EKA_WEBM_LACING) == EKA_WEBM_XIPH_LACING &&
      !read_xiph_sizes (&block, sizes, &n_sizes))
    return FALSE;

  for (i = 0; i < n_sizes; i++)
    {
      if (sizes[i] > block.size ||
          !eka_file_add_packet (file, block.data, sizes[i]))
        return FALSE;
      block.data += sizes[i];
      block.size -= sizes[i];
    }
  return eka_file_add_packet (file, block.data, block.size);
}

/* As samples */
static gboolean
read_padding (EkaFile *file,
              Reader   padding)
{
  guint64 nanoseconds = 0;
  guint byte;

  /* more than any packet lasts would take more bytes */
  if (padding.size > 4)
    return FALSE;
  while (read_byte (&padding, &byte))
    nanoseconds = nanoseconds << 8 | byte;
  file->trim_end = (nanoseconds * EKA_OPUS_RATE + 500000000) / 1000000000;
  return TRUE;
}

static gboolean
read_element (EkaFile *file,
              guint64  id,
              Reader   element)
{
  switch (id)
    {
    case EKA_WEBM_ID_CODEC_PRIVATE:
      if (file->packets->len > 0 ||
          !eka_opus_init_codec_from_head (&file->codec, element.data,
                                          element.size))
        return FALSE;
      file->skip = file->codec.pre_skip;
      return TRUE;
    case EKA_WEBM_ID_SIMPLE_BLOCK:
    case EKA_WEBM_ID_BLOCK:
      return file->codec.channels > 0 && read_block (file, element);
    case EKA_WEBM_ID_DISCARD_PADDING:
      return read_padding (file, element);
    default:
      return TRUE;
    }
}

static gboolean
has_elements (guint64 id)
{
  return id == EKA_WEBM_ID_SEGMENT || id == EKA_WEBM_ID_TRACKS ||
         id == EKA_WEBM_ID_TRACK_ENTRY || id == EKA_WEBM_ID_CLUSTER ||
         id == EKA_WEBM_ID_BLOCK_GROUP;
}

/* Takes what it needs wherever it lies; is_ours() sees what is out of place. */
static gboolean
read_elements (EkaFile *file,
               Reader   self)
{
  guint64 id, size;

  while (self.size > 0)
    {
      if (!read_number (&self, TRUE, &id) ||
          !read_number (&self, FALSE, &size) || size > self.size)
        return FALSE;
      if (has_elements (id))
        continue;
      if (!read_element (file, id, (Reader) { self.data, size }))
        return FALSE;
      self.data += size;
      self.size -= size;
    }
  return TRUE;
}

/* Would webm.c write the same bytes again? */
static gboolean
is_ours (const EkaFile *file,
         GBytes        *bytes)
{
  const EkaStream stream = eka_file_get_stream (file);
  g_autoptr (GBytes) again = NULL;

  if (stream.n_packets == 0)
    return FALSE;
  again = eka_webm_write (&stream);
  return g_bytes_equal (bytes, again);
}

/**
 * eka_webmfile_read:
 * @file: (inout): an empty file
 * @bytes: what eka_webm_write() wrote
 *
 * Returns: %FALSE where it did not write it
 */
gboolean
eka_webmfile_read (EkaFile *file,
                   GBytes  *bytes)
{
  Reader reader;

  reader.data = g_bytes_get_data (bytes, &reader.size);
  return read_elements (file, reader) && is_ours (file, bytes);
}
