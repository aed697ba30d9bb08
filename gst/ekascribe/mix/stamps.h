/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* 16 s in parts of 500 ms */
#define EKA_STAMPS_PARTS 32

/**
 * EkaStampsPart:
 * @least: smallest error of the part, in ns
 * @most: greatest one, in ns
 * @n: time stamps
 * @n_samples: length of what they stand for
 */
typedef struct
{
  gint64 least;
  gint64 most;
  guint n;
  guint64 n_samples;
} EkaStampsPart;

/**
 * EkaStamps:
 *
 * How far the last time stamps of a stream lay from where the count of its samples
 * puts them. Jitter is delay: the smallest of these errors is the true one.
 */
typedef struct
{
  EkaStampsPart parts[EKA_STAMPS_PARTS];
  guint first; /* the oldest part */
  guint n_parts;
} EkaStamps;

void     eka_stamps_clear       (EkaStamps       *self);
void     eka_stamps_add         (EkaStamps       *self,
                                 gint64           error,
                                 guint            n_samples);
void     eka_stamps_join        (EkaStamps       *self,
                                 const EkaStamps *other,
                                 gint64           offset);
guint    eka_stamps_get_n       (const EkaStamps *self);
gint64   eka_stamps_get_least   (const EkaStamps *self);
gint64   eka_stamps_get_most    (const EkaStamps *self);
gint64   eka_stamps_get_floor   (const EkaStamps *self);
gboolean eka_stamps_get_recent  (const EkaStamps *self,
                                 gint64          *floor);
void     eka_stamps_keep_recent (EkaStamps       *self);
gboolean eka_stamps_is_exact    (const EkaStamps *self);

G_END_DECLS
