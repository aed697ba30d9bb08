/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <string.h>

/* About 20 s. */
#define PARAGRAPH                                                              \
  "Good morning. What brings you here today? I have had a headache since "    \
  "Tuesday, doctor, mostly behind the eyes, and it gets worse at night. " \
  "Any fever, any trouble with the light? No fever. Light is unpleasant. I "  \
  "take one tablet of paracetamol, five hundred milligrams, twice a day. "    \
  "Let me measure your blood pressure. One hundred and twenty over eighty. "  \
  "Please drink more water, rest, and come back on Friday.\n\n"

/**
 * fixture_make:
 * @format: a launch line that ends by itself
 *
 * Runs it to its end.
 */
void
fixture_make (const gchar *format,
              ...)
{
  g_autoptr (Player) player = NULL;
  g_autofree gchar *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  player = player_new ("%s", line);
  if (GST_MESSAGE_TYPE (player_run (player)) != GST_MESSAGE_EOS)
    g_error ("%s: failed", line);
}

/**
 * fixture_speech:
 * @folder: where to put it
 * @paragraphs: how much, about 20 s each
 *
 * Returns: (transfer full): path of a WAV file, S16LE at 16 kHz, mono
 */
gchar *
fixture_speech (const gchar *folder,
                guint        paragraphs)
{
  g_autofree gchar *text = g_build_filename (folder, "speech.txt", NULL);
  g_autofree gchar *spoken = g_build_filename (folder, "spoken.wav", NULL);
  g_autofree gchar *command = NULL;
  g_autoptr (GString) words = g_string_new (NULL);
  gchar *path = g_build_filename (folder, "speech.wav", NULL);
  guint i;

  for (i = 0; i < paragraphs; i++)
    g_string_append (words, PARAGRAPH);
  g_assert_true (g_file_set_contents (text, words->str, -1, NULL));
  command = g_strdup_printf ("espeak-ng -f %s -w %s", text, spoken);
  harness_run (command);
  fixture_make ("filesrc location=%s ! wavparse ! audioconvert ! audioresample "
                "! audio/x-raw,format=S16LE,rate=16000,channels=1 ! wavenc ! "
                "filesink location=%s", spoken, path);
  return path;
}

/**
 * fixture_file:
 * @folder: a folder
 * @name: of a file in it
 *
 * Returns: (transfer full): what the file holds
 */
GBytes *
fixture_file (const gchar *folder,
              const gchar *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static guint32
get_le32 (const guint8 *at)
{
  return at[0] | at[1] << 8 | at[2] << 16 | (guint32) at[3] << 24;
}

/**
 * fixture_wav_data:
 * @folder: a folder
 * @name: of a WAV file in it
 *
 * Returns: (transfer full): its samples
 */
GBytes *
fixture_wav_data (const gchar *folder,
                  const gchar *name)
{
  g_autoptr (GBytes) file = fixture_file (folder, name);
  gsize size, at = 12;
  const guint8 *data = g_bytes_get_data (file, &size);

  while (at + 8 <= size)
    {
      gsize length = get_le32 (data + at + 4);

      if (memcmp (data + at, "data", 4) == 0)
        return g_bytes_new_from_bytes (file, at + 8,
                                       MIN (length, size - at - 8));
      at += 8 + length + (length & 1);
    }
  g_error ("%s/%s has no samples", folder, name);
}

/**
 * fixture_chunks:
 * @folder: of a session of the sandbox
 * @extension: of its chunks
 *
 * Returns: how many there are, counted from 0 without a hole
 */
guint
fixture_chunks (const gchar *folder,
                const gchar *extension)
{
  guint n = 0;

  for (;;)
    {
      g_autofree gchar *name = g_strdup_printf ("%u.%s", n, extension);
      g_autofree gchar *path = g_build_filename (folder, name, NULL);

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return n;
      n++;
    }
}

/**
 * fixture_join:
 * @folder: of a session of the sandbox whose chunks are WAV files
 *
 * Returns: (transfer full): the samples of all of them, one after the other
 */
GBytes *
fixture_join (const gchar *folder)
{
  GByteArray *all = g_byte_array_new ();
  guint n = fixture_chunks (folder, "wav");
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("%u.wav", i);
      g_autoptr (GBytes) data = fixture_wav_data (folder, name);

      g_byte_array_append (all, g_bytes_get_data (data, NULL),
                           g_bytes_get_size (data));
    }
  return g_byte_array_free_to_bytes (all);
}
