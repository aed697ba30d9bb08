/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sessionfixture.h"

/* A session on a test clock that takes a single file. */

/* A discovery document. @methods: the member with its comma, or nothing */
#define SINGLE_OFFER(methods) \
  "{\"capabilities\":{\"audio_formats\":[\"audio/wav\"]" methods "}," \
  "\"models\":[]}"
#define SINGLE_OFFERED \
  SINGLE_OFFER (",\"upload_methods\":[\"chunked\",\"single\"]")

/* What Get Session says of the file. */
#define LISTED ",\"audio_files\":[\"audio_0.wav\"]"
#define LACKING ",\"audio_files\":[]"

void single_set_up           (Fixture       *f,
                              gconstpointer  data);
void single_push_show        (Fixture       *f,
                              const gchar   *status,
                              const gchar   *members);
void single_push_list        (Fixture       *f,
                              const gchar   *members);
void single_push_error       (Fixture       *f,
                              EkaCall        call,
                              gint           code,
                              const gchar   *request,
                              gboolean       unsent);
void single_push_reset       (Fixture       *f,
                              EkaCall        call);
void single_open             (Fixture       *f);
void single_record           (Fixture       *f);
void single_run_until        (Fixture       *f,
                              const gchar   *word);
void single_assert_completed (Fixture       *f,
                              guint          uploads);
void single_assert_calls     (Fixture       *f,
                              const gchar   *expected);
void single_assert_kept      (Fixture       *f,
                              guint          kept);

#define add_single_test(path, data, func) \
  g_test_add (path, Fixture, data, single_set_up, func, fixture_tear_down)
#define add_single_table(table, path, func) \
  for (i = 0; i < G_N_ELEMENTS (table); i++) \
    { \
      g_autofree gchar *full = g_strdup_printf ("%s/%s", path, \
                                                table[i].name); \
      add_single_test (full, &table[i], func); \
    }
