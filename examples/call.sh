#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Records a telephone call whose two sides come as RTP on two UDP ports, as a SIP
# server or session border controller that forks media sends them, until Ctrl-C.
set -u

usage ()
{
  cat <<END
Usage: examples/call.sh [OPTION...] PORT PORT

Records a call into one consultation: the RTP that comes to the first UDP port is
one side of it, that of the second port the other one. Ctrl-C ends the recording,
waits for the results and tells where the transcript is; Ctrl-C once more does not
wait for them (what was recorded is kept, see "ekascribe outbox").

Options:
  --codec NAME[,NAME]        pcmu (default), pcma, g722, g729 or opus; of both
                             sides, or of the one and the other
  --payload-type N[,N]       where it isn't the usual one: 0, 8, 9, 18; opus: 96.
                             Packets of another one (comfort noise, keys that are
                             pressed) are left out
  --labels NAME,NAME         who is heard at the one port and the other (default:
                             doctor,patient)
  --mix mono|stereo          both sides in one channel (default), or one left and
                             the other right
  --templates ID[,ID]        documents to make
  --base-url URL             root of the service's API (default:
                             \$EKASCRIBE_BASE_URL)
  --address ADDRESS          where to listen (default: 127.0.0.1; 0.0.0.0: at all
                             of this machine's addresses)
  --latency MS               how late a packet may come (default: 200)
  --output FOLDER            where the results go (default: this folder)
  -h, --help                 show this

The token is in the environment variable EKASCRIBE_ACCESS_TOKEN.
END
}

codecs=pcmu
types=
labels=doctor,patient
mix=mono
templates=
base_url=
address=127.0.0.1
latency=200
output=.
ports=()

die ()
{
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

parse_arguments ()
{
  local name value

  while [ $# -gt 0 ]; do
    name=$1
    shift
    case $name in
      -h | --help) usage; exit 0 ;;
      --*=*) value=${name#*=} name=${name%%=*} ;;
      --*) [ $# -gt 0 ] || die "$name needs a value; see --help"
        value=$1
        shift ;;
      -*) die "unknown option $name; see --help" ;;
      *) ports+=("$name"); continue ;;
    esac
    case $name in
      --codec) codecs=$value ;;
      --payload-type) types=$value ;;
      --labels) labels=$value ;;
      --mix) mix=$value ;;
      --templates) templates=$value ;;
      --base-url) base_url=$value ;;
      --address) address=$value ;;
      --latency) latency=$value ;;
      --output) output=$value ;;
      *) die "unknown option $name; see --help" ;;
    esac
  done
  [ ${#ports[@]} -eq 2 ] || die "two PORTs; see --help"
}

# check_number VALUE MAXIMUM WHAT
check_number ()
{
  case $1 in
    '' | *[!0-9]* | ??????*) die "$3: not a number that fits: $1" ;;
  esac
  [ "$1" -le "$2" ] || die "$3: at most $2, not $1"
}

# The port after that of RTP is the one of its RTCP, which belongs to no other side.
check_ports ()
{
  local distance=$((10#${ports[0]} - 10#${ports[1]}))

  [ "$distance" -ne 0 ] || die "two PORTs that differ, not ${ports[*]}"
  [ "${distance#-}" -ne 1 ] ||
    die "${ports[*]}: the RTCP of one PORT comes to the other; leave one between"
}

# Prints the value for side $2, 0 or 1, of the one or two in $1.
pick ()
{
  if [ "$2" -eq 0 ]; then
    printf '%s' "${1%%,*}"
  else
    printf '%s' "${1##*,}"
  fi
}

# Appends to the array "line" what brings side $1 into its pad of the sink.
add_side ()
{
  local side=$1 codec type rate=8000 encoding depay

  codec=$(pick "$codecs" "$side")
  case $codec in
    pcmu) encoding=PCMU type=0 depay=rtppcmudepay ;;
    pcma) encoding=PCMA type=8 depay=rtppcmadepay ;;
    g722) encoding=G722 type=9 depay=rtpg722depay ;;
    g729) encoding=G729 type=18 depay=rtpg729depay ;;
    opus) encoding=OPUS type=96 depay=rtpopusdepay rate=48000 ;;
    *) die "--codec: pcmu, pcma, g722, g729 or opus, not $codec" ;;
  esac
  [ -z "$types" ] || type=$(pick "$types" "$side")
  check_number "$type" 127 --payload-type
  check_number "${ports[side]}" 65535 PORT
  # The payload type in the caps is the only one that the jitter buffer lets by.
  line+=(
    udpsrc "address=$address" "port=${ports[side]}"
    "caps=application/x-rtp,media=audio,clock-rate=$rate,encoding-name=$encoding,payload=$type"
    ! rtpjitterbuffer "latency=$latency" ! "$depay" ! "scribe.audio_$side"
  )
}

# Audio that was not sent is in a folder of its own.
tell_outbox ()
{
  local outbox=${EKASCRIBE_OUTBOX:-${XDG_STATE_HOME:-$HOME/.local/state}/ekascribe}

  if compgen -G "$outbox/*/" >/dev/null; then
    printf '"ekascribe outbox list" tells what was not sent.\n' >&2
  fi
}

parse_arguments "$@"
check_number "$latency" 60000 --latency
case $mix in
  mono | stereo) ;;
  *) die "--mix: mono or stereo, not $mix" ;;
esac
name=$output/call-$(date +%Y%m%d-%H%M%S)-$$

line=(
  ekascribesink name=scribe session-mode=consultation "mix=$mix"
  "transcript-location=$name.txt" "result-location=$name.json"
  "audio_0::label=$(pick "$labels" 0)" "audio_1::label=$(pick "$labels" 1)"
)
[ -z "$base_url" ] || line+=("base-url=$base_url")
[ -z "$templates" ] || line+=("templates=$templates")
add_side 0
add_side 1
check_ports
mkdir -p "$output" || exit 1

# A process group of its own: Ctrl-C reaches gst-launch once, from here. It ends
# the stream (-e), at the second time itself.
set -m
gst-launch-1.0 -e "${line[@]}" &
recorder=$!
interrupted=no

interrupt ()
{
  [ "$interrupted" = yes ] ||
    printf '\nThe recording ends. Waiting for the results.\n'
  interrupted=yes
  kill -INT "$recorder" 2>/dev/null
}
trap interrupt INT TERM HUP

printf 'Recording UDP ports %s and %s. Ctrl-C ends it.\n' "${ports[@]}"
# A signal ends "wait" before the recorder is done.
while
  wait "$recorder"
  status=$?
  kill -0 "$recorder" 2>/dev/null
do :; done

if [ -e "$name.txt" ]; then
  printf 'Transcript: %s.txt\nAll results: %s.json\n' "$name" "$name"
else
  printf 'No transcript.\n' >&2
  tell_outbox
fi
exit "$status"
