/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "relay.h"

#include <stdlib.h>
#include <string.h>

#define SIDES 2
#define HEADER 12
/* Samples of a side before its network is a bad one. */
#define ON_TIME (100 * TONES_MS)
#define HOST "127.0.0.1:"
/* More than any call of the tests lasts, in samples. */
#define MAX_SAMPLES (60 * TONES_RATE)

/* What faces one of the agents. */
typedef struct
{
  guint agent;     /* its SIP port */
  guint agent_rtp; /* where it wants its RTP, once its SDP has told */
  guint recorder;  /* where a copy goes of what it says */
  GSocket *sip;
  GSocket *rtp;

  gboolean heard;
  guint32 timestamp; /* of the first packet */
  gint64 arrival;    /* µs, when timestamp 0 would have come if it had not waited */
  gint16 *samples;   /* what it said, by timestamp */
  guint n_samples;
} Side;

/* A packet that is on its way. */
typedef struct
{
  gint64 due;
  guint from; /* index of a side */
  GBytes *bytes;
} Packet;

struct _Relay
{
  Side sides[SIDES];
  GThread *thread; /* (nullable): runs */
  GCancellable *stop;
  GRand *rand;
  guint jitter;
  guint loss;
  GQueue packets; /* of Packet, by due */
};

/**
 * relay_new:
 * @agents: (array fixed-size=2): SIP ports of the agents; the first one calls
 * @recorders: (array fixed-size=2): ports that get copies of what the one and the
 *   other says
 *
 * Returns: (transfer full): a relay that does nothing yet
 */
Relay *
relay_new (const guint *agents,
           const guint *recorders)
{
  Relay *self = g_new0 (Relay, 1);
  guint i;

  for (i = 0; i < SIDES; i++)
    {
      self->sides[i].agent = agents[i];
      self->sides[i].recorder = recorders[i];
      self->sides[i].sip = rtp_socket_new (0);
      self->sides[i].rtp = rtp_socket_new (rtp_free_port ());
      self->sides[i].samples = g_new0 (gint16, MAX_SAMPLES);
    }
  self->stop = g_cancellable_new ();
  self->rand = g_rand_new_with_seed (0);
  g_queue_init (&self->packets);
  return self;
}

static void
packet_free (gpointer data)
{
  Packet *packet = data;

  g_bytes_unref (packet->bytes);
  g_free (packet);
}

/**
 * relay_free:
 * @self: (transfer full): a relay; it stops
 */
void
relay_free (Relay *self)
{
  guint i;

  g_cancellable_cancel (self->stop);
  g_clear_pointer (&self->thread, g_thread_join);
  for (i = 0; i < SIDES; i++)
    {
      g_object_unref (self->sides[i].sip);
      g_object_unref (self->sides[i].rtp);
      g_free (self->sides[i].samples);
    }
  g_queue_clear_full (&self->packets, packet_free);
  g_object_unref (self->stop);
  g_rand_free (self->rand);
  g_free (self);
}

/**
 * relay_get_port:
 * @self: a relay
 *
 * Returns: the SIP port that the first agent calls to reach the second one
 */
guint
relay_get_port (Relay *self)
{
  return rtp_socket_port (self->sides[0].sip);
}

/**
 * relay_impair:
 * @self: a relay that was not started
 * @seed: of chance
 * @jitter: a packet is held back for up to so many ms, and overtaken
 * @loss: percentage of packets that get lost
 */
void
relay_impair (Relay  *self,
              guint32 seed,
              guint   jitter,
              guint   loss)
{
  g_rand_set_seed (self->rand, seed);
  self->jitter = jitter;
  self->loss = loss;
}

static gchar *
replace (gchar       *text,
         const gchar *mark,
         guint        from,
         guint        to)
{
  g_autofree gchar *old_text = text;
  g_autofree gchar *old_port = g_strdup_printf ("%s%u", mark, from);
  g_autofree gchar *new_port = g_strdup_printf ("%s%u", mark, to);
  g_autoptr (GString) string = g_string_new (old_text);

  g_string_replace (string, old_port, new_port, 0);
  return g_string_free (g_steal_pointer (&string), FALSE);
}

/* The port of its audio that the agent tells becomes one of ours. */
static gchar *
translate_media (Side  *from,
                 Side  *to,
                 gchar *text)
{
  const gchar *media = strstr (text, "m=audio ");

  if (media == NULL)
    return text;
  from->agent_rtp = strtoul (media + strlen ("m=audio "), NULL, 10);
  return replace (text, "m=audio ", from->agent_rtp,
                  rtp_socket_port (to->rtp));
}

/* Ports have as many digits as they like. */
static gchar *
correct_length (gchar *text)
{
  g_autofree gchar *old_text = text;
  g_autofree gchar *length = NULL;
  g_autoptr (GRegex) regex =
      g_regex_new ("^Content-Length: *\\d+", G_REGEX_MULTILINE, 0, NULL);
  const gchar *body = strstr (text, "\r\n\r\n");

  g_assert_nonnull (body);
  length = g_strdup_printf ("Content-Length: %" G_GSIZE_FORMAT,
                            strlen (body + 4));
  return g_regex_replace_literal (regex, old_text, -1, 0, length, 0, NULL);
}

/* Each agent sees the other one at the socket of ours that faces it. */
static void
pass_sip (Side        *from,
          Side        *to,
          const gchar *message,
          gsize        size)
{
  guint seen = rtp_socket_port (to->sip);
  guint called = rtp_socket_port (from->sip);
  gchar *text = g_strndup (message, size);

  text = replace (text, HOST, from->agent, seen);
  text = replace (text, HOST, called, to->agent);
  text = replace (text, "rport=", seen, to->agent);
  text = replace (text, "rport=", called, to->agent);
  text = translate_media (from, to, text);
  text = correct_length (text);
  rtp_socket_send (to->sip, to->agent, text, strlen (text));
  g_free (text);
}

static gint
compare_due (gconstpointer a,
             gconstpointer b,
             gpointer      user_data)
{
  const Packet *first = a, *second = b;

  return first->due < second->due ? -1 : 1;
}

/* What was said, and when at the earliest a timestamp came: the truth. */
static void
remember (Side         *side,
          const guint8 *data,
          gsize         size,
          gint64        now)
{
  guint32 timestamp = (guint32) data[4] << 24 | data[5] << 16 | data[6] << 8 |
                      data[7];
  guint payload_type = data[1] & 0x7f;
  gint64 arrival;
  guint at, i;

  if (payload_type != RTP_PCMU && payload_type != RTP_PCMA)
    return;
  if (!side->heard)
    side->timestamp = timestamp;
  at = timestamp - side->timestamp;
  arrival = now - (gint64) at * G_USEC_PER_SEC / TONES_RATE;
  side->arrival = side->heard ? MIN (side->arrival, arrival) : arrival;
  side->heard = TRUE;
  g_assert_cmpuint (at + size - HEADER, <=, MAX_SAMPLES);
  for (i = HEADER; i < size; i++)
    side->samples[at + i - HEADER] =
        tones_decode (data[i], payload_type == RTP_PCMA);
  side->n_samples = MAX (side->n_samples, at + size - HEADER);
}

static void
take_rtp (Relay        *self,
          guint         from,
          const guint8 *data,
          gsize         size)
{
  gint64 now = g_get_monotonic_time ();
  Packet *packet;

  if (size < HEADER)
    return;
  if ((guint) g_rand_int_range (self->rand, 0, 100) < self->loss)
    return;
  remember (&self->sides[from], data, size, now);
  packet = g_new0 (Packet, 1);
  packet->from = from;
  packet->bytes = g_bytes_new (data, size);
  /* Nobody can know by how much the first ones are late. */
  packet->due = now;
  if (self->sides[from].n_samples > ON_TIME)
    packet->due += g_rand_double (self->rand) * self->jitter *
                   G_TIME_SPAN_MILLISECOND;
  g_queue_insert_sorted (&self->packets, packet, compare_due, NULL);
}

/* Passes on what is due, and returns for how many ms there is nothing to do, or
 * -1. */
static gint
pass_rtp (Relay *self)
{
  for (;;)
    {
      Packet *packet = g_queue_peek_head (&self->packets);
      gint64 left;
      Side *from, *to;
      gconstpointer data;
      gsize size;

      if (packet == NULL)
        return -1;
      left = packet->due - g_get_monotonic_time ();
      if (left > 0)
        return left / G_TIME_SPAN_MILLISECOND + 1;
      from = &self->sides[packet->from];
      to = &self->sides[1 - packet->from];
      data = g_bytes_get_data (packet->bytes, &size);
      if (to->agent_rtp != 0)
        rtp_socket_send (to->rtp, to->agent_rtp, data, size);
      rtp_socket_send (from->rtp, from->recorder, data, size);
      packet_free (g_queue_pop_head (&self->packets));
    }
}

static void
take_datagram (Relay  *self,
               guint   side,
               GSocket *socket)
{
  gchar data[65536];
  gssize size = g_socket_receive (socket, data, sizeof data, NULL, NULL);

  /* An error of something that was sent before. */
  if (size < 0)
    return;
  if (socket == self->sides[side].rtp)
    take_rtp (self, side, (const guint8 *) data, size);
  else
    pass_sip (&self->sides[side], &self->sides[1 - side], data, size);
}

static gpointer
run (gpointer data)
{
  Relay *self = data;
  GPollFD polls[2 * SIDES + 1];
  GSocket *sockets[2 * SIDES];
  guint i;

  for (i = 0; i < 2 * SIDES; i++)
    {
      sockets[i] = i % 2 ? self->sides[i / 2].rtp : self->sides[i / 2].sip;
      polls[i].fd = g_socket_get_fd (sockets[i]);
      polls[i].events = G_IO_IN | G_IO_ERR;
    }
  g_cancellable_make_pollfd (self->stop, &polls[2 * SIDES]);
  while (!g_cancellable_is_cancelled (self->stop))
    {
      g_poll (polls, G_N_ELEMENTS (polls), pass_rtp (self));
      for (i = 0; i < 2 * SIDES; i++)
        if (polls[i].revents != 0)
          take_datagram (self, i / 2, sockets[i]);
    }
  g_cancellable_release_fd (self->stop);
  return NULL;
}

/**
 * relay_start:
 * @self: a relay; it begins
 */
void
relay_start (Relay *self)
{
  self->thread = g_thread_new ("relay", run, self);
}

/**
 * relay_tones:
 * @self: a relay whose call is over
 * @leg: 0: what the agent that calls says; 1: the other one
 *
 * Returns: (transfer full) (element-type Tone): the truth: tones as they came, less
 *   what got lost; times of both legs begin at the same moment
 */
GArray *
relay_tones (Relay *self,
             guint  leg)
{
  Side *side = &self->sides[leg];
  gint64 begin = MIN (self->sides[0].arrival, self->sides[1].arrival);
  GArray *tones = tones_find (side->samples, side->n_samples, TONES_RATE);
  guint i;

  for (i = 0; i < tones->len; i++)
    {
      Tone *tone = &g_array_index (tones, Tone, i);

      tone->start += (side->arrival - begin) / (gdouble) G_TIME_SPAN_MILLISECOND;
      tone->end += (side->arrival - begin) / (gdouble) G_TIME_SPAN_MILLISECOND;
    }
  return tones;
}
