#!/usr/bin/env bash
# Time and memory of the Tasks' steps on Tekton beside a step that runs cosign; the table in docs/benchmarks.md is
# written anew.
. "$(dirname "$0")/common.sh"
scripts/e2e.sh --bench
