/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fakespool.h"

#include <gio/gio.h>
#include <string.h>

typedef enum
{
  OP_COMMIT,
  OP_DROP,
  OP_READ,
  OP_REMOVE,
} OpType;

typedef struct
{
  gchar *name;
  GBytes *bytes;  /* (nullable): to be linked */
  EkaSpool *from;
  gchar *from_name;
} File;

typedef struct
{
  OpType type;
  EkaSpoolCommit *commit;
  EkaSpoolFunc done;
  EkaSpoolReadFunc read_done;
  gpointer user_data;
  gchar *file;
  GArray *packets; /* that came after it: of what it leaves as the journal */
} Op;

struct _EkaSpool
{
  gatomicrefcount ref_count;
  gchar *name;
  GQueue ops;

  gboolean there;
  guint n_commits;
  GHashTable *files; /* names to GBytes */
  EkaIndex *index;
  gchar *description;
  GArray *journal; /* (nullable): of guint */
};

static guint n_faults;
static gboolean faulty; /* what was told last */
static guint n_alive;

EkaSpool *
fake_spool_new (const gchar *name)
{
  EkaSpool *self = g_new0 (EkaSpool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  g_queue_init (&self->ops);
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) g_bytes_unref);
  n_alive++;
  return self;
}

/* Returns: (transfer full) (nullable): what a reader finds */
EkaIndex *
fake_spool_read_index (EkaSpool *spool)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  EkaIndex *index;

  if (spool->index == NULL)
    return NULL;
  bytes = eka_index_print (spool->index);
  index = eka_index_parse (bytes, &error);
  g_assert_no_error (error);
  return index;
}

/* What is on disk of @spool when the power is cut. */
EkaSpool *
fake_spool_clone (EkaSpool    *spool,
                  const gchar *name)
{
  EkaSpool *clone = fake_spool_new (name);
  GHashTableIter iter;
  gpointer file, bytes;

  clone->there = spool->there;
  clone->n_commits = spool->n_commits;
  clone->index = fake_spool_read_index (spool);
  clone->description = g_strdup (spool->description);
  if (spool->journal != NULL)
    clone->journal = g_array_copy (spool->journal);
  g_hash_table_iter_init (&iter, spool->files);
  while (g_hash_table_iter_next (&iter, &file, &bytes))
    g_hash_table_insert (clone->files, g_strdup (file), g_bytes_ref (bytes));
  return clone;
}

EkaSpool *
eka_spool_ref (EkaSpool *spool)
{
  g_atomic_ref_count_inc (&spool->ref_count);
  return spool;
}

static void
forget (EkaSpool *self)
{
  self->there = FALSE;
  g_hash_table_remove_all (self->files);
  g_clear_pointer (&self->index, eka_index_free);
  g_clear_pointer (&self->description, g_free);
  g_clear_pointer (&self->journal, g_array_unref);
}

/* As the real one, it does first what it was asked for. */
void
eka_spool_unref (EkaSpool *spool)
{
  if (!g_atomic_ref_count_dec (&spool->ref_count))
    return;
  fake_spool_run (spool);
  forget (spool);
  g_hash_table_unref (spool->files);
  g_free (spool->name);
  g_free (spool);
  n_alive--;
}

const gchar *
eka_spool_get_name (EkaSpool *spool)
{
  return spool->name;
}

gchar *
eka_spool_dup_path (EkaSpool *spool)
{
  return spool->there ? g_strconcat ("location/", spool->name, NULL) : NULL;
}

/* Nobody looks into it but eka_store_note_fault(). */
EkaStore *
eka_spool_get_store (EkaSpool *spool)
{
  return (EkaStore *) spool;
}

void
eka_store_note_fault (EkaStore     *store,
                      const GError *error)
{
  n_faults += error != NULL;
  faulty = error != NULL;
}

void
eka_store_note_late (EkaStore *store)
{
  n_faults++;
  faulty = TRUE;
}

/* --- what it is asked for ----------------------------------------------- */

static void
file_free (gpointer data)
{
  File *file = data;

  g_free (file->name);
  g_clear_pointer (&file->bytes, g_bytes_unref);
  g_clear_pointer (&file->from, eka_spool_unref);
  g_free (file->from_name);
  g_free (file);
}

EkaSpoolCommit *
eka_spool_commit_new (void)
{
  EkaSpoolCommit *commit = g_new0 (EkaSpoolCommit, 1);

  commit->files = g_ptr_array_new_with_free_func (file_free);
  commit->remove = g_ptr_array_new_with_free_func (g_free);
  return commit;
}

void
eka_spool_commit_free (EkaSpoolCommit *commit)
{
  g_clear_pointer (&commit->description, g_bytes_unref);
  g_clear_pointer (&commit->index, eka_index_free);
  g_ptr_array_unref (commit->files);
  g_clear_pointer (&commit->journal, eka_chunker_state_free);
  g_clear_pointer (&commit->voids, eka_spool_unref);
  g_ptr_array_unref (commit->remove);
  g_free (commit);
}

void
eka_spool_commit_write (EkaSpoolCommit *commit,
                        const gchar    *name,
                        GBytes         *bytes)
{
  File *file = g_new0 (File, 1);

  g_assert_nonnull (bytes);
  file->name = g_strdup (name);
  file->bytes = g_bytes_ref (bytes);
  g_ptr_array_add (commit->files, file);
}

void
eka_spool_commit_link (EkaSpoolCommit *commit,
                       const gchar    *name,
                       EkaSpool       *from,
                       const gchar    *from_name)
{
  File *file = g_new0 (File, 1);

  file->name = g_strdup (name);
  file->from = eka_spool_ref (from);
  file->from_name = g_strdup (from_name);
  g_ptr_array_add (commit->files, file);
}

void
eka_spool_commit_void_journal (EkaSpoolCommit *commit,
                               EkaSpool       *from)
{
  commit->voids = eka_spool_ref (from);
}

static Op *
push (EkaSpool *self,
      OpType    type,
      gpointer  user_data)
{
  Op *op = g_new0 (Op, 1);

  op->type = type;
  op->user_data = user_data;
  op->packets = g_array_new (FALSE, FALSE, sizeof (guint));
  g_queue_push_tail (&self->ops, op);
  return op;
}

/* One at a time: what a commit builds on must be there. */
void
eka_spool_commit (EkaSpool       *spool,
                  EkaSpoolCommit *commit,
                  EkaSpoolFunc    done,
                  gpointer        user_data)
{
  GList *l;
  Op *op;

  for (l = spool->ops.head; l != NULL; l = l->next)
    g_assert_cmpint (((Op *) l->data)->type, !=, OP_COMMIT);
  op = push (spool, OP_COMMIT, user_data);
  op->commit = commit;
  op->done = done;
}

static gboolean
changes_journal (const Op *op)
{
  return op->type == OP_DROP ||
         (op->type == OP_COMMIT &&
          (op->commit->journal != NULL || op->commit->ends_journal));
}

void
eka_spool_add_packet (EkaSpool        *spool,
                      const EkaPacket *packet)
{
  guint id = (guint) packet->running_time;
  GArray *to = spool->journal;
  GList *l;

  g_assert_cmpmem (packet->data, packet->size, &id, sizeof id);
  for (l = spool->ops.head; l != NULL; l = l->next)
    if (changes_journal (l->data))
      to = ((Op *) l->data)->packets;
  if (to != NULL)
    g_array_append_val (to, id);
}

void
eka_spool_drop_journal (EkaSpool    *spool,
                        EkaSpoolFunc done,
                        gpointer     user_data)
{
  push (spool, OP_DROP, user_data)->done = done;
}

void
eka_spool_read (EkaSpool        *spool,
                const gchar     *file,
                EkaSpoolReadFunc done,
                gpointer         user_data)
{
  Op *op = push (spool, OP_READ, user_data);

  op->read_done = done;
  op->file = g_strdup (file);
}

void
eka_spool_remove (EkaSpool *spool)
{
  push (spool, OP_REMOVE, NULL);
}

/* As the real one, it does first what it was asked for. */
void
eka_spool_close (EkaSpool *spool)
{
  fake_spool_run (spool);
}

/* --- doing it ----------------------------------------------------------- */

static GError *
write_files (EkaSpool       *self,
             EkaSpoolCommit *commit)
{
  guint i;

  for (i = 0; i < commit->files->len; i++)
    {
      File *file = commit->files->pdata[i];
      GBytes *bytes = file->bytes;

      if (file->from != NULL)
        bytes = g_hash_table_lookup (file->from->files, file->from_name);
      if (bytes == NULL)
        return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no file");
      /* A name never stands for other bytes. */
      if (g_hash_table_contains (self->files, file->name))
        g_assert_true (g_bytes_equal (
            bytes, g_hash_table_lookup (self->files, file->name)));
      g_hash_table_insert (self->files, g_strdup (file->name),
                           g_bytes_ref (bytes));
    }
  return NULL;
}

static void
remove_files (EkaSpool       *self,
              EkaSpoolCommit *commit)
{
  guint i;

  for (i = 0; i < commit->remove->len; i++)
    g_hash_table_remove (self->files, commit->remove->pdata[i]);
}

/* All that the index names is there, and as it says. */
static void
check_index (EkaSpool *self)
{
  guint i;

  for (i = 0; i < self->index->entries->len; i++)
    {
      const EkaIndexEntry *entry = self->index->entries->pdata[i];
      GBytes *bytes;

      if (entry->file == NULL)
        continue;
      bytes = g_hash_table_lookup (self->files, entry->file);
      g_assert_nonnull (bytes);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, entry->size);
    }
}

static void
append_packets (GArray *to,
                GArray *packets)
{
  if (to != NULL && packets->len > 0)
    g_array_append_vals (to, packets->data, packets->len);
}

static void
change_journal (EkaSpool *self,
                Op       *op)
{
  const EkaChunkerState *state = op->commit->journal;
  guint i;

  g_clear_pointer (&self->journal, g_array_unref);
  if (state == NULL)
    return;
  self->journal = g_array_new (FALSE, FALSE, sizeof (guint));
  for (i = state->n_history; i < state->packets->len; i++)
    {
      guint id = (guint) g_array_index (state->packets, EkaPacketInfo,
                                        i).running_time;

      g_array_append_val (self->journal, id);
    }
  append_packets (self->journal, op->packets);
}

static GError *
commit (EkaSpool *self,
        Op       *op)
{
  EkaSpoolCommit *commit = op->commit;
  GError *error = NULL;

  if (self->n_commits > 0 && !self->there)
    {
      self->n_commits = 0; /* the next one makes a new folder */
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no folder");
    }
  if (error == NULL)
    error = write_files (self, commit);
  if (error != NULL)
    return error;
  self->there = TRUE;
  self->n_commits++;
  if (commit->description != NULL)
    {
      gsize size;
      const gchar *text = g_bytes_get_data (commit->description, &size);

      g_free (self->description);
      self->description = g_strndup (text, size);
    }
  g_clear_pointer (&self->index, eka_index_free);
  self->index = g_steal_pointer (&commit->index);
  if (changes_journal (op))
    change_journal (self, op);
  remove_files (self, commit);
  check_index (self);
  return NULL;
}

/* What came for the journal that was not to be goes to the one before. */
static void
give_back (EkaSpool *self,
           Op       *op)
{
  append_packets (self->journal, op->packets);
}

static void
do_read (EkaSpool     *self,
         Op           *op,
         const GError *error)
{
  g_autoptr (GError) local = NULL;
  GBytes *bytes = g_hash_table_lookup (self->files, op->file);

  if (error == NULL && bytes == NULL)
    {
      local = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no file");
      error = local;
    }
  op->read_done (error == NULL ? bytes : NULL, error, op->user_data);
}

static void
do_commit (EkaSpool     *self,
           Op           *op,
           const GError *error)
{
  g_autoptr (GError) local = error == NULL ? commit (self, op) : NULL;

  if (error == NULL)
    error = local;
  eka_store_note_fault ((EkaStore *) self, error);
  if (error != NULL)
    give_back (self, op);
  if (op->done != NULL)
    op->done (error, op->user_data);
}

static void
do_op (EkaSpool     *spool,
       const GError *error)
{
  g_autoptr (EkaSpool) self = eka_spool_ref (spool);
  Op *op = g_queue_pop_head (&self->ops);

  switch (op->type)
    {
    case OP_COMMIT:
      do_commit (self, op, error);
      break;
    case OP_DROP:
      if (error == NULL)
        g_clear_pointer (&self->journal, g_array_unref);
      else
        give_back (self, op);
      op->done (error, op->user_data);
      break;
    case OP_READ:
      do_read (self, op, error);
      break;
    case OP_REMOVE:
      forget (self);
      break;
    }
  g_clear_pointer (&op->commit, eka_spool_commit_free);
  g_free (op->file);
  g_array_unref (op->packets);
  g_free (op);
}

guint
fake_spool_count (EkaSpool *spool)
{
  return spool->ops.length;
}

/* Does what it was asked for first. */
void
fake_spool_step (EkaSpool *spool)
{
  g_assert_cmpuint (spool->ops.length, >, 0);
  do_op (spool, NULL);
}

/* As fake_spool_step(), where that fails. */
void
fake_spool_fail (EkaSpool *spool,
                 gint      code)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, code, "failed");

  g_assert_cmpuint (spool->ops.length, >, 0);
  do_op (spool, error);
}

/* Does all of it, and what comes of that. */
void
fake_spool_run (EkaSpool *spool)
{
  while (spool->ops.length > 0)
    do_op (spool, NULL);
}

/* Whether what is next is a file that is read. */
gboolean
fake_spool_is_read (EkaSpool *spool)
{
  const Op *op = g_queue_peek_head (&spool->ops);

  return op != NULL && op->type == OP_READ;
}

/* Somebody removes the folder. */
void
fake_spool_vanish (EkaSpool *spool)
{
  forget (spool);
}

/* A byte of @file flips. */
void
fake_spool_spoil (EkaSpool    *spool,
                  const gchar *file)
{
  GBytes *bytes = g_hash_table_lookup (spool->files, file);
  gsize size;
  guint8 *data;

  g_assert_nonnull (bytes);
  data = g_memdup2 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  size = g_bytes_get_size (bytes);
  data[size - 1] ^= 1;
  g_hash_table_insert (spool->files, g_strdup (file),
                       g_bytes_new_take (data, size));
}

/* --- what is there ------------------------------------------------------ */

guint
fake_spool_n_commits (EkaSpool *spool)
{
  return spool->n_commits;
}

guint
fake_spool_n_places (EkaSpool *spool)
{
  return spool->index != NULL ? spool->index->entries->len : 0;
}

/* Returns: (transfer none) (nullable): the audio there; %NULL: only its place */
GBytes *
fake_spool_get_place (EkaSpool *spool,
                      guint     place)
{
  const EkaIndexEntry *entry;

  g_assert_cmpuint (place, <, fake_spool_n_places (spool));
  entry = spool->index->entries->pdata[place];
  return entry->file != NULL ? g_hash_table_lookup (spool->files, entry->file)
                             : NULL;
}

EkaIndexState
fake_spool_get_state (EkaSpool *spool,
                      guint     place)
{
  g_assert_cmpuint (place, <, fake_spool_n_places (spool));
  return ((EkaIndexEntry *) spool->index->entries->pdata[place])->state;
}

guint
fake_spool_n_files (EkaSpool *spool)
{
  return g_hash_table_size (spool->files);
}

GBytes *
fake_spool_get_file (EkaSpool    *spool,
                     const gchar *file)
{
  return g_hash_table_lookup (spool->files, file);
}

const gchar *
fake_spool_get_taken (EkaSpool *spool,
                      guint     i)
{
  return spool->index != NULL && i < spool->index->taken->len
             ? spool->index->taken->pdata[i]
             : NULL;
}

const gchar *
fake_spool_get_description (EkaSpool *spool)
{
  return spool->description;
}

/* Returns: (transfer none) (nullable) (element-type guint) */
GArray *
fake_spool_get_journal (EkaSpool *spool)
{
  return spool->journal;
}

gboolean
fake_spool_is_there (EkaSpool *spool)
{
  return spool->there;
}

/* How often somebody was told that the disk fails. */
guint
fake_spool_n_faults (void)
{
  return n_faults;
}

/* Whether that is over. */
gboolean
fake_spool_is_faulty (void)
{
  return faulty;
}

guint
fake_spool_n_alive (void)
{
  return n_alive;
}

/* --- audio -------------------------------------------------------------- */

/* A chunk of @size bytes, and a second for each of the @n packets that it is made
 * of, from @first on. */
EkaChunk *
fake_chunk_new (guint first,
                guint n,
                gsize size)
{
  g_autofree guint8 *data = g_malloc0 (MAX (size, 2 * sizeof (guint)));
  g_autoptr (GBytes) bytes = NULL;

  memcpy (data, &first, sizeof first);
  memcpy (data + sizeof first, &n, sizeof n);
  bytes = g_bytes_new (data, MAX (size, 2 * sizeof (guint)));
  return eka_chunk_new (first, bytes, "audio/wav", "wav",
                        first * G_GUINT64_CONSTANT (1000000000),
                        n * G_GUINT64_CONSTANT (1000000000), n);
}

gboolean
fake_chunk_has (GBytes *bytes,
                guint   packet)
{
  const guint *data = g_bytes_get_data (bytes, NULL);

  return packet >= data[0] && packet < data[0] + data[1];
}

/* Of a chunker that holds @n packets from @first on, with one before as history. */
EkaChunkerState *
fake_state_new (guint first,
                guint n)
{
  EkaChunkerState *state = g_new0 (EkaChunkerState, 1);
  guint i;

  state->packets = g_array_new (FALSE, TRUE, sizeof (EkaPacketInfo));
  state->data = g_byte_array_new ();
  state->n_history = first > 0;
  for (i = first - state->n_history; i < first + n; i++)
    {
      EkaPacketInfo info = { .running_time = i, .size = sizeof i };

      g_array_append_val (state->packets, info);
      g_byte_array_append (state->data, (const guint8 *) &i, sizeof i);
    }
  return state;
}

void
fake_add_packet (EkaOutbox *outbox,
                 guint      packet)
{
  const EkaPacket added = { .data = (const guint8 *) &packet,
                            .size = sizeof packet,
                            .running_time = packet };

  eka_outbox_add_packet (outbox, &added);
}
