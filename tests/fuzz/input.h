/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/**
 * Input:
 * @data: what is left
 * @size: length of @data
 *
 * What a fuzzer made up, while it is taken apart.
 */
typedef struct
{
  const guint8 *data;
  gsize size;
} Input;

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* 0 at the end */
static inline guint
input_take_byte (Input *self)
{
  if (self->size == 0)
    return 0;
  self->size--;
  return *self->data++;
}

/* Two bytes tell a length; the block ends with the input. It is a copy of its own,
 * so that a read behind its end is seen. */
static inline GBytes *
input_take_block (Input *self)
{
  gsize length = input_take_byte (self);
  GBytes *block;

  length = length << 8 | input_take_byte (self);
  length = MIN (length, self->size);
  block = g_bytes_new (self->data, length);
  self->data += length;
  self->size -= length;
  return block;
}
