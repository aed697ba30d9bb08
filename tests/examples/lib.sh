# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the tests of examples and pages share: TAP, a sandbox, waiting. To be
# sourced by bash, with $sandbox set.

work=$(mktemp -d)
pids=()
number=0
: >"$work/said"
unset EKASCRIBE_ACCESS_TOKEN EKASCRIBE_BASE_URL GST_PLUGIN_PATH_1_0
export HOME=$work TMPDIR=$work EKASCRIBE_OUTBOX=$work/outbox

# What is still running is ended, whatever happened.
clean_up ()
{
  local pid
  for pid in "${pids[@]}"; do
    kill -CONT "$pid" 2>/dev/null
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  rm -rf "$work"
}
trap clean_up EXIT

# check NAME COMMAND...: ok where the command succeeds; else $work/said is shown
check ()
{
  local name=$1
  shift
  number=$((number + 1))
  if "$@"; then
    echo "ok $number $name"
  else
    tail -n 40 "$work/said" | sed 's/^/# /'
    echo "not ok $number $name"
  fi
}

# await SECONDS COMMAND...: until it succeeds
await ()
{
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# serve [OPTION...]: a sandbox on a free port; sets base and service
serve ()
{
  service=$(mktemp -d "$work/service-XXXXXX")
  "$sandbox" --quiet --port 0 --directory "$service" "$@" >"$service.url" &
  pids+=($!)
  await 10 [ -s "$service.url" ] || return 1
  base=$(cat "$service.url")
}

# sessions: the folders of all sessions that were created, the oldest first
sessions ()
{
  find "$service" -mindepth 1 -maxdepth 1 -type d -printf '%C@ %p\n' |
    sort -n | cut -d ' ' -f 2-
}

# count FOLDER PATTERN: files of that name
count ()
{
  find "$1" -mindepth 1 -maxdepth 1 -name "$2" -printf x 2>/dev/null | wc -c
}

says ()
{
  grep -qF -- "$1" "$work/said"
}

# speech FILE: two seconds of a voice, as WAV of 16 kHz
speech ()
{
  gst-launch-1.0 -q audiotestsrc wave=pink-noise num-buffers=100 \
    samplesperbuffer=320 volume=0.5 ! audio/x-raw,rate=16000,channels=1 ! \
    wavenc ! filesink location="$1"
}

# digits FILE DIGITS: raw samples (S16LE, mono, 16 kHz): the DTMF digits, with 0.3 s
# of silence before them, in which a session can end, and 1.5 s behind them
digits ()
{
  python3 - "$1" "$2" <<'END'
import array, math, sys
KEYS = {key: (low, high) for low, row in
        zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"))
        for high, key in zip((1209, 1336, 1477, 1633), row)}
samples = array.array("h", [0] * 4800)
for digit in sys.argv[2]:
    low, high = KEYS[digit]
    samples.extend(round(8000 * (math.sin(2 * math.pi * low * i / 16000)
                                 + math.sin(2 * math.pi * high * i / 16000)))
                   for i in range(2400))
    samples.extend([0] * 1600)
samples.extend([0] * 24000)
with open(sys.argv[1], "wb") as file:
    samples.tofile(file)
END
}

# heard SESSION: the digits that the sandbox has heard so far
heard ()
{
  curl -s --noproxy '*' "$base/sessions/$1" -H "Authorization: Bearer ${token:-x}" |
    jq -r .transcript | sed -n 's/^DTMF digit \(.\).*/\1/p' | tr -d '\n'
}

# has_heard SESSION DIGITS
has_heard ()
{
  [ "$(heard "$1")" = "$2" ]
}
