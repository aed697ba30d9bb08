/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaRecordType:
 * @EKA_RECORD_HEAD: what the packets are
 * @EKA_RECORD_PACKET: a packet
 *
 * The values are part of the format.
 */
typedef enum
{
  EKA_RECORD_HEAD = 1,
  EKA_RECORD_PACKET = 2,
} EkaRecordType;

/**
 * EkaRecord:
 * @type: (type EkaRecordType): what it holds; readers pass over what they don't
 *   know
 * @number: of the packet; of a head: that of the first packet behind it
 * @running_time: as in #EkaPacket, like all that follows
 * @utc: wall clock time
 * @skip: samples at the start that are not heard
 * @trim_end: samples at the end that are not heard
 * @loudness: in dB
 * @discont: comes after a gap
 * @data: (array length=size): the bytes of the packet or the head, borrowed
 * @size: length of @data, under 4 GiB
 *
 * A record of a journal.
 */
typedef struct
{
  guint8 type;
  guint64 number;
  guint64 running_time;
  guint64 utc;
  guint32 skip;
  guint32 trim_end;
  guint8 loudness;
  gboolean discont;
  const guint8 *data;
  gsize size;
} EkaRecord;

/**
 * EkaRecordReader:
 * @data: (array length=size): records, with any damage
 * @size: length of @data
 * @offset: where the next record is looked for
 * @lost: bytes that were passed over, for they are no record
 * @ends_broken: what is at the end was a record that is damaged
 *
 * Goes through a journal once. Set @data and @size, and the rest to zeros.
 */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize offset;
  gsize lost;
  gboolean ends_broken;
} EkaRecordReader;

void     eka_record_append (GByteArray      *out,
                            const EkaRecord *record);
gboolean eka_record_read   (EkaRecordReader *reader,
                            EkaRecord       *record);

G_END_DECLS
