#!/usr/bin/env bash
# Time and memory of the Tasks' steps on Tekton beside a step that runs cosign; the table in docs/benchmarks.md is
# written anew. One after the other, so that nothing but the bed itself is measured beside them.
. "$(dirname "$0")/common.sh"
RUST_TEST_THREADS=1 scripts/e2e.sh --ignored --nocapture
