/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ThreadSanitizer knows the locks of pthread. GLib's are futexes of its own in
 * a library that is not instrumented, so what they order looks like a race.
 * This file, linked whole into each test of a thread sanitizer build, defines
 * GLib's functions once more: each calls the real one and tells the sanitizer
 * what it means, a release for whoever gives something up and an acquire for
 * whoever gets it. Nothing of ours is suppressed; a lock that is forgotten is
 * still found.
 *
 * Four kinds of order are told:
 *  - GMutex, GRecMutex, GRWLock and GCond;
 *  - GSource: what was done before g_source_attach() or
 *    g_source_set_ready_time() is seen by the dispatch. GMainContext takes its
 *    lock inside of libglib, where it can't be replaced, so the dispatch
 *    function of each source is wrapped when it is attached;
 *  - reference counts of GObject, GBytes and GSource, which are atomic: what
 *    was done before one reference was dropped is seen by the one who drops
 *    the last and frees;
 *  - g_thread_pool_push() and g_task_run_in_thread().
 *
 * What can't be told is left out: GMainContext's own memory. Its table of
 * sources grows in g_source_attach() in one thread and shrinks in the loop of
 * another, under its lock inside of libglib. So what GLib frees in these two
 * functions is not looked at, but all that a dispatched source does is.
 */
#include <glib-object.h>

#include <dlfcn.h>

void __tsan_acquire (void *addr);
void __tsan_release (void *addr);
void AnnotateIgnoreWritesBegin (const char *file, int line);
void AnnotateIgnoreWritesEnd (const char *file, int line);

/* The project hides all symbols; these are to be found by the libraries. */
#pragma GCC visibility push(default)

/* Without GLib's own locks: this runs inside of them. */
#define REAL(name)                                                            \
  static __typeof__ (name) *volatile real;                                    \
  if (real == NULL)                                                           \
  real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name)

#define ACQUIRING(type, name)                                                 \
  void name (type *lock)                                                      \
  {                                                                           \
    REAL (name);                                                              \
    real (lock);                                                              \
    __tsan_acquire (lock);                                                    \
  }

#define TRYING(type, name)                                                    \
  gboolean name (type *lock)                                                  \
  {                                                                           \
    gboolean locked;                                                          \
                                                                              \
    REAL (name);                                                              \
    locked = real (lock);                                                     \
    if (locked)                                                               \
      __tsan_acquire (lock);                                                  \
    return locked;                                                            \
  }

#define RELEASING(type, name)                                                 \
  void name (type *lock)                                                      \
  {                                                                           \
    REAL (name);                                                              \
    __tsan_release (lock);                                                    \
    real (lock);                                                              \
  }

ACQUIRING (GMutex, g_mutex_lock)
TRYING (GMutex, g_mutex_trylock)
RELEASING (GMutex, g_mutex_unlock)
ACQUIRING (GRecMutex, g_rec_mutex_lock)
TRYING (GRecMutex, g_rec_mutex_trylock)
RELEASING (GRecMutex, g_rec_mutex_unlock)
ACQUIRING (GRWLock, g_rw_lock_writer_lock)
TRYING (GRWLock, g_rw_lock_writer_trylock)
RELEASING (GRWLock, g_rw_lock_writer_unlock)
ACQUIRING (GRWLock, g_rw_lock_reader_lock)
TRYING (GRWLock, g_rw_lock_reader_trylock)
RELEASING (GRWLock, g_rw_lock_reader_unlock)

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end)
{
  gboolean woken;

  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  woken = real (cond, mutex, end);
  __tsan_acquire (mutex);
  return woken;
}

/* A GSourceFuncs that was wrapped, and the one it stands for. Sources of one
 * kind share it; the few kinds of a process are never freed.
 */
typedef struct _Wrapper Wrapper;
struct _Wrapper
{
  GSourceFuncs funcs;
  const GSourceFuncs *original;
  Wrapper *next;
};

static Wrapper *wrappers;

/* Loops that run in this thread, one inside of the other. */
static _Thread_local guint looping;

static gboolean
dispatch_wrapped (GSource    *source,
                  GSourceFunc callback,
                  gpointer    user_data)
{
  Wrapper *wrapper = (Wrapper *) source->source_funcs;
  gboolean again;

  __tsan_acquire (source);
  if (looping > 0)
    AnnotateIgnoreWritesEnd (__FILE__, __LINE__);
  again = wrapper->original->dispatch (source, callback, user_data);
  if (looping > 0)
    AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
  /* For whoever drops the last reference; GMainContext still holds one. */
  __tsan_release (source);
  return again;
}

static Wrapper *
wrap (const GSourceFuncs *original)
{
  Wrapper *head = __atomic_load_n (&wrappers, __ATOMIC_ACQUIRE);
  Wrapper *wrapper;

  for (wrapper = head; wrapper != NULL; wrapper = wrapper->next)
    if (wrapper->original == original || &wrapper->funcs == original)
      return wrapper;

  wrapper = g_new0 (Wrapper, 1);
  wrapper->funcs = *original;
  wrapper->funcs.dispatch = dispatch_wrapped;
  wrapper->original = original;
  wrapper->next = head;
  while (!__atomic_compare_exchange_n (&wrappers, &wrapper->next, wrapper,
                                       FALSE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE))
    ;
  return wrapper;
}

guint
g_source_attach (GSource      *source,
                 GMainContext *context)
{
  guint id;

  REAL (g_source_attach);
  source->source_funcs = &wrap (source->source_funcs)->funcs;
  __tsan_release (source);
  AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
  id = real (source, context);
  AnnotateIgnoreWritesEnd (__FILE__, __LINE__);
  return id;
}

gboolean
g_main_context_iteration (GMainContext *context,
                          gboolean      may_block)
{
  gboolean dispatched;

  REAL (g_main_context_iteration);
  looping++;
  AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
  dispatched = real (context, may_block);
  AnnotateIgnoreWritesEnd (__FILE__, __LINE__);
  looping--;
  return dispatched;
}

void
g_source_set_ready_time (GSource *source,
                         gint64   ready_time)
{
  REAL (g_source_set_ready_time);
  __tsan_release (source);
  real (source, ready_time);
}

#define UNREF(type, name)                                                     \
  void name (type *object)                                                    \
  {                                                                           \
    REAL (name);                                                              \
    if (object != NULL)                                                       \
      {                                                                       \
        __tsan_release (object);                                              \
        __tsan_acquire (object);                                              \
      }                                                                       \
    real (object);                                                            \
  }

UNREF (GBytes, g_bytes_unref)
UNREF (GSource, g_source_unref)

/* The macro of the header is for callers. */
#undef g_object_unref
void
g_object_unref (gpointer object)
{
  REAL (g_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}

#undef g_atomic_ref_count_inc
void
g_atomic_ref_count_inc (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_inc);
  real (count);
}

#undef g_atomic_ref_count_dec
gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean last;

  REAL (g_atomic_ref_count_dec);
  __tsan_release (count);
  last = real (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

/* GStreamer calls what gst_element_call_async() asks for from such a pool. */
gboolean
g_thread_pool_push (GThreadPool *pool,
                    gpointer     data,
                    GError     **error)
{
  REAL (g_thread_pool_push);
  __tsan_release (data);
  return real (pool, data, error);
}

/* Of GIO, which not every test links: what is done before is seen in the
 * thread. The way back goes through a source. */
typedef struct _GTask GTask;
typedef void (*GTaskThreadFunc) (GTask   *task,
                                 gpointer source,
                                 gpointer data,
                                 gpointer cancellable);
void g_task_run_in_thread (GTask          *task,
                           GTaskThreadFunc func);

static void
run_acquired (GTask   *task,
              gpointer source,
              gpointer data,
              gpointer cancellable)
{
  GTaskThreadFunc func;

  __tsan_acquire (task);
  func = (GTaskThreadFunc) g_object_get_data (G_OBJECT (task), "tsan-func");
  func (task, source, data, cancellable);
  __tsan_release (task);
}

void
g_task_run_in_thread (GTask          *task,
                      GTaskThreadFunc func)
{
  REAL (g_task_run_in_thread);
  g_object_set_data (G_OBJECT (task), "tsan-func", (gpointer) func);
  __tsan_release (task);
  real (task, run_acquired);
}

#pragma GCC visibility pop
