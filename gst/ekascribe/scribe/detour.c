/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/detour.h"

#include "scribe/origin.h"

struct _EkaDetour
{
  GObject parent_instance;

  GProxyResolver *resolver;
};

static void eka_detour_resolver_init (GProxyResolverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EkaDetour, eka_detour, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER,
                                                      eka_detour_resolver_init))

static gboolean
is_here (const gchar *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  return uri != NULL && eka_origin_is_loopback (uri);
}

/* The ways of @proxies (transfer full) that may be taken to @uri. */
static gchar **
choose (const gchar *uri,
        gchar      **proxies)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  guint n = 0;
  guint i;

  if (proxies == NULL || !is_here (uri))
    return proxies;
  builder = g_strv_builder_new ();
  for (i = 0; proxies[i] != NULL; i++)
    if (is_here (proxies[i]))
      {
        g_strv_builder_add (builder, proxies[i]);
        n++;
      }
  if (n == 0)
    g_strv_builder_add (builder, "direct://");
  g_strfreev (proxies);
  return g_strv_builder_end (builder);
}

static gboolean
eka_detour_is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static gchar **
eka_detour_lookup (GProxyResolver *resolver,
                   const gchar    *uri,
                   GCancellable   *cancellable,
                   GError        **error)
{
  return choose (uri, g_proxy_resolver_lookup (EKA_DETOUR (resolver)->resolver,
                                               uri, cancellable, error));
}

static void
lookup_done (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  gchar **proxies = g_proxy_resolver_lookup_finish (G_PROXY_RESOLVER (source),
                                                    result, &error);

  if (proxies == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, choose (g_task_get_task_data (task), proxies),
                           (GDestroyNotify) g_strfreev);
}

static void
eka_detour_lookup_async (GProxyResolver     *resolver,
                         const gchar        *uri,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data)
{
  GTask *task = g_task_new (resolver, cancellable, callback, user_data);

  g_task_set_source_tag (task, eka_detour_lookup_async);
  g_task_set_task_data (task, g_strdup (uri), g_free);
  g_proxy_resolver_lookup_async (EKA_DETOUR (resolver)->resolver, uri,
                                 cancellable, lookup_done, task);
}

static gchar **
eka_detour_lookup_finish (GProxyResolver *resolver,
                          GAsyncResult   *result,
                          GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, resolver), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
eka_detour_finalize (GObject *object)
{
  g_object_unref (EKA_DETOUR (object)->resolver);
  G_OBJECT_CLASS (eka_detour_parent_class)->finalize (object);
}

static void
eka_detour_class_init (EkaDetourClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eka_detour_finalize;
}

static void
eka_detour_resolver_init (GProxyResolverInterface *iface)
{
  iface->is_supported = eka_detour_is_supported;
  iface->lookup = eka_detour_lookup;
  iface->lookup_async = eka_detour_lookup_async;
  iface->lookup_finish = eka_detour_lookup_finish;
}

static void
eka_detour_init (EkaDetour *self)
{
}

/**
 * eka_detour_new:
 * @resolver: (transfer none): knows the proxies
 *
 * Returns: (transfer full): a resolver that answers like @resolver, but for
 *   targets on this machine leaves out proxies that are not; where none is
 *   left, the way is `direct://`
 */
GProxyResolver *
eka_detour_new (GProxyResolver *resolver)
{
  EkaDetour *self = g_object_new (EKA_TYPE_DETOUR, NULL);

  self->resolver = g_object_ref (resolver);
  return G_PROXY_RESOLVER (self);
}
