#!/usr/bin/env bash
# Tests the Debian package on another host, over ssh, as an administrator uses it: installs it, upgrades,
# reloads, breaks and mends the configuration, removes and purges it, and looks at the page at each step.
# scripts/lib/package_on_host.sh has the steps. Everything is removed afterwards.
#
#   scripts/test_package.sh [SSH-OPTION...] root@HOST
#
# The host runs the Debian release that this one does, with systemd, docker.io (docker-cli from Debian 13
# on), busybox-static and curl. It needs no network: the libraries that the package depends on come from here.
set -euo pipefail
cd "$(dirname "$0")/.."

(($#)) || { sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2; }
ssh=(ssh "$@")

# make_upgrade PACKAGE UPGRADE: the same package with a higher version, with which a default of the
# configuration changes too, so that dpkg has to merge the two.
make_upgrade() {
  local tree
  tree=$(mktemp -d)
  dpkg-deb --raw-extract "$1" "$tree"
  sed -i 's/^Version: .*/&+upgrade/' "$tree/DEBIAN/control"
  echo '# a line of the next version' >>"$tree/etc/default/tidegauge"
  dpkg-deb --root-owner-group --build "$tree" "$2" >/dev/null
  rm -r "$tree"
}

# The packages that the program needs and the host lacks.
download_dependencies() {
  local missing
  mapfile -t missing < <(comm -23 <(dependencies_of "$1") \
    <("${ssh[@]}" "dpkg-query -W -f '\${Package}\n'" | sort -u))
  ((${#missing[@]})) || return 0
  (cd "$2" && apt-get -qq download "${missing[@]}")
}

dependencies_of() {
  local direct
  direct=$(dpkg-deb --field "$1" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
  # shellcheck disable=SC2086
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances $direct | sed -n 's/^\([a-z0-9][^: ]*\)$/\1/p' | sort -u
}

package=$(scripts/package.sh)
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
mkdir "$files/dependencies"
cp "$package" "$files/first.deb"
make_upgrade "$package" "$files/second.deb"
download_dependencies "$package" "$files/dependencies"
cp scripts/lib/{service,package}_on_host.sh "$files/"

on_host=/var/tmp/tidegauge-package-test
tar -C "$files" -c . | "${ssh[@]}" "mkdir -p $on_host && tar -C $on_host -x"
"${ssh[@]}" "cd $on_host && bash package_on_host.sh; status=\$?; cd /; rm -rf $on_host; exit \$status"
