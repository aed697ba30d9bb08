/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/jsontext.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* json-glib reads more than JSON (comments, assignments, quotes of both kinds)
 * and reads some of JSON wrongly: it calls itself once a level without a bound,
 * wraps integers over 64 bits, cuts strings at \u0000 and makes bytes that are
 * no UTF-8 of half a surrogate pair. What comes from the network passes here
 * first. What it writes is changed as well: 98.6 to 98.599999999999994. */

/* Levels; no document of the protocol comes near. */
#define MAX_DEPTH 128

typedef struct
{
  GString *text; /* a copy, edited in place */
  gsize at;
  GArray *wide; /* where integers end that do not fit into 64 bits */
} Scan;

static gboolean scan_value (Scan *scan, guint depth);

static gchar
peek (Scan *scan)
{
  return scan->text->str[scan->at];
}

static gchar
peek_solid (Scan *scan)
{
  scan->at += strspn (scan->text->str + scan->at, " \t\r\n");
  return peek (scan);
}

static gboolean
scan_literal (Scan        *scan,
              const gchar *literal)
{
  if (!g_str_has_prefix (scan->text->str + scan->at, literal))
    return FALSE;
  scan->at += strlen (literal);
  return TRUE;
}

static gboolean
scan_digits (Scan *scan)
{
  gsize digits = strspn (scan->text->str + scan->at, "0123456789");

  scan->at += digits;
  return digits > 0;
}

static gboolean
scan_number (Scan *scan)
{
  const gchar *number = scan->text->str + scan->at;
  gsize begin;

  if (peek (scan) == '-')
    scan->at++;
  begin = scan->at;
  if (!scan_digits (scan) ||
      (scan->text->str[begin] == '0' && scan->at > begin + 1))
    return FALSE;
  errno = 0;
  g_ascii_strtoll (number, NULL, 10);
  if (errno == ERANGE && strchr (".eE", peek (scan)) == NULL)
    g_array_append_val (scan->wide, scan->at);
  if (peek (scan) == '.')
    {
      scan->at++;
      if (!scan_digits (scan))
        return FALSE;
    }
  if (peek (scan) == 'e' || peek (scan) == 'E')
    {
      scan->at++;
      if (peek (scan) == '+' || peek (scan) == '-')
        scan->at++;
      return scan_digits (scan);
    }
  return TRUE;
}

/* The number of `\uXXXX` at @at, or -1 where there is none. */
static gint
get_unit (Scan *scan,
          gsize at)
{
  const gchar *text = scan->text->str + at;
  gint unit = 0;
  guint i;

  if (text[0] != '\\' || text[1] != 'u')
    return -1;
  for (i = 2; i < 6; i++)
    {
      if (!g_ascii_isxdigit (text[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (text[i]);
    }
  return unit;
}

/* What can't be a character of a C string in UTF-8 becomes U+FFFD. */
static gboolean
scan_unit (Scan *scan)
{
  gint unit = get_unit (scan, scan->at);
  gint low;

  if (unit < 0)
    return FALSE;
  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      low = get_unit (scan, scan->at + 6);
      if (low >= 0xdc00 && low <= 0xdfff)
        {
          scan->at += 12;
          return TRUE;
        }
    }
  if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff))
    memcpy (scan->text->str + scan->at, "\\ufffd", 6);
  scan->at += 6;
  return TRUE;
}

/* Bare control characters pass: a transcript is worth more than the rule. */
static gboolean
scan_string (Scan *scan)
{
  if (peek (scan) != '"')
    return FALSE;
  for (scan->at++; peek (scan) != '"';)
    {
      if (peek (scan) == '\0')
        return FALSE;
      if (peek (scan) != '\\')
        scan->at++;
      else if (scan->text->str[scan->at + 1] == 'u')
        {
          if (!scan_unit (scan))
            return FALSE;
        }
      else if (scan->text->str[scan->at + 1] != '\0' &&
               strchr ("\"\\/bfnrt", scan->text->str[scan->at + 1]) != NULL)
        scan->at += 2;
      else
        return FALSE;
    }
  scan->at++;
  return TRUE;
}

/* An object or an array. */
static gboolean
scan_container (Scan *scan,
                guint depth)
{
  gboolean object = peek (scan) == '{';
  gchar end = object ? '}' : ']';

  if (depth > MAX_DEPTH)
    return FALSE;
  scan->at++;
  if (peek_solid (scan) == end)
    {
      scan->at++;
      return TRUE;
    }
  for (;;)
    {
      if (object)
        {
          peek_solid (scan);
          if (!scan_string (scan) || peek_solid (scan) != ':')
            return FALSE;
          scan->at++;
        }
      if (!scan_value (scan, depth + 1))
        return FALSE;
      if (peek_solid (scan) == end)
        {
          scan->at++;
          return TRUE;
        }
      if (peek (scan) != ',')
        return FALSE;
      scan->at++;
    }
}

static gboolean
scan_value (Scan *scan,
            guint depth)
{
  switch (peek_solid (scan))
    {
    case '{':
    case '[':
      return scan_container (scan, depth);
    case '"':
      return scan_string (scan);
    case 't':
      return scan_literal (scan, "true");
    case 'f':
      return scan_literal (scan, "false");
    case 'n':
      return scan_literal (scan, "null");
    default:
      return scan_number (scan);
    }
}

static void
locate (Scan  *scan,
        guint *line,
        guint *column)
{
  const gchar *at;

  *line = 1;
  *column = 1;
  for (at = scan->text->str; at < scan->text->str + scan->at; at++)
    if (*at == '\n')
      {
        ++*line;
        *column = 1;
      }
    else
      ++*column;
}

/**
 * eka_jsontext_normalize:
 * @text: (array length=length): JSON text, not trusted
 * @length: its length in bytes
 * @line: (out): where @text is not JSON, the line of the first mistake, or 0
 *   where it is no UTF-8
 * @column: (out): its column in bytes, from 1
 *
 * Holds @text against RFC 8259, with at most 128 levels, and writes what
 * json-glib misreads in a form that it reads: integers over 64 bits become
 * doubles, as in most readers, and U+0000 and halves of surrogate pairs become
 * U+FFFD.
 *
 * Returns: (transfer full) (nullable): text for json-glib, or %NULL where @text
 *   is not JSON
 */
gchar *
eka_jsontext_normalize (const gchar *text,
                        gsize        length,
                        guint       *line,
                        guint       *column)
{
  g_autoptr (GString) copy = NULL;
  g_autoptr (GArray) wide = NULL;
  Scan scan = { 0 };
  guint i;

  *line = *column = 0;
  if (!g_utf8_validate_len (text, length, NULL))
    return NULL;
  scan.text = copy = g_string_new_len (text, length);
  scan.wide = wide = g_array_new (FALSE, FALSE, sizeof (gsize));
  if (!scan_value (&scan, 1) || peek_solid (&scan) != '\0')
    {
      locate (&scan, line, column);
      return NULL;
    }
  for (i = wide->len; i > 0; i--)
    g_string_insert (copy, g_array_index (wide, gsize, i - 1), "e0");
  return g_string_free (g_steal_pointer (&copy), FALSE);
}

static void
write_string (GString     *out,
              const gchar *string)
{
  g_string_append_c (out, '"');
  for (; *string != '\0'; string++)
    if (*string == '"' || *string == '\\')
      g_string_append_printf (out, "\\%c", *string);
    else if (*string == '\n')
      g_string_append (out, "\\n");
    else if (*string == '\t')
      g_string_append (out, "\\t");
    else if ((guchar) *string < 0x20)
      g_string_append_printf (out, "\\u%04x", *string);
    else
      g_string_append_c (out, *string);
  g_string_append_c (out, '"');
}

/* The shortest digits that read back as @number. */
static void
write_double (GString *out,
              gdouble  number)
{
  static const gchar *const formats[] = { "%.15g", "%.16g", "%.17g" };
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];
  guint i;

  if (isinf (number))
    {
      /* JSON has no infinity; this is what it was read from. */
      g_string_append (out, number > 0 ? "1e999" : "-1e999");
      return;
    }
  for (i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (text, sizeof text, formats[i], number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  g_string_append (out, text);
  if (text[strspn (text, "-0123456789")] == '\0')
    g_string_append (out, ".0");
}

static void
write_node (GString  *out,
            JsonNode *node)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;
  JsonArray *array;
  guint i;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_string_append_c (out, '{');
      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      for (i = 0; json_object_iter_next_ordered (&iter, &name, &member); i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          write_string (out, name);
          g_string_append_c (out, ':');
          write_node (out, member);
        }
      g_string_append_c (out, '}');
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      array = json_node_get_array (node);
      g_string_append_c (out, '[');
      for (i = 0; i < json_array_get_length (array); i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          write_node (out, json_array_get_element (array, i));
        }
      g_string_append_c (out, ']');
    }
  else if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (out, "null");
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    write_string (out, json_node_get_string (node));
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
  else if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    write_double (out, json_node_get_double (node));
  else
    g_string_append_printf (out, "%" G_GINT64_FORMAT,
                            json_node_get_int (node));
}

/**
 * eka_jsontext_write:
 * @node: a node
 *
 * Returns: (transfer full): it as JSON text on one line, members in their order
 */
gchar *
eka_jsontext_write (JsonNode *node)
{
  GString *out = g_string_new (NULL);

  write_node (out, node);
  return g_string_free (out, FALSE);
}
