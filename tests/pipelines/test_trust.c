/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"
#include "trap.h"

#include <string.h>

/* Whom the element talks to, and who gets the token. */

#define SOUND                                                                  \
  "audiotestsrc num-buffers=20 samplesperbuffer=160 ! "                       \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

/* --- certificates ------------------------------------------------------- */

/* A certificate for 127.0.0.1 that no system trusts, and its key. */
static gchar *
make_certificate (const gchar *work)
{
  g_autofree gchar *command = g_strdup_printf (
      "cd %s && openssl req -x509 -newkey ec -pkeyopt "
      "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 "
      "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem "
      "2>openssl.log && cat key.pem cert.pem >both.pem", work);

  harness_run (command);
  return g_build_filename (work, "both.pem", NULL);
}

static void
test_an_untrusted_certificate_is_an_error (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .text = "certificate", .request = "discovery" };
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *both = make_certificate (work);
  g_autofree gchar *options = g_strdup_printf ("--tls-certificate %s", both);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_auto (GStrv) sessions = NULL;
  g_autoptr (Player) player = NULL;
  g_autoptr (Launch) launch = NULL;

  g_assert_true (g_str_has_prefix (sandbox->url, "https://127.0.0.1:"));
  player = player_new (SOUND "ekascribesink base-url=%s", sandbox->url);
  harness_assert_fault (player_run (player), &fault);
  launch = launch_run (NULL, SOUND "ekascribesink base-url=%s", sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "tls-database");
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
  harness_folder_remove (work);
}

static void
test_tls_database_is_trusted (void)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *both = make_certificate (work);
  g_autofree gchar *certificate = g_build_filename (work, "cert.pem", NULL);
  g_autofree gchar *options = g_strdup_printf ("--tls-certificate %s", both);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (Player) player = NULL;
  g_autoptr (GError) error = NULL;

  database = g_tls_file_database_new (certificate, &error);
  g_assert_no_error (error);
  player = player_new (SOUND "ekascribesink name=scribe base-url=%s",
                       sandbox->url);
  g_object_set (player->scribe, "tls-database", database, NULL);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_nonnull (player_last (player, "ekascribe-result"));
  harness_folder_remove (work);
}

/* A connection that a trusting element opened does not serve another one. */
static void
test_trust_is_not_shared (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .text = "certificate", .request = "create" };
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *both = make_certificate (work);
  g_autofree gchar *certificate = g_build_filename (work, "cert.pem", NULL);
  g_autofree gchar *options = g_strdup_printf ("--tls-certificate %s", both);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (GTlsDatabase) database =
      g_tls_file_database_new (certificate, NULL);
  g_autoptr (Player) trusting = NULL;
  g_autoptr (Player) strict = NULL;

  trusting = player_new (SOUND "ekascribesink name=scribe base-url=%s "
                         "discovery=off", sandbox->url);
  g_object_set (trusting->scribe, "tls-database", database, NULL);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (trusting)), ==,
                   GST_MESSAGE_EOS);
  strict = player_new (SOUND "ekascribesink base-url=%s discovery=off",
                       sandbox->url);
  harness_assert_fault (player_run (strict), &fault);
  harness_folder_remove (work);
}

/* --- other hosts -------------------------------------------------------- */

static void
redirect (Rogue       *rogue,
          RogueCall    call,
          guint        status,
          const gchar *to)
{
  g_autofree gchar *header = g_strdup_printf ("Location: %s/sessions", to);

  rogue_reply (rogue, call, 1, 0, status, header, "{}");
}

static void
test_no_redirect_carries_the_token (gconstpointer status)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .text = "redirect",
                        .status = GPOINTER_TO_UINT (status),
                        .request = "create" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Trap) thief = trap_new ();
  g_autoptr (Player) player = NULL;

  redirect (rogue, ROGUE_CREATE, GPOINTER_TO_UINT (status), thief->url);
  player = player_new (SOUND "ekascribesink base-url=%s "
                       "access-token=" HARNESS_TOKEN, rogue_url (rogue));
  harness_assert_fault (player_run (player), &fault);
  player_set (player, GST_STATE_NULL);
  g_assert_cmpstr (rogue_get (rogue, ROGUE_CREATE, 1)->authorization, ==,
                   "Bearer " HARNESS_TOKEN);
  g_assert_true (trap_is_untouched (thief));
}

static void
test_gst_launch_tells_of_the_redirect (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Trap) thief = trap_new ();
  g_autoptr (Launch) launch = NULL;

  redirect (rogue, ROGUE_CREATE, 307, thief->url);
  launch = launch_run (NULL, SOUND "ekascribesink base-url=%s",
                       rogue_url (rogue));
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "Set base-url to the address it points to");
  g_assert_true (trap_is_untouched (thief));
}

static void
name_upload_url (Rogue       *rogue,
                 const gchar *other)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"session_id\":\"ses_of_the_rogue_01\",\"upload_url\":"
      "\"%s/sessions/ses_of_the_rogue_01/audio\"}", other);

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 201, NULL, body);
}

/* The service sends audio elsewhere. */
static void
test_an_upload_url_elsewhere_gets_nothing (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .text = "trusted-hosts", .request = "upload",
                        .property = "trusted-hosts" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Trap) thief = trap_new ();
  g_autoptr (Player) player = NULL;

  name_upload_url (rogue, thief->url);
  player = player_new (SOUND "ekascribesink base-url=%s "
                       "access-token=" HARNESS_TOKEN, rogue_url (rogue));
  harness_assert_fault (player_run (player), &fault);
  player_set (player, GST_STATE_NULL);
  g_assert_true (trap_is_untouched (thief));
}

static void
test_a_trusted_host_gets_it (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Rogue) storage = rogue_new ();
  g_autofree gchar *host = g_strndup (
      rogue_url (storage) + strlen ("http://"),
      strcspn (rogue_url (storage) + strlen ("http://"), "/"));
  g_autoptr (Player) player = NULL;

  name_upload_url (rogue, rogue_url (storage));
  rogue_reply (rogue, ROGUE_GET, 1, 1, 202, NULL,
               "{\"status\":\"initialized\",\"audio_files\":[\"0.wav\"]}");
  rogue_reply (rogue, ROGUE_END, 1, 0, 202, NULL, "{}");
  player = player_new (SOUND "ekascribesink base-url=%s "
                       "access-token=" HARNESS_TOKEN " trusted-hosts=%s",
                       rogue_url (rogue), host);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_cmpuint (rogue_count (storage, ROGUE_UPLOAD), ==, 1);
  g_assert_cmpstr (rogue_get (storage, ROGUE_UPLOAD, 1)->authorization, ==,
                   "Bearer " HARNESS_TOKEN);
}

/* A discovery document that moves the API does not move the token. */
static void
test_discovery_does_not_lead_elsewhere (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Trap) thief = trap_new ();
  g_autofree gchar *document = g_strdup_printf (
      "{\"supported_versions\":[\"0.1\"],\"endpoints\":{\"base_url\":\"%s\"}}",
      thief->url);
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_DISCOVER, 1, 0, 200, NULL, document);
  player = player_new (SOUND "ekascribesink base-url=%s "
                       "access-token=" HARNESS_TOKEN, rogue_url (rogue));
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), ==, 1);
  g_assert_true (trap_is_untouched (thief));
}

static void
test_discovery_gets_no_token (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s access-token=" HARNESS_TOKEN,
      rogue_url (rogue));

  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_null (rogue_get (rogue, ROGUE_DISCOVER, 1)->authorization);
}

int
main (int    argc,
      char **argv)
{
  static const guint statuses[] = { 301, 302, 303, 307, 308 };
  guint i;

  harness_init (&argc, &argv);
  g_test_add_func ("/trust/an-untrusted-certificate-is-an-error",
                   test_an_untrusted_certificate_is_an_error);
  g_test_add_func ("/trust/tls-database-is-trusted",
                   test_tls_database_is_trusted);
  g_test_add_func ("/trust/it-is-not-shared", test_trust_is_not_shared);
  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/trust/no-redirect-carries-the-token/%u", statuses[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (statuses[i]),
                            test_no_redirect_carries_the_token);
    }
  g_test_add_func ("/trust/gst-launch-tells-of-the-redirect",
                   test_gst_launch_tells_of_the_redirect);
  g_test_add_func ("/trust/an-upload-url-elsewhere-gets-nothing",
                   test_an_upload_url_elsewhere_gets_nothing);
  g_test_add_func ("/trust/a-trusted-host-gets-it",
                   test_a_trusted_host_gets_it);
  g_test_add_func ("/trust/discovery-does-not-lead-elsewhere",
                   test_discovery_does_not_lead_elsewhere);
  g_test_add_func ("/trust/discovery-gets-no-token",
                   test_discovery_gets_no_token);
  return g_test_run ();
}
