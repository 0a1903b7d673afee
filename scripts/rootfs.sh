#!/usr/bin/env bash
# rootfs.sh PLATFORM TARGET FOLDER: the files of an image, for `make image` and for the Dockerfile alike. FOLDER/files
# is root's, FOLDER/home is the user's. The binary is built before (scripts/binary.sh).
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
platform=$1
target=$2
files=$3/files
home=$3/home
umask 022

rm -rf "$files" "$home"
install -D -m 755 "$(binary_of "$platform")" "$files/usr/bin/countersign"
install -D -m 644 LICENSE "$files/usr/share/licenses/countersign/LICENSE"
install -D -m 644 -t "$files/etc" image/passwd image/group
mkdir -p "$files/etc/ssl/certs" "$home/home/countersign"
# The programs that the image is made with are built as the tests are: in Rust for this machine.
cargo run --locked --quiet --package image-roots >"$files/etc/ssl/certs/ca-certificates.crt"

case $target in
  scratch) ;;
  shell)
    mkdir -m 1777 "$files/tmp"
    scripts/busybox.sh "$platform" "$files"
    # Jenkins starts its shell steps with nohup, which Debian's busybox lacks.
    [ -e "$files/usr/bin/nohup" ] || install -m 755 image/nohup "$files/usr/bin/nohup"
    ;;
  *)
    echo "$target is not a target" >&2
    exit 1
    ;;
esac
