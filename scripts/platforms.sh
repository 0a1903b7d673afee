# shellcheck shell=bash
# Sourced after common.sh: the platforms that are given out, and the commit that they are built from.
PLATFORMS=${PLATFORMS:-linux/amd64 linux/arm64}

# machine_of PLATFORM: the kernel's word for it.
machine_of() {
  case $1 in
    linux/amd64) echo x86_64 ;;
    linux/arm64) echo aarch64 ;;
    *) echo "$1 is not a platform that is built here" >&2; return 1 ;;
  esac
}

# binary_of PLATFORM: where its binary is built.
binary_of() { echo "target/$(machine_of "$1")-unknown-linux-musl/release/countersign"; }

# emulator_for PLATFORM: the program that starts its programs here; nothing where none is needed.
emulator_for() {
  local machine
  machine=$(machine_of "$1")
  [ "$machine" = "$(uname -m)" ] || echo "qemu-$machine-static"
}

# start_on PLATFORM PROGRAM [ARGUMENT…]
start_on() {
  local emulator
  emulator=$(emulator_for "$1")
  shift
  ${emulator:+"$emulator"} "$@"
}

# The version, the commit and the commit's time, for labels and for every time that is written. Where there is no
# repository (an unpacked archive, a container build) the last two are given.
commit_facts() {
  VERSION=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
  if [ -z "${REVISION:-}" ]; then
    REVISION=$(git rev-parse HEAD)
    [ -z "$(git status --porcelain)" ] || REVISION=$REVISION-dirty
  fi
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
  export VERSION REVISION SOURCE_DATE_EPOCH
}
