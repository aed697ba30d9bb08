/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/discovery.h"

#include <math.h>

#include "scribe/error.h"
#include "scribe/json.h"
#include "scribe/origin.h"

/* What the protocol's models record in a session, in ns. */
#define LITE_DURATION (G_GUINT64_CONSTANT (600) * 1000000000)
#define PRO_DURATION (G_GUINT64_CONSTANT (3600) * 1000000000)

#define PROTOCOL_VERSION "0.1"

/* A process talks to a handful of services; more entries are a mistake. */
#define MAX_CACHED 64

typedef struct
{
  EkaDiscovery discovery;
  gatomicrefcount refs;
} Discovery;

static void
model_free (gpointer data)
{
  EkaModel *model = data;

  g_free (model->id);
  g_strfreev (model->languages);
  g_free (model);
}

/* A list of strings; an empty one limits nothing, for nobody offers nothing. */
static gchar **
get_list (JsonObject  *object,
          const gchar *member)
{
  g_auto (GStrv) list = eka_json_get_strv (object, member);

  return list != NULL && *list != NULL ? g_steal_pointer (&list) : NULL;
}

/* An API root: http, absolute, and such that paths can be put behind it. */
static gchar *
get_base_url (JsonObject *object)
{
  const gchar *text = eka_json_get_string (object, "base_url");
  g_autoptr (GUri) uri = NULL;

  if (text == NULL)
    return NULL;
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || !eka_origin_is_http (uri) ||
      g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return NULL;
  return g_uri_to_string (uri);
}

/* Seconds of any sensible size to ns; 0 where the service tells nothing. */
static guint64
seconds_to_ns (gdouble seconds)
{
  if (!(seconds > 0.0) || seconds > 1e9)
    return 0;
  return (guint64) llround (seconds * 1e9);
}

static void
parse_models (EkaDiscovery *discovery,
              JsonArray    *models)
{
  guint i;

  for (i = 0; models != NULL && i < json_array_get_length (models); i++)
    {
      JsonNode *node = json_array_get_element (models, i);
      JsonObject *object;
      EkaModel *model;

      if (!JSON_NODE_HOLDS_OBJECT (node))
        continue;
      object = json_node_get_object (node);
      if (eka_json_get_string (object, "id") == NULL)
        continue;
      model = g_new0 (EkaModel, 1);
      model->id = g_strdup (eka_json_get_string (object, "id"));
      model->languages = get_list (object, "languages");
      model->max_session_duration = seconds_to_ns (
          eka_json_get_number (object, "max_session_duration_seconds", 0));
      g_ptr_array_add (discovery->models, model);
    }
}

/**
 * eka_discovery_new_from_json:
 * @json: the discovery document
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * Members that are missing or of a wrong type limit nothing; a document with
 * none of the protocol's members (the home page of a gateway, say) is none.
 *
 * Returns: (transfer full): what the service says of itself
 */
EkaDiscovery *
eka_discovery_new_from_json (GBytes  *json,
                             GError **error)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (json, error);
  JsonObject *capabilities, *languages;
  EkaDiscovery *discovery;
  Discovery *self;

  if (root == NULL)
    return NULL;
  if (!json_object_has_member (root, "endpoints") &&
      !json_object_has_member (root, "capabilities") &&
      !json_object_has_member (root, "models") &&
      !json_object_has_member (root, "supported_versions"))
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "not a discovery document");
      return NULL;
    }

  self = g_new0 (Discovery, 1);
  g_atomic_ref_count_init (&self->refs);
  discovery = &self->discovery;

  discovery->base_url = get_base_url (eka_json_get_object (root, "endpoints"));
  discovery->versions = get_list (root, "supported_versions");
  if (discovery->versions == NULL &&
      eka_json_get_string (root, "protocol_version") != NULL)
    discovery->versions =
        g_strsplit (eka_json_get_string (root, "protocol_version"), ",", 1);
  capabilities = eka_json_get_object (root, "capabilities");
  discovery->audio_formats = get_list (capabilities, "audio_formats");
  discovery->upload_methods = get_list (capabilities, "upload_methods");
  discovery->max_chunk_duration = seconds_to_ns (
      eka_json_get_number (capabilities, "max_chunk_duration_seconds", 0));
  discovery->models = g_ptr_array_new_with_free_func (model_free);
  parse_models (discovery, eka_json_get_array (root, "models"));
  languages = eka_json_get_object (root, "languages");
  discovery->languages = get_list (languages, "supported");
  discovery->auto_detection = eka_json_get_boolean (languages,
                                                    "auto_detection");
  return discovery;
}

/**
 * eka_discovery_ref:
 * @discovery: a document
 *
 * Returns: (transfer full): @discovery
 */
EkaDiscovery *
eka_discovery_ref (EkaDiscovery *discovery)
{
  g_atomic_ref_count_inc (&((Discovery *) discovery)->refs);
  return discovery;
}

/**
 * eka_discovery_unref:
 * @discovery: (transfer full): a document
 */
void
eka_discovery_unref (EkaDiscovery *discovery)
{
  Discovery *self = (Discovery *) discovery;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (discovery->base_url);
  g_strfreev (discovery->versions);
  g_strfreev (discovery->audio_formats);
  g_strfreev (discovery->upload_methods);
  g_ptr_array_unref (discovery->models);
  g_strfreev (discovery->languages);
  g_free (self);
}

static gboolean
lists (gchar      **list,
       const gchar *what)
{
  for (; list != NULL && *list != NULL; list++)
    if (g_ascii_strcasecmp (*list, what) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
allows_format (const EkaDiscovery *discovery,
               const gchar        *media_type)
{
  gchar **format;

  if (discovery == NULL || discovery->audio_formats == NULL)
    return TRUE;
  for (format = discovery->audio_formats; *format != NULL; format++)
    {
      g_auto (GStrv) words = g_strsplit (*format, " ", -1);
      g_autofree gchar *solid = g_strjoinv ("", words);

      if (g_ascii_strcasecmp (solid, media_type) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * eka_discovery_choose_format:
 * @discovery: (nullable): a document, or %NULL: nothing is known
 * @media_type: a media type of Upload Audio, a static string
 *
 * A blank behind `;` in the list makes no difference. A service that lists
 * `audio/ogg` without its codec takes Ogg Opus under that name.
 *
 * Returns: (nullable): the media type under which uploads go that are of
 *   @media_type, a static string, or %NULL where the service does not take them
 */
const gchar *
eka_discovery_choose_format (const EkaDiscovery *discovery,
                             const gchar        *media_type)
{
  if (allows_format (discovery, media_type))
    return media_type;
  if (g_str_equal (media_type, "audio/ogg;codecs=opus") &&
      allows_format (discovery, "audio/ogg"))
    return "audio/ogg";
  return NULL;
}

/**
 * eka_discovery_find_model:
 * @discovery: (nullable): a document
 * @id: (nullable): a model, or %NULL for the one that is taken by default:
 *   `lite`, else the first that is listed
 *
 * Returns: (nullable) (transfer none): the model, or %NULL where it is not
 *   listed
 */
const EkaModel *
eka_discovery_find_model (const EkaDiscovery *discovery,
                          const gchar        *id)
{
  guint i;

  if (discovery == NULL)
    return NULL;
  for (i = 0; i < discovery->models->len; i++)
    {
      const EkaModel *model = g_ptr_array_index (discovery->models, i);

      if (g_strcmp0 (model->id, id != NULL ? id : "lite") == 0)
        return model;
    }
  return id == NULL && discovery->models->len > 0
             ? g_ptr_array_index (discovery->models, 0)
             : NULL;
}

/**
 * eka_discovery_get_max_session:
 * @discovery: (nullable): a document
 * @model: (nullable): a model, or %NULL for the default one
 *
 * Returns: longest recording that a session of @model takes, in ns; 0: no limit
 *   is known. Without a document those of the protocol's own models hold
 */
guint64
eka_discovery_get_max_session (const EkaDiscovery *discovery,
                               const gchar        *model)
{
  const EkaModel *listed = eka_discovery_find_model (discovery, model);

  if (discovery != NULL)
    return listed != NULL ? listed->max_session_duration : 0;
  if (model == NULL || g_str_equal (model, "lite"))
    return LITE_DURATION;
  return g_str_equal (model, "pro") ? PRO_DURATION : 0;
}

static gboolean
refuse (GError     **error,
        const gchar *property,
        const gchar *value,
        const gchar *what,
        gchar      **offered)
{
  g_autofree gchar *list = g_strjoinv (", ", offered);

  if (error == NULL)
    return FALSE;
  *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                        "The service does not offer %s “%s” (%s); it offers: "
                        "%s", what, value, property,
                        *list != '\0' ? list : "none");
  eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

static gboolean
check_model (const EkaDiscovery *discovery,
             const EkaSettings  *settings,
             GError            **error)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) offered = NULL;
  guint i;

  if (settings->model == NULL || discovery->models->len == 0 ||
      eka_discovery_find_model (discovery, settings->model) != NULL)
    return TRUE;

  builder = g_strv_builder_new ();
  for (i = 0; i < discovery->models->len; i++)
    g_strv_builder_add (
        builder, ((EkaModel *) g_ptr_array_index (discovery->models, i))->id);
  offered = g_strv_builder_end (builder);
  return refuse (error, "model", settings->model, "the model", offered);
}

static gboolean
check_language (const EkaDiscovery *discovery,
                const EkaModel     *model,
                const gchar        *property,
                const gchar        *language,
                GError            **error)
{
  if (discovery->languages != NULL && !lists (discovery->languages, language))
    return refuse (error, property, language, "the language",
                   discovery->languages);
  if (model != NULL && model->languages != NULL &&
      !lists (model->languages, language))
    return refuse (error, property, language,
                   "for this model the language", model->languages);
  return TRUE;
}

static gboolean
check_languages (const EkaDiscovery *discovery,
                 const EkaSettings  *settings,
                 GError            **error)
{
  const EkaModel *model =
      eka_discovery_find_model (discovery, settings->model);
  gchar **hint;

  for (hint = settings->language_hint; hint != NULL && *hint != NULL; hint++)
    {
      if (g_strcmp0 (*hint, "auto_detect") != 0)
        {
          if (!check_language (discovery, model, "language-hint", *hint,
                               error))
            return FALSE;
        }
      else if (!discovery->auto_detection &&
               !lists (discovery->languages, *hint))
        return refuse (error, "language-hint", *hint, "the language",
                       discovery->languages);
    }
  return settings->transcript_language == NULL ||
         check_language (discovery, NULL, "transcript-language",
                         settings->transcript_language, error);
}

/* Services that say nothing of it don't take a whole recording: only one that
 * offers that is asked for it. */
static gboolean
check_single (const EkaDiscovery *discovery,
              const EkaSettings  *settings,
              GError            **error)
{
  g_autofree gchar *list = NULL;
  g_autofree gchar *why = NULL;

  if (discovery != NULL && lists (discovery->upload_methods, "single"))
    return TRUE;
  if (error == NULL)
    return FALSE;
  if (discovery != NULL && discovery->upload_methods != NULL)
    list = g_strjoinv (", ", discovery->upload_methods);
  if (list != NULL)
    why = g_strdup_printf ("it offers: %s", *list != '\0' ? list : "none");
  else if (discovery != NULL)
    why = g_strdup ("its discovery document lists no upload methods");
  else if (settings->discovery == EKA_DISCOVERY_OFF)
    why = g_strdup ("with discovery=off it is not asked");
  else
    why = g_strdup ("it has no discovery document");
  *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                        "The service does not offer single uploads "
                        "(upload-type=single): %s. Use upload-type=chunked",
                        why);
  eka_scribe_error_edit_info (*error)->property = "upload-type";
  return FALSE;
}

/**
 * eka_discovery_check_upload:
 * @discovery: (nullable): a document
 * @settings: settings
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS with the property at
 *   fault and what the service offers in its place
 *
 * What a document does not say is taken for granted, but for single uploads,
 * which it has to list.
 *
 * Returns: whether the service takes audio in the way that is set
 */
gboolean
eka_discovery_check_upload (const EkaDiscovery *discovery,
                            const EkaSettings  *settings,
                            GError            **error)
{
  const gchar *type = eka_upload_type_to_string (settings->upload_type);
  gboolean chunked = settings->upload_type == EKA_UPLOAD_CHUNKED;

  if (settings->upload_type == EKA_UPLOAD_SINGLE)
    return check_single (discovery, settings, error);
  if (discovery == NULL || discovery->upload_methods == NULL ||
      lists (discovery->upload_methods, type))
    return TRUE;
  return refuse (error, chunked ? "base-url" : "upload-type", type,
                 "the upload method", discovery->upload_methods);
}

/**
 * eka_discovery_check:
 * @discovery: (nullable): a document
 * @settings: settings
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS with the property at
 *   fault and what the service offers in its place
 *
 * Returns: whether the service says that it takes such a session
 */
gboolean
eka_discovery_check (const EkaDiscovery *discovery,
                     const EkaSettings  *settings,
                     GError            **error)
{
  if (discovery == NULL)
    return eka_discovery_check_upload (NULL, settings, error);
  if (discovery->versions != NULL &&
      !lists (discovery->versions, PROTOCOL_VERSION))
    return refuse (error, "base-url", PROTOCOL_VERSION,
                   "the protocol version", discovery->versions);
  return eka_discovery_check_upload (discovery, settings, error) &&
         check_model (discovery, settings, error) &&
         check_languages (discovery, settings, error);
}

/* What services said, for as long as they allow. */
typedef struct
{
  EkaDiscovery *discovery;
  gint64 expires;
} Cached;

static GMutex cache_lock; /* guards cache */
static GHashTable *cache; /* base URL → Cached */

static void
cached_free (gpointer data)
{
  Cached *cached = data;

  eka_discovery_unref (cached->discovery);
  g_free (cached);
}

/**
 * eka_discovery_cache_get:
 * @base_url: the API root that was asked
 * @now: monotonic time in µs
 *
 * Returns: (nullable) (transfer full): what it said, where that still holds
 */
EkaDiscovery *
eka_discovery_cache_get (const gchar *base_url,
                         gint64       now)
{
  EkaDiscovery *discovery = NULL;
  Cached *cached;

  g_mutex_lock (&cache_lock);
  cached = cache != NULL ? g_hash_table_lookup (cache, base_url) : NULL;
  if (cached != NULL && now < cached->expires)
    discovery = eka_discovery_ref (cached->discovery);
  g_mutex_unlock (&cache_lock);
  return discovery;
}

/**
 * eka_discovery_cache_put:
 * @base_url: the API root that was asked
 * @discovery: (transfer none): what it said
 * @expires: monotonic time in µs until which that holds
 */
void
eka_discovery_cache_put (const gchar  *base_url,
                         EkaDiscovery *discovery,
                         gint64        expires)
{
  Cached *cached = g_new0 (Cached, 1);

  cached->discovery = eka_discovery_ref (discovery);
  cached->expires = expires;
  g_mutex_lock (&cache_lock);
  if (cache == NULL)
    cache = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                   cached_free);
  if (g_hash_table_size (cache) >= MAX_CACHED)
    g_hash_table_remove_all (cache);
  g_hash_table_replace (cache, g_strdup (base_url), cached);
  g_mutex_unlock (&cache_lock);
}

/**
 * eka_discovery_cache_clear:
 *
 * Forgets everything; for tests and before the process ends.
 */
void
eka_discovery_cache_clear (void)
{
  g_mutex_lock (&cache_lock);
  g_clear_pointer (&cache, g_hash_table_unref);
  g_mutex_unlock (&cache_lock);
}
