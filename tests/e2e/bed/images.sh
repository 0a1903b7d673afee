#!/usr/bin/env bash
# The images that steps run: the two of `make image` as they are, and others that the bed needs; and the bundles of
# `make catalog`.
. "$(dirname "$0")/common.sh"
. scripts/oci.sh
commit_facts
work=$BED/images

copy() { "$COUNTERSIGN" copy "oci:$E2E/$1" "$PLATFORM/$2:1" --plain-http "$PLATFORM" >/dev/null; }
copy "image:$VERSION" countersign
copy "image:$VERSION-shell" countersign-shell
for bundle in build-sign tasks; do
  copy "bundles:$bundle" "bundles/$bundle"
done

# The authority of the shop's registry is given to countersign's steps as a workspace. What stands in for a build and
# a scan, and the drop-in Task, which has no such workspace, find it in their image.
trusting() {
  local root=$work/$1
  mkdir -p "$work"
  cp -a "$E2E/roots/$2/files" "$root"
  cat "$BED/pki/ca.crt" >>"$root/etc/ssl/certs/ca-certificates.crt"
  "$SCRIPTS/image.sh" "bed/$1" "$root" /usr/bin/countersign
}
trusting countersign-trusting scratch
trusting shell shell

# program NAME PATH: one of the built tools.
program() {
  local root=$work/$1
  mkdir -p "$root/tmp"
  chmod 1777 "$root/tmp"
  install -D "$TEST_TOOLS/bin/$1" "$root$2"
  "$SCRIPTS/image.sh" "bed/$1" "$root" "$2"
}
program kubectl /bin/kubectl
program cosign /usr/bin/cosign
rm -rf "$work"
