/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Table:
 *
 * Rows of texts that are printed in columns.
 */
typedef struct _Table Table;

Table *table_new   (guint        n_columns);
void   table_add   (Table       *table,
                    ...) G_GNUC_NULL_TERMINATED;
void   table_right (Table       *table,
                    guint        column);
void   table_print (Table       *table);
void   table_free  (Table       *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)

G_END_DECLS
