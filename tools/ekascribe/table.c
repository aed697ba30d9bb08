/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "table.h"

#include <string.h>

#include "print.h"

struct _Table
{
  guint n_columns;
  glong *widths;
  gboolean *right;
  GPtrArray *cells; /* row by row */
};

/**
 * table_new:
 * @n_columns: how many
 *
 * Returns: (transfer full): a table without rows
 */
Table *
table_new (guint n_columns)
{
  Table *table = g_new0 (Table, 1);

  table->n_columns = n_columns;
  table->widths = g_new0 (glong, n_columns);
  table->right = g_new0 (gboolean, n_columns);
  table->cells = g_ptr_array_new_with_free_func (g_free);
  return table;
}

/* A cell is one line. */
static gchar *
make_cell (const gchar *text)
{
  gchar *cell = print_clean (*text != '\0' ? text : "-");

  return g_strdelimit (cell, "\n\t", ' ');
}

/**
 * table_add:
 * @table: a table
 * @...: the texts of a row, one a column, and %NULL
 */
void
table_add (Table *table,
           ...)
{
  va_list args;
  const gchar *text;
  guint column;

  va_start (args, table);
  for (column = 0; (text = va_arg (args, const gchar *)) != NULL; column++)
    {
      gchar *cell = make_cell (text);

      g_assert (column < table->n_columns);
      table->widths[column] = MAX (table->widths[column],
                                   g_utf8_strlen (cell, -1));
      g_ptr_array_add (table->cells, cell);
    }
  va_end (args);
  g_assert (column == table->n_columns);
}

/**
 * table_right:
 * @table: a table
 * @column: number of a column, whose texts stand at its right
 */
void
table_right (Table *table,
             guint  column)
{
  table->right[column] = TRUE;
}

static void
add_cell (GString     *line,
          const gchar *cell,
          glong        width,
          gboolean     right)
{
  glong gap = width - g_utf8_strlen (cell, -1);

  if (!right)
    g_string_append (line, cell);
  for (; gap > 0; gap--)
    g_string_append_c (line, ' ');
  if (right)
    g_string_append (line, cell);
}

/**
 * table_print:
 * @table: a table, to stdout
 */
void
table_print (Table *table)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < table->cells->len; i++)
    {
      guint column = i % table->n_columns;

      add_cell (text, g_ptr_array_index (table->cells, i),
                table->widths[column], table->right[column]);
      if (column + 1 < table->n_columns)
        {
          g_string_append (text, "  ");
          continue;
        }
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  print_text (text->str);
}

/**
 * table_free:
 * @table: (transfer full): a table
 */
void
table_free (Table *table)
{
  g_free (table->widths);
  g_free (table->right);
  g_ptr_array_unref (table->cells);
  g_free (table);
}
