#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds with optimisation, measures, and prints a table; see docs/benchmarks.md.
# Arguments go to bench.py (--help tells which). It never passes or fails: the
# exit code is only 1 where something could not be run.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/setup.sh"

install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" curl python3 \
  espeak-ng sox alsa-utils
build=${EKASCRIBE_BENCH_BUILD:-$root/build-bench}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { configure_build "$build" --buildtype=release -Dtests=enabled &&
  ninja -C "$build"; } >"$log" 2>&1; then
  cat "$log" >&2
  die "the build failed"
fi
exec python3 "$root/tests/bench/bench.py" --build "$build" "$@"
