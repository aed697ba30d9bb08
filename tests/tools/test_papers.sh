#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What comes with the command: the manual, the completion, the units of systemd.
# usage: test_papers.sh SOURCE_ROOT EKASCRIBE
set -u

tool=$2
source=$1/tools/ekascribe
systemd=$1/examples/systemd
manual=$(mktemp)
outbox=$(mktemp -d)
trap 'rm -rf "$manual" "$outbox"' EXIT

number=0
check ()
{
  local name=$1
  shift

  number=$((number + 1))
  if "$@"; then
    echo "ok $number $name"
  else
    echo "not ok $number $name"
  fi
}

renders ()
{
  local complaints

  complaints=$(groff -man -Tutf8 -ww -z "$source/ekascribe.1" 2>&1)
  [ -z "$complaints" ] || printf '# %s\n' "$complaints"
  groff -man -Tutf8 -P-cbou "$source/ekascribe.1" >"$manual" 2>/dev/null
  [ -z "$complaints" ] && grep -q '^EXIT STATUS' "$manual"
}

# All options that the command shows in its help, long ones.
options ()
{
  local command

  for command in 'outbox list' 'outbox send' 'outbox export' 'outbox purge' \
    get discover templates; do
    # shellcheck disable=SC2086 # two words
    "$tool" $command --help | grep -oE -- '--[a-z-]+' | sed "s/^/$command /"
  done | sort -u
}

# @file: what has to hold them all
has_all_options ()
{
  local option missing=0

  while read -r option; do
    grep -qe "$option" "$1" || { echo "# $option is missing"; missing=1; }
  done < <(options | grep -oE -- '--[a-z-]+$' | sort -u)
  [ "$missing" -eq 0 ]
}

# What is offered at the end of a line of words.
complete_words ()
{
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _ekascribe
  printf '%s\n' "${COMPREPLY[@]}"
}

completes_commands ()
{
  [ "$(complete_words ekascribe g)" = get ] &&
    [ "$(complete_words ekascribe outbox '' | sort | tr '\n' ' ')" = \
      'export list purge send ' ]
}

completes_every_option ()
{
  local command option missing=0

  while read -r line; do
    command=${line% *}
    option=${line##* }
    # shellcheck disable=SC2086 # two words
    complete_words ekascribe $command "$option" | grep -qxE -- "$option=?" ||
      { echo "# $command $option is missing"; missing=1; }
  done < <(options)
  [ "$missing" -eq 0 ]
}

completes_names ()
{
  local name=20260712T093000Z-1f2e3d4c

  mkdir -p "$outbox/$name" "$outbox/.new-20260712T093000Z-1f2e3d4d"
  touch "$outbox/$name/lock"
  [ "$(EKASCRIBE_OUTBOX=$outbox complete_words ekascribe outbox send 2)" = \
    "$name" ] &&
    [ "$(complete_words ekascribe outbox export --outbox = "$outbox" '')" = \
      "$name" ]
}

# Every key of the units is one that systemd has; programs are not looked for.
units_are_known ()
{
  local unit

  command -v systemd-analyze >/dev/null || return 1
  for unit in "$systemd"/ekascribe-outbox.service \
    "$systemd"/ekascribe-outbox.timer; do
    if systemd-analyze verify --man=no "$unit" 2>&1 |
      grep -E 'Unknown|Failed to parse|Invalid|ignoring' | sed 's/^/# /' |
      grep .; then
      return 1
    fi
  done
}

. "$source/completion/ekascribe.bash" || exit 1
check 'the manual renders without a warning' renders
check 'the manual has every option' has_all_options "$manual"
check 'bash completes commands' completes_commands
check 'bash completes every option' completes_every_option
check 'bash completes the names of recordings' completes_names
check 'zsh knows every option' has_all_options "$source/completion/_ekascribe"
check 'systemd knows what the units say' units_are_known
echo "1..$number"
