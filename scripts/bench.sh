#!/usr/bin/env bash
# What docs/benchmarks.md is made of: the rate of the check itself, then the paired runs against cosign.
. "$(dirname "$0")/common.sh"

say "checking signatures, against the crypto library alone"
cargo bench --locked --bench check -- --noplot

say "opening the page of a gate on 200 images"
COUNTERSIGN_BENCH_PAGE=1 cargo bench --locked --profile dev --bench page

scripts/bench-paired.sh
