/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/feed.h"

#include <string.h>

#include "chunk/wav.h"

/* Positions count bytes of PCM from the first sample on:
 *   read <= end, cut <= end
 *   @chunks hold what lies between read and cut, the first one from read on
 *   @tail holds what lies between the greater of the two and end */
struct _EkaFeed
{
  gatomicrefcount ref_count;

  GMutex lock; /* guards all below; a leaf */
  guint64 read;
  guint64 cut;
  guint64 end;
  GQueue chunks;    /* of EkaChunk */
  gsize head;       /* bytes of the first chunk that were read */
  GByteArray *tail;
  guint64 wanted;   /* the reader waits for so much; 0: it does not */
  gboolean closed;  /* nobody reads any more */
};

/**
 * eka_feed_new:
 *
 * Returns: (transfer full): a feed without audio
 */
EkaFeed *
eka_feed_new (void)
{
  EkaFeed *self = g_new0 (EkaFeed, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_queue_init (&self->chunks);
  self->tail = g_byte_array_new ();
  return self;
}

/**
 * eka_feed_ref:
 * @feed: a feed
 *
 * Returns: (transfer full): @feed
 */
EkaFeed *
eka_feed_ref (EkaFeed *feed)
{
  g_atomic_ref_count_inc (&feed->ref_count);
  return feed;
}

/**
 * eka_feed_unref:
 * @feed: (transfer full): a feed
 */
void
eka_feed_unref (EkaFeed *feed)
{
  if (!g_atomic_ref_count_dec (&feed->ref_count))
    return;
  g_queue_clear_full (&feed->chunks, (GDestroyNotify) eka_chunk_unref);
  g_byte_array_unref (feed->tail);
  g_mutex_clear (&feed->lock);
  g_free (feed);
}

/**
 * eka_feed_push:
 * @feed: a feed
 * @data: (array length=size): PCM that follows what was pushed before; copied
 * @size: its length
 *
 * Returns: whether the reader waits for that and is to be told, once
 */
gboolean
eka_feed_push (EkaFeed      *feed,
               const guint8 *data,
               gsize         size)
{
  gboolean wake;

  g_mutex_lock (&feed->lock);
  if (!feed->closed)
    g_byte_array_append (feed->tail, data, (guint) size);
  feed->end += size;
  wake = !feed->closed && feed->wanted != 0 && feed->end >= feed->wanted;
  if (wake)
    feed->wanted = 0;
  g_mutex_unlock (&feed->lock);
  return wake;
}

static gsize
pcm_size (EkaChunk *chunk)
{
  return g_bytes_get_size (chunk->bytes) - EKA_WAV_HEADER_SIZE;
}

/**
 * eka_feed_cut:
 * @feed: a feed
 * @chunk: (transfer none): a WAV file of the oldest audio that was pushed and
 *   that no chunk had yet
 */
void
eka_feed_cut (EkaFeed  *feed,
              EkaChunk *chunk)
{
  const gsize size = pcm_size (chunk);
  guint64 from;

  g_mutex_lock (&feed->lock);
  from = MAX (feed->read, feed->cut);
  feed->cut += size;
  if (feed->cut > feed->end)
    {
      g_critical ("a chunk has audio that was not pushed");
      feed->closed = TRUE;
    }
  if (!feed->closed && feed->cut > from)
    {
      if (g_queue_is_empty (&feed->chunks))
        feed->head = size - (feed->cut - from);
      g_queue_push_tail (&feed->chunks, eka_chunk_ref (chunk));
      g_byte_array_remove_range (feed->tail, 0, (guint) (feed->cut - from));
    }
  g_mutex_unlock (&feed->lock);
}

/* Returns: how many bytes it moved from the first chunk to @data */
static gsize
read_chunk_locked (EkaFeed *self,
                   guint8  *data,
                   gsize    size)
{
  EkaChunk *chunk = g_queue_peek_head (&self->chunks);
  const guint8 *bytes = g_bytes_get_data (chunk->bytes, NULL);

  size = MIN (size, pcm_size (chunk) - self->head);
  memcpy (data, bytes + EKA_WAV_HEADER_SIZE + self->head, size);
  self->head += size;
  if (self->head == pcm_size (chunk))
    {
      eka_chunk_unref (g_queue_pop_head (&self->chunks));
      self->head = 0;
    }
  return size;
}

static GBytes *
read_locked (EkaFeed *self,
             gsize    size)
{
  guint8 *data = g_malloc (size);
  gsize done = 0;

  while (done < size && !g_queue_is_empty (&self->chunks))
    done += read_chunk_locked (self, data + done, size - done);
  if (done < size)
    {
      memcpy (data + done, self->tail->data, size - done);
      g_byte_array_remove_range (self->tail, 0, (guint) (size - done));
    }
  self->read += size;
  return g_bytes_new_take (data, size);
}

/**
 * eka_feed_read:
 * @feed: a feed
 * @size: how many bytes
 * @ended: nothing more will be pushed: the rest may be shorter
 *
 * Takes the next bytes. Where there are not so many yet, eka_feed_push() tells
 * when there are.
 *
 * Returns: (transfer full) (nullable): @size bytes, or the rest; %NULL: not yet,
 *   or no more
 */
GBytes *
eka_feed_read (EkaFeed *feed,
               gsize    size,
               gboolean ended)
{
  GBytes *bytes = NULL;
  guint64 left;

  g_mutex_lock (&feed->lock);
  left = feed->closed ? 0 : feed->end - feed->read;
  feed->wanted = 0;
  if (left >= size || (ended && left > 0))
    bytes = read_locked (feed, MIN (left, size));
  else if (!ended)
    feed->wanted = feed->read + size;
  g_mutex_unlock (&feed->lock);
  return bytes;
}

/**
 * eka_feed_close:
 * @feed: a feed
 *
 * Says that nobody reads any more: what is pushed from now on is dropped.
 */
void
eka_feed_close (EkaFeed *feed)
{
  g_mutex_lock (&feed->lock);
  feed->closed = TRUE;
  g_queue_clear_full (&feed->chunks, (GDestroyNotify) eka_chunk_unref);
  g_byte_array_set_size (feed->tail, 0);
  g_mutex_unlock (&feed->lock);
}

/**
 * eka_feed_count_read:
 * @feed: a feed
 *
 * Returns: bytes that were read
 */
guint64
eka_feed_count_read (EkaFeed *feed)
{
  guint64 read;

  g_mutex_lock (&feed->lock);
  read = feed->read;
  g_mutex_unlock (&feed->lock);
  return read;
}

/**
 * eka_feed_get_waiting:
 * @feed: a feed
 *
 * Returns: bytes that were pushed and not read
 */
guint64
eka_feed_get_waiting (EkaFeed *feed)
{
  guint64 waiting;

  g_mutex_lock (&feed->lock);
  waiting = feed->closed ? 0 : feed->end - feed->read;
  g_mutex_unlock (&feed->lock);
  return waiting;
}
