#!/usr/bin/env bash
# Everything that is checked without running the program.
. "$(dirname "$0")/common.sh"

say "formatting"
cargo fmt --check --all
cargo fmt --check --manifest-path fuzz/Cargo.toml

say "clippy"
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# As it is given out: without the features.
cargo clippy --locked -- -D warnings

if have shellcheck; then
  say "shellcheck"
  shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh tests/e2e/bed/*.sh .ci/run image/nohup
else
  echo "shellcheck is not installed: the scripts are not checked" >&2
fi

say "catalog"
scripts/catalog.sh --check

say "dependencies"
cargo_tool cargo-deny
cargo deny check bans licenses sources
if cargo deny fetch db >/dev/null 2>&1; then
  cargo deny check advisories
else
  echo "advisories: their database could not be had, not checked"
fi
