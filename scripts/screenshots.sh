#!/usr/bin/env bash
# Pictures of the pages for the documents, from a made-up Engine, by Chromium.
#
#   scripts/screenshots.sh DIRECTORY [MINUTES]
#
# MINUTES is how long the daemon watches before the pictures are taken; the plots show 15.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

(($# == 1 || $# == 2)) || { sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2; }
program=${PROGRAM:-}
if [[ -z $program ]]; then
  install_missing "${packages_build[@]}"
  cmake --preset release >/dev/null
  cmake --build --preset release --target tidegauge >&2
  program=build/release/tidegauge
fi
install_missing "${packages_browser[@]}"
exec tests/browser/screenshots.py "$program" "$@"
