#!/usr/bin/env bash
# The C compiler for static binaries of $MACHINE, called by builds of C libraries. The machine is no argument: those
# builds ask the compiler what it is without the arguments they were told. It lives without common.sh, because it is
# started for every file, in whatever folder.
set -euo pipefail
arguments=()
for argument in "$@"; do
  case $argument in
    # Rust's name of the target, which zig takes for another one.
    --target=*) ;;
    *) arguments+=("$argument") ;;
  esac
done
zig=$(dirname "${BASH_SOURCE[0]}")/../target/ci-tools/zig/ziglang/zig
# The oldest processor of the kind, whatever this machine has; and no checks that only debugging wants.
exec "$zig" cc -target "$MACHINE-linux-musl" -mcpu=baseline -fno-sanitize=all "${arguments[@]}"
