#!/usr/bin/env bash
# Tests the numbers of a release build on another host, over ssh: by its kernel, its cgroups (those of
# systemd and cgroup v2, where it has them) and its dockerd, of which a private one is started. Builds
# here, copies the programs to the same paths there, and removes them afterwards.
#
#   scripts/test_host.sh [SSH-OPTION...] root@HOST
#   TESTS='docker stats*' scripts/test_host.sh -p 2222 root@127.0.0.1    others than the tag [numbers]
#
# The host runs the Debian release that this one does, with what README.md asks for to run the
# program, and docker.io (docker-cli from Debian 13 on), iptables, busybox-static and iproute2.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

(($#)) || { sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2; }
ssh=(ssh "$@")
tests=${TESTS:-[numbers]}
programs=("$PWD"/build/release/tidegauge "$PWD"/build/release/tests/{engine_tests,engine_guard})

on_host() {
  # Words of a command line over there, quoted here.
  "${ssh[@]}" "$(printf '%q ' "$@")"
}

remove_programs() {
  on_host rm -f "${programs[@]}" || echo "still on the host: ${programs[*]}" >&2
}

install_missing "${packages_build[@]}"
cmake --preset release >/dev/null
cmake --build --preset release --target tidegauge engine_tests engine_guard >&2

trap remove_programs EXIT
tar -C / -c "${programs[@]#/}" | "${ssh[@]}" tar -C / -x
missing=$(on_host ldd "${programs[@]}" | sed -n 's/^\s*\(.*\) => not found/\1/p' | sort -u)
[[ -z $missing ]] || { echo "the host lacks libraries: ${missing//$'\n'/ }" >&2; exit 1; }

driver=cgroupfs
"${ssh[@]}" test -d /run/systemd/system && driver=systemd
echo "cgroup driver $driver, cgroup version $("${ssh[@]}" \
  'test -e /sys/fs/cgroup/cgroup.controllers && echo 2 || echo 1'), kernel $("${ssh[@]}" uname -r)" >&2
on_host env TIDEGAUGE_TEST_CGROUP_DRIVER=$driver "${programs[1]}" "$tests"
