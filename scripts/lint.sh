#!/usr/bin/env bash
# The format of every source, and clang-tidy over every translation unit of the program and the
# benchmarks; over those of the tests, where Catch2's macros make it take minutes a file, only where
# they are named. Files may be named to check those alone.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

install_missing "${packages_build[@]}" "${packages_lint[@]}"
if (($#)); then
  sources=("$@")
else
  mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.h' '*.cpp')
fi
printf '%s\0' "${sources[@]}" | xargs -0 clang-format-19 --dry-run -Werror

cmake --preset tidy >/dev/null
# Headers are checked with the sources that include them.
units=()
for source in "${sources[@]}"; do
  [[ $source == *.cpp ]] || continue
  (($#)) || [[ $source != tests/* ]] || continue
  units+=("$source")
done
((${#units[@]})) || exit 0
# Quiet but for findings: what clang-tidy counts as suppressed is noise.
printf '%s\0' "${units[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/tidy \
    2> >(grep -v ' warnings\? generated\.$' >&2)
echo "${#sources[@]} files are formatted, ${#units[@]} of them checked by clang-tidy"
