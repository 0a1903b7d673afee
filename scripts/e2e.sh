#!/usr/bin/env bash
# The end-to-end test: a registry with TLS and a login, a Kubernetes node and Tekton are built and started, and the
# published Pipeline and Tasks run there. As root on Linux; tests/e2e/bed/run.sh says what it takes and leaves.
# e2e.sh TEST… runs only the tests whose names hold one of these.
. "$(dirname "$0")/common.sh"

if [ "$(id -u)" != 0 ]; then
  echo "the end-to-end test needs root: it starts a Kubernetes node in namespaces of its own" >&2
  exit 1
fi

scripts/e2e-deps.sh
scripts/release.sh
say "building the tests"
cargo test --locked --features e2e --test e2e --no-run

export COUNTERSIGN=$ROOT/target/x86_64-unknown-linux-musl/release/countersign
# Most of a test is waiting for pods: more of them at once than there are processors.
tests/e2e/bed/run.sh cargo test --locked --features e2e --test e2e -- --test-threads 4 "$@"
