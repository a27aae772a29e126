#!/usr/bin/env bash
# Builds tidegauge and runs it, from nothing: installs what is missing, compiles, and watches the
# Docker Engine of DOCKER_HOST, or one whose socket is found, or a simulated one where there is none.
# Arguments go to tidegauge: scripts/run.sh --once
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

build() {
  install_missing "${packages_build[@]}"
  cmake --preset release >/dev/null
  cmake --build --preset release --target tidegauge simulated_engine >&2
}

# Where the daemon finds an Engine, in its own words; nothing where nobody says it and none is found.
engines() {
  build/release/tidegauge --config config/config.yaml --print-config |
    sed -n '/^endpoints:  # default$/,/^$/d; s/^ *socket_path: //p'
}

run_on_engine() {
  echo "Watching the Docker Engine at $1" >&2
  shift
  exec build/release/tidegauge --config config/config.yaml "$@"
}

simulator='' daemon='' directory='' interrupted=''

start_simulator() {
  directory=$(mktemp -d)
  trap stop_simulator EXIT
  echo "No Docker socket here: watching a simulated Engine of 20 containers" >&2
  build/release/simulated_engine --socket "$directory/docker.sock" --containers 20 \
    --events-per-second 0.5 >&2 &
  simulator=$!
  until [[ -S $directory/docker.sock ]]; do
    kill -0 "$simulator" || return 1
    sleep 0.05
  done
}

stop_simulator() {
  [[ -z $simulator ]] || kill "$simulator" 2>/dev/null || true
  rm -rf "$directory"
}

stop_daemon() {
  interrupted=yes
  [[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
}

# A signal ends the shell's `wait` before the daemon has ended.
wait_for_daemon() {
  local status
  while true; do
    interrupted=''
    status=0
    wait "$daemon" || status=$?
    [[ -n $interrupted ]] || return "$status"
  done
}

run_on_simulated_engine() {
  start_simulator
  trap stop_daemon TERM INT HUP
  TIDEGAUGE_POOL_SOCKET_PATH=unix://$directory/docker.sock \
    build/release/tidegauge --config config/config.yaml "$@" &
  daemon=$!
  wait_for_daemon
}

build
found=$(engines)
if [[ -n $found ]]; then run_on_engine "$found" "$@"; else run_on_simulated_engine "$@"; fi
