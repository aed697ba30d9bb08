#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From a bare Debian 12 to a transcript: installs, builds, starts the service on
# this machine, records a consultation through ekascribesink, shows what came
# back, and stops the service.
set -u

usage ()
{
  cat <<END
Usage: examples/quickstart.sh [OPTION...] [FILE]

Records FILE (any audio or video), or a short consultation spoken by two
synthetic voices, through ekascribesink, and prints transcript and templates.
The service is ekascribe-sandbox on this machine, on a free port: no account
is needed and nothing leaves this machine. Missing Debian packages are installed
with apt-get (with sudo where you are not root).

Options:
  --transcriber COMMAND  what the sandbox runs on the recording to get words: a
                         program that takes a WAV file and prints text. Without
                         it the transcript tells what the signal holds
  --live                 send the recording to the real service. The
                         environment variable EKASCRIBE_ACCESS_TOKEN holds the
                         token, EKASCRIBE_BASE_URL the API root if it is not
                         the usual one
  --output FOLDER        keep recording and results here (default: a new folder
                         in \${TMPDIR:-/tmp})
  -h, --help             show this

The build is kept in build-quickstart/, or in \$EKASCRIBE_BUILD.
END
}

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$root/tools/setup.sh"

templates=eka_emr_template,clinical_notes_template
live=no
transcriber=
output=
file=
sandbox_pid=

bold=
plain=
if [ -t 1 ]; then
  bold=$'\e[1m'
  plain=$'\e[0m'
fi

say ()
{
  printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

parse_arguments ()
{
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --live) live=yes ;;
      --transcriber | --output)
        [ $# -gt 1 ] || die "$1 needs a value; see --help"
        [ "$1" = --output ] && output=$2 || transcriber=$2
        shift ;;
      --transcriber=*) transcriber=${1#*=} ;;
      --output=*) output=${1#*=} ;;
      --) shift; [ $# -eq 0 ] || file=$1; break ;;
      -*) die "unknown option $1; see --help" ;;
      *) [ -z "$file" ] || die "one FILE at a time; see --help"
        file=$1 ;;
    esac
    shift
  done
}

check_arguments ()
{
  if [ -n "$file" ]; then
    [ -f "$file" ] || die "no such file: $file"
    [ -r "$file" ] || die "not allowed to read $file"
    file=$(realpath "$file")
  fi
  [ "$live" = no ] && return
  [ -n "${EKASCRIBE_ACCESS_TOKEN:-}" ] ||
    die "--live needs a token: export EKASCRIBE_ACCESS_TOKEN=..."
  [ -z "$transcriber" ] || die "--transcriber is for the sandbox, not --live"
}

build ()
{
  local log=$output/build.log

  printf 'Building in %s\n' "$build"
  if ! { configure_build "$build" -Dtests=disabled &&
    ninja -C "$build"; } >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    die "the build failed; all of it is in $log"
  fi
  rm -f "$log"

  # The plugin of this build, in a registry of its own: nothing is installed
  # into the system and the user's registry stays as it is.
  unset GST_PLUGIN_PATH_1_0 GST_REGISTRY_1_0
  export GST_PLUGIN_PATH=$build/gst/ekascribe
  export GST_REGISTRY=$build/registry.bin
  gst-inspect-1.0 ekascribesink >"$output/inspect.log" 2>&1 ||
    die "GStreamer does not find the plugin: $(tail -n 5 "$output/inspect.log")"
  rm -f "$output/inspect.log"
}

# One line of the consultation: who, in which voice, says what.
speak ()
{
  local line

  printf '  %-8s %s\n' "$1" "$3"
  line=$(printf '%s/%02d.wav' "$work" "$lines")
  espeak-ng -v "$2" -s 150 -w "$line" "$3" ||
    die "espeak-ng could not speak"
  sources+=(filesrc "location=$line" ! wavparse ! c.)
  lines=$((lines + 1))
}

# Two voices, then all lines in a row as one file.
speak_consultation ()
{
  local sources=() lines=0
  local doctor=(Doctor: en-gb) patient=(Patient: en-us+f3)

  printf 'Two synthetic voices speak:\n'
  speak "${doctor[@]}" "Good morning. What brings you here today?"
  speak "${patient[@]}" "I have had a headache and a fever since Monday."
  speak "${doctor[@]}" "How high is the fever? And do you have a cough?"
  speak "${patient[@]}" "One hundred and one this morning. No cough."
  speak "${patient[@]}" "But my throat hurts."
  speak "${doctor[@]}" "Are you allergic to any medicine?"
  speak "${patient[@]}" "Yes. To penicillin."
  speak "${doctor[@]}" "Then please take paracetamol, five hundred milligrams,"
  speak "${doctor[@]}" "three times a day, for three days."
  speak "${doctor[@]}" "If the fever is not gone by Friday, come back."
  speak "${patient[@]}" "Thank you, doctor."
  printf '\n'
  gst-launch-1.0 -q concat name=c ! wavenc ! \
    filesink "location=$work/consultation.wav" "${sources[@]}" ||
    die "the consultation could not be put together"
  file=$output/consultation.wav
  mv "$work/consultation.wav" "$file" || die "cannot write $file"
}

# Starts the service on a free port, and sets base_url to the line it prints.
start_sandbox ()
{
  local arguments=(--port 0 --quiet --directory "$output/sandbox")

  [ -z "$transcriber" ] || arguments+=(--transcriber "$transcriber")
  mkfifo "$work/ready" || die "cannot write to $work"
  "$build/tools/sandbox/ekascribe-sandbox" "${arguments[@]}" \
    >"$work/ready" 2>"$work/sandbox.log" </dev/null &
  sandbox_pid=$!
  if ! read -r -t 30 base_url <"$work/ready"; then
    cat "$work/sandbox.log" >&2
    die "ekascribe-sandbox did not start"
  fi
  printf 'The service on this machine listens at %s\n' "$base_url"
}

# gst-launch-1.0 takes a backslash for an escape.
escape ()
{
  printf '%s' "${1//\\/\\\\}"
}

# For humans: a command as they would type it.
show_command ()
{
  local word text=

  for word in "$@"; do
    case $word in
      !) text+=' \'$'\n''    !' ;;
      *[[:space:]\'\"\\\&\;\(\)\*\?\$]*) text+=" $(printf %q "$word")" ;;
      *) text+=" $word" ;;
    esac
  done
  printf '  %s\n\n' "${text# }"
}

record ()
{
  local command status

  # decodebin takes whatever it is, and only the audio of it.
  command=(gst-launch-1.0 -e filesrc "location=$(escape "$file")"
    ! decodebin caps=audio/x-raw expose-all-streams=false
    ! audioconvert ! audioresample ! opusenc
    ! ekascribesink "${settings[@]}")
  printf '  export GST_PLUGIN_PATH=%q\n' "$GST_PLUGIN_PATH"
  show_command "${command[@]}"
  "${command[@]}" </dev/null
  status=$?
  [ $status -eq 0 ] || die "the recording failed (exit code $status)"
}

# The documents, member by member, as indented text.
show_documents ()
{
  jq -r '
    def words: gsub ("_"; " ");
    def show($indent):
      if type == "object" then
        to_entries[]
        | if (.value | type) == "object" or (.value | type) == "array" then
            if (.value | length) == 0 then empty
            else "\($indent)\(.key | words):", (.value | show ($indent + "  "))
            end
          elif .value == null or .value == "" then empty
          else "\($indent)\(.key | words): \(.value)" end
      elif type == "array" then
        .[]
        | if type == "object" and (map (scalars) | length) == length then
            $indent + "- "
              + (to_entries | map ("\(.key | words) \(.value)") | join (", "))
          elif type == "object" or type == "array" then
            $indent + "-", show ($indent + "  ")
          else "\($indent)- \(.)" end
      else "\($indent)\(.)" end;

    (.templates // [])
    | if type == "array" then [.[] | to_entries[]] else to_entries end
    | .[]
    | "\n\(.key | words) (\(.value.status // "no status"))",
      (if .value.error != null then
         "  \(.value.error.code): \(.value.error.message)"
       else empty end),
      (.value.data // empty
       | (if type == "string" then (try fromjson catch .) else . end)
       | show ("  "))' "$1"
}

# Stops the service, whatever happened, and takes away what nobody wants.
clean_up ()
{
  if [ -n "$sandbox_pid" ]; then
    kill "$sandbox_pid" 2>/dev/null
    wait "$sandbox_pid" 2>/dev/null
  fi
  [ -z "${work:-}" ] || rm -rf "$work"
}

parse_arguments "$@"
check_arguments
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "1. Debian packages"
install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" espeak-ng jq ||
  exit 1
printf 'All there.\n'

# Recordings and results are for their owner only.
umask 077
work=$(mktemp -d) || die "cannot make a temporary folder"
if [ -n "$output" ]; then
  mkdir -p "$output" || die "cannot make $output"
  output=$(realpath "$output")
else
  output=$(mktemp -d "${TMPDIR:-/tmp}/ekascribe-XXXXXX") ||
    die "cannot make a folder in ${TMPDIR:-/tmp}"
fi
rm -f "$output/result.json" "$output/transcript.txt"

say "2. Build"
build=${EKASCRIBE_BUILD:-$root/build-quickstart}
build

say "3. The service"
settings=("templates=$templates" session-mode=consultation model=pro
  "result-location=$(escape "$output/result.json")"
  "transcript-location=$(escape "$output/transcript.txt")")
if [ "$live" = yes ]; then
  printf 'The recording goes to %s\n' \
    "${EKASCRIBE_BASE_URL:-https://api.eka.care/voice/v1}"
else
  start_sandbox
  # The real token is no business of the sandbox, and a proxy can't reach it.
  export EKASCRIBE_ACCESS_TOKEN=sandbox
  # What is left of a try with the sandbox is worth nothing.
  export EKASCRIBE_OUTBOX=$work/outbox
  export no_proxy=127.0.0.1${no_proxy:+,$no_proxy}
  settings=("base-url=$base_url" "${settings[@]}")
fi

say "4. The recording"
if [ -z "$file" ]; then
  speak_consultation
  settings+=(language-hint=en)
fi
record

say "5. Transcript"
if [ -s "$output/transcript.txt" ]; then
  cat "$output/transcript.txt"
  # The file ends where the transcript does.
  printf '\n'
else
  printf '(none)\n'
fi

say "6. Templates"
show_documents "$output/result.json" || die "the result could not be read"

say "Done."
if [ "$live" = no ] && [ -z "$transcriber" ]; then
  printf '%s\n' "The sandbox measures; for words, give it a recogniser with" \
    "--transcriber, or ask the real service with --live."
fi
printf 'Everything is kept in %s\n' "$output"
