/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "fakeservice.h"
#include "gstekascribesink.h"
#include "liar.h"
#include "scribe/worker.h"

/* One pipeline with an ekascribesink named `s` and a lying service. */
typedef struct
{
  EkaLiar *liar;
  FakeService *service; /* in its place, where a test has made one */
  GstElement *pipeline;
  GstElement *sink;
  GstBus *bus;
  GPtrArray *messages; /* all that came from the sink, oldest first */
  gchar *folder;       /* for files */

  GMutex lock;
  GCond opened;
  gboolean closed; /* guarded by @lock */
} Fixture;

void         fixture_init       (int              *argc,
                                 char           ***argv);
void         fixture_set_up     (Fixture          *f,
                                 gconstpointer     data);
void         fixture_tear_down  (Fixture          *f,
                                 gconstpointer     data);
void         fixture_launch     (Fixture          *f,
                                 const gchar      *line);
void         fixture_adopt      (Fixture          *f,
                                 GstElement       *sink);
void         fixture_play       (Fixture          *f);
GstMessage  *fixture_wait       (Fixture          *f,
                                 GstMessageType    types);
GstMessage  *fixture_wait_name  (Fixture          *f,
                                 const gchar      *name,
                                 const gchar      *state);
GstMessage  *fixture_run        (Fixture          *f,
                                 const gchar      *line);
guint        fixture_count      (Fixture          *f,
                                 const gchar      *name);
const GstStructure *fixture_find (Fixture         *f,
                                 const gchar      *name);
const GstStructure *fixture_find_nth (Fixture     *f,
                                 const gchar      *name,
                                 guint             nth);
guint        fixture_count_type (Fixture          *f,
                                 GstMessageType    type);
guint64      fixture_get_stat   (Fixture          *f,
                                 const gchar      *name);
void         fixture_wait_for_stat (Fixture       *f,
                                 const gchar      *name,
                                 guint64           least);
GBytes      *fixture_get_upload (Fixture          *f,
                                 guint             nth,
                                 const gchar      *media_type);
guint        fixture_count_calls (Fixture         *f,
                                 EkaCall           call);
guint        fixture_count_uploads (Fixture       *f,
                                 const gchar      *media_type);
gchar       *fixture_get_create (Fixture          *f,
                                 guint             nth);
void         fixture_assert_error (GstMessage     *message,
                                 GQuark            domain,
                                 gint              code,
                                 const gchar      *text);
void         fixture_await_end  (Fixture          *f);
const gchar *fixture_get_detail (GstMessage       *message,
                                 const gchar      *name);
GstPad      *fixture_get_source (Fixture          *f);
void         fixture_make_live  (GstPad           *source);
GstFlowReturn fixture_push_pcm  (GstPad           *pad,
                                 GstClockTime      pts,
                                 GstClockTime      duration);
GstFlowReturn fixture_push_opus (GstPad           *pad,
                                 GstClockTime      pts,
                                 guint             channels);
void         fixture_push_seconds (GstPad         *pad,
                                 guint             from,
                                 guint             to);
void         fixture_finish     (Fixture          *f,
                                 GstPad           *pad,
                                 GstMessageType    how);
void         fixture_wait_for_disk (void);
const gchar *fixture_get_outbox (void);
void         fixture_close_gate (Fixture          *f,
                                 EkaWorker        *worker);
void         fixture_open_gate  (Fixture          *f);
GstPad      *fixture_start_push (Fixture          *f,
                                 const gchar      *caps);

#define PCM                                                                   \
  "audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1"

#define OPUS                                                                  \
  "audio/x-opus,channel-mapping-family=0,channels=1,rate=48000"

#define add_test(path, func)                                                  \
  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
