#!/usr/bin/env bash
# Runs of countersign and cosign in turn on the same images; the table in docs/benchmarks.md is written anew.
# COUNTERSIGN_BENCH_RUNS is the number of runs of each (11); with COUNTERSIGN_BENCH_GATE_ONLY=1 only the gate is run.
. "$(dirname "$0")/common.sh"
TARGET=x86_64-unknown-linux-musl

scripts/test-deps.sh
scripts/binary.sh linux/amd64

tools=$ROOT/target/bench-tools
mkdir -p "$tools"
cc -O2 -Wall -Wextra -o "$tools/measure" benches/paired/measure.c
install "target/$TARGET/release/countersign" "$tools/countersign"

# Reading CA certificates is half of a short command's time where it happens: both get one file, and no folder.
export SSL_CERT_FILE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}

say "paired runs"
# Only the two programs are measured. What starts them and delays the answers is built as the tests are, which
# saves another optimised build of everything.
COUNTERSIGN_BENCH_TOOLS=$tools cargo test --locked --quiet --bench paired
