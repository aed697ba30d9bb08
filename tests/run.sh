#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds everything with warnings as errors and runs all tests: as they are,
# under valgrind, under the address and undefined behaviour sanitizers, and
# those of the libraries under the thread sanitizer. The last line is the sum.
set -u

usage ()
{
  cat <<END
Usage: tests/run.sh [PHASE...]

Installs the Debian packages that are missing, builds, and runs all tests.
Phases, in this order where none is given:
  native    as built, with warnings of GLib and GStreamer as errors
  valgrind  under memcheck (all but the suite "native")
  asan      with -fsanitize=address,undefined
  tsan      with -fsanitize=thread: the tests of chunk, outbox and scribe
  fuzz      each fuzzer for \$EKASCRIBE_FUZZ_TIME seconds (15)

The builds are kept in build-tests/, or in \$EKASCRIBE_TEST_BUILD.
The last line is "N passed, N failed, N skipped", summed up over the phases;
the exit code is 1 if anything failed.
END
}

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$root/tools/setup.sh"

# Second players and encoders judge what we wrote and what the sandbox reads, a
# second service (python3-websockets) what we sent; alsa-utils has human speech;
# groff-base renders the manual, systemd reads its units, jq the test logs. With
# pulseaudio there is a microphone; inotify-tools wakes one example, python3-gi and
# its typelibs run others; libgstrtspserver is an RTSP camera, and two telephones
# (baresip) call each other.
TEST_PACKAGES=(valgrind clang libclang-rt-dev ffmpeg opus-tools vorbis-tools lame
  mpg123 faad sox espeak-ng alsa-utils curl jq openssl groff-base systemd
  python3 python3-websockets baresip-core pulseaudio inotify-tools python3-gi
  libgstrtspserver-1.0-dev gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0)

# Of what failed, at the very end: lines of a test, characters of a line, and
# tests; the others are only named there.
TOLD_LINES=40
TOLD_WIDTH=400
TOLD_TESTS=12

passed=0
failed=0
skipped=0

# What failed, told once more where the end of a log shows it.
# $told: the ends of the outputs, $names: a line for each.
told=
names=

# Leaves the sum as the last line, however the script ends.
finish ()
{
  if [ -n "$names" ]; then
    printf '== what failed\n%s\n%s' "$told" "$names"
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}

# keep_failure NAME [OUTPUT]: OUTPUT is told as it is, NAME in a line of its own.
keep_failure ()
{
  names+="FAILED: $1"$'\n'
  [ -z "${2:-}" ] || told+="--- $1"$'\n'"$2"$'\n'
}

# Something failed before a test could; what is there to read comes on stdin.
fail_phase ()
{
  printf 'FAILED: %s\n' "$*"
  keep_failure "$*" "$(tail -n "$TOLD_LINES" | cut -c "1-$TOLD_WIDTH")"
  failed=$((failed + 1))
}

# Counts what a log of meson's tells, in subtests where a test has some. A test
# that ended badly without a failed subtest (a crash, a leak) counts as one.
count_log ()
{
  jq -r '[.result, (.stdout // "" | gsub("\r"; ""))] | @json' "$1" |
    jq -r '. as [$result, $out]
      | [$out | split("\n")[]] as $lines
      | ([$lines[] | select (test ("^ok\\b") and (test ("# SKIP"; "i") | not))]
         | length) as $passed
      | ([$lines[] | select (test ("^not ok\\b") and (test ("# TODO") | not))]
         | length) as $failed
      | ([$lines[] | select (test ("^ok\\b.*# SKIP"; "i"))] | length) as $skipped
      | ($result == "OK" or $result == "EXPECTEDFAIL" or $result == "SKIP")
        as $good
      | if $good | not then [$passed, ([$failed, 1] | max), $skipped]
        elif $passed + $failed + $skipped > 0 then [$passed, $failed, $skipped]
        elif $result == "SKIP" then [0, 0, 1]
        else [1, 0, 0] end
      | @tsv' |
    awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

# The whole log of each test that failed.
show_failures ()
{
  jq -r 'select (.result | IN ("OK", "EXPECTEDFAIL", "SKIP") | not)
    | "\n--- \(.name): \(.result), exit code \(.returncode)\n"
      + "$ \(.command | join (" "))\n\(.stdout // "")\n\(.stderr // "")"' "$1"
}

# keep_failures PHASE LOG: what the end of the output is to tell of each: the
# subtests that failed, the last one that passed, and the last lines, without what
# valgrind says of system calls. Why a test stopped stands in the line that names it,
# too: little may be kept of a log.
keep_failures ()
{
  local count=0 name output

  while IFS= read -r -d '' name && IFS= read -r -d '' output; do
    count=$((count + 1))
    [ "$count" -le "$TOLD_TESTS" ] || output=
    keep_failure "$1: $name" "$output"
  done < <(jq -j --argjson lines "$TOLD_LINES" --argjson width "$TOLD_WIDTH" '
    def last_lines: gsub("\\s+$"; "") | split ("\n")
      | map (select (test ("^--[0-9]+-- ") | not))[-$lines:]
      | map (.[:$width]) | join ("\n");
    select (.result | IN ("OK", "EXPECTEDFAIL", "SKIP") | not)
    | [(.stdout // "") | split ("\n")[]] as $out
    | [([$out[] | select (test ("^ok\\b"))][-1:] | map ("passed last: " + .)[]),
       ([$out[] | select (test ("^not ok\\b|^Bail out!"))][:10])[]] as $bad
    | ([$out[] | select (test ("^Bail out!"))][:1] | map (": " + .[:$width]) | add // "")
      as $why
    | "\(.name | sub ("^.* / "; "")) (\(.result), exit code \(.returncode))\($why)\u0000",
      "\($bad | map (.[:$width] + "\n") | add // "")\(
        "\(.stdout // "")\n\(.stderr // "")" | last_lines)\u0000"' "$2")
}

# Reasons of the tests that could not run here.
show_skips ()
{
  jq -r '.stdout // ""' "$1" | grep -iE '^(ok|1\.\.0).*# SKIP' |
    sed 's/^/skipped: /'
}

# Tests at once: most wait for a network or a clock, but for those that a checker
# makes slow.
count_processes ()
{
  local cores

  cores=$(nproc)
  case $1 in
    valgrind | tsan) echo $((cores + 1)) ;;
    *) echo $((cores * 2)) ;;
  esac
}

# run_phase NAME FOLDER [ARGUMENT OF MESON TEST...]
run_phase ()
{
  local name=$1 folder=$2 began=$SECONDS log sums
  shift 2

  log=$folder/meson-logs/testlog-$name.json
  rm -f "$log"
  meson test -C "$folder" --no-rebuild --setup "$name" \
    --num-processes "$(count_processes "$name")" --logbase "testlog" "$@" </dev/null
  if [ ! -s "$log" ]; then
    fail_phase "$name: meson ran no tests" </dev/null
    return
  fi
  read -r -a sums <<<"$(count_log "$log")"
  show_failures "$log"
  keep_failures "$name" "$log"
  show_skips "$log"
  passed=$((passed + sums[0]))
  failed=$((failed + sums[1]))
  skipped=$((skipped + sums[2]))
  printf '== %s: %d passed, %d failed, %d skipped in %d s\n\n' "$name" \
    "${sums[@]}" $((SECONDS - began))
}

# list_targets FOLDER: what build() makes there.
list_targets ()
{
  if [ -z "${folders:-}" ]; then
    echo "${target:-all}"
    return
  fi
  meson introspect --targets "$1" </dev/null |
    jq -r --arg root "$(cd "$1" && pwd)/" --arg folders "/tests/($folders)/[^/]*$" '
      .[] | select (.defined_in | test ($folders)) | .filename[] | ltrimstr ($root)'
}

# build FOLDER [OPTION OF MESON...]: silent unless it fails; $target: not all, but
# that one; $folders: not all, but what is defined in these folders (a pattern)
build ()
{
  local folder=$1 began=$SECONDS log
  shift

  mkdir -p "$folder"
  log=$folder.log
  if configure_build "$folder" -Dwerror=true "$@" >"$log" 2>&1 </dev/null &&
    list_targets "$folder" | xargs ninja -C "$folder" >>"$log" 2>&1; then
    printf '== built %s in %d s\n' "${folder##*/}" $((SECONDS - began))
    return 0
  fi
  cat "$log"
  fail_phase "the build in $folder" <"$log"
  return 1
}

phase_native ()
{
  build "$builds/native" && run_phase native "$builds/native"
}

phase_valgrind ()
{
  build "$builds/native" && run_phase valgrind "$builds/native"
}

phase_asan ()
{
  # b_lundef: a plugin finds the sanitizer's functions in the program.
  build "$builds/asan" -Db_sanitize=address,undefined -Db_lundef=false &&
    run_phase asan "$builds/asan"
}

phase_tsan ()
{
  folders="chunk|fuzz|outbox|scribe" build "$builds/tsan" -Db_sanitize=thread \
    -Db_lundef=false &&
    run_phase tsan "$builds/tsan" --suite chunk --suite outbox --suite scribe
}

# run_fuzzer NAME FOLDER: one fuzzer, with what it finds and says in FOLDER.
run_fuzzer ()
{
  local name=$1 found=$2 leaks=1

  mkdir -p "$found/$name"
  # See tests/fuzz/meson.build.
  [ "$name" != unwrap ] || leaks=0
  ASAN_OPTIONS=detect_leaks=$leaks \
    "$builds/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$fuzz_time" \
    -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$found/$name-" "$found/$name" \
    "$root/tests/fuzz/corpus/$name" >"$found/$name.log" 2>&1 </dev/null
}

# Each fuzzer counts as one test, and has a processor. What it finds is kept beside
# the build.
phase_fuzz ()
{
  local name began=$SECONDS found=$builds/fuzz/found good=0 bad=0
  local -A running=()
  local names=(packet file chunker journal unwrap descriptor)

  target=fuzzers build "$builds/fuzz" --native-file "$root/tests/fuzz/clang.ini" -Dfuzz=true \
    -Db_sanitize=address,undefined -Db_lundef=false || return
  mkdir -p "$found"
  for name in "${names[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
      wait -n
    done
    run_fuzzer "$name" "$found" &
    running[$name]=$!
  done
  for name in "${names[@]}"; do
    if wait "${running[$name]}"; then
      good=$((good + 1))
      printf 'fuzz_%s: %s runs\n' "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$name.log")"
    else
      bad=$((bad + 1))
      tail -n 60 "$found/$name.log"
      printf 'FAILED: fuzz_%s\n' "$name"
      keep_failure "fuzz: fuzz_$name" \
        "$(tail -n "$TOLD_LINES" "$found/$name.log" | cut -c "1-$TOLD_WIDTH")"
    fi
  done
  passed=$((passed + good))
  failed=$((failed + bad))
  printf '== fuzz: %d passed, %d failed, 0 skipped in %d s\n\n' "$good" "$bad" \
    $((SECONDS - began))
}

# Nothing of the user's may reach the tests: neither a broken registry of
# plugins, nor a proxy, nor a credential.
clean_environment ()
{
  local name

  for name in $(compgen -e); do
    case $name in
      GST_* | EKASCRIBE_* | G_MESSAGES_DEBUG | G_DEBUG | *_proxy | *_PROXY)
        unset "$name" ;;
    esac
  done
  mkdir -p "$builds/home"
  export HOME=$builds/home LC_ALL=C.UTF-8
  export XDG_CACHE_HOME=$HOME/cache XDG_CONFIG_HOME=$HOME/config
  export XDG_DATA_HOME=$HOME/data XDG_STATE_HOME=$HOME/state
  export GSETTINGS_BACKEND=memory GIO_USE_VFS=local
}

phases=()
for argument in "$@"; do
  case $argument in
    native | valgrind | asan | tsan | fuzz) phases+=("$argument") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[ ${#phases[@]} -gt 0 ] || phases=(native valgrind asan tsan fuzz)

fuzz_time=${EKASCRIBE_FUZZ_TIME:-15}
builds=${EKASCRIBE_TEST_BUILD:-$root/build-tests}
mkdir -p "$builds" || die "cannot write to $builds"
if ! (install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" \
  "${TEST_PACKAGES[@]}"); then
  fail_phase "the set-up" </dev/null
  finish
fi
printf '== set up in %d s\n' "$SECONDS"
clean_environment
cd "$root" || exit 1

# One registry of plugins for all that follows, made outside of valgrind.
gst-inspect-1.0 --version >/dev/null

for phase in "${phases[@]}"; do
  "phase_$phase"
done
printf '== all in %d s\n' "$SECONDS"
finish
