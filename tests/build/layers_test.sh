#!/bin/sh
# layers_test.sh SOURCE_DIR BINARY_DIR COMPILER: a layer that breaks a rule of the architecture does
# not compile. Preprocesses every forbidden include with the include directories of each layer.
set -eu

source=$1
headers=$2/headers
compiler=$3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failures=0

# The layers in their order, and for each library its layer and a header.
layers=$(sed -n 's/^tidegauge_layer(\([a-z]*\)$/\1/p' "$source/src/CMakeLists.txt")
libraries='util:spdlog/spdlog.h util:fmt/format.h json:rapidjson/document.h config:yaml-cpp/yaml.h
  http:curl/curl.h metrics:prometheus/registry.h web:microhttpd.h
  web:gnutls/gnutls.h web:crypt.h'

complain() {
  echo "$*" >&2
  failures=$((failures + 1))
}

# preprocess LAYER: standard input, as a source of the layer.
preprocess() {
  # shellcheck disable=SC2046
  "$compiler" -std=c++23 -E -o /dev/null $(cat "$headers/$1/flags") -x c++ - 2>"$directory/log"
}

# headers_of ROOT FOLDER: the names of the headers of a folder, as in #include.
headers_of() {
  [ ! -d "$1/$2" ] || (cd "$1" && find "$2" -name '*.h')
}

# A layer finds none of the headers of later layers, of the private headers of any other layer, and
# of the tests.
check_layers() {
  layer=$1
  later=''
  for other in $layers; do
    [ -z "$later" ] || headers_of "$source/include" "tidegauge/$other"
    [ "$other" = "$layer" ] || headers_of "$source/src" "$other"
    [ "$other" != "$layer" ] || later=yes
  done >"$directory/forbidden"
  headers_of "$source/tests" support >>"$directory/forbidden"
  sed 's/.*/#if __has_include("&")\n#error "includes &"\n#endif/' "$directory/forbidden" |
    preprocess "$layer" || complain "$layer: $(cat "$directory/log")"
  headers_of "$source/include" "tidegauge/$layer" | sed 's/.*/#include "&"/' |
    preprocess "$layer" || complain "$layer does not find its own: $(cat "$directory/log")"
}

# A layer reads the headers of its own libraries, and stops at those of every other.
check_libraries() {
  for library in $libraries; do
    header=${library#*:}
    if [ "${library%%:*}" = "$1" ]; then
      echo "#include <$header>" | preprocess "$1" || complain "$1: $(cat "$directory/log")"
    elif echo "#include <$header>" | preprocess "$1"; then
      complain "$1 may include $header"
    else
      grep -q 'belongs to the layer' "$directory/log" || complain "$1: $(cat "$directory/log")"
    fi
  done
}

# What include directories cannot hold back: the way up into the folder of another layer, and a
# library that no layer has.
known='spdlog|fmt|rapidjson|yaml-cpp|curl|prometheus|gnutls|sys|netinet|arpa|net|linux'
# broken_lines FILE...
broken_lines() {
  grep -HnE '^ *# *include *"[^"]*\.\./' "$@" || true
  grep -HnE '^ *# *include *<[^>/]+/' "$@" | grep -vE "< *($known)/" || true
}

check_text() {
  printf '#include "../pool/slot.h"\n  #  include <boost/asio.hpp>\n#include <sys/socket.h>\n' \
    >"$directory/broken.cpp"
  [ "$(broken_lines "$directory/broken.cpp" | wc -l)" -eq 2 ] || complain "nothing is found"
  # shellcheck disable=SC2046
  found=$(broken_lines $(find "$source/src" "$source/include" -name '*.h' -o -name '*.cpp'))
  [ -z "$found" ] || complain "$found"
}

[ "$(echo "$layers" | wc -w)" -gt 10 ] || complain "src/CMakeLists.txt names few layers: $layers"
for layer in $layers; do
  check_layers "$layer"
  check_libraries "$layer"
done
check_text
[ "$failures" -eq 0 ]
