/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mp4.h"

#include "aac.h"
#include "cursor.h"

#include <gio/gio.h>
#include <string.h>

#define CUT_OFF "the MP4 file is cut off"
#define DAMAGED "the MP4 file is damaged"
#define IN_FRAGMENTS "the MP4 file is in fragments"
#define NO_AAC "the file holds no AAC"
#define HEADER 8
/* Of an audio sample entry, before its boxes. */
#define ENTRY_SIZE 28
#define MAX_SAMPLES 1000000
#define FRAME 1024 /* samples of AAC */
#define NO_TIME (-1)

/* Its contents. */
typedef struct
{
  gchar type[5];
  gsize start;
  gsize end;
} Box;

/* Tables of the one track; @wrong is set once. */
typedef struct
{
  GBytes *file;
  const guint8 *data;
  gsize size;
  const gchar *wrong;
  SandboxPackets *packets;
  guint32 movie_scale; /* units a second of edits */
  guint32 scale;       /* and of samples' times */
  gint64 edit_start;   /* NO_TIME: no edit */
  guint64 edit_length;
  GArray *sizes;   /* of guint32 */
  GArray *chunks;  /* of guint64: where each begins */
  GArray *runs;    /* of Run */
  guint64 duration; /* of all samples */
} Reader;

/* Chunks from @first on have @samples each. */
typedef struct
{
  guint32 first;
  guint32 samples;
} Run;

static gboolean
fail (Reader *self, const gchar *reason)
{
  if (self->wrong == NULL)
    self->wrong = reason;
  return FALSE;
}

static gboolean
is_type (const Box *box, const gchar *type)
{
  return memcmp (box->type, type, 4) == 0;
}

/* ISO/IEC 14496-12, 4.2. */
static gboolean
read_box (Reader *self, gsize *at, gsize end, Box *box)
{
  SandboxCursor cursor = { self->data, end, *at };
  const gchar *reason = end == self->size ? CUT_OFF : DAMAGED;
  guint64 size;

  if (!sandbox_cursor_number (&cursor, 4, &size) ||
      !sandbox_cursor_skip (&cursor, 4))
    return fail (self, reason);
  memcpy (box->type, self->data + *at + 4, 4);
  if (size == 0)
    size = end - *at;
  if (size == 1 && !sandbox_cursor_number (&cursor, 8, &size))
    return fail (self, reason);
  if (size < cursor.at - *at)
    return fail (self, DAMAGED);
  if (size > end - *at)
    return fail (self, reason);
  box->start = cursor.at;
  box->end = *at + (gsize)size;
  *at = box->end;
  return TRUE;
}

/* The contents of a box that is there once. */
static gboolean
find_box (Reader *self, const Box *parent, const gchar *type, Box *found)
{
  gsize at = parent->start;
  Box box;

  while (at < parent->end)
    {
      if (!read_box (self, &at, parent->end, &box))
        return FALSE;
      if (is_type (&box, type))
        {
          *found = box;
          return TRUE;
        }
    }
  return FALSE;
}

/* Version and flags come first; @version is -1 where not even these are. */
static void
open_box (const Reader *self,
          const Box *box,
          SandboxCursor *cursor,
          gint *version)
{
  guint64 first;

  *cursor = (SandboxCursor){ self->data, box->end, box->start };
  *version = sandbox_cursor_number (cursor, 1, &first) &&
                     sandbox_cursor_skip (cursor, 3)
                 ? (gint)first
                 : -1;
}

/* A count, and whether as many entries of @size bytes follow it. */
static gboolean
read_count (SandboxCursor *cursor, gsize size, guint32 *count)
{
  if (sandbox_cursor_left (cursor) < 4)
    return FALSE;
  *count = sandbox_cursor_32 (cursor);
  return *count <= MAX_SAMPLES && sandbox_cursor_left (cursor) >= *count * size;
}

/* Units a second, from `mvhd` or `mdhd`. */
static gboolean
read_scale (Reader *self, const Box *box, guint32 *scale)
{
  SandboxCursor cursor;
  gint version;

  open_box (self, box, &cursor, &version);
  if (version < 0 || !sandbox_cursor_skip (&cursor, version == 1 ? 16 : 8) ||
      sandbox_cursor_left (&cursor) < 4)
    return fail (self, DAMAGED);
  *scale = sandbox_cursor_32 (&cursor);
  return (*scale > 0 && *scale <= G_MAXINT) || fail (self, DAMAGED);
}

/* --- tables --------------------------------------------------------------- */

/* One edit, perhaps behind empty ones, which only delay. */
static gboolean
read_edits (Reader *self, const Box *elst)
{
  SandboxCursor cursor;
  gint version;
  guint32 count;
  guint32 i;

  open_box (self, elst, &cursor, &version);
  if (version < 0 || version > 1 ||
      !read_count (&cursor, version == 1 ? 20 : 12, &count))
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      guint64 length;
      gint64 start;

      if (version == 1)
        {
          length = sandbox_cursor_64 (&cursor);
          start = (gint64)sandbox_cursor_64 (&cursor);
        }
      else
        {
          length = sandbox_cursor_32 (&cursor);
          start = (gint32)sandbox_cursor_32 (&cursor);
        }
      if (sandbox_cursor_32 (&cursor) != 0x10000)
        return fail (self, "the MP4 file has an edit of another speed");
      if (start == -1)
        continue;
      if (start < 0 || self->edit_start != NO_TIME)
        return fail (self, "the MP4 file has more than one edit");
      self->edit_start = start;
      self->edit_length = length;
    }
  return TRUE;
}

static gboolean
read_sizes (Reader *self, const Box *stsz)
{
  SandboxCursor cursor;
  gint version;
  guint64 all;
  guint32 count;
  guint32 i;

  open_box (self, stsz, &cursor, &version);
  if (version != 0 || !sandbox_cursor_number (&cursor, 4, &all) ||
      !read_count (&cursor, all == 0 ? 4 : 0, &count))
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      guint32 size =
          all ? (guint32)all : sandbox_cursor_32 (&cursor);

      g_array_append_val (self->sizes, size);
    }
  return TRUE;
}

static gboolean
read_chunks (Reader *self, const Box *stco, gboolean wide)
{
  SandboxCursor cursor;
  gint version;
  guint32 count;
  guint32 i;

  open_box (self, stco, &cursor, &version);
  if (version != 0 || !read_count (&cursor, wide ? 8 : 4, &count))
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      guint64 offset =
          wide ? sandbox_cursor_64 (&cursor)
               : sandbox_cursor_32 (&cursor);

      g_array_append_val (self->chunks, offset);
    }
  return TRUE;
}

static gboolean
read_runs (Reader *self, const Box *stsc)
{
  SandboxCursor cursor;
  gint version;
  guint32 count;
  guint32 i;

  open_box (self, stsc, &cursor, &version);
  if (version != 0 || !read_count (&cursor, 12, &count))
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      Run run;

      run.first = sandbox_cursor_32 (&cursor);
      run.samples = sandbox_cursor_32 (&cursor);
      if (sandbox_cursor_32 (&cursor) != 1)
        return fail (self, "the MP4 file changes its format");
      g_array_append_val (self->runs, run);
    }
  return TRUE;
}

static gboolean
read_durations (Reader *self, const Box *stts)
{
  SandboxCursor cursor;
  gint version;
  guint32 count;
  guint32 i;
  guint64 samples = 0;

  open_box (self, stts, &cursor, &version);
  if (version != 0 || !read_count (&cursor, 8, &count))
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      guint64 run = sandbox_cursor_32 (&cursor);

      samples += run;
      self->duration += run * sandbox_cursor_32 (&cursor);
    }
  return samples == self->sizes->len || fail (self, DAMAGED);
}

static gboolean
read_description (Reader *self, const Box *stsd)
{
  Box entries = { .start = stsd->start + 8, .end = stsd->end };
  gsize at = entries.start;
  Box entry;
  Box esds;

  if (stsd->end - stsd->start < 8)
    return fail (self, DAMAGED);
  if (!read_box (self, &at, entries.end, &entry) || !is_type (&entry, "mp4a") ||
      entry.end - entry.start < ENTRY_SIZE)
    return fail (self, NO_AAC);
  if (at != entries.end)
    return fail (self, "the MP4 file changes its format");
  entry.start += ENTRY_SIZE;
  if (!find_box (self, &entry, "esds", &esds) || esds.end - esds.start < 4 ||
      !sandbox_aac_set_config (self->packets, self->data + esds.start + 4,
                               esds.end - esds.start - 4))
    return fail (self, NO_AAC);
  return TRUE;
}

/* Samples follow each other in a chunk, and chunks lie anywhere. */
static gboolean
collect (Reader *self)
{
  guint sample = 0;
  guint run = 0;
  guint chunk;

  for (chunk = 0; chunk < self->chunks->len; chunk++)
    {
      guint64 at = g_array_index (self->chunks, guint64, chunk);
      guint32 i;

      while (run + 1 < self->runs->len &&
             g_array_index (self->runs, Run, run + 1).first <= chunk + 1)
        run++;
      if (run >= self->runs->len)
        return fail (self, DAMAGED);
      for (i = 0; i < g_array_index (self->runs, Run, run).samples; i++)
        {
          guint32 size;

          if (sample >= self->sizes->len)
            return fail (self, DAMAGED);
          size = g_array_index (self->sizes, guint32, sample++);
          if (at > self->size || size > self->size - at)
            return fail (self, CUT_OFF);
          sandbox_packets_add (self->packets, self->file, (gsize)at, size);
          at += size;
        }
    }
  return sample == self->sizes->len || fail (self, DAMAGED);
}

/* --- boxes ---------------------------------------------------------------- */

static gboolean
read_table (Reader *self, const Box *stbl)
{
  Box box;
  gboolean wide;

  if (!find_box (self, stbl, "stsd", &box))
    return fail (self, DAMAGED);
  if (!read_description (self, &box))
    return FALSE;
  if (!find_box (self, stbl, "stsz", &box))
    return fail (self, DAMAGED);
  if (!read_sizes (self, &box))
    return FALSE;
  if (!find_box (self, stbl, "stts", &box))
    return fail (self, DAMAGED);
  if (!read_durations (self, &box))
    return FALSE;
  if (!find_box (self, stbl, "stsc", &box))
    return fail (self, DAMAGED);
  if (!read_runs (self, &box))
    return FALSE;
  wide = find_box (self, stbl, "co64", &box);
  if (!wide && !find_box (self, stbl, "stco", &box))
    return fail (self, DAMAGED);
  return read_chunks (self, &box, wide) && collect (self);
}

static gboolean
read_track (Reader *self, const Box *trak)
{
  Box mdia;
  Box box;

  if (!find_box (self, trak, "mdia", &mdia) ||
      !find_box (self, &mdia, "hdlr", &box) || box.end - box.start < 12)
    return fail (self, DAMAGED);
  if (memcmp (self->data + box.start + 8, "soun", 4) != 0)
    return fail (self, NO_AAC);
  if (!find_box (self, &mdia, "mdhd", &box))
    return fail (self, DAMAGED);
  if (!read_scale (self, &box, &self->scale))
    return FALSE;
  if (!find_box (self, &mdia, "minf", &box) ||
      !find_box (self, &box, "stbl", &box))
    return fail (self, DAMAGED);
  if (!read_table (self, &box))
    return FALSE;
  if (find_box (self, trak, "edts", &box) &&
      find_box (self, &box, "elst", &box))
    return read_edits (self, &box);
  return self->wrong == NULL;
}

static gboolean
read_movie (Reader *self, const Box *moov)
{
  gsize at = moov->start;
  guint tracks = 0;
  Box box;

  if (!find_box (self, moov, "mvhd", &box))
    return fail (self, DAMAGED);
  if (!read_scale (self, &box, &self->movie_scale))
    return FALSE;
  while (at < moov->end)
    {
      if (!read_box (self, &at, moov->end, &box))
        return FALSE;
      if (is_type (&box, "mvex"))
        return fail (self, IN_FRAGMENTS);
      if (!is_type (&box, "trak"))
        continue;
      if (tracks++ > 0)
        return fail (self, "the MP4 file has more than one track");
      if (!read_track (self, &box))
        return FALSE;
    }
  return tracks > 0 || fail (self, NO_AAC);
}

static gboolean
is_known (const Box *box)
{
  static const gchar *const types[] = { "ftyp", "moov", "mdat", "free", "skip",
                                        "wide", "meta", "udta", "uuid" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    if (is_type (box, types[i]))
      return TRUE;
  return FALSE;
}

static gboolean
read_file (Reader *self)
{
  gsize at = 0;
  gboolean found = FALSE;
  Box moov = { 0 };
  Box box;

  if (self->size < HEADER || memcmp (self->data + 4, "ftyp", 4) != 0)
    return fail (self, "the file is not MP4");
  while (at < self->size)
    {
      if (self->size - at >= HEADER)
        {
          memcpy (box.type, self->data + at + 4, 4);
          if (is_type (&box, "moof") || is_type (&box, "sidx"))
            return fail (self, IN_FRAGMENTS);
          if (!is_known (&box))
            return fail (self, "something that is no box is in the MP4 file");
        }
      if (!read_box (self, &at, self->size, &box))
        return FALSE;
      if (!is_type (&box, "moov"))
        continue;
      if (found)
        return fail (self, DAMAGED);
      found = TRUE;
      moov = box;
    }
  return found ? read_movie (self, &moov) : fail (self, CUT_OFF);
}

/* The edit's length is in the movie's units, often coarse: within one of the
 * end of all samples, it means that end. The last sample may be shorter than
 * what a decoder gives for it. */
static gboolean
set_heard (Reader *self)
{
  SandboxPackets *packets = self->packets;
  guint64 start = self->edit_start == NO_TIME ? 0 : (guint64)self->edit_start;
  guint64 unit = (self->scale + self->movie_scale - 1) / self->movie_scale;
  guint64 length = 0;
  guint64 left;
  gint core = 0; /* rate of AAC, without SBR */

  if (packets->data->len == 0)
    return fail (self, "the file holds no audio");
  gst_structure_get_int (gst_caps_get_structure (packets->caps, 0), "rate",
                         &core);
  packets->rate = (gint)self->scale;
  packets->total = gst_util_uint64_scale_round (
      (guint64)packets->data->len * FRAME, self->scale, (guint64)core);
  if (self->edit_start == NO_TIME)
    return TRUE;
  if (start > self->duration)
    return fail (self, "the MP4 file's edit lies behind its audio");
  left = self->duration - start;
  if (self->edit_length != 0)
    length = gst_util_uint64_scale_round (self->edit_length, self->scale,
                                          self->movie_scale);
  packets->skip = start;
  packets->keep = length == 0 || length + unit > left ? left : length;
  return TRUE;
}

/**
 * sandbox_mp4_read:
 * @file: a chunk
 * @error: why it is not a whole MP4 file of AAC
 *
 * Source: ISO/IEC 14496-12 and 14496-14.
 *
 * Returns: (transfer full) (nullable): its samples
 */
SandboxPackets *
sandbox_mp4_read (GBytes *file, GError **error)
{
  g_autoptr (SandboxPackets) packets = sandbox_packets_new ();
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GArray) chunks = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (Run));
  Reader reader = {
    .file = file,
    .packets = packets,
    .edit_start = NO_TIME,
    .sizes = sizes,
    .chunks = chunks,
    .runs = runs,
  };

  reader.data = g_bytes_get_data (file, &reader.size);
  if (read_file (&reader) && set_heard (&reader))
    return g_steal_pointer (&packets);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       reader.wrong);
  return NULL;
}
