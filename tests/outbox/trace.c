/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "trace.h"

#include <glib/gstdio.h>
#include <string.h>

/* What was done, or @mark. @path and @to are relative to the root, and "" is the
 * root. */
typedef struct
{
  DoubleOp op;
  gchar *path;
  gchar *to;
  GBytes *data;
  guint file; /* of a create, and of what follows with its descriptor; from 1 on */
  gchar *mark;
} Step;

/* What was there at the start, in an order in which it can be made. */
typedef struct
{
  gchar *path;
  gboolean folder;
  gchar *data;
  gsize size;
} Found;

struct _Trace
{
  gatomicrefcount ref_count;
  gchar *root;
  GArray *found; /* of Found */

  GMutex lock;       /* guards all below; a leaf */
  GPtrArray *steps;  /* of Step */
  GHashTable *open;  /* descriptor to Step.file */
  guint n_files;
};

/* The log */

static void
step_free (gpointer data)
{
  Step *step = data;

  g_free (step->path);
  g_free (step->to);
  g_free (step->mark);
  g_clear_pointer (&step->data, g_bytes_unref);
  g_free (step);
}

static void
found_clear (gpointer data)
{
  Found *found = data;

  g_free (found->path);
  g_free (found->data);
}

static void
find_all (Trace       *self,
          const gchar *path)
{
  g_autofree gchar *full = g_build_filename (self->root, path, NULL);
  g_autoptr (GDir) dir = g_dir_open (full, 0, NULL);
  const gchar *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *child = g_build_filename (full, name, NULL);
      Found found = { 0 };

      found.path = *path == '\0' ? g_strdup (name) :
                   g_build_filename (path, name, NULL);
      found.folder = g_file_test (child, G_FILE_TEST_IS_DIR);
      if (!found.folder)
        g_assert_true (g_file_get_contents (child, &found.data, &found.size, NULL));
      g_array_append_val (self->found, found);
      if (found.folder)
        find_all (self, found.path);
    }
}

/**
 * trace_new:
 * @root: a folder that is there; what is in it counts as synced
 *
 * Returns: (transfer full): a trace of @root
 */
Trace *
trace_new (const gchar *root)
{
  Trace *self = g_new0 (Trace, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->root = g_canonicalize_filename (root, NULL);
  self->found = g_array_new (FALSE, FALSE, sizeof (Found));
  g_array_set_clear_func (self->found, found_clear);
  self->steps = g_ptr_array_new_with_free_func (step_free);
  self->open = g_hash_table_new (NULL, NULL);
  find_all (self, "");
  return self;
}

/**
 * trace_ref:
 * @trace: a trace
 *
 * Returns: (transfer full): @trace
 */
Trace *
trace_ref (Trace *trace)
{
  g_atomic_ref_count_inc (&trace->ref_count);
  return trace;
}

/**
 * trace_unref:
 * @trace: (transfer full): a trace
 */
void
trace_unref (Trace *trace)
{
  if (!g_atomic_ref_count_dec (&trace->ref_count))
    return;
  g_hash_table_unref (trace->open);
  g_ptr_array_unref (trace->steps);
  g_array_unref (trace->found);
  g_mutex_clear (&trace->lock);
  g_free (trace->root);
  g_free (trace);
}

/* Returns: (nullable) (transfer full): @path below the root */
static gchar *
relative (Trace       *self,
          const gchar *path)
{
  g_autofree gchar *full = NULL;
  const gsize length = strlen (self->root);

  if (path == NULL)
    return NULL;
  full = g_canonicalize_filename (path, NULL);
  if (strcmp (full, self->root) == 0)
    return g_strdup ("");
  if (strncmp (full, self->root, length) == 0 && full[length] == G_DIR_SEPARATOR)
    return g_strdup (full + length + 1);
  return NULL;
}

/* Returns: the file that @call is about; 0: none of ours */
static guint
note_file_locked (Trace            *self,
                  const DoubleCall *call)
{
  gpointer key = GINT_TO_POINTER (call->fd);
  guint file;

  if (call->op == DOUBLE_CREATE)
    g_hash_table_replace (self->open, key, GUINT_TO_POINTER (++self->n_files));
  file = GPOINTER_TO_UINT (g_hash_table_lookup (self->open, key));
  if (call->op == DOUBLE_CLOSE)
    g_hash_table_remove (self->open, key);
  return file;
}

typedef struct
{
  Double parent;
  Trace *trace;
} TraceFiles;

static void
trace_after (Double           *parent,
             const DoubleCall *call)
{
  Trace *trace = ((TraceFiles *) parent)->trace;
  Step *step = g_new0 (Step, 1);

  step->op = call->op;
  step->path = relative (trace, call->path);
  step->to = relative (trace, call->to);
  if (call->data != NULL)
    step->data = g_bytes_new (call->data, call->size);
  g_mutex_lock (&trace->lock);
  if (call->fd >= 0)
    step->file = note_file_locked (trace, call);
  g_ptr_array_add (trace->steps, step);
  g_mutex_unlock (&trace->lock);
}

static void
trace_clear (Double *parent)
{
  trace_unref (((TraceFiles *) parent)->trace);
}

/**
 * trace_files_new:
 * @trace: (transfer none): what keeps the log; for one of these alone
 * @inner: (transfer full): what does the work
 *
 * What fails is not in the log.
 *
 * Returns: (transfer full): a file system that keeps a log
 */
EkaFiles *
trace_files_new (Trace    *trace,
                 EkaFiles *inner)
{
  TraceFiles *self = g_new0 (TraceFiles, 1);

  double_init (&self->parent, inner);
  self->parent.after = trace_after;
  self->parent.clear = trace_clear;
  self->trace = trace_ref (trace);
  return &self->parent.table;
}

/**
 * trace_mark:
 * @trace: a trace
 * @text: what happened just now
 *
 * A step of its own, which changes nothing: what was promised before it has to be
 * there after a power cut behind it.
 */
void
trace_mark (Trace       *trace,
            const gchar *text)
{
  Step *step = g_new0 (Step, 1);

  step->mark = g_strdup (text);
  g_mutex_lock (&trace->lock);
  g_ptr_array_add (trace->steps, step);
  g_mutex_unlock (&trace->lock);
}

/**
 * trace_get_length:
 * @trace: a trace
 *
 * Returns: steps so far
 */
guint
trace_get_length (Trace *trace)
{
  guint length;

  g_mutex_lock (&trace->lock);
  length = trace->steps->len;
  g_mutex_unlock (&trace->lock);
  return length;
}

/**
 * trace_count_marks:
 * @trace: a trace
 * @n_steps: of how many steps from the start on
 * @text: what they say
 *
 * Returns: how often trace_mark() was called for @text
 */
guint
trace_count_marks (Trace       *trace,
                   guint        n_steps,
                   const gchar *text)
{
  guint n = 0;
  guint i;

  g_mutex_lock (&trace->lock);
  for (i = 0; i < n_steps; i++)
    {
      const Step *step = g_ptr_array_index (trace->steps, i);

      n += step->mark != NULL && strcmp (step->mark, text) == 0;
    }
  g_mutex_unlock (&trace->lock);
  return n;
}

/**
 * trace_describe:
 * @trace: a trace
 * @step: which of its steps
 *
 * Returns: (transfer full): that step, for people
 */
gchar *
trace_describe (Trace *trace,
                guint  step)
{
  gchar *text;
  const Step *s;

  g_mutex_lock (&trace->lock);
  s = g_ptr_array_index (trace->steps, step);
  if (s->mark != NULL)
    text = g_strdup_printf ("mark %s", s->mark);
  else if (s->data != NULL)
    text = g_strdup_printf ("write #%u %" G_GSIZE_FORMAT, s->file,
                            g_bytes_get_size (s->data));
  else if (s->to != NULL)
    text = g_strdup_printf ("%s %s %s", double_op_name (s->op), s->path, s->to);
  else if (s->path == NULL)
    text = g_strdup_printf ("%s #%u", double_op_name (s->op), s->file);
  else if (s->file != 0)
    text = g_strdup_printf ("%s #%u %s", double_op_name (s->op), s->file, s->path);
  else
    text = g_strdup_printf ("%s %s", double_op_name (s->op), s->path);
  g_mutex_unlock (&trace->lock);
  return text;
}

/* The model of a disk: what a process sees of it, and what is on it */

/* A file or folder, whatever its names are. */
typedef struct _Node Node;
struct _Node
{
  gboolean folder;
  GByteArray *data;
  gsize synced;      /* of @data */
  GHashTable *seen;  /* name to Node, as a process sees them */
  GHashTable *saved; /* the same, as they are on the disk */
  GPtrArray *open;   /* of Change: not synced, in order */
};

/* A name that is taken from a folder, or given to a node, or both at once. */
typedef struct
{
  Node *from;
  gchar *from_name;
  Node *to;
  gchar *to_name;
  Node *node;
} Change;

typedef struct
{
  GPtrArray *nodes; /* of Node, in the order in which they were made */
  GPtrArray *files; /* of Node: by Step.file - 1; not owned */
  Node *root;
} Model;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->from_name);
  g_free (change->to_name);
  g_free (change);
}

static void
node_free (gpointer data)
{
  Node *node = data;

  g_byte_array_unref (node->data);
  g_hash_table_unref (node->seen);
  g_hash_table_unref (node->saved);
  g_ptr_array_unref (node->open);
  g_free (node);
}

static Node *
node_new (Model   *model,
          gboolean folder)
{
  Node *node = g_new0 (Node, 1);

  node->folder = folder;
  node->data = g_byte_array_new ();
  node->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  node->saved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  node->open = g_ptr_array_new_with_free_func (change_free);
  g_ptr_array_add (model->nodes, node);
  return node;
}

static void
model_init (Model *model)
{
  model->nodes = g_ptr_array_new_with_free_func (node_free);
  model->files = g_ptr_array_new ();
  model->root = node_new (model, TRUE);
}

static void
model_clear (Model *model)
{
  g_ptr_array_unref (model->files);
  g_ptr_array_unref (model->nodes);
}

static Node *
child (Node        *folder,
       const gchar *name)
{
  Node *node = g_hash_table_lookup (folder->seen, name);

  if (node == NULL)
    g_error ("“%s” was made, but not through the files", name);
  return node;
}

/* Returns: the node of @path, as a process sees it */
static Node *
look_up (Model       *model,
         const gchar *path)
{
  g_auto (GStrv) names = g_strsplit (path, G_DIR_SEPARATOR_S, -1);
  Node *node = model->root;
  guint i;

  for (i = 0; names[i] != NULL; i++)
    node = child (node, names[i]);
  return node;
}

/* Returns: the folder of @path, with its last name in @name */
static Node *
look_up_folder (Model       *model,
                const gchar *path,
                gchar      **name)
{
  g_autofree gchar *folder = g_path_get_dirname (path);

  *name = g_path_get_basename (path);
  return strcmp (folder, ".") == 0 ? model->root : look_up (model, folder);
}

static void
apply (const Change *change,
       gboolean      seen)
{
  GHashTable *names;

  if (change->from != NULL)
    {
      names = seen ? change->from->seen : change->from->saved;
      g_hash_table_remove (names, change->from_name);
    }
  if (change->to != NULL)
    {
      names = seen ? change->to->seen : change->to->saved;
      g_hash_table_replace (names, g_strdup (change->to_name), change->node);
    }
}

/* A rename from one folder to another is on the disk when the second one is
 * synced. */
static void
change_names (Model       *model,
              const gchar *from,
              const gchar *to,
              Node        *node)
{
  Change *change = g_new0 (Change, 1);

  change->node = node;
  if (from != NULL)
    change->from = look_up_folder (model, from, &change->from_name);
  if (to != NULL)
    change->to = look_up_folder (model, to, &change->to_name);
  apply (change, TRUE);
  g_ptr_array_add (change->to != NULL ? change->to->open : change->from->open,
                   change);
}

/* Puts all open changes of @node on the disk, or each by chance. */
static void
settle (Node  *node,
        GRand *chance)
{
  guint i;

  for (i = 0; i < node->open->len; i++)
    {
      if (chance == NULL || g_rand_boolean (chance))
        apply (g_ptr_array_index (node->open, i), FALSE);
    }
  g_ptr_array_set_size (node->open, 0);
}

static Node *
file_node (Model *model,
           guint  file)
{
  return g_ptr_array_index (model->files, file - 1);
}

static void
make (Model      *model,
      const Step *step)
{
  Node *node = node_new (model, step->op == DOUBLE_MAKE_FOLDER);

  if (step->op == DOUBLE_CREATE)
    g_ptr_array_add (model->files, node);
  if (step->path != NULL)
    change_names (model, NULL, step->path, node);
}

static void
run_file_step (Model      *model,
               const Step *step)
{
  gsize size = 0;
  const guint8 *data;
  Node *node;

  /* Somebody opened it in another way, as is done with a lock. */
  if (step->file == 0)
    return;
  node = file_node (model, step->file);
  if (step->op == DOUBLE_SYNC)
    node->synced = node->data->len;
  if (step->op != DOUBLE_WRITE)
    return;
  data = g_bytes_get_data (step->data, &size);
  g_byte_array_append (node->data, data, (guint) size);
}

static void
run_step (Model      *model,
          const Step *step)
{
  if (step->mark != NULL)
    return;
  if (step->op == DOUBLE_MAKE_FOLDER || step->op == DOUBLE_CREATE)
    make (model, step);
  else if (step->path == NULL)
    run_file_step (model, step);
  else if (step->op == DOUBLE_RENAME)
    change_names (model, step->path, step->to, look_up (model, step->path));
  else if (step->op == DOUBLE_LINK)
    change_names (model, NULL, step->to, look_up (model, step->path));
  else if (step->op == DOUBLE_REMOVE || step->op == DOUBLE_REMOVE_FOLDER)
    change_names (model, step->path, NULL, NULL);
  else if (step->op == DOUBLE_SYNC_FOLDER)
    settle (look_up (model, step->path), NULL);
}

static void
put_found (Model       *model,
           const Found *found)
{
  Node *node = node_new (model, found->folder);

  if (!found->folder)
    g_byte_array_append (node->data, (const guint8 *) found->data,
                         (guint) found->size);
  node->synced = node->data->len;
  change_names (model, NULL, found->path, node);
}

/* What the power cut leaves of the bytes of @node. */
static void
cut_data (Node     *node,
          TraceData data,
          GRand    *chance)
{
  const gsize open = node->data->len - node->synced;

  if (data == TRACE_DATA_RANDOM)
    data = (TraceData) g_rand_int_range (chance, 0, TRACE_DATA_RANDOM);
  if (data == TRACE_DATA_DROPPED)
    g_byte_array_set_size (node->data, (guint) node->synced);
  else if (data == TRACE_DATA_SHORT)
    g_byte_array_set_size (node->data, (guint) node->synced + (guint)
                           g_rand_int_range (chance, 0, (gint32) open + 1));
  else if (data == TRACE_DATA_ZEROED && open > 0)
    memset (node->data->data + node->synced, 0, open);
}

/* Not g_file_set_contents(): it makes the disk work, and there are thousands. */
static void
write_file (const GByteArray *data,
            const gchar      *path)
{
  FILE *file = g_fopen (path, "wx");

  g_assert_nonnull (file);
  if (data->len > 0)
    g_assert_cmpuint (fwrite (data->data, 1, data->len, file), ==, data->len);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
write_node (Node        *node,
            const gchar *path)
{
  GHashTableIter iter;
  gpointer name, below;

  if (!node->folder)
    {
      write_file (node->data, path);
      return;
    }
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_hash_table_iter_init (&iter, node->saved);
  while (g_hash_table_iter_next (&iter, &name, &below))
    {
      g_autofree gchar *full = g_build_filename (path, name, NULL);

      write_node (below, full);
    }
}

static void
run_all (Trace *self,
         Model *model,
         guint  n_steps)
{
  guint i;

  for (i = 0; i < self->found->len; i++)
    put_found (model, &g_array_index (self->found, Found, i));
  for (i = 0; i < model->nodes->len; i++)
    settle (g_ptr_array_index (model->nodes, i), NULL);
  g_mutex_lock (&self->lock);
  g_assert_cmpuint (n_steps, <=, self->steps->len);
  for (i = 0; i < n_steps; i++)
    run_step (model, g_ptr_array_index (self->steps, i));
  g_mutex_unlock (&self->lock);
}

/**
 * trace_build:
 * @trace: a trace
 * @n_steps: after so many steps the power was cut
 * @names: what became of names that were not synced
 * @data: what became of bytes that were not synced
 * @seed: for what is by chance
 * @target: a folder to be made, as the root would then be
 *
 * A file with several names gets as many files.
 */
void
trace_build (Trace       *trace,
             guint        n_steps,
             TraceNames   names,
             TraceData    data,
             guint32      seed,
             const gchar *target)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (seed);
  Model model;
  guint i;

  model_init (&model);
  run_all (trace, &model, n_steps);
  for (i = 0; i < model.nodes->len; i++)
    {
      Node *node = g_ptr_array_index (model.nodes, i);

      if (names != TRACE_NAMES_DROPPED)
        settle (node, names == TRACE_NAMES_RANDOM ? chance : NULL);
      cut_data (node, data, chance);
    }
  write_node (model.root, target);
  model_clear (&model);
}
