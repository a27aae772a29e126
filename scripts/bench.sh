#!/usr/bin/env bash
# Benchmarks, as ratios against baselines of the same run: one JSON object a line, exit status 1 if
# one falls short of its limit.
#
#   scripts/bench.sh pool [SOCKET]
#     the connection pool; with an Engine's socket, a request to it
#   scripts/bench.sh sampling
#     samples by the kernel's files, beside programs that only read
#   scripts/bench.sh thrashing [SECONDS]
#     the wait for kills beside 200 containers at their memory limit; needs root and cgroup v2
#   scripts/bench.sh short_lives
#     lives of 200 ms in cgroups made for them, without an Engine; needs root and cgroup v2
#   scripts/bench.sh inventory SOCKET [IMAGE]
#     how soon changes on a real Engine are on the page, and in how many calls; IMAGE has sh and sleep
#   scripts/bench.sh footprint SOCKET [WINDOWS [SECONDS]]
#     CPU and memory of the daemon, and the CPU that it makes a real Engine use
#   scripts/bench.sh serving SOCKET [CADVISOR_PORT]
#     scrapes in every encoding, many at once, beside hostile clients, and of 50,000 series; with the
#     port of a cAdvisor, only against that
#   scripts/bench.sh fleet SOCKET
#     how large the page of a host is, and what each lever saves (docs/fleet.md)
#   scripts/bench.sh pages [MINUTES [CONTAINERS]]
#     the overview of 500 containers in Chromium: how soon it is there, how fast its controls are, and
#     whether it stays small while it refreshes itself for ten minutes
#   scripts/bench.sh status_page [MINUTES]
#     the overview of 200 containers: how soon and how large it is, what an open one costs, and what
#     twenty do to scrapes
#   scripts/bench.sh soak [SECONDS [CONTAINERS [EVENTS_PER_SECOND]]]
#     the daemon beside a busy simulated Engine: flat memory, an exact ending
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

case ${1:-} in
  pool | sampling | thrashing | short_lives | inventory | footprint | serving | fleet | pages | status_page | soak) ;;
  *) sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2 ;;
esac
install_missing "${packages_build[@]}" "${packages_tests[@]}"
cmake --preset release >/dev/null
if [[ $1 == serving ]]; then
  cmake --build --preset release --target tidegauge simulated_engine page_benchmark >&2
  (( $# > 2 )) || build/release/page_benchmark || failed=1
  benchmarks/serving_benchmark.py build/release/tidegauge "${@:2}" || failed=1
  exit "${failed:-0}"
fi
if [[ $1 == fleet ]]; then
  cmake --build --preset release --target tidegauge >&2
  exec benchmarks/fleet_benchmark.py build/release/tidegauge "${@:2}"
fi
if [[ $1 == status_page ]]; then
  cmake --build --preset release --target tidegauge simulated_engine >&2
  exec benchmarks/status_page_benchmark.py build/release/tidegauge build/release/simulated_engine "${@:2}"
fi
if [[ $1 == pages ]]; then
  install_missing "${packages_browser[@]}"
  cmake --build --preset release --target tidegauge >&2
  exec benchmarks/page_in_chromium.py build/release/tidegauge "${@:2}"
fi
cmake --build --preset release --target "$1_benchmark" >&2
exec "build/release/$1_benchmark" "${@:2}"
