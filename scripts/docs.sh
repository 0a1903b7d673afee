#!/usr/bin/env bash
# The library's documentation, without a warning: a link that leads nowhere is one.
. "$(dirname "$0")/common.sh"

RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
