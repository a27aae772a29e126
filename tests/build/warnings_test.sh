#!/bin/sh
# warnings_test.sh SOURCE_DIR: what users build goes on where a later compiler warns; what developers
# and CI build does not.
set -eu

source=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# errors NAME CMAKE-ARGUMENT...: whether warnings are errors in that build, "yes" or "no".
errors() {
  binary=$directory/$1
  shift
  cmake "$@" -S "$source" -B "$binary" -DTIDEGAUGE_BUILD_TESTS=OFF >"$directory/log" 2>&1 || {
    cat "$directory/log" >&2
    exit 1
  }
  if grep -q -e ' -Werror' "$binary/compile_commands.json"; then echo yes; else echo no; fi
}

# expect WANTED NAME CMAKE-ARGUMENT...
expect() {
  wanted=$1
  shift
  found=$(errors "$@")
  [ "$found" = "$wanted" ] || {
    echo "warnings are errors in the build \"$*\": $found, but wanted: $wanted" >&2
    exit 1
  }
}

expect no plain -G Ninja
expect no release --preset release
expect yes dev --preset dev
expect yes ci --preset release -DTIDEGAUGE_WERROR=ON
# A build directory of an earlier version remembers its own default.
expect yes old -G Ninja -DTIDEGAUGE_WERROR=ON
expect no old --preset release
