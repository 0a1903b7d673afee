#!/usr/bin/env bash
# The C compiler of the static binaries, in its pinned version, in target/ci-tools; built for nothing else.
# docs/adr/0004-image.md says why it is not the distribution's.
. "$(dirname "$0")/common.sh"
folder=$CI_TOOLS/zig
pin=image/zig.txt

cmp --silent "$pin" "$folder/pin" && exit
scripts/packages.sh python3:python3 pip3:python3-pip
say "installing $(sed -n 's/^ziglang==\([0-9.]*\).*/zig \1/p' "$pin")"
rm -rf "$folder"
python3 -m pip install --quiet --disable-pip-version-check --no-compile --root-user-action=ignore \
  --only-binary :all: --require-hashes --requirement "$pin" --target "$folder"
cp "$pin" "$folder/pin"
