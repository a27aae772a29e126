#!/usr/bin/env bash
# Benchmarks, as ratios against baselines of the same run: one JSON object a line, exit status 1 if
# one falls short of its limit.
#
#   scripts/bench.sh pool [SOCKET]    the connection pool; with an Engine's socket, a request to it
#   scripts/bench.sh sampling         samples by the kernel's files, beside programs that only read
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

case ${1:-} in
  pool | sampling) ;;
  *) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac
install_missing "${packages_build[@]}" "${packages_tests[@]}"
cmake --preset release >/dev/null
cmake --build --preset release --target "$1_benchmark" >&2
exec "build/release/$1_benchmark" "${@:2}"
