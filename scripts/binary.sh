#!/usr/bin/env bash
# binary.sh PLATFORM…: the static binary for each platform: no library of the system, no path of this machine, no
# larger than promised, and started once, with an emulator where it has to be.
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
# Bytes. Beside the binary an image holds 0.2 MB, and its limit is 10 MB: this one tells earlier that something large
# came in.
LIMIT=9300000

# The linker and the library to link are Rust's own.
install_target() {
  if have rustup && ! rustup target list --installed | grep -qx "$1"; then
    say "Rust for $1"
    rustup target add "$1"
  fi
}

# build MACHINE: paths that the compilers would write into the program lose what belongs to this machine. The commit's
# time is kept from them: nothing wants it, and C would be compiled again after every commit.
build() {
  local target=$1-unknown-linux-musl name=$1_unknown_linux_musl crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
  local flags="target.$target.rustflags"
  install_target "$target"
  say "building for $target"
  env SOURCE_DATE_EPOCH=0 "MACHINE=$1" "CC_$name=$ROOT/scripts/zig-cc.sh" "AR_$name=$ROOT/scripts/zig-ar.sh" \
    ZIG_GLOBAL_CACHE_DIR="$ROOT/target/zig-cache" ZIG_LOCAL_CACHE_DIR="$ROOT/target/zig-cache" \
    cargo build --locked --release --target "$target" --bin countersign \
    --config "$flags = ['--remap-path-prefix=$crates=crates', '--remap-path-prefix=$ROOT=.']"
}

refuse() {
  echo "$*" >&2
  exit 1
}

check_static() {
  if readelf --program-headers "$1" | grep -q INTERP || readelf --dynamic "$1" | grep -q NEEDED; then
    refuse "$1 needs libraries of the system: it is not static"
  fi
}

check_paths() {
  local path
  for path in "$ROOT" "${CARGO_HOME:-$HOME/.cargo}"; do
    ! grep --quiet --text --fixed-strings "$path/" "$1" || refuse "$1 holds the path $path of this machine"
  done
}

check_size() {
  local size
  size=$(stat --format %s "$1")
  [ "$size" -le "$LIMIT" ] || refuse "$1 has $size bytes, more than $LIMIT"
  echo "$1: static, $size bytes (at most $LIMIT)"
}

[ $# -gt 0 ] || refuse "which platform?"
scripts/packages.sh cc:gcc readelf:binutils
scripts/zig.sh
for platform in "$@"; do
  emulator=$(emulator_for "$platform")
  [ -z "$emulator" ] || scripts/packages.sh "$emulator:qemu-user-static"
  build "$(machine_of "$platform")"
  binary=$(binary_of "$platform")
  check_static "$binary"
  check_paths "$binary"
  check_size "$binary"
  start_on "$platform" "$binary" --version
done
