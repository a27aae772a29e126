#!/usr/bin/env bash
# Every test of the release build, from nothing: installs what is missing, compiles, and runs the
# unit tests and those against a real, private Docker Engine. Arguments go to cmake:
# scripts/test.sh -DTIDEGAUGE_WERROR=ON
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

install_missing "${packages_build[@]}" "${packages_tests[@]}"
cmake --preset release "$@"
cmake --build --preset release
as_root ctest --preset release --label-regex '^(unit|engine)$'
