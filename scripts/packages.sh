#!/usr/bin/env bash
# packages.sh COMMAND:PACKAGE…: installs the distribution's packages whose command is not there yet. As root
# with apt-get; else it prints the one line that does, and goes on: who needs a command asks for it again.
. "$(dirname "$0")/common.sh"

missing=()
for pair in "$@"; do
  have "${pair%%:*}" || missing+=("${pair#*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! have apt-get; then
  echo "Packages that are not installed. On Debian and Ubuntu this line installs them:"
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
  exit 0
fi

say "installing ${missing[*]}"
# No question may wait for an answer here, and no other installation for longer than two minutes.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
apt=(apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold)
install() { "${apt[@]}" install --no-install-recommends "$@" </dev/null >/dev/null; }

"${apt[@]}" update </dev/null >/dev/null || echo "the list of packages could not be renewed" >&2
# One package that a distribution lacks must not keep the others out.
install "${missing[@]}" || for package in "${missing[@]}"; do
  install "$package" || echo "$package could not be installed" >&2
done
