#!/usr/bin/env bash
# The images that steps run: countersign, the same with a shell, kubectl and cosign.
. "$(dirname "$0")/common.sh"
work=$BED/images
authorities=/etc/ssl/certs/ca-certificates.crt

# root NAME PROGRAM TO…: the folder of an image with the CA certificates and these programs.
root() {
  local at=$work/$1
  shift
  mkdir -p "$at/etc/ssl/certs" "$at/tmp"
  chmod 1777 "$at/tmp"
  cp "$authorities" "$at/etc/ssl/certs/"
  while [ $# -gt 0 ]; do
    install -D "$1" "$at$2"
    shift 2
  done
}

# The authority of the shop's registry is given to countersign's steps as a workspace. What stands in for a build and
# a scan, and the drop-in Task, which has no such workspace, find it in their image.
trusting() { cat "$BED/pki/ca.crt" >>"$work/$1/etc/ssl/certs/ca-certificates.crt"; }

root countersign "$COUNTERSIGN" /usr/bin/countersign
"$SCRIPTS/image.sh" countersign "$work/countersign" /usr/bin/countersign

root trusting "$COUNTERSIGN" /usr/bin/countersign
trusting trusting
"$SCRIPTS/image.sh" bed/countersign-trusting "$work/trusting" /usr/bin/countersign

root shell "$COUNTERSIGN" /usr/bin/countersign "$(command -v busybox)" /bin/busybox
for applet in $(busybox --list); do
  [ "$applet" = busybox ] || ln -sf busybox "$work/shell/bin/$applet"
done
trusting shell
"$SCRIPTS/image.sh" bed/shell "$work/shell" /bin/sh

root kubectl "$TEST_TOOLS/bin/kubectl" /bin/kubectl
"$SCRIPTS/image.sh" bed/kubectl "$work/kubectl" /bin/kubectl

root cosign "$TEST_TOOLS/bin/cosign" /usr/bin/cosign
"$SCRIPTS/image.sh" bed/cosign "$work/cosign" /usr/bin/cosign
rm -rf "$work"
