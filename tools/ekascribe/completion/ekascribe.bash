# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of ekascribe(1) for bash, which sources it by itself where it is
# installed.

# The names of the recordings in the outbox of this command line.
_ekascribe_names ()
{
  local outbox=${EKASCRIBE_OUTBOX:-${XDG_STATE_HOME:-$HOME/.local/state}/ekascribe}
  local i folder

  for ((i = 1; i < COMP_CWORD; i++)); do
    # The = of --outbox=FOLDER is a word of its own.
    [[ ${COMP_WORDS[i]} == --outbox ]] || continue
    outbox=${COMP_WORDS[i + 1]}
    [[ $outbox != = ]] || outbox=${COMP_WORDS[i + 2]}
  done
  for folder in "$outbox"/[0-9]*/; do
    folder=${folder%/}
    [[ ! -e $folder/lock ]] || printf '%s\n' "${folder##*/}"
  done
}

_ekascribe ()
{
  local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
  local common='--help --quiet --verbose' outbox='--outbox='
  local service='--base-url= --access-token-file= --auth-url= --trusted-hosts=
    --allow-http --proxy= --ca-file= --retry-time='
  local command=${COMP_WORDS[1]} options names=

  COMPREPLY=()
  if [[ $word == = ]]; then
    word=
  elif [[ $last == = ]]; then
    last=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $last in
    --outbox | --access-token-file | --ca-file | --output | -o)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      compopt -o filenames 2>/dev/null
      return
      ;;
    --base-url | --auth-url | --trusted-hosts | --proxy | --retry-time | \
      --timeout | --settle-time | --template | --templates)
      return
      ;;
  esac
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'outbox get discover templates --help
      --version' -- "$word")
    return
  fi
  if [[ $command == outbox ]]; then
    if ((COMP_CWORD == 2)); then
      mapfile -t COMPREPLY < <(compgen -W 'list send export purge' -- "$word")
      return
    fi
    command=${COMP_WORDS[2]}
  fi
  case $command in
    list) options="--json $outbox $common" ;;
    send)
      options="--templates= --wait --timeout= --settle-time= --json $outbox $service
        $common"
      names=yes
      ;;
    export)
      options="--output= --force $outbox $common"
      names=yes
      ;;
    purge)
      options="--yes --json $outbox $common"
      names=yes
      ;;
    get)
      options="--template= --text --wait --timeout= --settle-time= --output= --force --json
        $service $common"
      ;;
    discover | templates) options="--json $service $common" ;;
    *) return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
  elif [[ -n $names ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ekascribe_names)" -- "$word")
  fi
}

complete -F _ekascribe ekascribe
