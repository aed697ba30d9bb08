#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# docs/cookbook.md: every block is run, as a person would type it who stops where
# something fails, and the service has to have what the recipe is about. Its
# microphone is a sound server of the test's, in whose room somebody speaks. What is
# not as on the page:
#   8800, 8081, 5004, 5006    the ports, which others may have
#   rtsp://camera.example     a camera of the test's
#   paste the ... here        token, secret
#   60000000000, a minute     a second
# A block that is marked `ctrl-c` gets SIGINT after a second and a half of recording,
# the preview when there was one, the unattended room when two were in it;
# one that is marked `background` is left running.
# Arguments: the source folder, the sandbox, the command, and the camera; without one
# its recipes are skipped.
set -u
page=$1/docs/cookbook.md
examples=$1/examples
sandbox=$(realpath "$2")
command=$(realpath "$3")
camera=${4:+$(realpath "$4")}
. "$1/tests/examples/lib.sh"
PATH=$(dirname "$sandbox"):$(dirname "$command"):$examples:$PATH

token=token-of-this-test
secret=secret-of-this-test
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run
export XDG_CONFIG_HOME=$work/config
unset EKASCRIBE_OUTBOX
mkdir -m 700 "$work/run" "$work/recordings" "$work/here"
cd "$work/here" || exit 1

# The blocks, as “LANGUAGE NAME MARK”
blocks ()
{
  sed -n 's/^```\([a-z][a-z]* .*\)$/\1/p' "$page"
}

# block NAME LANGUAGE: to $work/block
block ()
{
  awk -v head="^\`\`\`$2 $1( |\$)" '
    $0 == "```" { inside = 0 }
    inside { print }
    $0 ~ head { inside = 1 }' "$page" |
    sed "s/8800/$port/; s/8081/$hook_port/
      s/5004/${sides[0]}/; s/5006/${sides[1]}/; s|rtsp://camera.example|$camera_url|
      s/paste the token here/$token/; s/paste the secret here/$secret/
      s/60000000000/1000000000/" >"$work/block"
  [ -s "$work/block" ]
}

# run NAME: until it ends
run ()
{
  echo "$1" >>"$work/done"
  block "$1" sh && bash -eu -o pipefail "$work/block" >"$work/said" 2>&1
}

free_port ()
{
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# The newest session at the sandbox
newest ()
{
  ls -td "$service"/ses_* 2>/dev/null | head -n 1
}

# says_of_newest JQ
says_of_newest ()
{
  jq -e "$1" "$(newest)/session.json" >/dev/null ||
    { jq -c .session "$(newest)/session.json" >>"$work/said"; false; }
}

count_sessions ()
{
  count "$service" 'ses_*'
}

# typed NAME JQ: it ends well, and made a session that is as JQ says
typed ()
{
  local before
  before=$(count_sessions)
  run "$1" && [ "$(count_sessions)" -gt "$before" ] && says_of_newest "$2"
}

# Recipes that know nothing of each other are at work together, each in a folder of
# its own and with a service of its own.
# begin NAME [LANGUAGE]
begin ()
{
  local language=${2:-sh} at=$work/recipes/$1-${2:-sh}
  [ "$language" = sh ] && echo "$1" >>"$work/done" || echo "$1-$language" >>"$work/done"
  mkdir -p "$at"
  cp visit.mp4 visit.wav doctor.wav patient.wav "$at"
  block "$1" "$language" && mv "$work/block" "$at/block" || return
  "$sandbox" --quiet --port 0 --token $token --client clinic:$secret \
    --upload-methods chunked,stream,single --directory "$at/service" >"$at/url" &
  pids+=($!)
  perform "$at" "$language" "$(blocks | grep -c "^$language $1 ctrl-c$")" "$1" \
    >"$at/said" 2>&1 &
}

# perform FOLDER LANGUAGE INTERRUPTED NAME: its exit code is in FOLDER/status at last
perform ()
{
  local command=(bash -eu -o pipefail block)
  cd "$1" || return
  await 20 [ -s url ]
  EKASCRIBE_BASE_URL=$(cat url)
  export EKASCRIBE_BASE_URL
  case $2 in
    python) command=(/usr/bin/python3 block) ;;
    c) mv block block.c
      # shellcheck disable=SC2046 # a list of words
      cc -Wall -Werror -o least block.c $(pkg-config --cflags --libs gstreamer-1.0)
      command=(./least) ;;
  esac
  if [ "$3" = 1 ]; then
    # Like a terminal: all processes of the job get the signal. A shell's background
    # would not hear of it.
    setsid env --default-signal=INT "${command[@]}" &
    echo $! >group
    if [ "$4" = preview ]; then
      await 20 says_line said "final=(boolean)false"
    else
      await 20 has_recorded
    fi
    [ "$4" = unattended ] || kill -INT -- -$!
    wait $!
  else
    "${command[@]}"
  fi
  echo $? >status.new
  mv status.new status
}

# It has begun, and has gone on since for a second and a half.
has_recorded ()
{
  local since
  since=$(stat -c %W service/ses_* 2>/dev/null) &&
    [ $(($(date +%s) - since)) -ge 2 ]
}

# ended NAME JQ [LANGUAGE]: it ended well, and made a session that is as JQ says
ended ()
{
  at=$work/recipes/$1-${3:-sh}
  service=$at/service
  await 30 [ -e "$at/status" ]
  cp "$at/said" "$work/said"
  [ "$(cat "$at/status")" = 0 ] && [ "$(count_sessions)" = 1 ] && says_of_newest "$2"
}

# There was something to be heard, and it was all of a file of four seconds.
sounds='(.session.transcript | test("Speech from")) and .session.status == "completed"'
whole='.session.status == "completed" and (.session.transcript | test("Audio: 4\\.[0-9]* s"))'

opus='.chunks[0].content_type == "audio/ogg;codecs=opus"'

start_room ()
{
  cat >"$work/room.pa" <<END
load-module module-native-protocol-unix
load-module module-null-sink sink_name=room
set-default-source room.monitor
END
  pulseaudio -n -F "$work/room.pa" --daemonize=no --exit-idle-time=-1 \
    --use-pid-file=no >"$work/room.log" 2>&1 &
  pids+=($!)
  await 10 [ -S "$work/run/pulse/native" ] && speak
}

# check, where there is a camera
check_camera ()
{
  if [ -n "$camera" ]; then
    check "$@"
  else
    number=$((number + 1))
    echo "ok $number $1 # SKIP libgstrtspserver-1.0-dev is not installed"
  fi
}

# start_camera: sets camera_url
start_camera ()
{
  "$camera" --digits 0123456789 --linger 60 >"$work/camera" 2>"$work/said" &
  pids+=($!)
  await 10 [ -s "$work/camera" ]
  camera_url=$(head -n 1 "$work/camera")
}

# Both sides of a call, as a SIP server sends them
start_call ()
{
  local side
  for side in "${sides[@]}"; do
    gst-launch-1.0 -q audiotestsrc is-live=true wave=ticks freq=440 \
      sine-periods-per-tick=200 ! audio/x-raw,rate=8000 ! mulawenc ! rtppcmupay ! \
      udpsink host=127.0.0.1 port="$side" >"$work/call.log" 2>&1 &
    pids+=($!)
  done
}

speak ()
{
  gst-launch-1.0 -q audiotestsrc wave=ticks freq=440 sine-periods-per-tick=200 ! \
    pulsesink device=room >"$work/speaker.log" 2>&1 &
  speaker=$!
  pids+=($speaker)
}

be_quiet ()
{
  kill $speaker
  wait $speaker
}

make_files ()
{
  gst-launch-1.0 -q audiotestsrc wave=pink-noise num-buffers=200 \
    samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 ! wavenc ! \
    filesink location=visit.wav &&
    ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5 -i visit.wav -c:a aac \
      -shortest visit.mp4 </dev/null && cp visit.mp4 "$work/recordings/" &&
    sox visit.wav doctor.wav trim 0 2 && sox visit.wav patient.wav
}

# The sandbox of the page; its folder is the one thing that is added.
start_service ()
{
  echo sandbox >>"$work/done"
  block sandbox sh || return 1
  : >"$work/ready"
  sed -i "s|^ekascribe-sandbox|& --quiet --token $token --client clinic:$secret \
    --directory $service|" "$work/block"
  . "$work/block" >"$work/ready" 2>"$work/said"
  server=$!
  pids+=($server)
  await 10 [ -s "$work/ready" ]
}

stop_service ()
{
  kill $server
  wait $server
}

set_token ()
{
  echo token >>"$work/done"
  block token sh && . "$work/block" && umask 022
  [ "$EKASCRIBE_ACCESS_TOKEN" = $token ]
}

is_in_folder ()
{
  [ -s "$work/recordings/done/visit.mp4/transcript.txt" ]
}

has_files ()
{
  [ -s "$at/visit.txt" ] && [ "$(jq -r .status "$at/visit.json")" = completed ]
}

has_two_patients ()
{
  at=$work/recipes/patients-python
  await 30 [ -e "$at/status" ]
  cp "$at/said" "$work/said"
  [ "$(jq -r '.session.patient_details.oid' "$at"/service/ses_*/session.json | sort |
    tr '\n' ' ')" = "pat_1 pat_2 " ]
}

says_line ()
{
  grep -qF "$2" "$1" 2>/dev/null
}

has_sessions ()
{
  [ "$(count "$1" 'ses_*')" = "$2" ]
}

has_results ()
{
  [ "$(count "$1" 'ses_*.txt')" = "$2" ]
}

ends_with_two ()
{
  await 10 [ -e "$room/status" ]
  cp "$room/said" "$work/said"
  [ "$(cat "$room/status")" = 0 ] && has_sessions "$room/service" 2 &&
    ! grep -L "Speech from" "$room"/ses_*.txt | grep .
}

# Every key is one that systemd has; programs and users are not looked for.
is_a_unit ()
{
  echo unit >>"$work/done"
  block unit ini && cp "$work/block" "$work/transcribe.service"
  ! systemd-analyze verify --man=no "$work/transcribe.service" 2>&1 |
    grep -E 'Unknown|Failed to parse|Invalid|ignoring' >"$work/said"
}

start_webhook ()
{
  echo webhook >>"$work/done"
  block webhook sh || return 1
  bash -eu "$work/block" >"$work/hook" 2>"$work/said" &
  pids+=($!)
  await 10 [ -s "$work/hook" ]
}

is_told ()
{
  local now body=$1
  now=$(date +%s)
  [ "$(curl -s --noproxy '*' -o /dev/null -w '%{http_code}' \
    "http://127.0.0.1:$hook_port/" -H "X-MSA-Signature: t=$now,v1=$(
      printf '%s.%s' "$now" "$body" | openssl dgst -sha256 -hmac "$secret" |
        sed 's/.*= //')" --data-binary "$body")" = 204 ]
}

all_were_run ()
{
  blocks | awk '{ print ($1 == "sh" || $1 == "ini") ? $2 : $2 "-" $1 }' | sort \
    >"$work/wanted"
  sort -u "$work/done" | diff "$work/wanted" - >"$work/said"
}

port=$(free_port)
hook_port=$(free_port)
sides=("$(free_port)" "$(free_port)")
check "there is something to record" make_files
check "there is a microphone" start_room
camera_url=
check_camera "there is a camera" start_camera
check "token" set_token

for recipe in file wav single microphone opus copy stream preview two camera rtsp call \
  patient token-file client later; do
  case $recipe-$camera in
    camera- | rtsp-) echo $recipe >>"$work/done" ;;
    *) begin $recipe ;;
  esac
done
start_call
begin least c
begin least python
begin patients python
check "file" ended file "$whole"
check "its results are in files" has_files
check "wav" ended wav "$whole and $opus"
check "single" ended single "$whole and (.chunks | length) == 1"
check "microphone" ended microphone "$sounds and $opus"
check "opus" ended opus "$sounds and $opus"
check "copy" ended copy "$sounds and $opus"
check "the copy has it, too" grep -q OpusHead "$at/visit.ogg"
check "stream" ended stream "$sounds and .stream.stopped"
check "preview" ended preview "$sounds"
check "a preview comes before the end" says "final=(boolean)false"
legs='[.session.additional_data.legs[] | .label + " " + (.channel // "")] ==
  ["doctor left", "patient right"]'
check "two" ended two "$whole and $legs"
check_camera "camera" ended camera "$sounds and .chunks[0].content_type == \"audio/wav\""
check_camera "its keys are heard" says_of_newest '.session.transcript | test("DTMF digit 0")'
check_camera "rtsp" ended rtsp "$sounds and $opus"
check "call" ended call "$sounds and $legs"
check "patient" ended patient \
  '.session.patient_details.age == 61 and .session.additional_data.visit == "v-2041"'
check "token-file" ended token-file "$whole"
check "client" ended client "$whole"
check "later" ended later "$whole"
check "its transcript is printed" says "Measured by"
check "C" ended least "$whole" c
check "the document is printed" says eka_emr_template
check "Python" ended least "$whole" python
check "the chunks are counted" says "1 chunks"

check "patients" has_two_patients
check "each has the document that was asked for" \
  eval 'says eka_emr_template && says soap_template'

# Two who come in and go again, while others have no network.
be_quiet
begin unattended
room=$work/recipes/unattended-sh
service=$work/service
check "sandbox" start_service
await 10 says_line "$room/said" "Setting pipeline to PLAYING"
speak
check "folder" typed folder "$whole"
check "its results are there, too" is_in_folder
await 10 has_sessions "$room/service" 1
be_quiet
stop_service
check "offline" run offline
check "it is told where the audio is" says "To send: ekascribe outbox send"
start_service
check "outbox" typed outbox "$whole"
await 10 has_results "$room" 1
speak
stop_service
run offline
start_service
await 10 has_sessions "$room/service" 2
be_quiet
before=$(count_sessions)
check "resume" typed resume "$whole"
check "it sends what was left, too" [ "$(count_sessions)" = $((before + 2)) ]
await 10 has_results "$room" 2
kill -INT -- -"$(cat "$room/group")"
check "unattended" ends_with_two

check "webhook" start_webhook
session=$(basename "$(newest)")
check "what it is told is fetched" eval \
  'is_told "{\"event\":\"session.completed\",\"session_id\":\"$session\"}" &&
    await 10 [ -s "results/$session.json" ]'
check "unit" is_a_unit
check "every block of the page was run" all_were_run
echo "1..$number"
