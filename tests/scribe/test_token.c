/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "scribe/error.h"

typedef struct
{
  EkaToken *token;
  EkaRequest *request;
  gchar *folder;
  gchar *file;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->token = eka_token_new ();
  f->request = eka_request_new (EKA_CALL_GET, "GET", "https://h/");
  f->folder = g_dir_make_tmp ("eka-token-XXXXXX", NULL);
  f->file = g_build_filename (f->folder, "token", NULL);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_token_unref (f->token);
  eka_request_free (f->request);
  g_unlink (f->file);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->file);
  g_free (f->folder);
}

static void
write_file (Fixture     *f,
            const gchar *contents,
            gssize       length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->file, contents, length, &error);
  g_assert_no_error (error);
}

static const gchar *
credential (Fixture *f)
{
  eka_token_authorize (f->token, f->request);
  return f->request->credential;
}

static void
assert_load_fails (Fixture     *f,
                   const gchar *property)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (eka_token_load (f->token, &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==, property);
  g_assert_null (strstr (error->message, "s3cret"));
}

static void
test_what_is_set_is_sent (Fixture      *f,
                          gconstpointer data)
{
  g_assert_false (eka_token_is_set (f->token));
  g_assert_null (credential (f));
  g_assert_null (f->request->header);

  eka_token_set_api_key (f->token, " key\n");
  g_assert_true (eka_token_is_set (f->token));
  g_assert_cmpstr (credential (f), ==, "key");
  g_assert_cmpstr (f->request->header, ==, "X-API-Key");

  eka_token_set_value (f->token, "\tabc.DEF-_~+/=\r\n");
  g_assert_true (eka_token_load (f->token, NULL));
  g_assert_cmpstr (credential (f), ==, "Bearer abc.DEF-_~+/=");
  g_assert_cmpstr (f->request->header, ==, "Authorization");

  eka_token_set_value (f->token, NULL);
  eka_token_set_api_key (f->token, " ");
  g_assert_false (eka_token_is_set (f->token));
  g_assert_null (credential (f));
}

static void
test_bad_values_are_told (Fixture      *f,
                          gconstpointer data)
{
  static const gchar *const bad[] = { "s3cret x", "s3cret\r\nX-Evil: 1",
                                      "s3cret\x7f", "s3cret\xc3\xa9" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      eka_token_set_value (f->token, bad[i]);
      assert_load_fails (f, "access-token");
      eka_token_set_value (f->token, NULL);
      eka_token_set_api_key (f->token, bad[i]);
      assert_load_fails (f, "api-key");
      eka_token_set_api_key (f->token, NULL);
    }
  /* Blanks alone are nothing, not an empty credential. */
  eka_token_set_value (f->token, " \n");
  g_assert_false (eka_token_is_set (f->token));
  g_assert_true (eka_token_load (f->token, NULL));
}

static void
test_file_is_read (Fixture      *f,
                   gconstpointer data)
{
  static const gchar *const good[] = { "tok", "tok\n", "tok\r\n", "\n tok \n\n" };
  g_autofree gchar *longest = g_strnfill (64 * 1024, 't');
  guint i;

  eka_token_set_value (f->token, "other");
  eka_token_set_file (f->token, f->file);
  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      write_file (f, good[i], -1);
      g_assert_true (eka_token_load (f->token, NULL));
      g_assert_cmpstr (credential (f), ==, "Bearer tok");
    }
  write_file (f, longest, -1);
  g_assert_true (eka_token_load (f->token, NULL));
}

static void
test_bad_files_are_told (Fixture      *f,
                         gconstpointer data)
{
  static const struct
  {
    const gchar *contents;
    gssize length;
  } bad[] = {
    { "", 0 },          { "\n", 1 },           { "s3cret x", -1 },
    { "s3cret\0x", 8 }, { "s3cret\nline", -1 }, { "\xef\xbb\xbfs3cret", -1 },
    { "\x7f" "ELF\1", 5 },
  };
  g_autofree gchar *huge = g_strnfill (64 * 1024 + 1, 't');
  guint i;

  eka_token_set_file (f->token, f->file);
  assert_load_fails (f, "access-token-file");
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      write_file (f, bad[i].contents, bad[i].length);
      assert_load_fails (f, "access-token-file");
    }
  write_file (f, huge, -1);
  assert_load_fails (f, "access-token-file");
  g_assert_false (eka_token_is_set (f->token));

  eka_token_set_file (f->token, f->folder);
  assert_load_fails (f, "access-token-file");
}

/* The names of devices and pipes must not hold up a thread, or take all memory. */
static void
test_devices_end (Fixture      *f,
                  gconstpointer data)
{
  gint fd;

  eka_token_set_file (f->token, "/dev/zero");
  assert_load_fails (f, "access-token-file");
  eka_token_set_file (f->token, "/dev/null");
  assert_load_fails (f, "access-token-file");

  g_assert_cmpint (mkfifo (f->file, 0600), ==, 0);
  eka_token_set_file (f->token, f->file);
  assert_load_fails (f, "access-token-file");

  fd = g_open (f->file, O_RDWR | O_NONBLOCK, 0);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_unlink (f->file);
}

static gpointer
write_late (gpointer data)
{
  gint fd = GPOINTER_TO_INT (data);

  g_assert_cmpint (write (fd, "piped\n", 6), ==, 6);
  close (fd);
  return NULL;
}

static void
test_pipe_is_waited_for (Fixture      *f,
                         gconstpointer data)
{
  g_autofree gchar *name = NULL;
  GThread *thread;
  gint fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  name = g_strdup_printf ("/dev/fd/%d", fds[0]);
  eka_token_set_file (f->token, name);
  thread = g_thread_new ("writer", write_late, GINT_TO_POINTER (fds[1]));
  g_assert_true (eka_token_load (f->token, NULL));
  g_thread_join (thread);
  close (fds[0]);
  g_assert_cmpstr (credential (f), ==, "Bearer piped");
}

/* Whoever sets a token last counts, and the file only when it changes. */
static void
test_the_newest_counts (Fixture      *f,
                        gconstpointer data)
{
  eka_token_set_value (f->token, "zero");
  eka_token_set_file (f->token, f->file);
  write_file (f, "one", -1);
  g_assert_true (eka_token_load (f->token, NULL));
  g_assert_cmpstr (credential (f), ==, "Bearer one");
  eka_token_set_value (f->token, "two");
  g_assert_true (eka_token_load (f->token, NULL));
  g_assert_cmpstr (credential (f), ==, "Bearer two");
  write_file (f, "three", -1);
  g_assert_true (eka_token_load (f->token, NULL));
  g_assert_cmpstr (credential (f), ==, "Bearer three");
}

static void
test_redaction (Fixture      *f,
                gconstpointer data)
{
  g_autofree gchar *text = NULL;

  g_assert_null (eka_token_redact (f->token, NULL));
  text = eka_token_redact (f->token, g_strdup ("nothing set"));
  g_assert_cmpstr (text, ==, "nothing set");
  g_free (text);

  write_file (f, "filed", -1);
  eka_token_set_value (f->token, "s3cret");
  eka_token_set_api_key (f->token, "k3y");
  eka_token_set_file (f->token, f->file);
  g_assert_true (eka_token_load (f->token, NULL));
  text = eka_token_redact (f->token, g_strdup ("s3cret,filed,k3y,s3cret!"));
  g_assert_cmpstr (text, ==, "…,…,…,…!");
}

/* A short one can be part of a word, and is no secret there. */
static void
test_redaction_of_short (void)
{
  static const gchar *const texts[][3] = {
    { "ses", "the session ses_1 is none", NULL },
    { "ses", "the session is not for “ses”.", "the session is not for “…”." },
    { "ses", "ses, Bearer ses ses", "…, Bearer … …" },
    { "ses", "sesses?token=ses&a=ses", "sesses?token=…&a=…" },
    { "ses", "{\"t\":\"ses\"}", "{\"t\":\"…\"}" },
    { "a", "a bad answer\na", "… bad answer\n…" },
    { "=a=", "x=a=y", "x…y" },
    { "a-b", "a-b-c a-b", "a-b-c …" },
    { "12345", "size 123456, 12345.", "size 123456, …." },
    { "123456", "size 1234567", "size …7" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (EkaToken) token = eka_token_new ();
      g_autofree gchar *text = NULL;

      eka_token_set_value (token, texts[i][0]);
      text = eka_token_redact (token, g_strdup (texts[i][1]));
      g_assert_cmpstr (text, ==,
                       texts[i][2] != NULL ? texts[i][2] : texts[i][1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/scribe/token/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("what is set is sent", test_what_is_set_is_sent);
  ADD ("what can't stand in a header is told, not quoted",
       test_bad_values_are_told);
  ADD ("a file is read, blanks around it left out", test_file_is_read);
  ADD ("a file that holds no token is told", test_bad_files_are_told);
  ADD ("devices and pipes end", test_devices_end);
  ADD ("a pipe that is written to is waited for", test_pipe_is_waited_for);
  ADD ("the newest token counts", test_the_newest_counts);
  ADD ("no echo shows a secret", test_redaction);
  g_test_add_func ("/scribe/token/a short secret cuts no word",
                   test_redaction_of_short);
  return g_test_run ();
}
