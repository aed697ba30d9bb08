/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunkerstate.h"

#include "chunk/chunkerprivate.h"

/**
 * eka_chunker_save:
 * @chunker: a chunker; what it has to give was taken with eka_chunker_pop()
 *
 * Returns: (transfer full): a copy of all that makes its next chunks
 */
EkaChunkerState *
eka_chunker_save (EkaChunker *chunker)
{
  EkaChunkerState *state = g_new0 (EkaChunkerState, 1);

  eka_codec_copy (&state->codec, &chunker->codec);
  state->container = chunker->container;
  state->media_type = chunker->media_type;
  state->limits = chunker->limits;
  state->index = chunker->index;
  state->skip = chunker->skip;
  state->packets = g_array_copy (chunker->packets);
  state->data = g_byte_array_sized_new (chunker->data->len);
  g_byte_array_append (state->data, chunker->data->data, chunker->data->len);
  state->n_history = chunker->next;
  state->closed = chunker->closed;
  state->gap = chunker->gap;
  state->previous = chunker->previous;
  state->celt = chunker->celt;
  state->base_time = chunker->base_time;
  state->base_utc = chunker->base_utc;
  state->base_samples = chunker->base_samples;
  return state;
}

static void
restore_packets (EkaChunker            *self,
                 const EkaChunkerState *state)
{
  guint i;

  g_array_append_vals (self->packets, state->packets->data,
                       state->packets->len);
  g_byte_array_append (self->data, state->data->data, state->data->len);
  self->next = state->n_history;
  for (i = 0; i < self->packets->len; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (self->packets, EkaPacketInfo, i);

      if (i < self->next)
        {
          self->next_offset += info->size;
          continue;
        }
      /* where it is not the first one that is pending */
      if (info->discont)
        {
          self->breaks++;
          self->open_samples = 0;
        }
      self->pending_samples += info->samples;
      self->open_samples += info->samples;
      self->pending_cost += eka_container_packet_cost (
          self->container, &self->codec, info->size, info->samples);
    }
}

/**
 * eka_chunker_restore:
 * @state: what eka_chunker_save() made; or made up of packets that
 *   eka_codec_measure_packet() took, the first pending one without `discont`
 *
 * Returns: (transfer full): a chunker that makes of the packets that come the
 *   chunks that the saved one would have made of them, byte for byte
 */
EkaChunker *
eka_chunker_restore (const EkaChunkerState *state)
{
  EkaChunker *self =
      eka_chunker_new (&state->codec, state->container, &state->limits);

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (state->n_history <= state->packets->len, NULL);

  self->media_type = state->media_type;
  self->index = state->index;
  restore_packets (self, state);
  self->closed = state->closed && self->pending_samples > 0;
  self->gap = state->gap;
  self->previous = state->previous;
  self->celt = state->celt;
  self->base_time = state->base_time;
  self->base_utc = state->base_utc;
  self->base_samples = state->base_samples;
  /* now that there is history: the pre-roll */
  eka_chunker_set_limits (self, &state->limits);
  self->skip = state->skip;
  /* no OpusHead tells more */
  if (self->codec.type == EKA_CODEC_OPUS)
    self->skip = MIN (self->skip, G_MAXUINT16 - self->pre_roll.skip);
  return self;
}

/**
 * eka_chunker_state_free:
 * @state: (transfer full) (nullable): a state
 */
void
eka_chunker_state_free (EkaChunkerState *state)
{
  if (state == NULL)
    return;
  eka_codec_clear (&state->codec);
  g_array_unref (state->packets);
  g_byte_array_unref (state->data);
  g_free (state);
}

/**
 * eka_chunker_state_is_empty:
 * @state: a state
 *
 * Returns: whether no packet waits for a chunk
 */
gboolean
eka_chunker_state_is_empty (const EkaChunkerState *state)
{
  return state->packets->len == state->n_history;
}
