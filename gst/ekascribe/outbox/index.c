/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/index.h"

#include <gio/gio.h>
#include <string.h>
#include <zlib.h>

#include "chunk/packet.h"
#include "outbox/names.h"

/* The format, line by line; fields are parted by a tab:
 *
 *   ekascribe-outbox 1
 *   # FILE TYPE EXTENSION SIZE CRC32 RUNNING-TIME UTC DURATION SAMPLES PRE-ROLL STATE
 *   audio_0.ogg audio/ogg;codecs=opus ogg 20481 9be3c1d2 0 0 5000000000 240000 0 waiting
 *   journal journal_3
 *   taken 20260102T030405Z-0a1b2c3d/audio_7.ogg
 *   crc32 5f0e9a01
 *
 * Times are in ns. "-" stands for no file, or no running time. The last line holds
 * the CRC-32 of all lines before it. */

#define FORMAT "ekascribe-outbox"
#define VERSION 1
#define HEADING                                                               \
  "# file\ttype\textension\tsize\tcrc32\trunning time\tutc\tduration\t"       \
  "samples\tpre-roll\tstate\n"

/* Far more than weeks of chunks of a second. */
#define MAX_SIZE (256 * 1024 * 1024)
#define MAX_TYPE 100

#define END_LENGTH 15 /* of "crc32 xxxxxxxx\n" */

enum
{
  FIELD_FILE,
  FIELD_TYPE,
  FIELD_EXTENSION,
  FIELD_SIZE,
  FIELD_CHECKSUM,
  FIELD_RUNNING_TIME,
  FIELD_UTC,
  FIELD_DURATION,
  FIELD_SAMPLES,
  FIELD_PRE_ROLL,
  FIELD_STATE,
  N_FIELDS
};

static const gchar *const state_names[] = {
  [EKA_INDEX_WAITING] = "waiting",
  [EKA_INDEX_ACKNOWLEDGED] = "acknowledged",
};

static void
entry_free (gpointer data)
{
  EkaIndexEntry *entry = data;

  eka_chunk_unref (entry->chunk);
  g_free (entry->file);
  g_free (entry);
}

/**
 * eka_index_new:
 *
 * Returns: (transfer full): an index that names nothing
 */
EkaIndex *
eka_index_new (void)
{
  EkaIndex *self = g_new0 (EkaIndex, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->taken = g_ptr_array_new_with_free_func (g_free);
  return self;
}

/**
 * eka_index_free:
 * @index: (transfer full): an index
 */
void
eka_index_free (EkaIndex *index)
{
  g_ptr_array_unref (index->entries);
  g_ptr_array_unref (index->taken);
  g_free (index->journal);
  g_free (index);
}

/* Returns: (transfer full): @chunk without its bytes */
static EkaChunk *
copy_without_bytes (EkaChunk *chunk)
{
  EkaChunk *copy;

  if (chunk->bytes == NULL)
    return eka_chunk_ref (chunk);
  copy = eka_chunk_new (chunk->index, NULL, chunk->media_type,
                        chunk->extension, chunk->running_time, chunk->duration,
                        chunk->samples);
  copy->utc = chunk->utc;
  copy->pre_roll = chunk->pre_roll;
  return copy;
}

/**
 * eka_index_add:
 * @index: an index
 * @file: (nullable): name of the file in the folder, as of eka_name_is_audio()
 * @size: of the file in bytes
 * @checksum: CRC-32 of its bytes
 * @chunk: (transfer none): all else; it is not kept in memory by this
 * @state: how far it got
 *
 * Puts a chunk behind the others.
 */
void
eka_index_add (EkaIndex     *index,
               const gchar  *file,
               gsize         size,
               guint32       checksum,
               EkaChunk     *chunk,
               EkaIndexState state)
{
  EkaIndexEntry *entry = g_new0 (EkaIndexEntry, 1);

  entry->file = g_strdup (file);
  entry->size = size;
  entry->checksum = checksum;
  entry->chunk = copy_without_bytes (chunk);
  entry->state = state;
  g_ptr_array_add (index->entries, entry);
}

/**
 * eka_index_checksum:
 * @data: (array length=size): bytes
 * @size: length of @data
 *
 * Returns: the CRC-32 that an index has of a file
 */
guint32
eka_index_checksum (const guint8 *data,
                    gsize         size)
{
  return (guint32) crc32_z (crc32_z (0, NULL, 0), data, size);
}

static void
print_entry (GString             *out,
             const EkaIndexEntry *entry)
{
  const EkaChunk *chunk = entry->chunk;

  g_string_append_printf (out, "%s\t%s\t%s\t%" G_GSIZE_FORMAT "\t%08x\t",
                          entry->file != NULL ? entry->file : "-",
                          chunk->media_type, chunk->extension, entry->size,
                          entry->checksum);
  if (chunk->running_time == EKA_TIME_NONE)
    g_string_append_c (out, '-');
  else
    g_string_append_printf (out, "%" G_GUINT64_FORMAT, chunk->running_time);
  g_string_append_printf (out,
                          "\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT
                          "\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT
                          "\t%s\n",
                          chunk->utc, chunk->duration, chunk->samples,
                          chunk->pre_roll, state_names[entry->state]);
}

/**
 * eka_index_print:
 * @index: an index
 *
 * Returns: (transfer full): what is to be in the file
 */
GBytes *
eka_index_print (const EkaIndex *index)
{
  GString *out = g_string_new (FORMAT);
  guint i;

  g_string_append_printf (out, " %d\n" HEADING, VERSION);
  for (i = 0; i < index->entries->len; i++)
    print_entry (out, g_ptr_array_index (index->entries, i));
  if (index->journal != NULL)
    g_string_append_printf (out, "journal %s\n", index->journal);
  for (i = 0; i < index->taken->len; i++)
    g_string_append_printf (
        out, "taken %s\n", (gchar *) g_ptr_array_index (index->taken, i));
  g_string_append_printf (
      out, "crc32 %08x\n",
      eka_index_checksum ((const guint8 *) out->str, out->len));
  return g_string_free_to_bytes (out);
}

static gboolean
damaged (GError     **error,
         const gchar *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The index " EKA_INDEX_NAME " is damaged: %s", what);
  return FALSE;
}

/* Only as we write it. */
static gboolean
read_decimal (const gchar *text,
              guint64     *value)
{
  if (!g_ascii_isdigit (text[0]) || (text[0] == '0' && text[1] != '\0'))
    return FALSE;
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, value, NULL);
}

static gboolean
read_checksum (const gchar *text,
               guint32     *value)
{
  guint32 sum = 0;
  guint i;

  for (i = 0; i < 8; i++)
    {
      if (!g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
        return FALSE;
      sum = sum << 4 | (guint32) g_ascii_xdigit_value (text[i]);
    }
  *value = sum;
  return text[8] == '\0';
}

/* It gets into the head of a request, and on terminals. */
static gboolean
is_media_type (const gchar *text)
{
  gsize i;

  for (i = 0; text[i] != '\0'; i++)
    {
      if (i == MAX_TYPE || !g_ascii_isprint (text[i]))
        return FALSE;
    }
  return i > 0 && strchr (text, '/') != NULL;
}

/* Whether @text is the end of a name of ours, and that of @file. */
static gboolean
is_extension (const gchar *text,
              const gchar *file)
{
  g_autofree gchar *name = g_strconcat ("audio_0.", text, NULL);

  return eka_name_is_audio (name, NULL) &&
         (file == NULL ||
          g_strcmp0 (strchr (file, '.'), strchr (name, '.')) == 0);
}

static gboolean
read_state (const gchar   *text,
            EkaIndexState *state)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (state_names); i++)
    {
      if (strcmp (text, state_names[i]) != 0)
        continue;
      *state = (EkaIndexState) i;
      return TRUE;
    }
  return FALSE;
}

/* @files: the names so far. */
static gboolean
read_entry (EkaIndex    *self,
            GHashTable  *files,
            const gchar *line)
{
  g_auto (GStrv) fields = g_strsplit (line, "\t", N_FIELDS + 1);
  g_autoptr (EkaChunk) chunk = NULL;
  const gchar *file;
  guint64 size, running_time = EKA_TIME_NONE, utc, duration, samples, pre_roll;
  guint32 checksum;
  EkaIndexState state;

  if (g_strv_length (fields) != N_FIELDS)
    return FALSE;
  file = strcmp (fields[FIELD_FILE], "-") != 0 ? fields[FIELD_FILE] : NULL;
  if (file != NULL && (!eka_name_is_audio (file, NULL) ||
                       !g_hash_table_add (files, g_strdup (file))))
    return FALSE;
  if (!is_media_type (fields[FIELD_TYPE]) ||
      !is_extension (fields[FIELD_EXTENSION], file) ||
      !read_decimal (fields[FIELD_SIZE], &size) || size > G_MAXSIZE ||
      !read_checksum (fields[FIELD_CHECKSUM], &checksum) ||
      (strcmp (fields[FIELD_RUNNING_TIME], "-") != 0 &&
       !read_decimal (fields[FIELD_RUNNING_TIME], &running_time)) ||
      !read_decimal (fields[FIELD_UTC], &utc) ||
      !read_decimal (fields[FIELD_DURATION], &duration) ||
      !read_decimal (fields[FIELD_SAMPLES], &samples) ||
      !read_decimal (fields[FIELD_PRE_ROLL], &pre_roll) ||
      !read_state (fields[FIELD_STATE], &state))
    return FALSE;
  chunk = eka_chunk_new (self->entries->len, NULL,
                         g_intern_string (fields[FIELD_TYPE]),
                         g_intern_string (fields[FIELD_EXTENSION]),
                         running_time, duration, samples);
  chunk->utc = utc;
  chunk->pre_roll = pre_roll;
  eka_index_add (self, file, (gsize) size, checksum, chunk, state);
  return TRUE;
}

static gboolean
read_taken (EkaIndex    *self,
            const gchar *text)
{
  const gchar *slash = strchr (text, '/');
  g_autofree gchar *folder = NULL;

  if (slash == NULL)
    return FALSE;
  folder = g_strndup (text, (gsize) (slash - text));
  if (!eka_name_is_session (folder) || !(eka_name_is_audio (slash + 1, NULL) ||
                                         eka_name_is_journal (slash + 1, NULL)))
    return FALSE;
  g_ptr_array_add (self->taken, g_strdup (text));
  return TRUE;
}

static gboolean
read_line (EkaIndex    *self,
           GHashTable  *files,
           const gchar *line)
{
  if (line[0] == '#')
    return TRUE;
  if (g_str_has_prefix (line, "taken "))
    return read_taken (self, line + strlen ("taken "));
  if (!g_str_has_prefix (line, "journal "))
    return self->journal == NULL && read_entry (self, files, line);
  if (self->journal != NULL ||
      !eka_name_is_journal (line + strlen ("journal "), NULL))
    return FALSE;
  self->journal = g_strdup (line + strlen ("journal "));
  return TRUE;
}

/* Whether the file is whole as its last line tells. @end: where that begins. */
static gboolean
check_end (const gchar *text,
           gsize        size,
           gsize       *end)
{
  gchar sum[9] = "";
  guint32 checksum;

  if (size < END_LENGTH)
    return FALSE;
  *end = size - END_LENGTH;
  if (memcmp (text + *end, "crc32 ", 6) != 0 || text[size - 1] != '\n' ||
      (*end > 0 && text[*end - 1] != '\n'))
    return FALSE;
  memcpy (sum, text + *end + 6, 8);
  return read_checksum (sum, &checksum) &&
         checksum == eka_index_checksum ((const guint8 *) text, *end);
}

/* Whether the last line begins as ours does. */
static gboolean
has_end (const gchar *text,
         gsize        size)
{
  return size >= END_LENGTH && text[size - 1] == '\n' &&
         memcmp (text + size - END_LENGTH, "crc32 ", 6) == 0;
}

/* Checks the first line, and that the file is whole. @end: behind the lines that
 * are to be read */
static gboolean
check_frame (const gchar *text,
             gsize        size,
             gsize       *end,
             GError     **error)
{
  const gchar *line_end = memchr (text, '\n', MIN (size, 64));
  g_autofree gchar *line = NULL;
  guint64 version;
  gboolean whole;

  if (line_end == NULL || !g_str_has_prefix (text, FORMAT " "))
    return damaged (error, "it does not begin as one");
  line = g_strndup (text, (gsize) (line_end - text));
  if (!read_decimal (line + strlen (FORMAT " "), &version) || version == 0)
    return damaged (error, "it does not begin as one");
  whole = check_end (text, size, end);
  /* A later version may end in another way. */
  if (version > VERSION && (whole || !has_end (text, size)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "A later version of this program wrote the index "
                   EKA_INDEX_NAME " (its format is %" G_GUINT64_FORMAT ")",
                   version);
      return FALSE;
    }
  return whole || damaged (error, "its checksum is wrong");
}

/* @text: lines, of which each is ended
 * @end: behind the last one */
static gboolean
read_lines (EkaIndex *self,
            gchar    *text,
            gchar    *end,
            GError  **error)
{
  g_autoptr (GHashTable) files =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gchar *line, *next;

  line = (gchar *) memchr (text, '\n', (gsize) (end - text)) + 1;
  for (; line < end; line = next)
    {
      next = memchr (line, '\n', (gsize) (end - line));
      *next++ = '\0';
      if (!read_line (self, files, line))
        return damaged (error, "it has a line that is none");
    }
  return TRUE;
}

/**
 * eka_index_parse:
 * @bytes: of a file of any origin
 * @error: return location for an error: %G_IO_ERROR_INVALID_DATA where it is
 *   damaged, %G_IO_ERROR_NOT_SUPPORTED where a later version wrote it
 *
 * Takes only what eka_index_print() could have made. The chunks have interned
 * strings, and their place as their number.
 *
 * Returns: (transfer full) (nullable): the index; %NULL on error
 */
EkaIndex *
eka_index_parse (GBytes  *bytes,
                 GError **error)
{
  g_autoptr (EkaIndex) self = eka_index_new ();
  g_autofree gchar *text = NULL;
  gconstpointer data;
  gsize size, end = 0;

  data = g_bytes_get_data (bytes, &size);
  if (size > MAX_SIZE || size == 0 || memchr (data, '\0', size) != NULL)
    {
      damaged (error, "it is no text");
      return NULL;
    }
  text = g_strndup (data, size);
  if (!check_frame (text, size, &end, error))
    return NULL;
  if (!read_lines (self, text, text + end, error))
    return NULL;
  return g_steal_pointer (&self);
}
