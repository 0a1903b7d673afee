#!/usr/bin/env bash
# rootfs.sh PLATFORM TARGET FOLDER: the files of an image, for `make image` and for the Dockerfile alike. FOLDER/root
# is root's, FOLDER/home is the user's. The binary is built before (scripts/binary.sh).
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
platform=$1
target=$2
root=$3/root
home=$3/home
umask 022

rm -rf "$root" "$home"
install -D -m 755 "$(binary_of "$platform")" "$root/usr/bin/countersign"
install -D -m 644 LICENSE "$root/usr/share/licenses/countersign/LICENSE"
install -D -m 644 -t "$root/etc" image/passwd image/group
mkdir -p "$root/etc/ssl/certs" "$home/home/countersign"
# The programs that the image is made with are built as the tests are: in Rust for this machine.
cargo run --locked --quiet --package image-roots >"$root/etc/ssl/certs/ca-certificates.crt"

case $target in
  scratch) ;;
  shell)
    mkdir -m 1777 "$root/tmp"
    scripts/busybox.sh "$platform" "$root"
    ;;
  *)
    echo "$target is not a target" >&2
    exit 1
    ;;
esac
