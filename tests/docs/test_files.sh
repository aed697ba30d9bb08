#!/bin/sh
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every source file has a line in docs/architecture.md, and every line a file.
set -u
cd "$1" || exit 1

page=docs/architecture.md
index=$(mktemp)
files=$(mktemp)
trap 'rm -f "$index" "$files"' EXIT

# `name.[ch]` stands for name.c and name.h.
sed -n 's/^- `\([^`]*\)`: ..*$/\1/p' "$page" | while read -r entry; do
  case $entry in
    *.\[ch\]) printf '%s\n' "${entry%\[ch\]}c" "${entry%\[ch\]}h" ;;
    *) printf '%s\n' "$entry" ;;
  esac
done | sort >"$index"

# What git knows; in an unpacked archive, what is there. Seeds of fuzzers are no
# source: their folder has a line.
{ git ls-files gst tools tests examples 2>/dev/null ||
  find gst tools tests examples -type f ! -name '*.pyc'; } |
  grep -v '/meson\.build$' | sed 's|^\(tests/fuzz/corpus/\).*|\1|' | sort -u \
  >"$files"

echo 1..3
number=0
check ()
{
  number=$((number + 1))
  if [ -z "$2" ]; then
    echo "ok $number $1"
  else
    printf '# %s\n' $2
    echo "not ok $number $1"
  fi
}
check "every file has a line in $page" "$(comm -13 "$index" "$files")"
check "every line in $page has a file" "$(comm -23 "$index" "$files")"
check "no file has two lines" "$(uniq -d "$index")"
