#!/bin/sh
# layers_test.sh SOURCE_DIR BINARY_DIR COMPILER: each rule of the architecture fails at compile time
# when a layer breaks it. Preprocesses one #include at a time with the include directories of a layer.
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
  http:curl/curl.h metrics:prometheus/registry.h web:microhttpd.h'

complain() {
  echo "$*" >&2
  failures=$((failures + 1))
}

# includes LAYER HEADER: whether a source of the layer finds the header.
includes() {
  # shellcheck disable=SC2046
  echo "#include \"$2\"" |
    "$compiler" -std=c++23 -E -o /dev/null $(cat "$headers/$1/flags") -x c++ - 2>"$directory/log"
}

# some_header FOLDER: one of its headers, by its name in the folder.
some_header() {
  basename "$(find "$1/" -name '*.h' | sort | head -n 1)"
}

# A layer finds its own headers, no later layer's, and no private header of any other layer.
earlier=''
for layer in $layers; do
  own=$(some_header "$source/include/tidegauge/$layer")
  includes "$layer" "tidegauge/$layer/$own" || complain "$layer does not find its own $own"
  for other in $layers; do
    [ "$other" != "$layer" ] || continue
    case " $earlier " in
      *" $other "*) ;;
      *)
        public=$(some_header "$source/include/tidegauge/$other")
        ! includes "$layer" "tidegauge/$other/$public" ||
          complain "$layer may include tidegauge/$other/$public, of a later layer"
        ;;
    esac
    private=$(some_header "$source/src/$other")
    [ "$private" = . ] || [ -z "$private" ] || ! includes "$layer" "$other/$private" ||
      complain "$layer may include $other/$private, which is private"
  done
  earlier="$earlier $layer"

  for library in $libraries; do
    header=${library#*:}
    if [ "${library%%:*}" = "$layer" ]; then
      includes "$layer" "$header" || complain "$layer does not find $header: $(cat "$directory/log")"
    else
      ! includes "$layer" "$header" || complain "$layer may include $header"
      grep -q "belongs to the layer" "$directory/log" || complain "$layer: $header fails otherwise"
    fi
  done
  ! includes "$layer" support/catch.h || complain "$layer may include headers of the tests"
done

# What no include directory can hold back: the way up into another layer's folder, and a library
# that no layer has.
known='spdlog|fmt|rapidjson|yaml-cpp|curl|prometheus|sys|netinet|arpa|net|linux'
# forbidden FILE...: the lines that break this.
forbidden() {
  grep -HnE '^ *# *include *"\.\./' "$@" || true
  grep -HnE '^ *# *include *<[^>/]+/' "$@" | grep -vE "< *($known)/" || true
}

printf '#include "../pool/slot.h"\n  #  include <boost/asio.hpp>\n#include <sys/socket.h>\n' \
  >"$directory/broken.cpp"
[ "$(forbidden "$directory/broken.cpp" | wc -l)" -eq 2 ] || complain "broken includes are not found"
find "$source/src" "$source/include" -name '*.h' -o -name '*.cpp' >"$directory/sources"
# shellcheck disable=SC2046
found=$(forbidden $(cat "$directory/sources"))
[ -z "$found" ] || complain "$found"

[ "$failures" -eq 0 ]
