/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixture.h"

/* A source of PCM that is pushed by hand.
 * @audio: all that was pushed; no two seconds of it are alike */
typedef struct
{
  Fixture *f;
  GstPad *source;
  GstPad *pad;
  GByteArray *audio;
} Feeder;

void          feeder_start (Feeder      *self,
                            Fixture     *f,
                            const gchar *line,
                            gboolean     live);
GstFlowReturn feeder_push  (Feeder      *self,
                            guint        milliseconds);
void          feeder_end   (Feeder      *self);
void          feeder_stop  (Feeder      *self);
