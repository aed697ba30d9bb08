/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Linked into builds with the address sanitizer only. GLib leaves its first
 * table of quarks behind when it grows (gquark.c says why it must); GStreamer
 * has enough of them. It was allocated while the program was being loaded,
 * which only a whole stack shows. */
__attribute__ ((visibility ("default"))) const char *
__asan_default_options (void);
__attribute__ ((visibility ("default"))) const char *
__lsan_default_suppressions (void);

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions (void)
{
  return "leak:ld-linux\n";
}
