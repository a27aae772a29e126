#!/usr/bin/env bash
# Makes the root directory of the image: the program, the libraries that it links and no others, and
# what they read. Runs in the build stage of the Dockerfile, on the Debian release whose libraries they are.
#
#   image_root.sh PROGRAM VERSION ROOT
#
# Times of change are SOURCE_DATE_EPOCH (seconds since 1970, by default 0), so that two builds of the same source
# and the same packages make the same directory.
set -euo pipefail

program=$(readlink -f "$1") version=$2 root=$3
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
owner=65532 # USER of the Dockerfile

# The paths of the libraries: the closure of what the program needs, with the dynamic linker.
linked_libraries() {
  local libraries
  libraries=$(ldd "$1")
  if [[ $libraries == *'not found'* ]]; then
    echo "$libraries" >&2
    return 1
  fi
  sed -nE 's/^\s*(\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/\2/p' <<<"$libraries"
}

# The linker looks in the directory of the architecture without a cache. Its own path is in the
# program.
destination_of() {
  local library=$1
  if [[ $library == */ld-linux* ]]; then
    echo "$library"
  else
    echo "/usr/lib/$(basename "$(dirname "$(readlink -f "$library")")")/$(basename "$library")"
  fi
}

# owner_of PATH: the Debian package that has installed it. dpkg knows some files by their path
# before /lib became a link to /usr/lib.
owner_of() {
  local path
  path=$(readlink -f "$1")
  { dpkg-query -S "$path" || dpkg-query -S "${path#/usr}" || true; } 2>/dev/null | sed -n '1s/: .*//p'
}

install_libraries() {
  local library package
  for library in $(linked_libraries "$program"); do
    install -D -m 755 "$(readlink -f "$library")" "$root$(destination_of "$library")"
    package=$(owner_of "$library")
    [[ -n $package ]] || { echo "no package has $library" >&2; return 1; }
    echo "$package" >>"$packages"
  done
}

# The licences ask for it.
install_copyrights() {
  local package name
  while read -r package; do
    name=${package%:*}
    install -D -m 644 "/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/copyright"
  done <"$packages"
}

# The C library resolves names by itself: it has both ways built in since version 2.34.
install_files() {
  install -D -m 755 "$program" "$root/usr/bin/tidegauge"
  strip "$root/usr/bin/tidegauge"
  install -D -m 644 config/config.yaml "$root/etc/tidegauge/config.yaml"
  install -D -m 644 LICENSE "$root/usr/share/doc/tidegauge/copyright"
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  echo ca-certificates >>"$packages"
  install -D -m 644 /dev/stdin "$root/etc/nsswitch.conf" <<<'hosts: files dns'
}

# For the private socket and the record of ends; a new volume takes owner and mode from here.
make_directories() {
  install -d -m 700 -o "$owner" -g "$owner" "$root/run/tidegauge" "$root/var/lib/tidegauge"
}

mkdir -p "$root"
root=$(readlink -f "$root")
cd "$(dirname "$0")/../.."
packages=$(mktemp)
trap 'rm -f "$packages"' EXIT
install_libraries
install_files
sort -u -o "$packages" "$packages"
install_copyrights
make_directories
scripts/lib/image_sbom.sh "$version" <"$packages" >"$root/usr/share/doc/tidegauge/sbom.spdx.json"
# Whatever the umask is.
find "$root" -type d ! -path "*/tidegauge" -exec chmod 755 {} +
chmod 755 "$root/etc/tidegauge" "$root/usr/share/doc/tidegauge"
chmod 644 "$root/usr/share/doc/tidegauge/sbom.spdx.json"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
