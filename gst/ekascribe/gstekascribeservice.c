/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"

/* What the service can do, for the threads that wait to hear it. */

#define WAV "audio/wav"

/* Sessions that take less are worth a word at the start. */
#define LONG_SESSION (3600 * GST_SECOND)

/* Whether the next session of @chain (nullable: any) is streamed. Where it is
 * not known yet what the service can do, that is what is tried. */
gboolean
gst_ekascribe_recording_streams_locked (GstEkascribeRecording   *self,
                                        const GstEkascribeChain *chain)
{
  const EkaSettings *settings = self->config->settings;

  return settings->upload_type == EKA_UPLOAD_STREAM &&
         (chain == NULL || !chain->chunked) &&
         eka_discovery_check_upload (self->discovery, settings, NULL);
}

/* Notes what @discovery (nullable: the service has none) says. */
void
gst_ekascribe_recording_settle_locked (GstEkascribeRecording *self,
                                       EkaDiscovery          *discovery)
{
  self->settled = TRUE;
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  if (discovery != NULL)
    self->discovery = eka_discovery_ref (discovery);
  self->max_session_duration = eka_discovery_get_max_session (
      discovery, self->config->settings->model);
  self->max_chunk_duration = self->config->max_chunk_duration;
  if (discovery != NULL && discovery->max_chunk_duration != 0)
    self->max_chunk_duration =
        MIN (self->max_chunk_duration, discovery->max_chunk_duration);
  /* No session takes a chunk that is longer than itself. */
  if (self->max_session_duration != 0)
    self->max_chunk_duration =
        MIN (self->max_chunk_duration, self->max_session_duration);
  g_cond_broadcast (&self->cond);
}

/* The model that records longest, where that is longer than @duration.
 *
 * Returns: (transfer full) (nullable): advice to take it */
static gchar *
advise_model (const EkaDiscovery *discovery,
              GstClockTime        duration)
{
  const EkaModel *best = NULL;
  GstClockTime most = duration;
  guint i;

  if (discovery == NULL)
    return g_strdup_printf ("model=pro takes %u s.",
                            (guint) (eka_discovery_get_max_session (
                                         NULL, "pro") / GST_SECOND));
  for (i = 0; i < discovery->models->len; i++) {
    const EkaModel *model = g_ptr_array_index (discovery->models, i);

    if (model->max_session_duration > most) {
      best = model;
      most = model->max_session_duration;
    }
  }
  if (best == NULL)
    return NULL;
  return g_strdup_printf ("model=%s takes %.0f s.", best->id,
                          most / (gdouble) GST_SECOND);
}

static void
tell_limit (GstElement         *element,
            const EkaDiscovery *discovery,
            const gchar        *model,
            GstClockTime        duration)
{
  const EkaModel *listed = eka_discovery_find_model (discovery, model);
  g_autofree gchar *advice = advise_model (discovery, duration);

  GST_ELEMENT_WARNING (
      element, RESOURCE, SETTINGS,
      ("A session of the model %s takes at most %.0f s of audio: a longer "
       "recording goes on in further sessions, each with results of its own."
       "%s%s",
       listed != NULL ? listed->id :
       model != NULL  ? model :
                        "lite",
       duration / (gdouble) GST_SECOND, advice != NULL ? " " : "",
       advice != NULL ? advice : ""),
      (NULL));
}

/* Holds what was chosen before against what the service says now. */
void
gst_ekascribe_recording_check_service (GstEkascribeRecording *self,
                                       GstElement            *element)
{
  g_autofree gchar *formats = NULL;
  g_autoptr (EkaDiscovery) discovery = NULL;
  GstClockTime duration;
  GstEkascribeFormat format;
  gboolean tell;

  g_mutex_lock (&self->lock);
  format = self->format;
  if (self->discovery != NULL)
    discovery = eka_discovery_ref (self->discovery);
  duration = self->max_session_duration;
  tell = !self->limit_told && duration > 0 && duration < LONG_SESSION;
  self->limit_told = TRUE;
  g_mutex_unlock (&self->lock);

  if (tell)
    tell_limit (element, discovery, self->config->settings->model, duration);
  /* What is no WAV can still be made WAV. */
  if (format.media_type == NULL || discovery == NULL ||
      eka_discovery_choose_format (discovery, format.media_type) != NULL ||
      eka_discovery_choose_format (discovery, WAV) != NULL)
    return;
  formats = g_strjoinv (", ", discovery->audio_formats);
  GST_ELEMENT_ERROR (element, STREAM, FORMAT,
                     ("The service does not take %s. It takes %s.",
                      format.media_type, formats),
                     ("discovery came after the recording had begun"));
  gst_ekascribe_recording_mark_failed (self);
}

/**
 * gst_ekascribe_recording_get_limits:
 * @self: a run
 * @limits: (inout): gets how long chunks may be; discovery may change that
 */
void
gst_ekascribe_recording_get_limits (GstEkascribeRecording *self,
                                    EkaChunkLimits        *limits)
{
  g_mutex_lock (&self->lock);
  limits->min_duration = self->config->min_chunk_duration;
  limits->max_duration = self->max_chunk_duration;
  limits->whole = self->config->settings->upload_type == EKA_UPLOAD_SINGLE;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_get_max_session:
 * @self: a run
 *
 * Returns: audio that one session takes, in ns; 0: no limit is known
 */
GstClockTime
gst_ekascribe_recording_get_max_session (GstEkascribeRecording *self)
{
  GstClockTime duration;

  g_mutex_lock (&self->lock);
  duration = self->max_session_duration;
  g_mutex_unlock (&self->lock);
  return duration;
}

/* Whether more of a wait would tell nothing that anybody wants to know. */
static gboolean
is_known_locked (GstEkascribeRecording *self)
{
  return self->settled || self->unreachable || self->failed || self->stopped ||
         (self->chain != NULL && self->chain->discarded);
}

/* Whether a session is there that may still be asking. */
static gboolean
is_asked_locked (GstEkascribeRecording *self)
{
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (!part->over)
      return TRUE;
  }
  return FALSE;
}

/**
 * gst_ekascribe_recording_wait_settled:
 * @self: a run
 * @interrupted: a flag of the caller's, set with
 *   gst_ekascribe_recording_interrupt()
 * @end_time: monotonic time, in µs; 0: do not wait; %G_MAXINT64: no limit
 *
 * Waits until it is known what the service can do, or nobody wants the audio any
 * more. Where no session asks, one is made for the audio to come.
 */
GstEkascribeWait
gst_ekascribe_recording_wait_settled (GstEkascribeRecording *self,
                                      const gboolean        *interrupted,
                                      gint64                 end_time)
{
  GstEkascribeWait result = GST_EKASCRIBE_WAIT_SETTLED;
  gboolean in_time = end_time != 0;

  g_mutex_lock (&self->lock);
  if (!is_known_locked (self) && !is_asked_locked (self))
    gst_ekascribe_recording_ensure_part_locked (self);
  while (in_time && !is_known_locked (self) && !*interrupted) {
    if (end_time == G_MAXINT64)
      g_cond_wait (&self->cond, &self->lock);
    else
      in_time = g_cond_wait_until (&self->cond, &self->lock, end_time);
  }
  if (*interrupted || self->stopped)
    result = GST_EKASCRIBE_WAIT_INTERRUPTED;
  else if (self->failed)
    result = GST_EKASCRIBE_WAIT_FAILED;
  else if (!self->settled)
    result = GST_EKASCRIBE_WAIT_TIMEOUT;
  g_mutex_unlock (&self->lock);
  return result;
}

/**
 * gst_ekascribe_recording_wait_playing:
 * @self: a run
 * @interrupted: as in gst_ekascribe_recording_wait_settled()
 *
 * Waits until the element is in PLAYING.
 *
 * Returns: %GST_EKASCRIBE_WAIT_SETTLED where it is
 */
GstEkascribeWait
gst_ekascribe_recording_wait_playing (GstEkascribeRecording *self,
                                      const gboolean        *interrupted)
{
  GstEkascribeWait result = GST_EKASCRIBE_WAIT_SETTLED;

  g_mutex_lock (&self->lock);
  while (!self->playing && !self->failed && !self->stopped && !*interrupted)
    g_cond_wait (&self->cond, &self->lock);
  if (*interrupted || self->stopped)
    result = GST_EKASCRIBE_WAIT_INTERRUPTED;
  else if (self->failed)
    result = GST_EKASCRIBE_WAIT_FAILED;
  g_mutex_unlock (&self->lock);
  return result;
}

/**
 * gst_ekascribe_recording_interrupt:
 * @self: a run
 * @interrupted: a flag of gst_ekascribe_recording_wait_settled()
 * @value: its new value
 */
void
gst_ekascribe_recording_interrupt (GstEkascribeRecording *self,
                                   gboolean              *interrupted,
                                   gboolean               value)
{
  g_mutex_lock (&self->lock);
  *interrupted = value;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_choose_format:
 * @self: a run
 * @native: (nullable): the codec that comes, where its packets may go as they
 *   are
 * @format: (out caller-allocates): what chunks go up as
 * @error: return location
 *
 * Where discovery is not settled yet, the defaults are taken, and checked when
 * the answer comes.
 *
 * Returns: %FALSE where the settings or the service allow none that fits
 */
gboolean
gst_ekascribe_recording_choose_format (GstEkascribeRecording *self,
                                       const EkaCodecType    *native,
                                       GstEkascribeFormat    *format,
                                       GError               **error)
{
  gboolean streams, good;
  GstEkascribeFormatWish wish;

  g_mutex_lock (&self->lock);
  streams = gst_ekascribe_recording_streams_locked (self, self->chain);
  wish = (GstEkascribeFormatWish) {
    .native = native,
    .container = self->config->container,
    .encode = self->config->encode,
    .discovery = self->discovery,
  };
  /* Chunks are only made in case that the stream breaks, and of samples. */
  if (streams)
    wish = (GstEkascribeFormatWish) { 0 };
  good = gst_ekascribe_format_choose (format, &wish, error);
  if (good && !streams)
    self->format = *format;
  g_mutex_unlock (&self->lock);
  return good;
}

/**
 * gst_ekascribe_recording_is_streaming:
 * @self: a run
 *
 * Returns: whether audio is to be decoded, for the service gets samples
 */
gboolean
gst_ekascribe_recording_is_streaming (GstEkascribeRecording *self)
{
  gboolean streaming;

  g_mutex_lock (&self->lock);
  streaming = gst_ekascribe_recording_streams_locked (self, self->chain);
  g_mutex_unlock (&self->lock);
  return streaming;
}

/**
 * gst_ekascribe_recording_get_mix:
 * @self: a run
 *
 * Returns: what becomes of several pads
 */
GstEkascribeMix
gst_ekascribe_recording_get_mix (GstEkascribeRecording *self)
{
  return self->config->mix;
}

/**
 * gst_ekascribe_recording_get_timeout:
 * @self: a run
 *
 * Returns: how long one call may take, in s
 */
guint
gst_ekascribe_recording_get_timeout (GstEkascribeRecording *self)
{
  return self->config->timeout;
}
