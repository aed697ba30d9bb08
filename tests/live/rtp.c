/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rtp.h"

#include <string.h>
#include <unistd.h>

#define HEADER 12

/* Ports to give out: below those that the kernel chooses from, a block of them for
 * each process. */
#define FIRST_PORT 10000
#define BLOCK 128
#define N_BLOCKS 170

/* Until when a bad network is none; in µs. */
#define ON_TIME (100 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  gint64 due; /* µs from the start */
  gboolean lost;
  guint at;        /* its first sample in `sent` */
  guint n_samples; /* of audio in it */
  GBytes *bytes;
} Packet;

struct _RtpLeg
{
  GSocket *socket;
  guint port;
  GThread *thread; /* (nullable): until it has been waited for */
  gint64 epoch;

  /* What the next packet has. */
  guint32 ssrc;
  guint16 sequence;
  guint32 timestamp;
  gboolean marker;
  gint64 due;

  GArray *packets; /* of Packet */
  GArray *sent;    /* of gint16: what was sent when, silence where nothing was */
};

static void
clear_packet (gpointer data)
{
  g_bytes_unref (((Packet *) data)->bytes);
}

/* A UDP socket of loopback at @port, or at any one that is free for 0. */
static GSocket *
bind_socket (guint    port,
             GError **error)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                    G_SOCKET_PROTOCOL_UDP, error);

  if (socket == NULL || !g_socket_bind (socket, address, FALSE, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/**
 * rtp_socket_new:
 * @port: a UDP port of loopback; 0: any one that is free
 *
 * Returns: (transfer full): a socket that is bound to it
 */
GSocket *
rtp_socket_new (guint port)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = bind_socket (port, &error);

  g_assert_no_error (error);
  return socket;
}

/**
 * rtp_socket_port:
 * @socket: a socket
 *
 * Returns: the port that it is bound to
 */
guint
rtp_socket_port (GSocket *socket)
{
  g_autoptr (GSocketAddress) address =
      g_socket_get_local_address (socket, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/**
 * rtp_socket_send:
 * @socket: a socket
 * @port: of loopback
 * @data: (array length=size): a datagram
 * @size: its bytes
 *
 * Where nobody listens (any more) it is lost, as on a network.
 */
void
rtp_socket_send (GSocket      *socket,
                 guint         port,
                 gconstpointer data,
                 gsize         size)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new (loopback, port);

  g_socket_send_to (socket, address, data, size, NULL, NULL);
}

/**
 * rtp_leg_new:
 * @port: of loopback, where its packets go
 *
 * Returns: (transfer full): a leg that has nothing to send
 */
RtpLeg *
rtp_leg_new (guint port)
{
  RtpLeg *self = g_new0 (RtpLeg, 1);

  self->socket = rtp_socket_new (0);
  self->port = port;
  self->packets = g_array_new (FALSE, FALSE, sizeof (Packet));
  g_array_set_clear_func (self->packets, clear_packet);
  self->sent = g_array_new (FALSE, TRUE, sizeof (gint16));
  rtp_leg_change (self);
  return self;
}

/**
 * rtp_leg_free:
 * @self: (transfer full): a leg; it is waited for
 */
void
rtp_leg_free (RtpLeg *self)
{
  rtp_leg_wait (self);
  g_object_unref (self->socket);
  g_array_unref (self->packets);
  g_array_unref (self->sent);
  g_free (self);
}

/**
 * rtp_leg_change:
 * @self: a leg
 *
 * What comes next is another source: SSRC, sequence number and timestamp are new
 * ones, as after a transfer of the call.
 */
void
rtp_leg_change (RtpLeg *self)
{
  self->ssrc = g_random_int ();
  self->sequence = g_random_int ();
  self->timestamp = g_random_int ();
  self->marker = TRUE;
}

/* Appends what is due now; the sequence number goes on. */
static void
add_packet (RtpLeg       *self,
            guint8        payload_type,
            guint32       timestamp,
            const guint8 *payload,
            gsize         size,
            guint         n_samples)
{
  Packet packet = { .due = self->due, .at = self->sent->len,
                    .n_samples = n_samples };
  guint8 data[HEADER + RTP_PACKET] = {
    0x80,
    (self->marker ? 0x80 : 0) | payload_type,
    self->sequence >> 8, self->sequence,
    timestamp >> 24, timestamp >> 16, timestamp >> 8, timestamp,
    self->ssrc >> 24, self->ssrc >> 16, self->ssrc >> 8, self->ssrc,
  };

  g_assert_cmpuint (size, <=, RTP_PACKET);
  memcpy (data + HEADER, payload, size);
  packet.bytes = g_bytes_new (data, HEADER + size);
  g_array_append_val (self->packets, packet);
  self->sequence++;
  self->marker = FALSE;
}

/* Time goes by. */
static void
advance (RtpLeg *self,
         guint   n_packets)
{
  self->due += n_packets * RTP_PTIME * G_TIME_SPAN_MILLISECOND;
  self->timestamp += n_packets * RTP_PACKET;
  g_array_set_size (self->sent, self->due / G_TIME_SPAN_MILLISECOND * TONES_MS);
}

/**
 * rtp_leg_add_audio:
 * @self: a leg
 * @payload_type: %RTP_PCMU or %RTP_PCMA
 * @samples: (array): samples at %TONES_RATE
 * @n_packets: how many packets of them, %RTP_PACKET each
 */
void
rtp_leg_add_audio (RtpLeg       *self,
                   guint8        payload_type,
                   const gint16 *samples,
                   guint         n_packets)
{
  guint8 payload[RTP_PACKET];
  guint i, j;

  for (i = 0; i < n_packets; i++)
    {
      guint at = self->sent->len;

      for (j = 0; j < RTP_PACKET; j++)
        payload[j] = tones_encode (samples[i * RTP_PACKET + j],
                                   payload_type == RTP_PCMA);
      add_packet (self, payload_type, self->timestamp, payload, RTP_PACKET,
                  RTP_PACKET);
      advance (self, 1);
      memcpy (&g_array_index (self->sent, gint16, at),
              samples + i * RTP_PACKET, RTP_PACKET * sizeof *samples);
    }
}

/**
 * rtp_leg_add_noise:
 * @self: a leg
 * @n_packets: for how long, in packets; every tenth is sent
 *
 * Comfort noise (RFC 3389): nobody speaks, and only a level is sent.
 */
void
rtp_leg_add_noise (RtpLeg *self,
                   guint   n_packets)
{
  const guint8 level = 70;
  guint i;

  for (i = 0; i < n_packets; i++)
    {
      if (i % 10 == 0)
        add_packet (self, RTP_NOISE, self->timestamp, &level, 1, 0);
      advance (self, 1);
    }
  self->marker = TRUE;
}

/**
 * rtp_leg_add_event:
 * @self: a leg
 * @digit: what is pressed
 * @n_packets: for how long
 *
 * A key of a telephone as RFC 4733 sends it, in place of audio: packets of one
 * timestamp, whose duration grows; the last one is sent three times.
 */
void
rtp_leg_add_event (RtpLeg *self,
                   gchar   digit,
                   guint   n_packets)
{
  static const gchar events[] = "0123456789*#ABCD";
  guint32 timestamp = self->timestamp;
  guint8 payload[4] = { strchr (events, digit) - events, 10 };
  guint i;

  self->marker = TRUE;
  for (i = 0; i < n_packets + 2; i++)
    {
      guint duration = MIN (i + 1, n_packets) * RTP_PACKET;

      payload[1] = (i + 1 >= n_packets ? 0x80 : 0) | 10;
      payload[2] = duration >> 8;
      payload[3] = duration;
      add_packet (self, RTP_EVENTS, timestamp, payload, sizeof payload, 0);
      if (i < n_packets)
        advance (self, 1);
    }
  self->marker = TRUE;
}

/**
 * rtp_leg_add_pause:
 * @self: a leg
 * @n_packets: for how long nothing is sent, in packets; timestamps go on
 */
void
rtp_leg_add_pause (RtpLeg *self,
                   guint   n_packets)
{
  advance (self, n_packets);
  self->marker = TRUE;
}

static gint
compare_due (gconstpointer a,
             gconstpointer b)
{
  const Packet *first = a, *second = b;

  return (first->due > second->due) - (first->due < second->due);
}

/**
 * rtp_leg_impair:
 * @self: a leg
 * @seed: of chance
 * @jitter: a packet comes up to so many ms later than it could, and after those
 *   that overtake it
 * @loss: percentage of packets that never come
 *
 * A bad network under all that was added so far. The first packets are on time: by how
 * much those are late which a receiver knows nothing before, it can't know.
 */
void
rtp_leg_impair (RtpLeg *self,
                guint32 seed,
                guint   jitter,
                guint   loss)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint i;

  for (i = 0; i < self->packets->len; i++)
    {
      Packet *packet = &g_array_index (self->packets, Packet, i);

      if (packet->due >= ON_TIME)
        packet->due += g_rand_double (rand) * jitter * G_TIME_SPAN_MILLISECOND;
      packet->lost = (guint) g_rand_int_range (rand, 0, 100) < loss;
      if (packet->lost && packet->n_samples > 0)
        memset (&g_array_index (self->sent, gint16, packet->at), 0,
                packet->n_samples * sizeof (gint16));
    }
  g_array_sort (self->packets, compare_due);
}

static gpointer
send_packets (gpointer data)
{
  RtpLeg *self = data;
  guint i;

  for (i = 0; i < self->packets->len; i++)
    {
      const Packet *packet = &g_array_index (self->packets, Packet, i);
      gint64 left = self->epoch + packet->due - g_get_monotonic_time ();
      gsize size;
      gconstpointer bytes = g_bytes_get_data (packet->bytes, &size);

      if (left > 0)
        g_usleep (left);
      if (!packet->lost)
        rtp_socket_send (self->socket, self->port, bytes, size);
    }
  return NULL;
}

/**
 * rtp_leg_start:
 * @self: a leg
 * @epoch: when its time 0 is, as g_get_monotonic_time() tells it
 *
 * Sends it all. Legs of one call have the same @epoch.
 */
void
rtp_leg_start (RtpLeg *self,
               gint64  epoch)
{
  self->epoch = epoch;
  self->thread = g_thread_new ("rtp", send_packets, self);
}

/**
 * rtp_leg_wait:
 * @self: a leg
 *
 * Until all is sent.
 *
 * Returns: when its last packet was due, as g_get_monotonic_time() tells it
 */
gint64
rtp_leg_wait (RtpLeg *self)
{
  gint64 last = self->epoch;
  guint i;

  g_clear_pointer (&self->thread, g_thread_join);
  for (i = 0; i < self->packets->len; i++)
    last = MAX (last, self->epoch + g_array_index (self->packets, Packet, i).due);
  return last;
}

/**
 * rtp_leg_count:
 * @self: a leg
 *
 * Returns: how many packets it has, lost ones among them
 */
guint
rtp_leg_count (RtpLeg *self)
{
  return self->packets->len;
}

/**
 * rtp_leg_get_packet:
 * @self: a leg
 * @index: of a packet, in the order in which they are sent
 * @due: (out): when it is, in µs from the start
 *
 * Returns: (transfer none): the packet, for those who have their own network
 */
GBytes *
rtp_leg_get_packet (RtpLeg *self,
                    guint   index,
                    gint64 *due)
{
  const Packet *packet = &g_array_index (self->packets, Packet, index);

  *due = packet->due;
  return packet->bytes;
}

/**
 * rtp_leg_tones:
 * @self: a leg
 *
 * Returns: (transfer full) (element-type Tone): the truth: tones as they left,
 *   without what was lost on the way
 */
GArray *
rtp_leg_tones (RtpLeg *self)
{
  return tones_find ((const gint16 *) self->sent->data, self->sent->len,
                     TONES_RATE);
}

/**
 * rtp_free_port:
 *
 * Returns: an even UDP port of loopback; it and the next one are free. No other call
 *   returns it, nor does the kernel give it to who asks for any port; those of a
 *   test that runs at the same time are others.
 */
guint
rtp_free_port (void)
{
  static guint next;

  if (next == 0)
    next = FIRST_PORT + getpid () % N_BLOCKS * BLOCK;
  for (;;)
    {
      guint port = next;
      g_autoptr (GSocket) first = bind_socket (port, NULL);
      g_autoptr (GSocket) second = bind_socket (port + 1, NULL);

      next = port + 2 < FIRST_PORT + N_BLOCKS * BLOCK ? port + 2 : FIRST_PORT;
      if (first != NULL && second != NULL)
        return port;
    }
}
