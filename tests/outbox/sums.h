/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/outbox.h"

void sums_assert_right (EkaBudget *budget);
