/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribedecoder.h"

#include <gst/pbutils/pbutils.h>

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* What the rest of the element works with: speech recognition hears 16 kHz. */
#define PCM_CAPS                                                              \
  "audio/x-raw, format = (string) S16LE, layout = (string) interleaved, "     \
  "rate = (int) 16000, channels = (int) 1"

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
      !add_by_name (bin, elements, "audioresample") ||
      !add_by_name (bin, elements, "capsfilter"))
    return FALSE;
  g_object_set (g_list_last (*elements)->data, "caps", caps, NULL);
  return TRUE;
}

/* @parser and @decoder may be NULL. */
static GList *
try_build (GstBin            *bin,
           GstElementFactory *parser,
           GstElementFactory *decoder,
           GstPad            *target)
{
  GList *elements = NULL;
  gboolean good = TRUE;

  if (parser != NULL)
    add (bin, &elements, gst_element_factory_create (parser, NULL));
  if (decoder != NULL)
    good = add (bin, &elements, gst_element_factory_create (decoder, NULL)) !=
           NULL;
  if (good && add_converters (bin, &elements) && link_all (elements, target) &&
      start_all (elements))
    return elements;
  gst_ekascribe_decoder_remove (bin, elements);
  return NULL;
}

static void
complain (GstBin  *bin,
          GstCaps *caps)
{
  g_autofree gchar *codec = gst_pb_utils_get_codec_description (caps);
  g_autoptr (GstCaps) simple = simplify (caps);
  g_autofree gchar *text = gst_caps_to_string (simple);

  gst_element_post_message (
      GST_ELEMENT (bin),
      gst_missing_decoder_message_new (GST_ELEMENT (bin), caps));
  GST_ELEMENT_ERROR (
      bin, CORE, MISSING_PLUGIN,
      ("No decoder for %s (%s) is installed. Install the GStreamer plugin "
       "that has one, on Debian gstreamer1.0-plugins-good, "
       "gstreamer1.0-plugins-bad, gstreamer1.0-plugins-ugly or "
       "gstreamer1.0-libav.",
       codec, text),
      ("no decoder of rank marginal or higher takes %s", text));
}

/**
 * gst_ekascribe_decoder_build:
 * @bin: where the elements go
 * @caps: what comes in
 * @target: a sink pad that takes S16LE at 16 kHz, mono
 *
 * Makes, links and starts what turns @caps into what @target takes: a parser
 * and the best decoder, where one is needed, and converters. Posts what is
 * missing.
 *
 * Returns: (transfer container) (nullable): the elements, upstream first; they
 *   belong to @bin
 */
GList *
gst_ekascribe_decoder_build (GstBin  *bin,
                             GstCaps *caps,
                             GstPad  *target)
{
  g_autoptr (GstCaps) simple = NULL;
  GList *parsers, *decoders, *l;
  GList *elements = NULL;

  if (gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw"))
    return try_build (bin, NULL, NULL, target);
  simple = simplify (caps);
  parsers = find_factories (GST_ELEMENT_FACTORY_TYPE_PARSER |
                                GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
                            caps);
  decoders = find_factories (GST_ELEMENT_FACTORY_TYPE_DECODER |
                                 GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
                             parsers != NULL ? simple : caps);
  for (l = decoders; l != NULL && elements == NULL; l = l->next)
    elements = try_build (bin, parsers != NULL ? parsers->data : NULL, l->data,
                          target);
  if (decoders == NULL)
    complain (bin, caps);
  else if (elements == NULL)
    GST_ELEMENT_ERROR (bin, STREAM, CODEC_NOT_FOUND,
                       ("No installed decoder could be started."),
                       ("caps %" GST_PTR_FORMAT, caps));
  gst_plugin_feature_list_free (parsers);
  gst_plugin_feature_list_free (decoders);
  return elements;
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
