#!/usr/bin/env bash
# Tests the systemd unit on another host, over ssh: installs the release build with its units there, asks
# systemd what it sees, and removes everything afterwards. scripts/lib/unit_on_host.sh has the checks.
#
#   scripts/test_unit.sh [SSH-OPTION...] root@HOST
#   CHECKS='reload watchdog' scripts/test_unit.sh -p 2222 root@127.0.0.1    some of the checks
#
# The host runs the Debian release that this one does, with what README.md asks for to run the program,
# and docker.io (docker-cli from Debian 13 on), busybox-static and curl. Its Engine is stopped
# and started, so it has no work to do. This host needs openssl.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

(($#)) || { sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2; }
ssh=(ssh "$@")
program=${PROGRAM:-}
if [[ -z $program ]]; then
  install_missing "${packages_build[@]}"
  cmake --preset release >/dev/null
  cmake --build --preset release --target tidegauge >&2
  program=build/release/tidegauge
fi

files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
cp "$program" "$files/tidegauge"
mkdir "$files/units" "$files/drop-ins"
cp -a systemd/*.service systemd/*.socket systemd/docker.service.wants "$files/units"
cp config/systemd/* "$files/drop-ins"
cp scripts/lib/{service,unit}_on_host.sh "$files/"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tidegauge-test \
  -keyout "$files/page.key" -out "$files/page.crt" 2>/dev/null

on_host=/var/tmp/tidegauge-unit-test
tar -C "$files" -c . | "${ssh[@]}" "mkdir -p $on_host && tar -C $on_host -x"
"${ssh[@]}" "cd $on_host && CHECKS='${CHECKS:-}' bash unit_on_host.sh; status=\$?; cd /; rm -rf $on_host; exit \$status"
