#!/usr/bin/env bash
# The long runs: every fuzz target for ten minutes, and 50 rounds of many signers at once.
. "$(dirname "$0")/common.sh"

scripts/test-deps.sh
status=0

say "50 rounds of many signers at once"
COUNTERSIGN_SOAK_ROUNDS=50 cargo test --locked --test registry many -- --nocapture || status=1

scripts/fuzz.sh 600 || status=1
exit $status
