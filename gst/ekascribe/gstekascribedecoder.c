/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribedecoder.h"

#include <gst/pbutils/pbutils.h>

#include "gstekascriberesampler.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* What the rest of the element works with: speech recognition hears 16 kHz. */
#define RATE 16000
#define PCM_CAPS                                                              \
  "audio/x-raw, format = (string) S16LE, layout = (string) interleaved, "     \
  "rate = (int) " G_STRINGIFY (RATE) ", channels = (int) 1"

/* Plenty for speech at 16 kHz, of each channel. */
#define OPUS_BITRATE 24000

#define PAD_KEY "ekascribe-pad"

/* Of GstOpusEnc */
#define OPUS_VOICE "voice"
#define OPUS_VBR "vbr"

static GList *
find_factories (GstElementFactoryListType type,
                GstCaps                  *caps)
{
  GList *all = gst_element_factory_list_get_elements (type, GST_RANK_MARGINAL);
  GList *fitting =
      gst_element_factory_list_filter (all, caps, GST_PAD_SINK, FALSE);

  gst_plugin_feature_list_free (all);
  return g_list_sort (fitting, gst_plugin_feature_rank_compare_func);
}

/* What a parser may change on its way is no reason against a decoder. */
static GstCaps *
simplify (GstCaps *caps)
{
  static const gchar *const fields[] = { "parsed", "framed", "stream-format",
                                         "codec_data", "streamheader", NULL };
  GstCaps *simple = gst_caps_copy (caps);
  guint i;

  for (i = 0; fields[i] != NULL; i++)
    gst_structure_remove_field (gst_caps_get_structure (simple, 0), fields[i]);
  return simple;
}

static GstElement *
add (GstBin            *bin,
     GList            **elements,
     GstElement        *element)
{
  if (element == NULL)
    return NULL;
  gst_bin_add (bin, element);
  *elements = g_list_append (*elements, element);
  return element;
}

static gboolean
add_by_name (GstBin      *bin,
             GList      **elements,
             const gchar *name)
{
  if (add (bin, elements, gst_element_factory_make (name, NULL)) != NULL)
    return TRUE;
  gst_element_post_message (
      GST_ELEMENT (bin),
      gst_missing_element_message_new (GST_ELEMENT (bin), name));
  GST_ELEMENT_ERROR (bin, CORE, MISSING_PLUGIN,
                     ("The element %s is missing: install "
                      "gstreamer1.0-plugins-base.",
                      name),
                     (NULL));
  return FALSE;
}

static gboolean
link_all (GList  *elements,
          GstPad *target)
{
  GstPad *last;
  gboolean linked;
  GList *l;

  for (l = elements; l->next != NULL; l = l->next) {
    if (!gst_element_link (l->data, l->next->data))
      return FALSE;
  }
  last = gst_element_get_static_pad (l->data, "src");
  linked = GST_PAD_LINK_SUCCESSFUL (gst_pad_link (last, target));
  gst_object_unref (last);
  return linked;
}

/* From the last to the first, so that data finds what comes after it ready. */
static gboolean
start_all (GList *elements)
{
  GList *l;

  for (l = g_list_last (elements); l != NULL; l = l->prev) {
    if (!gst_element_sync_state_with_parent (l->data))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_converters (GstBin *bin,
                GList **elements)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (PCM_CAPS);

  if (!add_by_name (bin, elements, "audioconvert") ||
      !add_by_name (bin, elements, "audioresample"))
    return FALSE;
  gst_ekascribe_resampler_watch (g_list_last (*elements)->data, RATE);
  if (!add_by_name (bin, elements, "capsfilter"))
    return FALSE;
  g_object_set (g_list_last (*elements)->data, "caps", caps, NULL);
  return TRUE;
}

static gboolean
add_encoder (GstBin *bin,
             GList **elements,
             guint   channels)
{
  GstElement *encoder;

  if (!add_by_name (bin, elements, "opusenc"))
    return FALSE;
  encoder = g_list_last (*elements)->data;
  g_object_set (encoder, "bitrate", (gint) (OPUS_BITRATE * channels), NULL);
  gst_util_set_object_arg (G_OBJECT (encoder), "audio-type", OPUS_VOICE);
  gst_util_set_object_arg (G_OBJECT (encoder), "bitrate-type", OPUS_VBR);
  return TRUE;
}

/* What is to be built. */
typedef struct
{
  GstBin *bin;
  GstCaps *caps;
  GstEkascribeWay way;
  GstPad *target;
  const gchar *name; /* or NULL: it is the only pad */
} Plan;

/* Whatever goes wrong in @elements can be told to be of that pad. */
static void
sign (GList       *elements,
      const gchar *name)
{
  for (; elements != NULL && name != NULL; elements = elements->next)
    g_object_set_data_full (elements->data, PAD_KEY, g_strdup (name), g_free);
}

/* @parser and @decoder may be NULL. */
static GList *
try_build (const Plan        *plan,
           GstElementFactory *parser,
           GstElementFactory *decoder)
{
  GstBin *bin = plan->bin;
  const GstEkascribeWay way = plan->way;
  GList *elements = NULL;
  gboolean good = TRUE;

  if (parser != NULL)
    add (bin, &elements, gst_element_factory_create (parser, NULL));
  if (decoder != NULL)
    good = add (bin, &elements, gst_element_factory_create (decoder, NULL)) !=
           NULL;
  if (way != GST_EKASCRIBE_WAY_PARSE)
    good = good && add_converters (bin, &elements);
  if (way == GST_EKASCRIBE_WAY_ENCODE)
    good = good && add_encoder (bin, &elements, 1);
  sign (elements, plan->name);
  if (good && elements != NULL && link_all (elements, plan->target) &&
      start_all (elements))
    return elements;
  gst_ekascribe_decoder_remove (bin, elements);
  return NULL;
}

/* Returns: (transfer full): how a complaint begins */
static gchar *
make_prefix (const Plan *plan)
{
  return plan->name != NULL ? g_strdup_printf ("%s: ", plan->name)
                            : g_strdup ("");
}

static void
complain (const Plan *plan)
{
  GstBin *bin = plan->bin;
  GstCaps *caps = plan->caps;
  g_autofree gchar *prefix = make_prefix (plan);
  g_autofree gchar *codec = gst_pb_utils_get_codec_description (caps);
  g_autoptr (GstCaps) simple = simplify (caps);
  g_autofree gchar *text = gst_caps_to_string (simple);

  gst_element_post_message (
      GST_ELEMENT (bin),
      gst_missing_decoder_message_new (GST_ELEMENT (bin), caps));
  GST_ELEMENT_ERROR (
      bin, CORE, MISSING_PLUGIN,
      ("%sNo decoder for %s (%s) is installed. Install the GStreamer plugin "
       "that has one, on Debian gstreamer1.0-plugins-good, "
       "gstreamer1.0-plugins-bad, gstreamer1.0-plugins-ugly or "
       "gstreamer1.0-libav.",
       prefix, codec, text),
      ("no decoder of rank marginal or higher takes %s", text));
}

static void
complain_parser (const Plan *plan)
{
  g_autofree gchar *prefix = make_prefix (plan);
  g_autofree gchar *codec = gst_pb_utils_get_codec_description (plan->caps);

  GST_ELEMENT_ERROR (
      plan->bin, CORE, MISSING_PLUGIN,
      ("%sNo parser for %s is installed. Install the GStreamer plugin that has "
       "one, on Debian gstreamer1.0-plugins-good or gstreamer1.0-plugins-bad.",
       prefix, codec),
      ("caps %" GST_PTR_FORMAT, plan->caps));
}

static GList *
build_parser (const Plan *plan,
              GList      *parsers)
{
  GList *elements = NULL;

  if (parsers != NULL)
    elements = try_build (plan, parsers->data, NULL);
  if (elements == NULL)
    complain_parser (plan);
  return elements;
}

static void
complain_decoders (const Plan *plan)
{
  g_autofree gchar *prefix = make_prefix (plan);

  GST_ELEMENT_ERROR (plan->bin, STREAM, CODEC_NOT_FOUND,
                     ("%sNo installed decoder could be started.", prefix),
                     ("caps %" GST_PTR_FORMAT, plan->caps));
}

static GList *
build_decoder (const Plan *plan,
               GList      *parsers)
{
  g_autoptr (GstCaps) simple = simplify (plan->caps);
  GList *decoders = find_factories (GST_ELEMENT_FACTORY_TYPE_DECODER |
                                        GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
                                    parsers != NULL ? simple : plan->caps);
  GList *elements = NULL, *l;

  for (l = decoders; l != NULL && elements == NULL; l = l->next)
    elements = try_build (plan, parsers != NULL ? parsers->data : NULL,
                          l->data);
  if (decoders == NULL)
    complain (plan);
  else if (elements == NULL)
    complain_decoders (plan);
  gst_plugin_feature_list_free (decoders);
  return elements;
}

/**
 * gst_ekascribe_decoder_build:
 * @bin: where the elements go
 * @caps: what comes in
 * @way: what is made of it
 * @target: a sink pad that takes that
 * @name: (nullable): of the pad it comes from, where that is one of several
 *
 * Makes, links and starts what turns @caps into what @target takes: a parser and
 * the best decoder, where one is needed, converters, an encoder. Posts what is
 * missing.
 *
 * Returns: (transfer container) (nullable): the elements, upstream first; they
 *   belong to @bin
 */
GList *
gst_ekascribe_decoder_build (GstBin         *bin,
                             GstCaps        *caps,
                             GstEkascribeWay way,
                             GstPad         *target,
                             const gchar    *name)
{
  const Plan plan = { bin, caps, way, target, name };
  GList *parsers, *elements;

  if (gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw"))
    return try_build (&plan, NULL, NULL);
  parsers = find_factories (GST_ELEMENT_FACTORY_TYPE_PARSER |
                                GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
                            caps);
  elements = way == GST_EKASCRIBE_WAY_PARSE ?
                 build_parser (&plan, parsers) :
                 build_decoder (&plan, parsers);
  gst_plugin_feature_list_free (parsers);
  return elements;
}

/**
 * gst_ekascribe_decoder_build_encoder:
 * @bin: where the element goes
 * @channels: of the samples, 1 or 2
 * @target: a sink pad that takes Opus
 *
 * Makes, links and starts what turns samples at 16 kHz into Opus. Posts what is
 * missing.
 *
 * Returns: (transfer container) (nullable): as gst_ekascribe_decoder_build()
 */
GList *
gst_ekascribe_decoder_build_encoder (GstBin *bin,
                                     guint   channels,
                                     GstPad *target)
{
  GList *elements = NULL;

  if (add_encoder (bin, &elements, channels) && link_all (elements, target) &&
      start_all (elements))
    return elements;
  gst_ekascribe_decoder_remove (bin, elements);
  return NULL;
}

/**
 * gst_ekascribe_decoder_find_name:
 * @object: who posts a message
 *
 * Returns: (transfer none) (nullable): of the pad whose audio it decodes, where that
 *   is one of several
 */
const gchar *
gst_ekascribe_decoder_find_name (GstObject *object)
{
  return g_object_get_data (G_OBJECT (object), PAD_KEY);
}

/**
 * gst_ekascribe_decoder_get_pad:
 * @elements: what gst_ekascribe_decoder_build() returned
 *
 * Returns: (transfer full): where data goes in
 */
GstPad *
gst_ekascribe_decoder_get_pad (GList *elements)
{
  return gst_element_get_static_pad (elements->data, "sink");
}

/**
 * gst_ekascribe_decoder_make:
 * @caps: of parsed packets
 *
 * Returns: (transfer floating) (nullable): the best decoder for them
 */
GstElement *
gst_ekascribe_decoder_make (GstCaps *caps)
{
  g_autoptr (GstCaps) simple = simplify (caps);
  GList *decoders = find_factories (GST_ELEMENT_FACTORY_TYPE_DECODER |
                                        GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
                                    simple);
  GstElement *decoder = NULL;
  GList *l;

  for (l = decoders; l != NULL && decoder == NULL; l = l->next)
    decoder = gst_element_factory_create (l->data, NULL);
  gst_plugin_feature_list_free (decoders);
  return decoder;
}

static GstPadProbeReturn
drop_end (GstPad          *pad,
          GstPadProbeInfo *info,
          gpointer         user_data)
{
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS ?
             GST_PAD_PROBE_DROP :
             GST_PAD_PROBE_OK;
}

/**
 * gst_ekascribe_decoder_drain:
 * @elements: what gst_ekascribe_decoder_build() returned
 *
 * On the streaming thread: makes them give out what they still hold. They are of
 * no use any more then.
 */
void
gst_ekascribe_decoder_drain (GList *elements)
{
  GstPad *first = gst_ekascribe_decoder_get_pad (elements);
  GstPad *last =
      gst_element_get_static_pad (g_list_last (elements)->data, "src");

  gst_pad_add_probe (last, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, drop_end, NULL,
                     NULL);
  gst_pad_send_event (first, gst_event_new_eos ());
  gst_object_unref (last);
  gst_object_unref (first);
}

/**
 * gst_ekascribe_decoder_remove:
 * @bin: where the elements are
 * @elements: (transfer container) (nullable): what
 *   gst_ekascribe_decoder_build() returned
 */
void
gst_ekascribe_decoder_remove (GstBin *bin,
                              GList  *elements)
{
  GList *l;

  for (l = elements; l != NULL; l = l->next) {
    GstElement *element = gst_object_ref (l->data);

    gst_element_set_locked_state (element, TRUE);
    gst_element_set_state (element, GST_STATE_NULL);
    gst_bin_remove (bin, element);
    gst_object_unref (element);
  }
  g_list_free (elements);
}
