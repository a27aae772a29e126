#!/usr/bin/env bash
# Benchmarks, as ratios against baselines of the same run: one JSON object a line, exit status 1 if
# one falls short of its limit.
#
#   scripts/bench.sh pool [SOCKET]
#     the connection pool; with an Engine's socket, a request to it
#   scripts/bench.sh sampling
#     samples by the kernel's files, beside programs that only read
#   scripts/bench.sh inventory SOCKET [IMAGE]
#     how soon changes on a real Engine are on the page, and in how many calls; IMAGE has sh and sleep
#   scripts/bench.sh footprint SOCKET [WINDOWS [SECONDS]]
#     CPU and memory of the daemon, and the CPU that it makes a real Engine use
#   scripts/bench.sh soak [SECONDS [CONTAINERS [EVENTS_PER_SECOND]]]
#     the daemon beside a busy simulated Engine: flat memory, an exact ending
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

case ${1:-} in
  pool | sampling | inventory | footprint | soak) ;;
  *) sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2 ;;
esac
install_missing "${packages_build[@]}" "${packages_tests[@]}"
cmake --preset release >/dev/null
cmake --build --preset release --target "$1_benchmark" >&2
exec "build/release/$1_benchmark" "${@:2}"
