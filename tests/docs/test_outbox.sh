#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# docs/outbox.md: every file of a session is told of, and what it says to type
# works. Arguments: the source folder, the sandbox, the command.
set -u
page=$1/docs/outbox.md
sandbox=$2
command=$3

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
unset EKASCRIBE_ACCESS_TOKEN EKASCRIBE_BASE_URL GST_PLUGIN_PATH_1_0
export HOME=$work
export XDG_STATE_HOME=$HOME/.local/state
export EKASCRIBE_OUTBOX=$XDG_STATE_HOME/ekascribe
PATH=$(dirname "$command"):$PATH
number=0
output=

# check NAME COMMAND...: ok where the command succeeds
check ()
{
  local name=$1
  shift
  number=$((number + 1))
  if "$@"; then
    echo "ok $number $name"
  else
    sed 's/^/# /' "$work/said"
    echo "not ok $number $name"
  fi
}

# block KIND N: the N-th block of that kind
block ()
{
  awk -v kind="$1" -v n="$2" '
    $0 == "```" { inside = 0 }
    inside { print }
    $0 == "```" kind { inside = ++found == n }' "$page"
}

# type_in KIND N: as a person would, who stops where something fails
type_in ()
{
  block "$1" "$2" >"$work/block"
  [ -s "$work/block" ] && bash -eu -o pipefail "$work/block" >"$work/said" 2>&1
}

# Half a minute that no service wants.
leave ()
{
  gst-launch-1.0 -q audiotestsrc num-buffers=1500 samplesperbuffer=960 ! \
    audio/x-raw,rate=48000,channels=1 ! opusenc ! ekascribesink \
    base-url=http://127.0.0.1:9/voice/v1 outbox-policy=always retry-time=0 \
    max-chunk-duration=5000000000 >"$work/said" 2>&1
  folder=$(echo "$EKASCRIBE_OUTBOX"/2*)
  [ -d "$folder" ]
}

says ()
{
  grep -qF -- "$1" "$work/said"
}

# Each file, with its numbers left out, is in the listing of the page.
layout_is_told ()
{
  local name
  for name in "$folder"/*; do
    name=$(basename "$name" | sed 's/[0-9].*//')
    block "" 1 | grep -q "^    $name" || { echo "$name" >"$work/said"; return 1; }
  done
}

lasts_30_seconds ()
{
  local seconds
  seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$1")
  [[ $seconds == 29.9* || $seconds == 30.0* ]]
}

serve ()
{
  "$sandbox" --quiet --port 0 --directory "$work/service" --token "$token" \
    >"$work/url" &
  server=$!
  while [ ! -s "$work/url" ] && kill -0 "$server" 2>/dev/null; do
    sleep 0.05
  done
  base=$(cat "$work/url")
}

# Get Session, until the results are there
is_completed ()
{
  local i
  for i in $(seq 100); do
    tail -n 1 "$work/block" | id=$1 bash -eu >"$work/said" 2>"$work/errors" || return 1
    [ "$(jq -r .status "$work/said")" != processing ] && break
    sleep 0.1
  done
  [ "$(jq -r .status "$work/said")" = completed ]
}

is_gone ()
{
  [ ! -e "$folder" ]
}

# As systemd's timer does.
clean ()
{
  block tmpfiles 1 >"$work/ekascribe.conf"
  [ -s "$work/ekascribe.conf" ] &&
    systemd-tmpfiles --user --clean "$work/ekascribe.conf" >"$work/said" 2>&1
}

echo 1..13
token=token-of-this-test
export folder output base token
check "a recording is left" leave
check "every file of it is in the layout" layout_is_told
check "what is there can be looked at" type_in "sh by-hand" 1
check "it says what is in it" says "audio/ogg;codecs=opus"

output=$work/all.wav
check "all chunks make one file" type_in "sh by-hand" 2
check "nothing is missing in it" lasts_30_seconds "$output"

serve
check "it can be sent with curl" type_in "sh by-hand" 3
session=$(basename "$work"/service/ses_*)
check "the results come" is_completed "$session"
check "the service has all of it" \
  lasts_30_seconds "$work/service/$session/recording.wav"

check "what is new is kept" type_in "sh retention" 1
check "it is still there" [ -d "$folder" ]
sed -i 's/"started_at": "20../"started_at": "2001/' "$folder/session.json"
type_in "sh retention" 1
check "what is old is removed" is_gone

if ! type systemd-tmpfiles >/dev/null 2>&1; then
  echo "ok 13 systemd-tmpfiles removes what is old # SKIP not installed"
  exit
fi
leave
mkdir "$EKASCRIBE_OUTBOX/20010101T000000Z-00000000"
touch "$EKASCRIBE_OUTBOX/20010101T000000Z-00000000/audio_0.ogg"
find "$EKASCRIBE_OUTBOX/20010101T000000Z-00000000" -exec touch -d 2001-01-01 {} +
clean
check "systemd-tmpfiles removes what is old" \
  eval '[ -d "$folder" ] && [ ! -e "$EKASCRIBE_OUTBOX/20010101T000000Z-00000000/audio_0.ogg" ]'
