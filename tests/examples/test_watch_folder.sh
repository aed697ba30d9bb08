#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples/watch-folder.sh: every file once, whatever it is called, and whatever
# happens meanwhile. Arguments: the source folder, the sandbox, the command.
set -u
script=$1/examples/watch-folder.sh
sandbox=$(realpath "$2")
PATH=$(dirname "$(realpath "$3")"):$PATH
. "$1/tests/examples/lib.sh"

folder="$work/a folder"
mkdir "$folder" "$work/bin"

# watch [ARGUMENT...]: in a group of its own, so that all of it can be killed
watch ()
{
  EKASCRIBE_BASE_URL=$base EKASCRIBE_ACCESS_TOKEN=$token \
    setsid "$script" --settle "$settle" "$@" "$folder" \
    templates=soap_template poll-interval=50000000 >>"$work/said" 2>&1 &
  watcher=$!
  pids+=($watcher)
}

settle=0
# finish: what is there is transcribed, and the script ends
finish ()
{
  watch --once
  wait $watcher
}

is_done ()
{
  local at="$folder/done/$1"
  [ -s "$at/transcript.txt" ] && [ -e "$at/log.txt" ] &&
    [ "$(jq -r .status "$at/result.json")" = completed ] &&
    [ "$(count "$at" 'recording*')" = 1 ] && [ "$(count "$at" '*')" = 4 ]
}

crash ()
{
  kill -9 -- -$watcher
  wait $watcher 2>/dev/null
  true
}

is_at_work ()
{
  [ -d "$folder/.working" ]
}

is_processed ()
{
  grep -qs '"status" : "processing"' "$service"/ses_*/session.json
}

echo 1..22
token=token-of-this-test
check "a service starts" serve --token "$token"
speech "$work/speech.wav"

odd="a visit's \"first\" (part 1) & \$x\\y%s;*.wav"
cp "$work/speech.wav" "$folder/$odd"
cp "$work/speech.wav" "$folder/-o.WAV"
cp "$work/speech.wav" "$folder/"$'two\nlines.wav'
cp "$work/speech.wav" "$folder/no ending"
gst-launch-1.0 -q matroskamux name=m ! filesink location="$folder/a.mkv" \
  videotestsrc num-buffers=25 ! video/x-raw,width=64,height=48 ! jpegenc ! m. \
  audiotestsrc num-buffers=50 ! opusenc ! m. </dev/null
printf 'No audio at all.\n' >"$folder/notes.txt"
cp "$work/speech.wav" "$folder/.hidden.wav"
cp "$work/speech.wav" "$folder/download.wav.part"
: >"$folder/empty.wav"
check "all that is there is transcribed" finish
check "a name with all sorts of characters" is_done "$odd"
check "a name that looks like an option" is_done -o.WAV
check "a name of two lines" is_done $'two\nlines.wav'
check "a name without ending" is_done "no ending"
check "a video" is_done a.mkv
check "what is no audio has failed, with the reason" \
  grep -q ERROR "$folder/failed/notes.txt/log.txt"
check "the rest is left alone" \
  eval '[ -s "$folder/.hidden.wav" ] && [ -s "$folder/download.wav.part" ] &&
    [ -e "$folder/empty.wav" ]'
check "each file made one session" [ "$(sessions | wc -l)" = 5 ]
check "results are for their owner only" \
  [ -z "$(find "$folder/done" "$folder/failed" -type f -name '*t.*' -perm /077)" ]
rm "$folder/.hidden.wav" "$folder/download.wav.part"

settle=2
watch
check "the second one for the same folder is refused" \
  eval 'await 5 test -e "$folder/.lock" && sleep 0.3 &&
    ! "$script" "$folder" >"$work/said" 2>&1 && says "another one watches"'
# It grows for longer than it has to rest.
for i in 1 2 3 4; do
  head -c $((i * 16000)) "$work/speech.wav" | tail -c 16000 >>"$folder/grows.wav"
  sleep 0.5
done
[ -d "$folder/done/grows.wav" ] && early=yes || early=no
check "a new file is transcribed" await 10 is_done grows.wav
check "not before it was complete" [ "$early" = no ]
jq '.templates[0][].data.audio_ms' "$folder/done/grows.wav/result.json" \
  >"$work/said"
check "all of it was sent" says 1999
kill $watcher
wait $watcher
check "a signal ends it" [ $? -eq 143 ]

settle=0
cp "$work/speech.wav" "$folder/grows.wav"
check "another of the same name has a place of its own" \
  eval 'finish && is_done grows.wav-2'

# A service that takes its time, and a crash while it does.
serve --token "$token" --processing-time 1.5
cp "$work/speech.wav" "$folder/crash.wav"
watch
await 10 is_processed
crash
check "a crash leaves it where it is found" is_at_work
check "the next run goes on with it" \
  eval 'finish && is_done crash.wav && ! is_at_work'

# Nobody there, and then somebody: nothing fails for that.
base=http://127.0.0.1:9/voice/v1
cp "$work/speech.wav" "$folder/later.wav"
watch
check "without a service it waits" await 20 says "does not answer"
crash
serve --token "$token"
check "and goes on when there is one" eval 'finish && is_done later.wav'
token=wrong
cp "$work/speech.wav" "$folder/kept.wav"
check "with a wrong token it ends, and leaves files alone" \
  eval '! finish && [ -e "$folder/kept.wav" ] && [ ! -e "$folder/failed/kept.wav" ]'
