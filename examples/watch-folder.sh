#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Transcribes what is put into a folder: each file once, one after the other. It
# may be killed at any moment, and goes on when it is started again.
set -u

usage ()
{
  cat <<END
Usage: examples/watch-folder.sh [OPTION...] FOLDER [PROPERTY=VALUE...]

Transcribes each audio or video file that appears in FOLDER. It is then in a
folder of its own, with what came of it:

  FOLDER/done/NAME/     recording.EXT, transcript.txt, result.json, log.txt
  FOLDER/failed/NAME/   recording.EXT, log.txt; to try again, move the recording
                        back to FOLDER

A file is taken once nothing about it has changed for some seconds. Names that
begin with a dot or end with .part, .tmp, .crdownload or ~ are left alone.
PROPERTY=VALUE are settings of ekascribesink, such as templates=eka_emr_template.
Token and API root come from the environment: EKASCRIBE_ACCESS_TOKEN,
EKASCRIBE_BASE_URL.

Options:
  --settle SECONDS  how long a file must be as it is (default: 5); 0 is
                    for files that are moved here when they are complete
  --once            end when no file is left
  -h, --help        show this
END
}

settle=5
once=no
folder=
settings=()
child=

die ()
{
  printf 'watch-folder.sh: %s\n' "$*" >&2
  exit 1
}

say ()
{
  printf '%(%F %T)T %s\n' -1 "$*"
}

parse_arguments ()
{
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --once) once=yes ;;
      --settle) [[ ${2:-} =~ ^[0-9]+$ ]] || die "--settle needs SECONDS"
        settle=$2
        shift ;;
      -*) die "unknown option $1; see --help" ;;
      *) break ;;
    esac
    shift
  done
  [ $# -gt 0 ] || die "no FOLDER; see --help"
  folder=$1
  shift
  settings=("$@")
}

# Commands run in the background, for a shell that waits for one in the
# foreground hears of no signal.
run ()
{
  "$@" &
  child=$!
  wait "$child"
  local status=$?
  child=
  return $status
}

stop ()
{
  [ -z "$child" ] || kill "$child" 2>/dev/null
  exit "$1"
}

# Whether it makes sense to begin. What the service has against us is not the
# fault of a file, which would end in failed/.
service_is_ready ()
{
  local said=.said

  run ekascribe templates --quiet --retry-time 2 >/dev/null 2>"$said"
  case $? in
    2 | 3) cat "$said" >&2
      die "nothing can be transcribed until that is mended" ;;
    4) return 1 ;;
  esac
  return 0
}

# find_files ACTION...: what may be a recording
find_files ()
{
  find . -maxdepth 1 -type f -size +0 ! -name '.*' ! -name '*.part' \
    ! -name '*.tmp' ! -name '*.crdownload' ! -name '*~' "$@"
}

# Prints the oldest file that is complete, ended by a NUL. The time of the last
# change of its inode is looked at, which nobody can set back.
next_file ()
{
  local now changed path

  printf -v now '%(%s)T' -1
  find_files -printf '%C@ %p\0' | sort -z -n | head -z -n 1 |
    # Whole seconds: a difference of one may be a moment.
    while IFS=' ' read -r -d '' changed path; do
      [ "$settle" -gt 0 ] && [ $((now - ${changed%.*})) -le "$settle" ] ||
        printf '%s\0' "$path"
    done
}

is_empty ()
{
  [ -z "$(find_files -print -quit)" ]
}

# What is at work is in .working: its name is there before the file is, so that
# whoever finds it later knows what to do.
begin ()
{
  rm -rf .beginning
  mkdir .beginning || die "cannot write to $folder"
  printf '%s\0' "$1" >.beginning/name
  mv -T .beginning .working || die "cannot write to $folder"
}

# The recording has a plain name, whatever it was called.
recording_name ()
{
  local ending=${1##*.}

  if [[ $1 == *.* && $ending =~ ^[A-Za-z0-9]{1,8}$ ]]; then
    printf 'recording.%s' "$ending"
  else
    printf 'recording'
  fi
}

# Gives the verdict: done or failed; nothing where it is not the file's fault.
transcribe ()
{
  # What an interrupted try has left is worth nothing: the recording goes to a new
  # session, and the old one, if it was not ended, expires.
  rm -f .working/result* .working/transcript* .working/log.txt
  # The file is safe here: no copy of its audio has to be kept elsewhere.
  if run gst-launch-1.0 -q filesrc location=".working/$1" ! parsebin ! \
    ekascribesink encode=opus outbox-policy=never "${settings[@]}" \
    result-location=.working/result.json \
    transcript-location=.working/transcript.txt >.working/log.txt 2>&1; then
    verdict=done
  elif service_is_ready; then
    verdict=failed
  fi
}

# Moves .working to where it belongs, in one step. A name that is taken gets a
# number.
finish ()
{
  local target=$1/$2 n=1

  while [ -e "$target" ]; do
    n=$((n + 1))
    target=$1/$2-$n
  done
  mv -T -- .working "$target" || die "cannot write to $folder/$1"
  rm -f -- "$target/name" "$target/verdict"
  say "$target"
}

# What is in .working, from wherever it stopped.
work ()
{
  local name recording verdict=

  IFS= read -r -d '' name <.working/name
  recording=$(recording_name "$name")
  if [ ! -e ".working/$recording" ] &&
    ! mv -T -- "./$name" ".working/$recording" 2>/dev/null; then
    # Somebody has taken it away.
    rm -rf .working
    return
  fi
  [ ! -e .working/verdict ] || verdict=$(cat .working/verdict)
  if [ -z "$verdict" ]; then
    say "at work: $name"
    transcribe "$recording"
    [ -n "$verdict" ] || return
    printf '%s\n' "$verdict" >.working/verdict
  fi
  finish "$verdict" "$name"
}

# Until something happens in the folder, or it is time to look again.
wait_for_files ()
{
  if command -v inotifywait >/dev/null && is_empty; then
    run inotifywait -q -q -t 60 -e close_write -e moved_to . 9>&-
  else
    run sleep 1 9>&-
  fi
}

watch_folder ()
{
  local file told=no

  while true; do
    if [ ! -d .working ]; then
      IFS= read -r -d '' file < <(next_file) || {
        [ "$once" = yes ] && is_empty && return
        wait_for_files
        continue
      }
    fi
    if ! service_is_ready; then
      [ "$told" = yes ] || say "the service does not answer; trying again"
      told=yes
      run sleep 5 9>&-
      continue
    fi
    told=no
    [ -d .working ] || begin "${file#./}"
    work
  done
}

parse_arguments "$@"
for command in gst-launch-1.0 ekascribe flock; do
  command -v "$command" >/dev/null || die "$command is not installed"
done
# Recordings and results are for their owner only.
umask 077
cd -- "$folder" || exit 1
mkdir -p done failed || die "cannot write to $folder"
exec 9>.lock
flock -n 9 || die "another one watches $folder"
trap 'stop 130' INT
trap 'stop 143' TERM
watch_folder
