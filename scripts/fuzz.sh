#!/usr/bin/env bash
# Fuzzes the parsers, from nothing: installs what is missing, compiles, and runs each target of
# tests/fuzz for some time, as many at once as there are processors. What it finds is kept in
# build/fuzz/findings, and the inputs that reach new code in build/fuzz/corpus for the next time.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]    600 seconds each, and all of them, unless told otherwise
#   TIDEGAUGE_FUZZ_SEED=1 scripts/fuzz.sh    the inputs follow from this seed, not from the clock
#   build/fuzz/tests/fuzz/inspect_fuzz build/fuzz/findings/inspect-crash-...    a finding once more
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

seconds=${1:-600}
[[ $seconds =~ ^[0-9]+$ ]] || { sed -n '2,8p' "$0" >&2; exit 2; }

build() {
  install_missing "${packages_build[@]}" "${packages_clang[@]}"
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz >&2
}

# run_target NAME SECONDS
run_target() {
  local name=$1 out=build/fuzz log=build/fuzz/logs/$1.log status=0
  mkdir -p "$out/corpus/$name" "$out/findings" "$out/logs"
  # A small quarantine: fresh memory for each input costs more than the parsing.
  ASAN_OPTIONS=allow_addr2line=1:quarantine_size_mb=8 "$out/tests/fuzz/${name}_fuzz" \
    "$out/corpus/$name" "$out/seeds/$name" -artifact_prefix="$out/findings/$name-" \
    -dict="$PWD/tests/fuzz/dictionary" -seed="${TIDEGAUGE_FUZZ_SEED:-0}" -max_total_time="$2" -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 || status=$?
  if ((status)); then
    echo "$name: FOUND something; all of it is in $log"
    grep -aE 'FINDING|ERROR|SUMMARY|runtime error|Test unit' "$log" || tail -n 40 "$log"
  else
    echo "$name: nothing in $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  fi
  return $status
}

build
if (($# > 1)); then
  targets=("${@:2}")
else
  mapfile -t targets < <(cd build/fuzz/tests/fuzz && printf '%s\n' *_fuzz | sed 's/_fuzz$//')
fi
export -f run_target
printf '%s\n' "${targets[@]}" |
  xargs -P "$(nproc)" -I '{}' bash -c 'run_target "$@"' run_target '{}' "$seconds"
