# shellcheck shell=bash
# The part of scripts/test_package.sh that runs on the host, as root, in the directory with what was copied:
# first.deb, second.deb (an upgrade of it) and dependencies/.
set -euo pipefail # so no `grep -q` at the end of a pipe: what it does not read would be a failure
source ./service_on_host.sh

config=/etc/tidegauge/config.yaml
dependencies=() # those that were not there before, to be removed afterwards
export DEBIAN_FRONTEND=noninteractive

main() {
  [[ ! -e /usr/bin/tidegauge ]] || { echo "tidegauge is installed on this host: remove it first" >&2; exit 1; }
  trap clean_up EXIT
  systemctl start docker.service
  make_container
  install_dependencies
  for step in install reload broken_reload broken_start mended_start upgrade disabled_upgrade remove install_again \
    purge; do
    echo "--- $step"
    "step_$step"
  done
  echo "all steps passed"
}

make_container() {
  tar -C / -c bin/busybox | docker import --change 'CMD ["/bin/busybox", "sleep", "100000"]' - package-test >/dev/null
  docker rm -f package-test >/dev/null 2>&1 || true
  "${run[@]}" -d --name package-test package-test >/dev/null
}

install_dependencies() {
  local file
  for file in dependencies/*.deb; do
    [[ -e $file ]] || return 0
    dependencies+=("$(dpkg-deb --field "$file" Package)")
  done
  dpkg --install dependencies/*.deb >/dev/null
}

clean_up() {
  dpkg --purge tidegauge >/dev/null 2>&1 || true
  ((!${#dependencies[@]})) || dpkg --purge "${dependencies[@]}" >/dev/null || true
  docker rm -f package-test >/dev/null 2>&1 || true
  docker rmi package-test >/dev/null 2>&1 || true
}

has_no_memory() { page_has '^container_last_seen' && ! page_has '^container_memory_'; } # what the configuration asks for
serves() { soon 60 "the page has the container" page_has '^container_last_seen{.*name="package-test"'; }
is_enabled() { systemctl is-enabled tidegauge.service || true; }
write_config() { printf '%s\n' "$1" >"$config"; }
end_is_told() { tidegauge --exits --path.runtime=/run/tidegauge | grep -c package-test-end >/dev/null; }

# As it is shipped, unedited.
step_install() {
  dpkg --install first.deb >/dev/null || fail "it cannot be installed"
  is enabled "$(is_enabled)"
  soon 60 "the service is active" systemctl is-active tidegauge.service
  serves
  page_has '^container_memory_working_set_bytes{.*name="package-test"' || fail "the numbers are not there"
  page_has '^tidegauge_engine_up 1' || fail "the Engine is not up on the page"
  is "tidegauge $(dpkg-deb --field first.deb Version | sed 's/-.*//')" "$(tidegauge --version | sed 's/ *(.*//')"
}

step_reload() {
  local pid
  pid=$(property MainPID)
  write_config 'metrics: {disable: [memory]}'
  systemctl reload tidegauge.service || fail "a good configuration cannot be reloaded"
  soon 60 "the new configuration has taken effect" has_no_memory
  is "$pid" "$(property MainPID)"
}

step_broken_reload() {
  write_config 'metrics: {disable: [memories]}'
  systemctl reload tidegauge.service || fail "systemctl reload fails where the configuration is refused"
  soon 60 "the refusal is on the page" page_has '^tidegauge_config_last_reload_successful 0'
  is active "$(property ActiveState)"
  has_no_memory || fail "the old configuration is not in effect any more"
  says "metrics.disable" "$(journalctl --no-pager -n 20 -u tidegauge.service)"
}

# The reason is in the journal, and systemd does not try again and again.
step_broken_start() {
  systemctl restart tidegauge.service 2>/dev/null && fail "it starts with a broken configuration"
  is failed "$(property ActiveState)"
  is 2 "$(property ExecMainStatus)"
  is 0 "$(property NRestarts)"
  says "memories" "$(journalctl --no-pager -n 20 -u tidegauge.service)"
}

step_mended_start() {
  write_config 'metrics: {disable: [memory]}'
  systemctl restart tidegauge.service || fail "it does not start with the mended configuration"
  serves
}

# The administrator's file stays, a file that nobody has edited follows, and the record of ends is kept.
step_upgrade() {
  "${run[@]}" --rm --name package-test-end package-test /bin/busybox sh -c 'exit 7' || true
  soon 60 "the end is told" end_is_told
  local pid
  pid=$(property MainPID)
  dpkg --install second.deb >/dev/null || fail "it cannot be upgraded"
  is "$(dpkg-deb --field second.deb Version)" "$(dpkg-query -W -f='${Version}' tidegauge)"
  serves
  [[ $(property MainPID) != "$pid" ]] || fail "the old process is still there"
  has_no_memory || fail "the administrator's configuration is lost"
  grep -q 'a line of the next version' /etc/default/tidegauge || fail "a file that nobody has edited does not follow"
  end_is_told || fail "the record of ends is lost"
}

step_disabled_upgrade() {
  systemctl disable --now tidegauge.service 2>/dev/null
  dpkg --install first.deb >/dev/null 2>&1 || fail "the older version cannot be installed"
  is disabled "$(is_enabled)"
  is inactive "$(property ActiveState)"
  systemctl enable --now tidegauge.service 2>/dev/null
  serves
}

step_remove() {
  dpkg --remove tidegauge >/dev/null || fail "it cannot be removed"
  ! curl -sS --max-time 10 -o /dev/null "$page" 2>/dev/null || fail "it still serves"
  [[ ! -e /usr/bin/tidegauge ]] || fail "the program is still there"
  [[ ! -e /run/tidegauge-docker ]] || fail "the link to Docker's pid file is still there"
  grep -q memory "$config" || fail "the configuration is lost by a removal"
}

step_install_again() {
  dpkg --install second.deb >/dev/null || fail "it cannot be installed again"
  serves
  has_no_memory || fail "the configuration is not that of before"
  end_is_told || fail "the record of ends is lost by a removal"
}

step_purge() {
  dpkg --purge tidegauge >/dev/null || fail "it cannot be purged"
  local left
  left=$(find / -xdev -path /proc -prune -o -path /sys -prune -o -path "$PWD" -prune -o -name '*tidegauge*' -print)
  is "" "$left"
}

main
