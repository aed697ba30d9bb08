/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/settings.h"

G_BEGIN_DECLS

EkaSettings *gst_ekascribe_encounter_make_blank (const EkaSettings *base);
void         gst_ekascribe_encounter_forget_patient
                                                (EkaSettings       *settings);
EkaSettings *gst_ekascribe_encounter_parse      (const gchar       *json,
                                                 const EkaSettings *base,
                                                 GError           **error);
GError      *gst_ekascribe_encounter_refuse_id  (void);
GError      *gst_ekascribe_encounter_refuse_offer
                                                (const gchar       *property);

G_END_DECLS
