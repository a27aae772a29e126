#!/usr/bin/env bash
# Builds the container image on a private Docker Engine and tests it there, from nothing: installs what is
# missing and downloads the packages of the build, once, into build/cache/. Takes some ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

install_missing "${packages_build[@]}" "${packages_tests[@]}" "${packages_image_tests[@]}"
cmake --preset release
cmake --build --preset release --target engine_guard
as_root ctest --preset release --label-regex '^image$'
