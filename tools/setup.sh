# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What quickstart.sh and run.sh share: Debian packages, and a build folder.
# To be sourced by bash; it needs nothing that a bare Debian 12 lacks.

# A compiler, the build system, and the libraries' headers.
BUILD_PACKAGES=(
  gcc libc6-dev meson ninja-build pkg-config
  libglib2.0-dev libogg-dev libvorbis-dev zlib1g-dev libsoup-3.0-dev libjson-glib-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
)

# GStreamer's command line, parsers and decoders; TLS and its authorities.
RUN_PACKAGES=(
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  glib-networking ca-certificates
)

# Says what went wrong, in one place and on standard error, and ends.
die ()
{
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Prints the packages among the arguments that are not installed.
missing_packages ()
{
  local package status

  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) ||
      status=missing
    [ "$status" = installed ] || printf '%s ' "$package"
  done
}

# apt-get as root, quietly; its output goes to the file in $1.
apt_as_root ()
{
  local log=$1 run=(env DEBIAN_FRONTEND=noninteractive apt-get)
  # On a machine that has just begun, others install too; mirrors have bad moments.
  run+=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  shift

  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "not root and no sudo; as root, run: apt-get $*"
    run=(sudo "${run[@]}")
  fi
  "${run[@]}" -q -y "$@" </dev/null >>"$log" 2>&1
}

# Installs those of the given packages that are missing. Without any it does
# not touch the network, so that a second run works offline.
install_packages ()
{
  local missing log

  command -v dpkg-query >/dev/null ||
    die "not a Debian; please install what stands for: $*"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0

  printf 'Installing Debian packages, which may take some minutes:\n'
  printf '%s\n' "${missing% }" | fold -s -w 76 | sed 's/^/  /'
  # Here, and not in apt_as_root: its output is hidden, sudo's question isn't.
  if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
    sudo -v || die "sudo was refused; as root, run: apt-get install $missing"
  fi
  log=$(mktemp)
  apt_as_root "$log" update ||
    printf 'apt-get update failed; going on with the lists at hand.\n'
  # shellcheck disable=SC2086 # a list of words
  if ! apt_as_root "$log" install --no-install-recommends $missing; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    die "apt-get could not install: $missing"
  fi
  rm -f "$log"
}

# Makes the build folder $1 with meson's options after it, or goes on with the
# one that is there. A folder that came from elsewhere is made anew.
configure_build ()
{
  local folder=$1
  shift

  if [ -e "$folder/build.ninja" ]; then
    meson setup --reconfigure "$@" "$folder" "$root" && return 0
    rm -rf "$folder"
  fi
  meson setup "$@" "$folder" "$root"
}
