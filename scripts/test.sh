#!/usr/bin/env bash
# All tests, group after group: the library's own, its examples in the documentation, then one group for each
# folder of tests/ that has a main.rs. A group whose peers cannot be had is skipped and named at the end; with
# CI=1 that is an error.
. "$(dirname "$0")/common.sh"

# The commands that a group starts.
needs() {
  case $1 in
    cli) echo script stty ;;
    registry) echo docker-registry refregistry ;;
    interop) echo cosign docker-registry refregistry ;;
    keys) echo cosign ;;
    chain) echo cosign docker-registry refregistry sarif-check ;;
    browser) echo chromium chromedriver docker-registry ;;
    tasks) echo triggers-check ;;
    packaging) echo jq tar gzip ;;
    kubernetes) echo etcd kube-apiserver cosign ;;
  esac
}

lacking() {
  local command
  for command in $(needs "$1"); do
    have "$command" || echo "$command"
  done
}

failed=()
run() {
  local group=$1
  shift
  say "$group"
  cargo test --locked --quiet --workspace --features rego "$@" || failed+=("$group")
}

say "building the tests"
cargo test --locked --workspace --features rego --no-run

run library --lib --bins
run documentation --doc

skipped=()
for main in tests/*/main.rs; do
  group=$(basename "$(dirname "$main")")
  # In a bed of its own: scripts/e2e.sh.
  [ "$group" != e2e ] || continue
  missing=$(lacking "$group" | paste -sd ' ')
  if [ -n "$missing" ]; then
    skipped+=("$group (no $missing)")
  else
    run "$group" --test "$group"
  fi
done

echo
status=0
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED ${#failed[@]} groups: ${failed[*]}"
  status=1
else
  echo "All groups that ran passed."
fi
if [ ${#skipped[@]} -gt 0 ]; then
  list=$(printf ', %s' "${skipped[@]}")
  echo "SKIPPED ${#skipped[@]} groups: ${list:2}"
  if in_ci; then status=1; fi
fi
exit $status
