/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/files.h"

G_BEGIN_DECLS

/* Stand-ins for the file system, each around another one that does the work, so
 * that a slow one may fail and keep a log. */

typedef enum
{
  DOUBLE_MAKE_FOLDER,
  DOUBLE_CREATE,
  DOUBLE_WRITE,
  DOUBLE_SYNC,
  DOUBLE_CLOSE,
  DOUBLE_RENAME,
  DOUBLE_LINK,
  DOUBLE_REMOVE,
  DOUBLE_REMOVE_FOLDER,
  DOUBLE_SYNC_FOLDER,
  DOUBLE_GET_SPACE,
} DoubleOp;

#define DOUBLE_BIT(op) (1u << (op))
#define DOUBLE_ANY (~0u)

/* One call; what it does not have is %NULL or -1. */
typedef struct
{
  DoubleOp op;
  const gchar *path;
  const gchar *to;
  int fd; /* of a create: only after it */
  const guint8 *data;
  gsize size;
} DoubleCall;

/* @before may refuse a call, @after sees those that succeeded. Both, and @clear,
 * may be %NULL. */
typedef struct _Double Double;
struct _Double
{
  EkaFiles table;
  EkaFiles *inner;
  gboolean (*before) (Double           *self,
                      const DoubleCall *call,
                      GError          **error);
  void     (*after)  (Double           *self,
                      const DoubleCall *call);
  void     (*clear)  (Double           *self);
};

void         double_init             (Double       *self,
                                      EkaFiles     *inner);
const gchar *double_op_name          (DoubleOp      op);
void         double_remove_tree      (const gchar  *path);

EkaFiles    *slow_files_new          (EkaFiles     *inner,
                                      guint         delay);
void         slow_files_set_delay    (EkaFiles     *files,
                                      guint         delay);

EkaFiles    *failing_files_new       (EkaFiles     *inner);
void         failing_files_fail      (EkaFiles     *files,
                                      guint         ops,
                                      guint         first,
                                      guint         n,
                                      int           err);
void         failing_files_heal      (EkaFiles     *files);
guint        failing_files_count     (EkaFiles     *files);
guint        failing_files_count_failed
                                     (EkaFiles     *files);
void         failing_files_set_space (EkaFiles     *files,
                                      guint64       left,
                                      guint64       size);

G_END_DECLS
