/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/envelope.h"

static void
test_media (void)
{
  static const guint8 samples[] = { 0x01, 0x00, 0xff, 0x7f };
  g_autoptr (GBytes) bytes = g_bytes_new_static (samples, sizeof samples);
  g_autofree gchar *text = eka_envelope_media (bytes);

  g_assert_cmpstr (text, ==,
                   "{\"event\":\"media\",\"media\":{\"payload\":\"AQD/fw==\"}}");
}

static const struct
{
  const gchar *message;
  const gchar *text; /* NULL: it is no transcript */
  const gchar *language;
} messages[] = {
  { "{\"transcript\":\"a\"}", "a", NULL },
  { "{\"type\":\"partial\",\"text\":\"b\",\"language\":\"hi\"}", "b", "hi" },
  { "{\"event\":\"x\",\"data\":{\"partial_transcript\":\"c\"}}", "c", NULL },
  { "{\"text\":\"\"}", "", NULL },
  { "{\"transcript\":null}", NULL, NULL },
  { "{\"transcript\":{\"text\":\"d\"}}", NULL, NULL },
  { "{\"error\":\"no\",\"text\":\"e\"}", NULL, NULL },
  { "{\"event\":\"ready\"}", NULL, NULL },
  { "[\"text\"]", NULL, NULL },
  { "{\"text\":\"f\"", NULL, NULL },
  { "hello", NULL, NULL },
  { "", NULL, NULL },
};

static void
test_transcripts (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr (GBytes) bytes =
          g_bytes_new (messages[i].message, strlen (messages[i].message));
      g_autofree gchar *text = NULL;
      g_autofree gchar *language = NULL;

      g_assert_true (eka_envelope_parse_transcript (bytes, &text, &language) ==
                     (messages[i].text != NULL));
      g_assert_cmpstr (text, ==, messages[i].text);
      g_assert_cmpstr (language, ==, messages[i].language);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/envelope/media", test_media);
  g_test_add_func ("/envelope/transcripts", test_transcripts);
  return g_test_run ();
}
