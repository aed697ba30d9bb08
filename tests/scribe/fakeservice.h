/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/transport.h"

G_BEGIN_DECLS

/* What happens to a call. */
typedef enum
{
  FAKE_FAULT_NONE,
  FAKE_FAULT_RESET_BEFORE, /* no work, no answer */
  FAKE_FAULT_RESET_AFTER,  /* the work is done, and the answer lost */
  FAKE_FAULT_STATUS,       /* no work, and a status of the fault's choice */
  FAKE_FAULT_STATUS_AFTER, /* the work is done, and the answer 5xx */
  FAKE_FAULT_GARBAGE,      /* the work is done, and the answer 200 is no answer */
  FAKE_FAULT_FORGET,       /* all sessions are lost before the call */
  FAKE_FAULT_END,          /* somebody else ends the session before the call */
  FAKE_FAULT_CANCEL,       /* somebody else cancels it */
  FAKE_FAULT_EXPIRE,       /* it expires before the call */
  FAKE_FAULT_SHORT_LIST,   /* the answer lists a file less */
  FAKE_FAULT_WRONG_COUNT,  /* the answer tells another count */
  FAKE_FAULT_OTHER_ID,     /* the answer names another session */
  FAKE_FAULT_NO_URL,       /* the answer has no upload_url */
  FAKE_FAULT_DOUBT,        /* results are failed or partial at first */
  FAKE_FAULT_DROP,         /* an upload is acknowledged and thrown away */
  FAKE_FAULT_BUSY,         /* no work, and 429 or 5xx */
  FAKE_N_FAULTS
} FakeFault;

/**
 * FakeSession:
 * @files: (element-type guint GBytes): by number; the first bytes win
 *
 * What the service keeps of a session.
 */
typedef struct
{
  gchar *id;
  gchar *request;      /* what it was created with */
  GHashTable *files;
  gchar *format;       /* extension of its files */
  gboolean ended;
  gboolean cancelled;
  gboolean expired;
  gboolean forgotten;  /* the service has lost its memory since */
  gboolean lied_to;    /* a file was thrown away */
  gboolean misled;     /* a list or a count was wrong */
  guint doubled;       /* files that came again and were kept, too */
  GHashTable *dropped; /* numbers of such files */
  gchar *doubtful;     /* status of the first results, or NULL */
  guint garbled;       /* answers in a row that were none */
  guint doubts;        /* how often it is still told */
  guint polls;         /* until the results are there */
} FakeSession;

/**
 * FakeDigestFunc:
 * @bytes: (transfer none): a file that was uploaded
 *
 * Returns: (transfer full): what is kept in its place
 */
typedef GBytes *(*FakeDigestFunc) (GBytes *bytes);

/**
 * FakeService:
 * @faults: weights of the faults, for one call each
 * @rate: how many of the calls get one, from 0 to 1
 * @calm: no faults any more
 *
 * A transport without a network, to a service that really keeps sessions and
 * has an accident now and then, as its random numbers will. A number that is
 * sent again must bring the same bytes. The members above `sessions` may be set
 * at any time where the service has no thread of its own, else before it is
 * called; @down at any time.
 */
#define FAKE_TYPE_SERVICE (fake_service_get_type ())
G_DECLARE_FINAL_TYPE (FakeService, fake_service, FAKE, SERVICE, GObject)

struct _FakeService
{
  GObject parent;

  GRand *rand;
  guint faults[FAKE_N_FAULTS];
  gdouble rate;
  gboolean calm;
  gint down;                /* atomic; nobody gets an answer */
  const gchar *discovery;   /* its document, or NULL: it has none */
  FakeDigestFunc digest;    /* or NULL: files are kept whole */
  gboolean own_ids;         /* it does not take our ids for sessions */
  gboolean lucid;           /* two answers in a row that are none, no more; and
                             * Create takes our ids */
  gboolean drops_once;      /* a file that was thrown away is kept next time */
  gboolean no_list;         /* Get Session tells no list */
  gboolean no_count;        /* nor any count */
  gboolean strict;          /* audio comes to upload_url only */
  gboolean refuses_again;   /* a second Create or End is refused */
  gboolean gone;            /* says 410, not 404 */
  gboolean refuses_ogg;
  const gchar *no_template; /* the only one that it does not know, or NULL */
  gboolean appends;         /* what comes again is kept twice */
  gsize max_bytes;          /* of a file */
  guint max_files;          /* of a session; 0: any number */
  const gchar *name_format; /* of files in the list, with %u and %s */

  GHashTable *sessions;     /* (element-type utf8 FakeSession) */
  guint pending;            /* answers that were not fetched yet */
  guint n_calls;
  guint n_faults;
  guint n_of[EKA_CALL_REFRESH + 1]; /* calls of each kind, heard or not */
};

FakeService *fake_service_new  (guint32      seed);
FakeSession *fake_service_find (FakeService *self,
                                const gchar *id);

G_END_DECLS
