#!/usr/bin/env bash
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Records the sound of an RTSP camera: what rtsp.py needs, then rtsp.py.
set -u

usage ()
{
  cat <<END
Usage: examples/rtsp.sh [OPTION...] [URL] [NAME=VALUE...]

Records the sound of the camera at URL (rtsp://HOST/PATH) as one session, until
Ctrl-C, and prints the transcript. The camera may go away and come back: the
recording goes on, and the gap is told in running time and UTC.
NAME=VALUE sets a property of ekascribesink, for instance
session-mode=consultation, or transcript-location=visit.txt.

Environment:
  EKASCRIBE_ACCESS_TOKEN   the token; or EKASCRIBE_CLIENT_ID and
                           EKASCRIBE_CLIENT_SECRET, or access-token-file=FILE
  EKASCRIBE_BASE_URL       the service, where it is not the usual one
  RTSP_URL                 in place of URL: for one with a password, which all
                           could see in the list of processes

Debian packages: python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base
gstreamer1.0-plugins-good gstreamer1.0-plugins-bad (and gstreamer1.0-libav, to
decode what can't go up as it is).

END
}

die ()
{
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

folder=$(cd "$(dirname "$0")" && pwd) || exit 1
python=/usr/bin/python3
token_file=

"$python" -c 'import gi; gi.require_version ("Gst", "1.0")' 2>/dev/null ||
  die "install python3-gi and gir1.2-gstreamer-1.0"
for argument in "$@"; do
  case $argument in
    -h | --help)
      usage
      exec "$python" "$folder/rtsp.py" --help
      ;;
    access-token-file=*) token_file=given ;;
  esac
done
# The service on this machine may want none.
if [ -z "${EKASCRIBE_ACCESS_TOKEN:-}${EKASCRIBE_CLIENT_ID:-}$token_file" ]; then
  case ${EKASCRIBE_BASE_URL:-} in
    http://127.0.0.1:* | http://localhost:*) ;;
    *) die "no token: export EKASCRIBE_ACCESS_TOKEN=..." ;;
  esac
fi
exec "$python" "$folder/rtsp.py" "$@"
