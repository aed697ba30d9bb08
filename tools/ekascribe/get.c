/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "print.h"
#include "render.h"
#include "scribe/error.h"
#include "scribe/protocol.h"
#include "scribe/retry.h"
#include "service.h"
#include "status.h"

/* µs in which failed calls are repeated: with --wait, and without. */
#define PATIENCE_WAITING (60 * G_TIME_SPAN_SECOND)
#define PATIENCE (10 * G_TIME_SPAN_SECOND)

/* A longer pause between two questions would make nobody happy. */
#define MAX_PAUSE G_TIME_SPAN_MINUTE

/**
 * Get:
 * @patience: µs in which failed calls are repeated
 * @deadline: monotonic time at which waiting ends
 * @doubted: (nullable): the last answer that was final and not good
 * @doubted_since: monotonic time from which on it has been the same
 */
typedef struct
{
  Options *options;
  Service *service;
  const gchar *session_id;
  gint64 patience;
  gint64 deadline;
  gchar *doubted;
  gint64 doubted_since;
} Get;

/* The results of another session would be those of another patient. */
static gboolean
is_ours (Get       *self,
         EkaResult *result)
{
  if (result->session_id != NULL)
    return g_str_equal (result->session_id, self->session_id);
  return eka_result_is_known (result);
}

static EkaResult *
parse (Get      *self,
       EkaReply *reply,
       GError  **error)
{
  g_autoptr (EkaResult) result = NULL;

  if (reply->status == 200 || reply->status == 202 || reply->status == 206 ||
      reply->status == 410)
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && is_ours (self, result))
    return g_steal_pointer (&result);
  if (error != NULL)
    *error = service_fault (self->service, reply, EKA_CALL_GET);
  return NULL;
}

/* Servers say “failed” or “partial” while some of their work still goes on: such
 * an answer is believed when it stays the same for a while. */
static gboolean
is_settled (Get       *self,
            EkaResult *result)
{
  gint64 now = g_get_monotonic_time ();

  if (g_strcmp0 (self->doubted, result->json) != 0)
    {
      g_free (self->doubted);
      self->doubted = g_strdup (result->json);
      self->doubted_since = now;
    }
  return now - self->doubted_since >= self->service->settings->settle_time;
}

/* Whether another answer is worth waiting for. */
static gboolean
is_worth_waiting (Get        *self,
                  EkaResult  *result,
                  EkaVerdict  verdict)
{
  if (!self->options->wait || g_get_monotonic_time () >= self->deadline)
    return FALSE;
  if (verdict == EKA_VERDICT_BUSY)
    return TRUE;
  return (verdict == EKA_VERDICT_FAILED || verdict == EKA_VERDICT_PARTIAL) &&
         !is_settled (self, result);
}

static void
pause_until_next (Get      *self,
                  EkaReply *reply,
                  gint64    began)
{
  gint64 now = g_get_monotonic_time ();
  gint64 asked = eka_retry_parse_after (reply->retry_after, reply->date);
  gint64 next = began + MAX (self->service->settings->poll_interval,
                             MIN (asked, MAX_PAUSE));

  next = MIN (next, self->deadline);
  if (next > now)
    g_usleep (next - now);
}

/* @verdict: (out) */
static EkaResult *
ask (Get        *self,
     EkaVerdict *verdict,
     GError    **error)
{
  if (!service_find (self->service, self->patience, error))
    return NULL;
  for (;;)
    {
      gint64 began = g_get_monotonic_time ();
      g_autoptr (EkaReply) reply = service_get (
          self->service,
          eka_protocol_get (self->service->base_url, self->session_id,
                            self->options->template_id),
          MIN (self->patience, MAX (self->deadline - began, 0)), error);
      g_autoptr (EkaResult) result = NULL;

      if (reply == NULL)
        return NULL;
      result = parse (self, reply, error);
      if (result == NULL)
        return NULL;
      *verdict = eka_result_judge (result, reply->status);
      if (!is_worth_waiting (self, result, *verdict))
        return g_steal_pointer (&result);
      pause_until_next (self, reply, began);
    }
}

/* Says on stderr what the results themselves do not. */
static Status
tell_verdict (Get        *self,
              EkaResult  *result,
              EkaVerdict  verdict)
{
  const gchar *why = result->error_message != NULL ? result->error_message
                                                   : result->message;
  const gchar *code = result->error_code;

  switch (verdict)
    {
    case EKA_VERDICT_BUSY:
      print_problem ("Session %s is not finished: it is %s.%s",
                     self->session_id,
                     result->status != NULL ? result->status : "being processed",
                     self->options->wait ? "" : " --wait waits for it.");
      return STATUS_UNFINISHED;
    case EKA_VERDICT_FAILED:
    case EKA_VERDICT_EXPIRED:
      print_problem ("Session %s is %s%s%s%s%s%s", self->session_id,
                     result->status != NULL ? result->status : "expired",
                     why != NULL ? ": " : "", why != NULL ? why : "",
                     code != NULL ? " (" : "", code != NULL ? code : "",
                     code != NULL ? ")" : "");
      return STATUS_REFUSED;
    case EKA_VERDICT_PARTIAL:
      print_problem ("Only a part of session %s could be processed: %s",
                     self->session_id,
                     result->processing_errors != NULL
                         ? result->processing_errors
                         : "no reason given");
      return STATUS_DONE;
    case EKA_VERDICT_COMPLETED:
    default:
      return STATUS_DONE;
    }
}

/* (transfer full) (nullable): what goes to stdout or into the file */
static gchar *
make_text (Get        *self,
           EkaResult  *result,
           EkaVerdict  verdict)
{
  g_autofree gchar *text = NULL;

  if (self->options->json)
    text = g_strconcat (result->json, "\n", NULL);
  else if (verdict != EKA_VERDICT_COMPLETED && verdict != EKA_VERDICT_PARTIAL)
    return NULL;
  else if (self->options->text)
    text = g_strconcat (result->transcript != NULL ? result->transcript : "",
                        "\n", NULL);
  else
    text = render_result (result);
  text = eka_client_redact_secrets (self->service->client,
                                    g_steal_pointer (&text));
  return self->options->json ? g_steal_pointer (&text) : print_clean (text);
}

static Status
deliver (Get        *self,
         EkaResult  *result,
         EkaVerdict  verdict)
{
  gchar *text = make_text (self, result, verdict);
  const gchar *output = self->options->output;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  Status status = tell_verdict (self, result, verdict);

  if (text == NULL)
    return status;
  bytes = g_bytes_new_take (text, strlen (text));
  /* A file is for what will not change any more. */
  if (output != NULL && verdict == EKA_VERDICT_BUSY)
    return status;
  if (output_write (output != NULL ? output : "-", self->options->force, bytes,
                    &error))
    return status;
  return status_join (status, status_tell (error, NULL));
}

static void
get_init (Get     *self,
          Options *options,
          Service *service)
{
  gint64 timeout = service->settings->result_timeout;

  self->options = options;
  self->service = service;
  self->session_id = options->arguments[0];
  self->patience = options->wait ? PATIENCE_WAITING : PATIENCE;
  if (options->retry_time >= 0)
    self->patience = options->retry_time;
  self->deadline = options->wait && timeout > 0
                       ? g_get_monotonic_time () + timeout
                       : G_MAXINT64;
}

/**
 * get_run:
 * @options: the options
 *
 * `ekascribe get`: what the service has made of a session.
 *
 * Returns: the exit code
 */
int
get_run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Service) service = NULL;
  g_autoptr (EkaResult) result = NULL;
  EkaVerdict verdict = EKA_VERDICT_BUSY;
  Get self = { 0 };

  if (options->output != NULL &&
      !output_is_free (options->output, options->force, &error))
    return status_tell (error, NULL);
  service = service_new (options, &error);
  if (service == NULL)
    return status_tell (error, NULL);
  get_init (&self, options, service);
  result = ask (&self, &verdict, &error);
  g_free (self.doubted);
  if (result == NULL)
    return status_tell (error, self.session_id);
  return deliver (&self, result, verdict);
}
