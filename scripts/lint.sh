#!/usr/bin/env bash
# Checks the format of every source, the locks (clang's -Wthread-safety) and clang-tidy's rules in
# every translation unit of the program and the benchmarks. Units of the tests are checked only where
# they are named, because Catch2's macros make clang-tidy take minutes a file.
#
#   scripts/lint.sh [FILE...]
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
# Prints findings only. A warning of the compiler, -Wthread-safety among them, is a finding.
printf '%s\0' "${units[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/tidy \
    2> >(grep -v ' warnings\? generated\.$' >&2)
echo "${#sources[@]} files are formatted, ${#units[@]} of them checked by clang-tidy"
