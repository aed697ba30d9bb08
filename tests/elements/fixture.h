/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "gstekascribesink.h"
#include "liar.h"


/* One pipeline with an ekascribesink named `s` and a lying service. */
typedef struct
{
  EkaLiar *liar;
  GstElement *pipeline;
  GstElement *sink;
  GstBus *bus;
  GPtrArray *messages; /* all that came from the sink, oldest first */
  gchar *folder;       /* for files */
} Fixture;

void         fixture_init       (int              *argc,
                                 char           ***argv);
void         fixture_set_up     (Fixture          *f,
                                 gconstpointer     data);
void         fixture_tear_down  (Fixture          *f,
                                 gconstpointer     data);
void         fixture_launch     (Fixture          *f,
                                 const gchar      *line);
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
GBytes      *fixture_get_upload (Fixture          *f,
                                 guint             nth,
                                 const gchar      *media_type);
guint        fixture_count_calls (Fixture         *f,
                                 EkaCall           call);
void         fixture_assert_error (GstMessage     *message,
                                 GQuark            domain,
                                 gint              code,
                                 const gchar      *text);
const gchar *fixture_get_detail (GstMessage       *message,
                                 const gchar      *name);
GstPad      *fixture_get_source (Fixture          *f);
GstFlowReturn fixture_push_pcm  (GstPad           *pad,
                                 GstClockTime      pts,
                                 GstClockTime      duration);
GstPad      *fixture_start_push (Fixture          *f,
                                 const gchar      *caps);

#define PCM                                                                   \
  "audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1"

#define add_test(path, func)                                                  \
  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
