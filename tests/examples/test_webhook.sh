#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples/webhook.py with a sandbox that tells it, and with what comes from
# elsewhere. Arguments: the source folder, the sandbox, the command.
set -u
script=$1/examples/webhook.py
sandbox=$(realpath "$2")
command=$(realpath "$3")
. "$1/tests/examples/lib.sh"

secret=secret-of-this-test
token=token-of-this-test
results=$work/results

# receive [OPTION...]: sets hook to the receiver's address
receive ()
{
  rm -f "$work/hook"
  EKASCRIBE_BASE_URL=${base:-http://127.0.0.1:9/v1} EKASCRIBE_ACCESS_TOKEN=$token \
    EKASCRIBE_WEBHOOK_SECRET=$secret \
    python3 "$script" --ekascribe "$command" --directory "$results" \
    "$@" >"$work/hook" 2>>"$work/said" &
  receiver=$!
  pids+=($receiver)
  await 10 [ -s "$work/hook" ] || return 1
  hook=$(cat "$work/hook")
}

# sign TIME BODY [SECRET]: by other means than the script's
sign ()
{
  printf '%s.%s' "$1" "$2" | openssl dgst -sha256 -hmac "${3-$secret}" |
    sed "s/.*= /t=$1,v1=/"
}

# post BODY HEADER: prints the HTTP status
post ()
{
  curl -s -o /dev/null -w '%{http_code}' --noproxy '*' "$hook" -H "$2" \
    -H 'Content-Type: application/json' --data-binary "$1"
}

answers ()
{
  local status
  status=$(post "$2" "$3")
  [ "$status" = "$1" ] || { echo "HTTP $status" >>"$work/said"; return 1; }
}

# A session by hand, from create to End.
consult ()
{
  local at=$base/sessions
  {
    curl -fsS "$at" -H "Authorization: Bearer $token" --json "{
      \"upload_type\": \"chunked\", \"communication_protocol\": \"http\",
      \"session_id\": \"$1\"}"
    curl -fsS "$at/$1/audio/audio_0.wav" -H "Authorization: Bearer $token" \
      -H 'Content-Type: audio/wav' --data-binary @"$work/speech.wav"
    curl -fsS "$at/$1/end" -H "Authorization: Bearer $token" \
      --json '{"audio_files_sent": 1}'
  } >>"$work/said" 2>&1
}

has_result ()
{
  [ "$(jq -r .status "$results/$1.json" 2>/dev/null)" = "$2" ] &&
    [ ! -e "$results/$1.todo" ]
}

is_private ()
{
  [ "$(stat -c %a "$results")" = 700 ] &&
    [ -z "$(find "$results" -type f -perm /077)" ]
}

event ()
{
  printf '{"event":"session.%s","timestamp":"2026-01-31T09:30:00Z","session_id":"%s"}' \
    "$1" "$2"
}

fetches ()
{
  grep -c ' is here$' "$work/said"
}

echo 1..22
speech "$work/speech.wav"
check "without a secret it does not start" \
  eval '! EKASCRIBE_WEBHOOK_SECRET= python3 "$script" --ekascribe "$command" \
    --directory "$results" 2>"$work/said"'
check "it says how to give one" says EKASCRIBE_WEBHOOK_SECRET

printf '%s\n' "$secret" >"$work/secret"
check "it starts" receive --secret-file "$work/secret"
port=${hook##*:}
kill $receiver
wait $receiver
check "it ends by a signal" [ $? -eq 0 ]
check "a service starts that tells it" serve --token "$token" \
  --webhook "$hook" --webhook-secret-file "$work/secret"
check "it starts again, for that service" receive --port "${port%/}"

check "a session comes to its end" consult ses_0123456789aa
check "its result is fetched" await 10 has_result ses_0123456789aa completed
check "files are for their owner only" is_private

now=$(date +%s)
body=$(event completed ses_0123456789aa)
check "a wrong signature is refused" \
  answers 401 "$body" "X-MSA-Signature: $(sign "$now" "$body" other)"
check "no signature is refused" answers 401 "$body" "X-Nothing: x"
check "a signature of another body is refused" \
  answers 401 "$body " "X-MSA-Signature: $(sign "$now" "$body")"
check "an old one is refused" \
  answers 401 "$body" "X-MSA-Signature: $(sign $((now - 400)) "$body")"
check "one of the future is refused" \
  answers 401 "$body" "X-MSA-Signature: $(sign $((now + 400)) "$body")"
check "what is no event does nothing" \
  answers 204 '["session.completed"]' \
  "X-MSA-Signature: $(sign "$now" '["session.completed"]')"
escape=$(event completed ../../ses_0123456789)
check "an id that is a path does nothing" \
  answers 204 "$escape" "X-MSA-Signature: $(sign "$now" "$escape")"
head -c 70000 /dev/zero | tr '\0' ' ' >"$work/large"
check "a large body is refused" answers 413 "@$work/large" "X-Nothing: x"

before=$(fetches)
check "the same event again is accepted" \
  answers 204 "$body" "X-MSA-Signature: $(sign "$now" "$body")"
check "another session is told in the old form" answers 204 \
  '{"event":"session.failed","data":{"session_id":"ses_0123456789ab"}}' \
  "Eka-Webhook-Signature: $(sign "$now" \
    '{"event":"session.failed","data":{"session_id":"ses_0123456789ab"}}')"
check "what can't be fetched is noted, and the rest is fetched once" \
  eval '[ -e "$results/ses_0123456789ab.todo" ] && [ "$(fetches)" = "$before" ]'

# Nobody is there when it is told; the note on disk is found at the next start.
kill -9 $receiver
wait $receiver 2>/dev/null
consult ses_0123456789ab
receive --port "${port%/}"
check "after a crash it goes on" await 10 has_result ses_0123456789ab completed
check "neither secret nor token are told" \
  eval '! says "$secret" && ! says "$token"'
