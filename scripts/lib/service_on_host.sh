# shellcheck shell=bash
# What the scripts that test the service on a host have in common. To be sourced there.

page=http://127.0.0.1:9717/metrics
# A minimal host may have AppArmor in its kernel and no program to load Docker's profile.
# shellcheck disable=SC2034
run=(docker run --security-opt apparmor=unconfined)

fail() {
  echo "FAILED: $*" >&2
  systemctl --no-pager --full status tidegauge.service >&2 || true
  journalctl --no-pager -n 30 -u tidegauge.service >&2 || true
  exit 1
}

# soon SECONDS WHAT COMMAND...: waits until the command succeeds.
soon() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "not in time: $what"
    sleep 0.3
  done
}

says() { [[ $2 == *"$1"* ]] || fail "\"$1\" is not in: $2"; }
is() { [[ $2 == "$1" ]] || fail "expected \"$1\", got \"$2\""; }
property() { systemctl show --value -p "$1" tidegauge.service; }
# Reads the whole page: curl takes a pipe that closes early for a failure.
page_has() { curl -sS --max-time 10 "$page" | grep -c -- "$1" >/dev/null; }
