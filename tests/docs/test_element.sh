#!/bin/sh
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# docs/element.md tells of every property that gst-inspect-1.0 shows, and of no
# other.
set -u
page=$1/docs/element.md
inspected=$(mktemp)
documented=$(mktemp)
trap 'rm -f "$inspected" "$documented"' EXIT

# Those of GstBin and GstObject are not ours to explain.
gst-inspect-1.0 ekascribesink | sed -n '/^Element Properties/,$p' |
  sed -n 's/^  \([a-z][a-z0-9-]*\) *: .*/\1/p' |
  grep -vxE 'name|parent|async-handling|message-forward' |
  sort >"$inspected"
sed -n '/^## The service/,/^## Messages/s/^| \(`[^|]*`\) | [^|]* | .*/\1/p' \
  "$page" | tr -d '`' | tr ',' '\n' | sed 's/^ *//; s/ *$//' |
  sort >"$documented"

echo 1..3
if [ -s "$inspected" ]; then
  echo "ok 1 gst-inspect-1.0 shows the element"
else
  echo "not ok 1 gst-inspect-1.0 shows the element"
fi
missing=$(comm -23 "$inspected" "$documented")
surplus=$(comm -13 "$inspected" "$documented")
[ -z "$missing" ] || printf '# %s\n' $missing
[ -z "$missing" ] || printf 'not '
echo "ok 2 every property is in element.md"
[ -z "$surplus" ] || printf '# %s\n' $surplus
[ -z "$surplus" ] || printf 'not '
echo "ok 3 every property in element.md exists"
