#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples/record.c or record.py, with somebody at its buttons. What is said are DTMF
# digits, which the sandbox hears: each has to come up in its patient's session, and
# in no other. Arguments: the source folder, the sandbox, the program.
set -u
sandbox=$(realpath "$2")
program=$(realpath "$3")
. "$1/tests/examples/lib.sh"

# start [PROPERTY=VALUE...]: the recorder; fd 8 goes to its buttons, fd 7 is what it
# hears: no audio comes but what is said
start ()
{
  rm -f "$work/buttons" "$work/microphone"
  mkfifo "$work/buttons" "$work/microphone"
  : >"$work/said"
  EKASCRIBE_BASE_URL=$base EKASCRIBE_ACCESS_TOKEN=${token:-x} PYTHONUNBUFFERED=1 \
    "$program" --templates soap_template --source "fdsrc fd=9 blocksize=3200 ! \
      rawaudioparse use-sink-caps=false format=pcm pcm-format=s16le \
      sample-rate=16000 num-channels=1" \
    encode=none max-chunk-duration=1000000000 poll-interval=50000000 "$@" \
    <"$work/buttons" 9<"$work/microphone" >>"$work/said" 2>&1 &
  recorder=$!
  pids+=($recorder)
  exec 8>"$work/buttons" 7>"$work/microphone"
}

press ()
{
  printf '%s\n' "$*" >&8
}

# say DIGITS
say ()
{
  digits "$work/digits" "$1"
  cat "$work/digits" >&7
}

# The id of the N-th session that was recorded
session ()
{
  sed -n 's/^Session \(ses_[a-z0-9]*\): recording$/\1/p' "$work/said" |
    awk '!seen[$0]++' | sed -n "${1}p"
}

has_session ()
{
  [ -n "$(session "$1")" ]
}

# What is known of the N-th session at the sandbox
known ()
{
  jq -c "$2" "$service/$(session "$1")/session.json"
}

is_known ()
{
  [ "$(known "$1" "$2")" = "$3" ] || { known "$1" .session >>"$work/said"; false; }
}

# told N TEXT: lines that have it
told ()
{
  [ "$(grep -cF -- "$2" "$work/said")" -ge "$1" ]
}

ends_with ()
{
  wait $recorder
  local status=$?
  exec 8>&- 7>&-
  [ $status -eq "$1" ] || { echo "exit code $status" >>"$work/said"; false; }
}

trap '' PIPE
echo 1..27
check "a service starts" serve --upload-methods chunked
printf '{"oid": "first", "name": "Asha \\"A\\" Rao"}' >"$work/first one.json"
printf '{"oid": "second"}' >"$work/second one.json"
printf '["no", "object"]' >"$work/list.json"

start additional-data='{"room": 7}' patient-details="@$work/first one.json"
say 12
check "it records" await 10 has_session 1
check "what is said comes up" await 10 has_heard "$(session 1)" 12
press resume
check "what can't be done is told" await 10 says "resume: no"
press pause
check "it pauses" await 10 says "$(session 1): paused"
# More than the pipe holds: when this is written, the digits are read.
say 9
head -c 150000 /dev/zero >&7
press resume
check "it goes on" await 10 says "resume: yes"
say 34
check "nothing was heard in between" await 10 has_heard "$(session 1)" 1234

press patient "$work/list.json"
check "a file that is no object is refused" await 10 says "new-session: no"
press patient "$work/nobody.json"
check "a file that is not there is told" await 10 says "o such file"
press patient "$work/second one.json"
check "the next patient is taken" await 10 says "new-session: yes"
say 56
check "in another session" await 10 has_session 2
check "the first one's results come" await 10 says "$(session 1) is done: completed"
check "and say what the first one said" has_heard "$(session 1)" 1234
check "the first patient's session has the first patient's details" \
  is_known 1 '[.session.patient_details, .session.additional_data.room]' \
  '[{"oid":"first","name":"Asha \"A\" Rao"},7]'

press p
await 10 says "Patient's id?"
press 'third "3"\'
check "a patient can be named" await 10 told 2 "new-session: yes"
say 7
check "in a third session" await 10 has_session 3
check "the second has what the second one said" has_heard "$(session 2)" 56
check "the second has the details of the second, and nothing of the first" \
  is_known 2 '[.session.patient_details, .session.additional_data.room]' \
  '[{"oid":"second"},null]'
press end
check "a session can be ended alone" await 10 says "$(session 3) is done: completed"
check "the third has the name that was given" \
  is_known 3 .session.patient_details '{"oid":"third \"3\"\\"}'
press stop
check "it stops" ends_with 0
check "the third has what the third one said" has_heard "$(session 3)" 7
check "documents were made of all" told 3 "Document soap_template (success)"

start
say 8
await 10 has_session 1
kill -INT $recorder
check "Ctrl-C waits for the results" \
  eval 'ends_with 0 && says "DTMF digit 8" && says "is done: completed"'

serve --processing-time 60
start
say 8
await 10 has_session 1
kill -INT $recorder
await 10 says "Session $(session 1): processing"
kill -INT $recorder
check "the second Ctrl-C doesn't" ends_with 1

base=http://127.0.0.1:9/voice/v1
start retry-time=0 outbox-policy=always
say 8
await 10 says "Could not connect"
kill -INT $recorder
check "what can't be sent is told" ends_with 1
check "with what can be done about it" says "ekascribe outbox send"
