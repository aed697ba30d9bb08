#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The quickstart as a user runs it: its exit codes, and what it prints.
# Arguments: the source folder, and a folder to build in.
set -u
script=$1/examples/quickstart.sh
export EKASCRIBE_BUILD=$2
unset EKASCRIBE_ACCESS_TOKEN EKASCRIBE_BASE_URL GST_PLUGIN_PATH_1_0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
number=0
output=
status=0

run ()
{
  output=$("$script" "$@" </dev/null 2>&1)
  status=$?
}

# check NAME COMMAND...: ok where the command succeeds
check ()
{
  local name=$1
  shift
  number=$((number + 1))
  if "$@"; then
    echo "ok $number $name"
  else
    printf '%s\n' "exit code $status" "$output" | sed 's/^/# /'
    echo "not ok $number $name"
  fi
}

prints ()
{
  [[ $output == *"$1"* ]]
}

refuses ()
{
  [ "$status" -ne 0 ] && prints "$1"
}

finishes_with ()
{
  [ "$status" -eq 0 ] && prints "$1"
}

# The sandbox that the last run started is gone.
sandbox_is_gone ()
{
  local url
  url=$(grep -o 'http://127.0.0.1:[0-9]*' <<<"$output" | head -n 1)
  [ -n "$url" ] && ! curl -s -o "$work/answer" "$url/"
}

keeps_files_private ()
{
  [ -s "$1/result.json" ] && [ -s "$1/transcript.txt" ] &&
    [ -z "$(find "$1" -type f -perm /077)" ]
}

echo 1..16
run --help
check "help is help" finishes_with "Usage: examples/quickstart.sh"
run --nonsense
check "an unknown option is refused by name" refuses "--nonsense"
run "$work/nothing.wav"
check "a missing file is refused by name" refuses "no such file: $work/nothing.wav"
run --live
check "live without a token says how to give one" \
  refuses "export EKASCRIBE_ACCESS_TOKEN"
EKASCRIBE_ACCESS_TOKEN=x run --live --transcriber cat
check "a transcriber is for the sandbox" refuses "not --live"

run --output "$work/spoken"
check "a spoken consultation comes back" finishes_with "Speech from"
check "progress is shown" prints "Progress: (upload)"
check "templates are shown" prints "clinical notes template (success)"
check "the sandbox is stopped" sandbox_is_gone
check "files are for their owner only" keeps_files_private "$work/spoken"

# A name that tries every quoting, and a picture beside the sound.
video="$work/a visit's \"first\" (part 1) & \$x\\y.mkv"
gst-launch-1.0 -q matroskamux name=m ! filesink location="$work/video.mkv" \
  videotestsrc num-buffers=50 ! video/x-raw,width=64,height=48,framerate=25/1 \
  ! jpegenc ! m. \
  audiotestsrc num-buffers=100 ! opusenc ! m. </dev/null
mv "$work/video.mkv" "$video"
run --output "$work/video out" "$video"
check "a video with an odd name comes back" finishes_with "2. Build"
check "its transcript is measured" prints "Measured by ekascribe-sandbox"

printf '#!/bin/sh\necho "the words of $(basename "$1")"\n' >"$work/words"
chmod +x "$work/words"
run --transcriber "$work/words" --output "$work/words out" "$video"
check "a transcriber gives the words" finishes_with "the words of recording.wav"

head -c 5000 /dev/urandom >"$work/noise.bin"
run "$work/noise.bin"
check "a file that holds no audio is refused" refuses "the recording failed"
check "the sandbox is stopped then, too" sandbox_is_gone

EKASCRIBE_ACCESS_TOKEN=secret-of-mine EKASCRIBE_BASE_URL=http://127.0.0.1:9 \
  run --live "$work/noise.bin"
check "no token is printed" eval '! prints secret-of-mine'
