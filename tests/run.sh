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
# groff-base renders the manual, systemd reads its units, jq the test logs.
TEST_PACKAGES=(valgrind clang libclang-rt-dev ffmpeg opus-tools vorbis-tools lame
  mpg123 faad sox espeak-ng alsa-utils curl jq openssl groff-base systemd
  python3 python3-websockets)

passed=0
failed=0
skipped=0

# Leaves the sum as the last line, however the script ends.
finish ()
{
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}

# Something failed before a test could.
fail_phase ()
{
  printf 'FAILED: %s\n' "$*"
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

# Reasons of the tests that could not run here.
show_skips ()
{
  jq -r '.stdout // ""' "$1" | grep -iE '^(ok|1\.\.0).*# SKIP' |
    sed 's/^/skipped: /'
}

# run_phase NAME FOLDER [ARGUMENT OF MESON TEST...]
run_phase ()
{
  local name=$1 folder=$2 began=$SECONDS log sums
  shift 2

  log=$folder/meson-logs/testlog-$name.json
  rm -f "$log"
  meson test -C "$folder" --no-rebuild --setup "$name" \
    --logbase "testlog" "$@" </dev/null
  if [ ! -s "$log" ]; then
    fail_phase "$name: meson ran no tests"
    return
  fi
  read -r -a sums <<<"$(count_log "$log")"
  show_failures "$log"
  show_skips "$log"
  passed=$((passed + sums[0]))
  failed=$((failed + sums[1]))
  skipped=$((skipped + sums[2]))
  printf '== %s: %d passed, %d failed, %d skipped in %d s\n\n' "$name" \
    "${sums[@]}" $((SECONDS - began))
}

# build FOLDER [OPTION OF MESON...]: silent unless it fails; $target: not all
build ()
{
  local folder=$1 began=$SECONDS log
  shift

  mkdir -p "$folder"
  log=$folder.log
  if configure_build "$folder" -Dwerror=true "$@" >"$log" 2>&1 </dev/null &&
    ninja -C "$folder" "${target:-all}" >>"$log" 2>&1 </dev/null; then
    printf '== built %s in %d s\n' "${folder##*/}" $((SECONDS - began))
    return 0
  fi
  cat "$log"
  fail_phase "the build in $folder"
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
  build "$builds/tsan" -Db_sanitize=thread -Db_lundef=false &&
    run_phase tsan "$builds/tsan" --suite chunk --suite outbox --suite scribe
}

# Each fuzzer counts as one test. What it finds is kept beside the build.
phase_fuzz ()
{
  local name leaks began=$SECONDS found=$builds/fuzz/found good=0 bad=0

  target=fuzzers build "$builds/fuzz" --native-file "$root/tests/fuzz/clang.ini" -Dfuzz=true \
    -Db_sanitize=address,undefined -Db_lundef=false || return
  for name in packet file chunker journal unwrap descriptor; do
    mkdir -p "$found/$name"
    # See tests/fuzz/meson.build.
    [ "$name" = unwrap ] && leaks=0 || leaks=1
    if ASAN_OPTIONS=detect_leaks=$leaks \
      "$builds/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$fuzz_time" \
      -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
      -artifact_prefix="$found/$name-" "$found/$name" \
      "$root/tests/fuzz/corpus/$name" >"$found/$name.log" 2>&1 </dev/null; then
      good=$((good + 1))
      printf 'fuzz_%s: %s runs\n' "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$name.log")"
    else
      bad=$((bad + 1))
      tail -n 60 "$found/$name.log"
      printf 'FAILED: fuzz_%s\n' "$name"
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
  fail_phase "the set-up"
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
