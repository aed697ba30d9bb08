/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/outbox.h"

/* A spool in memory in the place of spool.c. What it is asked for waits until the
 * test has it done; callbacks come on the test's thread then. Packets are known by
 * their running time, and so are those in the bytes of chunks, see
 * fake_chunk_new(). */

EkaSpool    *fake_spool_new         (const gchar  *name);
EkaSpool    *fake_spool_clone       (EkaSpool     *spool,
                                     const gchar  *name);
EkaIndex    *fake_spool_read_index  (EkaSpool     *spool);
guint        fake_spool_count       (EkaSpool     *spool);
void         fake_spool_step        (EkaSpool     *spool);
void         fake_spool_fail        (EkaSpool     *spool,
                                     gint          code);
void         fake_spool_run         (EkaSpool     *spool);
gboolean     fake_spool_is_read     (EkaSpool     *spool);
void         fake_spool_vanish      (EkaSpool     *spool);
void         fake_spool_spoil       (EkaSpool     *spool,
                                     const gchar  *file);

/* What is on disk. */
guint        fake_spool_n_commits   (EkaSpool     *spool);
guint        fake_spool_n_places    (EkaSpool     *spool);
GBytes      *fake_spool_get_place   (EkaSpool     *spool,
                                     guint         place);
EkaIndexState fake_spool_get_state  (EkaSpool     *spool,
                                     guint         place);
guint        fake_spool_n_files     (EkaSpool     *spool);
GBytes      *fake_spool_get_file    (EkaSpool     *spool,
                                     const gchar  *file);
const gchar *fake_spool_get_taken   (EkaSpool     *spool,
                                     guint         i);
const gchar *fake_spool_get_description
                                    (EkaSpool     *spool);
GArray      *fake_spool_get_journal (EkaSpool     *spool);
gboolean     fake_spool_is_there    (EkaSpool     *spool);
guint        fake_spool_n_faults    (void);
gboolean     fake_spool_is_faulty   (void);
guint        fake_spool_n_alive     (void);

EkaChunk    *fake_chunk_new         (guint         first,
                                     guint         n,
                                     gsize         size);
gboolean     fake_chunk_has         (GBytes       *bytes,
                                     guint         packet);
EkaChunkerState *
             fake_state_new         (guint         first,
                                     guint         n);
void         fake_add_packet        (EkaOutbox    *outbox,
                                     guint         packet);
