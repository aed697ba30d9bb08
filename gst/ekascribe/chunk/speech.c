/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/speech.h"

#include <math.h>

#include "chunk/pcm.h"

#define MSECOND G_GUINT64_CONSTANT (1000000)

/* So long it must be loud before somebody speaks: a click is shorter. */
#define ONSET (80 * MSECOND)
/* So long it may be quiet before somebody speaks no more: between words. */
#define HANGOVER (300 * MSECOND)

/* The noise is the least of the last slots, so that it falls at once and rises
 * when the oldest slot is left behind; a sentence without any pause is
 * shorter. */
#define N_SLOTS 6
#define SLOT (1000 * MSECOND)

/* Below it is digital silence, or a gate that is shut, in dB as in #EkaPacket;
 * it teaches nothing about the room unless it lasts. */
#define NOTHING 58
#define LONG_NOTHING (500 * MSECOND)

/* How one measure tells speech from noise. Where speech is, less is enough. */
typedef struct
{
  gdouble smoothing; /* time constant in ns */
  guint64 warm_up;   /* so long it is not to be trusted */
  gdouble enter;     /* so far above the noise speech begins */
  gdouble stay;      /* ... and goes on */
  gdouble nothing;   /* see NOTHING; no noise is less */
} Measure;

static const Measure loudness_measure = { 40 * MSECOND, 0, 8, 5, NOTHING };
/* of the logarithm; encoders begin with packets that are next to empty */
static const Measure effort_measure = { 120 * MSECOND, 300 * MSECOND, 0.22,
                                        0.14, 1.4 /* 4, for digital silence */ };
/* That of AAC swings most, and takes longest to settle. */
static const Measure aac_measure = { 200 * MSECOND, 1000 * MSECOND, 0.26, 0.17,
                                     1.4 };

/* Some encoders spend now more, now less on the same noise: that it deviates by
 * so much from the smoothed level, times this, makes no speech. */
#define ENTER_DEVIATIONS 2
#define STAY_DEVIATIONS 1.3

/* @level: the least one
 * @deviation: from the level, on average
 * @length: in ns */
typedef struct
{
  gdouble level;
  gdouble deviation;
  guint64 length;
} Slot;

/* What one measure has heard.
 * @age: how long it has been heard
 * @level: smoothed; negative: nothing yet
 * @slots: the newest first
 * @n_slots: how many there are
 * @in_nothing: how long it has been NOTHING, without a break */
typedef struct
{
  guint64 age;
  gdouble level;
  Slot slots[N_SLOTS];
  guint n_slots;
  guint64 in_nothing;
} Ear;

/* @onset: how long it has been loud, before that counts as speech
 * @spoken: from the beginning of the spell to what was loud last
 * @below: since then, while the spell may go on
 * @silence: since the last spell, where nobody speaks
 * @loud: what the last packet was that told
 * @end: running time of what comes next, or %EKA_TIME_NONE */
struct _EkaSpeech
{
  Ear loudness;
  Ear effort;
  gboolean active;
  gboolean loud;
  guint64 onset;
  guint64 spoken;
  guint64 below;
  guint64 silence;
  guint64 end;
  EkaCelt celt;
  guint previous;
};

/* --- noise ---------------------------------------------------------------- */

static void
smooth (Ear           *self,
        const Measure *measure,
        gdouble        value,
        guint64        duration)
{
  if (value <= measure->nothing || self->level <= measure->nothing)
    self->level = value;
  else
    self->level += (value - self->level) *
                   (1 - exp (-(gdouble) duration / measure->smoothing));
}

static void
next_slot (Ear *self)
{
  guint i;

  for (i = N_SLOTS - 1; i > 0; i--)
    self->slots[i] = self->slots[i - 1];
  self->n_slots = MIN (self->n_slots + 1, N_SLOTS);
  self->slots[0] = (Slot) { .level = self->level };
}

static void
learn (Ear           *self,
       const Measure *measure,
       gdouble        value,
       guint64        duration)
{
  const gboolean nothing = self->level <= measure->nothing;
  Slot *slot = &self->slots[0];

  self->in_nothing = nothing ? self->in_nothing + duration : 0;
  if (nothing && self->in_nothing < LONG_NOTHING)
    return;
  if (self->n_slots == 0 || slot->length >= SLOT)
    next_slot (self);
  slot->level = MIN (slot->level, self->level);
  slot->length += duration;
  slot->deviation += (fabs (value - self->level) - slot->deviation) *
                     (gdouble) duration / (gdouble) slot->length;
}

/* Of a slot that has just begun little is known, unless there is no other. */
static gdouble
get_deviation (const Ear *self)
{
  gdouble least = self->slots[0].deviation;
  guint i;

  if (self->n_slots > 1 && self->slots[0].length < SLOT / 2)
    least = self->slots[1].deviation;
  for (i = 1; i < self->n_slots; i++)
    least = MIN (least, self->slots[i].deviation);
  return least;
}

static gdouble
get_noise (const Ear     *self,
           const Measure *measure)
{
  gdouble noise = self->slots[0].level;
  guint i;

  for (i = 1; i < self->n_slots; i++)
    noise = MIN (noise, self->slots[i].level);
  return MAX (noise, measure->nothing);
}

/* Returns: whether @value is louder than the room */
static gboolean
hear (Ear           *self,
      const Measure *measure,
      gdouble        value,
      guint64        duration,
      gboolean       active)
{
  gdouble margin;

  self->age += duration;
  if (self->age <= measure->warm_up)
    return FALSE;
  smooth (self, measure, value, duration);
  learn (self, measure, value, duration);
  if (self->n_slots == 0)
    return FALSE;
  margin = active ? MAX (measure->stay, STAY_DEVIATIONS * get_deviation (self))
                  : MAX (measure->enter,
                         ENTER_DEVIATIONS * get_deviation (self));
  return self->level - get_noise (self, measure) >= margin;
}

/* --- spells --------------------------------------------------------------- */

static void
note_loud (EkaSpeech *self,
           guint64    duration)
{
  if (self->active)
    {
      self->spoken += self->below + duration;
      self->below = 0;
      return;
    }
  self->onset += duration;
  self->silence += duration;
  if (self->onset < ONSET)
    return;
  self->active = TRUE;
  self->spoken = self->onset;
  self->onset = 0;
  self->silence = 0;
}

static void
note_quiet (EkaSpeech *self,
            guint64    duration)
{
  self->onset = 0;
  if (!self->active)
    {
      self->silence += duration;
      return;
    }
  self->below += duration;
  if (self->below < HANGOVER)
    return;
  self->active = FALSE;
  self->silence = self->below;
  self->spoken = 0;
  self->below = 0;
}

/* Nobody is heard in what does not come: a sender leaves silence out. */
static void
note_gap (EkaSpeech           *self,
          const EkaPacketInfo *packet,
          guint64              duration)
{
  const guint64 time = packet->running_time;

  if (time == EKA_TIME_NONE)
    {
      if (self->end != EKA_TIME_NONE)
        self->end += duration;
      return;
    }
  if (self->end != EKA_TIME_NONE && time > self->end)
    note_quiet (self, time - self->end);
  self->end = time + duration;
}

/* What the detector of the codec says is trusted first, then a level, then what
 * the encoder spent. All of them learn. A packet that tells nothing is like the
 * one before. */
static gboolean
judge (EkaSpeech           *self,
       const EkaCodec      *codec,
       const EkaPacketInfo *packet,
       guint64              duration)
{
  gboolean loud = self->loud;

  if (packet->effort != 0)
    loud = hear (&self->effort,
                 codec->type == EKA_CODEC_AAC ? &aac_measure : &effort_measure,
                 log (packet->effort), duration, self->active);
  if (packet->loudness != 0)
    loud = hear (&self->loudness, &loudness_measure, packet->loudness,
                 duration, self->active);
  if (packet->voice != EKA_VOICE_UNKNOWN)
    loud = packet->voice == EKA_VOICE_ACTIVE;
  return loud;
}

/**
 * eka_speech_new:
 *
 * Returns: (transfer full): a detector that knows nothing of the room yet
 */
EkaSpeech *
eka_speech_new (void)
{
  EkaSpeech *self = g_new0 (EkaSpeech, 1);

  eka_speech_reset (self);
  return self;
}

/**
 * eka_speech_free:
 * @self: (transfer full): a detector
 */
void
eka_speech_free (EkaSpeech *self)
{
  g_free (self);
}

/**
 * eka_speech_reset:
 * @self: a detector
 *
 * Forgets the room and what was said: another recording begins, or the audio
 * goes on elsewhere.
 */
void
eka_speech_reset (EkaSpeech *self)
{
  *self = (EkaSpeech) {
    .loudness.level = -1,
    .effort.level = -1,
    .end = EKA_TIME_NONE,
  };
}

/**
 * eka_speech_push:
 * @self: a detector
 * @codec: codec of the packet
 * @packet: the next packet of the recording, with what is known of its loudness
 *
 * Samples should come in blocks of 10 ms or so; eka_speech_push_packet() sees to
 * that. A gap before @packet, by its running time, counts as silence.
 */
void
eka_speech_push (EkaSpeech           *self,
                 const EkaCodec      *codec,
                 const EkaPacketInfo *packet)
{
  const guint64 duration = eka_codec_time_from_samples (codec, packet->samples);

  note_gap (self, packet, duration);
  if (duration == 0)
    return;
  self->loud = judge (self, codec, packet, duration);
  if (self->loud)
    note_loud (self, duration);
  else
    note_quiet (self, duration);
}

static void
push_blocks (EkaSpeech       *self,
             const EkaCodec  *codec,
             const EkaPacket *packet)
{
  const guint frame = eka_codec_frame_size (codec);
  const gsize size = packet->size - packet->size % frame;
  const gsize block = eka_pcm_block_size (codec);
  gsize done;

  for (done = 0; done < size; done += MIN (size - done, block))
    {
      const gsize length = MIN (size - done, block);
      const EkaPacketInfo info = {
        .running_time = done == 0 ? packet->running_time : EKA_TIME_NONE,
        .size = (guint) length,
        .samples = (guint) (length / frame),
        .loudness = packet->loudness != 0
                        ? packet->loudness
                        : eka_pcm_measure (codec, packet->data + done, length),
      };

      eka_speech_push (self, codec, &info);
    }
}

/**
 * eka_speech_push_packet:
 * @self: a detector
 * @codec: codec of the packet
 * @packet: the next packet of the recording
 *
 * The same as eka_speech_push(), for a packet that nobody has looked at yet. One
 * that no decoder would take is left out.
 */
void
eka_speech_push_packet (EkaSpeech       *self,
                        const EkaCodec  *codec,
                        const EkaPacket *packet)
{
  EkaPacketInfo info;

  if (eka_codec_frame_size (codec) > 0)
    push_blocks (self, codec, packet);
  else if (eka_codec_inspect_packet (codec, &self->celt, &self->previous,
                                     packet, &info))
    eka_speech_push (self, codec, &info);
}

/**
 * eka_speech_is_active:
 * @self: a detector
 *
 * Returns: whether somebody speaks, pauses between words included
 */
gboolean
eka_speech_is_active (const EkaSpeech *self)
{
  return self->active;
}

/**
 * eka_speech_is_quiet:
 * @self: a detector
 *
 * Returns: whether the last packet is nobody's word: pauses between words are
 *   quiet, too
 */
gboolean
eka_speech_is_quiet (const EkaSpeech *self)
{
  return !self->active || !self->loud;
}

/**
 * eka_speech_get_spoken:
 * @self: a detector
 *
 * Returns: how long the present spell of speech has lasted, up to the last sound
 *   of it, in ns; 0 where nobody speaks
 */
guint64
eka_speech_get_spoken (const EkaSpeech *self)
{
  return self->spoken;
}

/**
 * eka_speech_get_silence:
 * @self: a detector
 *
 * Returns: how long ago the last sound of the last spell was, or the first
 *   packet where there was none, in ns; 0 where somebody speaks
 */
guint64
eka_speech_get_silence (const EkaSpeech *self)
{
  return self->silence;
}
