# shellcheck shell=bash
# The part of scripts/test_unit.sh that runs on the host, as root, in the directory with what was copied:
# tidegauge, units/, drop-ins/, page.crt and page.key.
set -euo pipefail # so no `grep -q` at the end of a pipe: what it does not read would be a failure
source ./service_on_host.sh

drop_ins=/etc/systemd/system/tidegauge.service.d
all='exposure ready reload watchdog exits families stopped_engine socket credentials'

main() {
  [[ ! -e /usr/bin/tidegauge ]] || { echo "tidegauge is installed on this host: remove it first" >&2; exit 1; }
  trap remove EXIT
  install_files
  make_image
  for check in ${CHECKS:-$all}; do
    echo "--- $check"
    fresh
    "check_$check"
  done
  echo "all checks passed: ${CHECKS:-$all}"
}

install_files() {
  install -m 755 tidegauge /usr/bin/tidegauge
  cp -a units/. /lib/systemd/system/
  mkdir -p /etc/tidegauge "$drop_ins"
}

remove() {
  systemctl stop tidegauge.socket tidegauge.service tidegauge-docker.service 2>/dev/null || true
  systemctl start docker.service || true
  docker rm -f unit-test >/dev/null 2>&1 || true
  docker rmi unit-test >/dev/null 2>&1 || true
  rm -rf /usr/bin/tidegauge /lib/systemd/system/tidegauge{,-docker}.{service,socket} \
    /lib/systemd/system/docker.service.wants/tidegauge-docker.service /etc/tidegauge "$drop_ins" \
    /var/lib/private/tidegauge /var/lib/tidegauge
  systemctl daemon-reload
  systemctl reset-failed tidegauge.service 2>/dev/null || true
}

make_image() {
  tar -C / -c bin/busybox | docker import --change 'CMD ["/bin/busybox", "sleep", "100000"]' - unit-test >/dev/null
  docker rm -f unit-test >/dev/null 2>&1 || true
  "${run[@]}" -d --name unit-test --memory 64m unit-test >/dev/null
}

# fresh: the service as it is shipped, stopped, and an Engine that runs.
fresh() {
  systemctl stop tidegauge.socket tidegauge.service
  rm -f "$drop_ins"/*.conf
  echo 'container_monitor: {interval: 2s}' >/etc/tidegauge/config.yaml
  systemctl daemon-reload
  systemctl start docker.service
}

use() { for name in "$@"; do cp "drop-ins/$name.conf" "$drop_ins/"; done; systemctl daemon-reload; }
start() { timeout 120 systemctl start tidegauge.service || fail "the service does not start"; }

check_exposure() {
  local exposure
  exposure=$(systemd-analyze security --no-pager tidegauge.service | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
  echo "exposure $exposure"
  awk -v exposure="$exposure" 'BEGIN { exit !(exposure != "" && exposure <= 1.5) }' || fail "the exposure is $exposure"
}

# Once systemctl has returned, the first scrape has the container.
check_ready() {
  start
  page_has '^container_last_seen{.*name="unit-test"' || fail "the first page is not complete"
  is active "$(property ActiveState)"
  says "1 container of 1 Engine, 1 of them running" "$(property StatusText)"
  says "Max open files            65536                65536" "$(cat "/proc/$(property MainPID)/limits")"
  is -20 "$(ps -L -o comm=,nice= -p "$(property MainPID)" | awk '$1 == "notices" { print $2 }')"
  docker stop -t 0 unit-test >/dev/null
  soon 10 "the status follows" status_says "0 of them running"
  docker start unit-test >/dev/null
  soon 10 "the status follows" status_says "1 of them running"
  timeout 20 systemctl stop tidegauge.service || fail "the service does not stop"
  is success "$(property Result)"
}
status_says() { [[ $(property StatusText) == *"$1"* ]]; }

check_reload() {
  start
  local pid
  pid=$(property MainPID)
  echo 'container_monitor: {interval: 3s}' >/etc/tidegauge/config.yaml
  timeout 20 systemctl reload tidegauge.service || fail "a good configuration cannot be reloaded"
  soon 10 "the reload is done" page_has '^tidegauge_config_last_reload_successful 1'
  echo 'container_monitor: {interval: never}' >/etc/tidegauge/config.yaml
  timeout 20 systemctl reload tidegauge.service || fail "systemctl reload hangs where the configuration is refused"
  soon 10 "the refusal is told" status_says "the new configuration is refused"
  is active "$(property ActiveState)"
  page_has '^tidegauge_config_last_reload_successful 0' || fail "the page does not show the refusal"
  echo 'container_monitor: {interval: 2s}' >/etc/tidegauge/config.yaml
  timeout 20 systemctl reload tidegauge.service
  soon 10 "the configuration is mended" page_has '^tidegauge_config_last_reload_successful 1'
  is "$pid" "$(property MainPID)"
  is active "$(property ActiveState)"
}

check_watchdog() {
  printf '[Service]\nWatchdogSec=10\n' >"$drop_ins/watchdog.conf"
  systemctl daemon-reload
  start
  sleep 25
  is 0 "$(property NRestarts)"
  local pid
  pid=$(property MainPID)
  kill -STOP "$pid"
  soon 40 "a daemon that is stopped is restarted" restarted
  soon 40 "it is active again" systemctl is-active tidegauge.service
  soon 20 "it serves again" page_has '^container_last_seen{.*name="unit-test"'
  [[ $(property MainPID) != "$pid" ]] || fail "it is the same process"
  says "Failed with result 'watchdog'" "$(journalctl --no-pager -n 50 -u tidegauge.service)"
}
restarted() { [[ $(property NRestarts) == 1 ]]; }

# The private socket and the record of ends, across a restart.
check_exits() {
  start
  "${run[@]}" --rm --name unit-test-end unit-test /bin/busybox sh -c 'exit 7' || true
  soon 20 "the end is told" end_is_told
  systemctl restart tidegauge.service
  end_is_told || fail "the record of ends is lost by a restart"
  tidegauge --healthcheck --path.runtime=/run/tidegauge || fail "the daemon says that it is not well"
}
end_is_told() { tidegauge --exits --path.runtime=/run/tidegauge | grep -c 'unit-test-end' >/dev/null; }

families() { curl -sS --max-time 10 "$1" | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort; }

# Each family of an unrestricted daemon of root is there under the unit, but for those that docs/systemd.md
# names; with the drop-in of that page these are there as well.
check_families() {
  local groups='[per_cpu, processes, connections, tcp_statistics, huge_pages]'
  printf 'container_monitor: {interval: 2s, filesystem_interval: 10s, peak_interval: 1s}\nmetrics: {enable: %s}\n' \
    "$groups" >/etc/tidegauge/config.yaml
  tidegauge --config /etc/tidegauge/config.yaml --check-config >/dev/null || fail "the configuration of this check is not valid"
  systemd-run --quiet --collect --unit tidegauge-unrestricted -E STATE_DIRECTORY=/run/tidegauge-unrestricted -p RuntimeDirectory=tidegauge-unrestricted \
    /usr/bin/tidegauge --config /etc/tidegauge/config.yaml --web.listen_address=127.0.0.1:9718
  start
  sleep 25
  families http://127.0.0.1:9718/metrics >unrestricted
  families "$page" >restricted
  use processes
  systemctl restart tidegauge.service
  sleep 25
  families "$page" >granted
  systemctl stop tidegauge-unrestricted.service
  echo "$(wc -l <unrestricted) families unrestricted, $(wc -l <restricted) under the unit, $(wc -l <granted) with processes.conf"
  is "$(printf 'container_file_descriptors\ncontainer_sockets')" "$(comm -23 unrestricted restricted)"
  is "" "$(comm -23 unrestricted granted)"
}

# docker.socket listens, and nobody starts the Engine.
check_stopped_engine() {
  docker start unit-test >/dev/null
  start
  systemctl stop docker.service
  systemctl start docker.socket
  soon 20 "a container has ended with its Engine" engine_end_is_told
  soon 20 "the page shows the Engine as down" page_has '^tidegauge_engine_up 0'
  sleep 15
  is inactive "$(systemctl is-active docker.service)"
  timeout 60 systemctl restart tidegauge.service || fail "the service does not start without the Engine"
  says "waits for the Engine's process" "$(property StatusText)"
  sleep 10
  is inactive "$(systemctl is-active docker.service)"
  systemctl start docker.service
  soon 60 "the Engine is found again" page_has '^tidegauge_engine_up 1'

  # The check would notice: without the variable the daemon starts the Engine.
  systemctl stop tidegauge.service docker.service
  systemctl start docker.socket
  printf '[Service]\nUnsetEnvironment=TIDEGAUGE_DOCKER_PID_FILE\n' >"$drop_ins/connect.conf"
  systemctl daemon-reload
  systemctl start --no-block tidegauge.service
  soon 60 "a daemon that connects at once starts the Engine" systemctl is-active docker.service
}

engine_end_is_told() {
  tidegauge --exits unit-test --path.runtime=/run/tidegauge | grep -c '\bengine\b' >/dev/null
}

check_socket() {
  use socket
  systemctl start tidegauge.socket
  is inactive "$(systemctl is-active tidegauge.service)"
  curl -sS --max-time 60 "$page" | grep -c '^tidegauge_build_info' >/dev/null || fail "the first client does not get the page"
  soon 20 "the Engine is watched" page_has '^tidegauge_engine_up 1'
  is active "$(systemctl is-active tidegauge.service)"
  local pid socket
  pid=$(property MainPID)
  socket=$(awk '$2 == "0100007F:25F5" && $4 == "0A" { print $10 }' /proc/net/tcp)
  for fd in "/proc/$pid/fd"/*; do
    [[ $(readlink "$fd") == "socket:[$socket]" ]] || continue
    says 02000000 "$(printf '%08o' "$((0$(sed -n 's/^flags:\s*//p' "/proc/$pid/fdinfo/${fd##*/}") & 02000000))")"
    found=yes
  done
  is yes "${found:-no}"
  echo 'container_monitor: {interval: 3s}' >/etc/tidegauge/config.yaml
  timeout 20 systemctl reload tidegauge.service || fail "no reload with a socket of systemd"
  soon 10 "the reload is done" page_has '^tidegauge_config_last_reload_successful 1'
  is "$pid" "$(property MainPID)"
  # A client that comes during a restart waits.
  systemctl stop tidegauge.service
  systemctl start --no-block tidegauge.service
  curl -sS --max-time 60 -o /dev/null "$page" || fail "a client is refused during a restart"
}

check_credentials() {
  install -m 600 page.crt page.key /etc/tidegauge/
  printf 'tls_server_config: {cert_file: page.crt, key_file: page.key}\n' >/etc/tidegauge/web.yml
  use tls
  start
  curl -sS --max-time 10 --cacert page.crt --resolve tidegauge-test:9717:127.0.0.1 https://tidegauge-test:9717/metrics |
    grep -c '^tidegauge_engine_up 1' >/dev/null || fail "the page is not served by TLS"
  timeout 20 systemctl reload tidegauge.service || fail "no reload with credentials"
  soon 10 "the reload is done" status_says "running"
  [[ $(property StatusText) != *refused* ]] || fail "the reload is refused"
}

main
