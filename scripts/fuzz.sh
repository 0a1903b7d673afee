#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET…]: runs the fuzz targets (all, unless some are named), as many at a time as there
# are processors. Findings stand in fuzz/artifacts/, logs and what the fuzzer learnt in target/fuzz/; the seeds in
# fuzz/corpus/ stay as they are.
. "$(dirname "$0")/common.sh"
seconds=${1:?seconds for each target}
shift

cargo_tool cargo-fuzz
# A nightly compiler brings the address sanitizer; a stable one is told to take the fuzzer's flags without it.
if rustup run nightly rustc --version >/dev/null 2>&1; then
  fuzz=(rustup run nightly cargo fuzz)
  options=()
else
  export RUSTC_BOOTSTRAP=1
  fuzz=(cargo fuzz)
  options=(--sanitizer none)
fi

targets=("$@")
if [ $# = 0 ]; then
  mapfile -t targets < <("${fuzz[@]}" list)
fi

say "building ${#targets[@]} fuzz targets"
"${fuzz[@]}" build "${options[@]}"
# Programs are started as they were built: sources that change meanwhile touch no run.
host=$(rustc -vV | sed -n 's/^host: //p')
programs=target/fuzz/programs
mkdir -p "$programs"
for target in "${targets[@]}"; do
  cp "fuzz/target/$host/release/$target" "$programs/"
done

one() {
  local target=$1 learnt=target/fuzz/corpus/$1 log=target/fuzz/$1.log
  mkdir -p "$learnt" "fuzz/artifacts/$target"
  if "$programs/$target" "-artifact_prefix=fuzz/artifacts/$target/" "-max_total_time=$seconds" -timeout=10 \
    -print_final_stats=1 "$learnt" "fuzz/corpus/$target" >"$log" 2>&1; then
    printf '%-12s no finding in %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    printf '%-12s FOUND SOMETHING, see %s:\n' "$target" "$log"
    tail -n 25 "$log"
    return 1
  fi
}

say "fuzzing for $seconds seconds each"
status=0
running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n || status=1
    running=$((running - 1))
  fi
  one "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || status=1
  running=$((running - 1))
done
exit $status
