#!/usr/bin/env bash
# The binary as it is given out: static, for any Linux on x86_64, and no larger than promised.
. "$(dirname "$0")/common.sh"
TARGET=x86_64-unknown-linux-musl
LIMIT=8000000

scripts/packages.sh cc:gcc musl-gcc:musl-tools readelf:binutils
say "building for $TARGET"
cargo build --locked --release --target "$TARGET" --bin countersign

binary=target/$TARGET/release/countersign
if readelf --program-headers "$binary" | grep -q INTERP || readelf --dynamic "$binary" | grep -q NEEDED; then
  echo "$binary needs libraries of the system: it is not static" >&2
  exit 1
fi
size=$(stat --format %s "$binary")
if [ "$size" -gt "$LIMIT" ]; then
  echo "$binary has $size bytes, more than $LIMIT" >&2
  exit 1
fi
"$binary" --version
echo "$binary: static, $size bytes (at most $LIMIT)"
