/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "pki.h"

#include <glib/gstdio.h>

static gchar *directory;

/* Certificates are made when they are needed: none in the repository expires.
 * The expired one says so by its own dates.
 */
static const gchar script[] =
  "set -e\n"
  "exec 2>log\n"
  "key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
  "  -out $1.key; }\n"
  "sign() {\n"
  "  key $1\n"
  "  openssl req -new -key $1.key -subj /CN=test -out $1.csr\n"
  "  echo subjectAltName=$2 > $1.ext\n"
  "  openssl ca -batch -notext -config ca.cnf -in $1.csr -out $1.crt "
  "    -extfile $1.ext -startdate $3 -enddate $4\n"
  "}\n"
  "cat > ca.cnf <<END\n"
  "[ca]\ndefault_ca=a\n"
  "[a]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\n"
  "policy=p\ncertificate=ca.crt\nprivate_key=ca.key\nunique_subject=no\n"
  "[p]\ncommonName=supplied\n"
  "END\n"
  "touch index; echo 01 > serial\n"
  "key ca\n"
  "openssl req -x509 -new -key ca.key -subj /CN=authority -days 2 "
  "  -out ca.crt\n"
  "now=$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)\n"
  "later=$(date -u -d '1 day' +%Y%m%d%H%M%SZ)\n"
  "sign good IP:127.0.0.1 $now $later\n"
  "sign elsewhere DNS:elsewhere.example $now $later\n"
  "sign expired IP:127.0.0.1 20200101000000Z 20200201000000Z\n"
  "key stranger\n"
  "openssl req -x509 -new -key stranger.key -subj /CN=stranger -days 2 "
  "  -addext subjectAltName=IP:127.0.0.1 -out stranger.crt\n";

void
pki_make (void)
{
  const gchar *const argv[] = { "sh", "-c", script, NULL };
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  directory = g_dir_make_tmp ("eka-pki-XXXXXX", NULL);
  g_subprocess_launcher_set_cwd (launcher, directory);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  if (!g_subprocess_wait_check (process, NULL, &error))
    g_error ("openssl failed in %s: %s", directory, error->message);
}

void
pki_remove (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *path = g_build_filename (directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (directory);
  g_clear_pointer (&directory, g_free);
}

GTlsCertificate *
pki_load (const gchar *name)
{
  g_autofree gchar *crt = g_strdup_printf ("%s/%s.crt", directory, name);
  g_autofree gchar *key = g_strdup_printf ("%s/%s.key", directory, name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate;

  certificate = g_tls_certificate_new_from_files (crt, key, &error);
  g_assert_no_error (error);
  return certificate;
}

GTlsDatabase *
pki_database (void)
{
  g_autofree gchar *path = g_build_filename (directory, "ca.crt", NULL);
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}
