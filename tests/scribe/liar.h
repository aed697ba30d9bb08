/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "liarsocket.h"
#include "scribe/transport.h"

G_BEGIN_DECLS

/**
 * EkaLiar:
 * @log: (element-type EkaRequest): copies of all requests, credentials
 *   included, in their order
 * @files: (element-type utf8): names of the uploads to the newest session that
 *   were answered 2xx
 * @session_id: (nullable): the session that was created last
 * @ended: End Session of the newest session was answered 2xx
 * @lose_end: an End that gets an error for an answer has been heard
 * @any_get: what is pushed for Get Session answers any; else only those after
 *   End, which ask for results and not for the list of files
 * @sockets: (element-type EkaLiarSocket): all streams, in their order
 * @socket: (transfer none) (nullable): the last one
 * @held: of the streams to come, see #EkaLiarSocket
 * @no_close: likewise
 *
 * A transport without a network. What is pushed for a call answers the next
 * requests of that call, one each, in the order of pushing; where nothing is
 * left, it plays a service at which everything goes well. Answers come in a
 * later iteration of the thread-default context; a cancelled request is
 * answered with %G_IO_ERROR_CANCELLED.
 */
#define EKA_TYPE_LIAR (eka_liar_get_type ())
G_DECLARE_FINAL_TYPE (EkaLiar, eka_liar, EKA, LIAR, GObject)

struct _EkaLiar
{
  GObject parent;

  GPtrArray *log;
  GPtrArray *files;
  gchar *session_id;
  gboolean ended;
  gboolean any_get;
  gboolean lose_end;
  gint dead;    /* atomic; nobody gets an answer */
  guint delay;  /* of each answer, in ms of the wall clock */
  guint tokens; /* that were given out */

  GPtrArray *sockets;
  EkaLiarSocket *socket;
  gboolean held;
  gboolean no_close;

  GHashTable *old; /* sessions before the newest, by id */
  GQueue *scripts;
};

EkaLiar    *eka_liar_new        (void);
EkaReply   *eka_liar_push       (EkaLiar     *liar,
                                 EkaCall      call,
                                 guint        status,
                                 const gchar *body);
void        eka_liar_push_error (EkaLiar     *liar,
                                 EkaCall      call,
                                 GError      *error);
void        eka_liar_push_stall (EkaLiar     *liar,
                                 EkaCall      call);
guint       eka_liar_count      (EkaLiar     *liar,
                                 EkaCall      call);
EkaRequest *eka_liar_nth        (EkaLiar     *liar,
                                 EkaCall      call,
                                 guint        nth);

G_END_DECLS
