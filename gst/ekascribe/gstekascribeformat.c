/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeformat.h"

#include "scribe/error.h"

/* In order of preference: the smaller first, and what more readers know. */
static const EkaContainer containers[] = {
  EKA_CONTAINER_OGG, EKA_CONTAINER_WEBM, EKA_CONTAINER_M4A,
  EKA_CONTAINER_MP4, EKA_CONTAINER_MP3,  EKA_CONTAINER_WAV,
};

static const gchar *
get_codec_name (EkaCodecType type)
{
  switch (type) {
    case EKA_CODEC_OPUS:
      return "Opus";
    case EKA_CODEC_AAC:
      return "AAC";
    case EKA_CODEC_MP3:
      return "MP3";
    case EKA_CODEC_VORBIS:
      return "Vorbis";
    default:
      return "samples";
  }
}

static gboolean
is_asked_for (const GstEkascribeFormatWish *wish,
              EkaContainer                  container)
{
  return wish->container == GST_EKASCRIBE_CONTAINER_AUTO ||
         wish->container ==
             (GstEkascribeContainer) (GST_EKASCRIBE_CONTAINER_AUTO + 1 +
                                      container);
}

/* Whether some container that is asked for holds @type. */
static gboolean
can_hold (const GstEkascribeFormatWish *wish,
          EkaCodecType                  type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (containers); i++) {
    if (is_asked_for (wish, containers[i]) &&
        eka_container_holds (containers[i], type))
      return TRUE;
  }
  return FALSE;
}

static gboolean
try_codec (GstEkascribeFormat           *self,
           const GstEkascribeFormatWish *wish,
           EkaCodecType                  type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (containers); i++) {
    const gchar *media_type =
        eka_container_get_media_type (containers[i], type);

    if (media_type == NULL || !is_asked_for (wish, containers[i]))
      continue;
    media_type = eka_discovery_choose_format (wish->discovery, media_type);
    if (media_type == NULL)
      continue;
    self->codec = type;
    self->container = containers[i];
    self->media_type = media_type;
    return TRUE;
  }
  return FALSE;
}

static const gchar *
get_container_name (GstEkascribeContainer container)
{
  GEnumClass *klass = g_type_class_ref (GST_TYPE_EKASCRIBE_CONTAINER);
  const gchar *name = g_enum_get_value (klass, container)->value_nick;

  g_type_class_unref (klass);
  return name;
}

/* Nothing fits: is it the container, or the service? */
static void
complain (const GstEkascribeFormatWish *wish,
          GError                      **error)
{
  const EkaCodecType type =
      wish->native != NULL ? *wish->native : EKA_CODEC_PCM;
  g_autofree gchar *formats = NULL;

  if (!can_hold (wish, type) && !can_hold (wish, EKA_CODEC_PCM) &&
      !(wish->encode == GST_EKASCRIBE_ENCODE_OPUS &&
        can_hold (wish, EKA_CODEC_OPUS))) {
    const gboolean opus = can_hold (wish, EKA_CODEC_OPUS);

    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                 "container=%s can't hold %s. Set container=auto or wav%s.",
                 get_container_name (wish->container), get_codec_name (type), opus ? ", or encode=opus" : "");
    return;
  }
  if (wish->discovery != NULL && wish->discovery->audio_formats != NULL)
    formats = g_strjoinv (", ", wish->discovery->audio_formats);
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED,
               "The service does not take %s in %s. It takes %s.",
               get_codec_name (type),
               wish->container == GST_EKASCRIBE_CONTAINER_AUTO ?
                   "any container that holds it, nor WAV" :
                   "the container that is set",
               formats != NULL ? formats : "nothing that it names");
}

/**
 * gst_ekascribe_format_choose:
 * @self: (out caller-allocates): the format
 * @wish: what it is chosen by
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS where the container is at
 *   fault, %EKA_SCRIBE_ERROR_REFUSED where the service is
 *
 * Chooses what the audio is uploaded as: as it comes, where a container that is
 * asked for holds it and the service takes that; else encoded as Opus, if the
 * application wants that; else as samples in WAV.
 *
 * Returns: %FALSE where nothing fits
 */
gboolean
gst_ekascribe_format_choose (GstEkascribeFormat           *self,
                             const GstEkascribeFormatWish *wish,
                             GError                      **error)
{
  *self = (GstEkascribeFormat) { .codec = EKA_CODEC_PCM,
                                 .container = EKA_CONTAINER_WAV };
  if (wish->native != NULL && try_codec (self, wish, *wish->native))
    return TRUE;
  if (wish->encode == GST_EKASCRIBE_ENCODE_OPUS &&
      try_codec (self, wish, EKA_CODEC_OPUS))
    return TRUE;
  if (try_codec (self, wish, EKA_CODEC_PCM))
    return TRUE;
  complain (wish, error);
  return FALSE;
}
