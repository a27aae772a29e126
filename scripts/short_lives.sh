#!/usr/bin/env bash
# Measures how well short lives are read at their end: containers of this host's Engine that live for
# 200 ms each and use the CPU for the last 100 ms of it, so that no reading before the end comes
# close. What the daemon says at /api/v1/exits is held against the kernel: the cgroup above the
# containers counts what they have used, also of cgroups that are gone.
#
#   scripts/short_lives.sh [LIVES]           100 by default; PROGRAM names another tidegauge
#   ssh root@HOST PROGRAM=/tmp/tidegauge bash -s < scripts/short_lives.sh    on another host
#
# Needs root, cgroup v2 with systemd, Docker, curl, jq and busybox-static. An emulated host is slow: the times
# are multiplied by how much longer it takes for a loop than hardware does.
set -euo pipefail
lives=${1:-100}
program=${PROGRAM:-build/release/tidegauge}
slice=tidegaugelives.slice
image=tidegauge-short-lives
directory=$(mktemp -d)

[[ -e /sys/fs/cgroup/cgroup.controllers ]] || { echo "this host has no cgroup v2" >&2; exit 2; }

engine() { curl -sS --fail-with-body --unix-socket /run/docker.sock "$@"; }
exits() { curl -sS --unix-socket "$directory/health.sock" "http://daemon/api/v1/exits?name=$1"; }
cpu_usec() { awk '$1 == "usage_usec" {print $2}' "/sys/fs/cgroup/$slice/cpu.stat"; }
loop() { echo "i=0; while [ \$i -lt $1 ]; do i=\$((i+1)); done"; }

clean_up() {
  [[ -z ${daemon:-} ]] || kill "$daemon" 2>/dev/null || true
  engine -X DELETE "http://engine/images/$image?force=1" >/dev/null || true
  systemctl stop $slice
  rm -rf "$directory"
}
trap clean_up EXIT

# The turns of a loop in a second of CPU time, and how many times slower than hardware that is.
TIMEFORMAT='%U'
turns=20000
seconds=$({ time busybox sh -c "$(loop $turns)"; } 2>&1)
read -r slowdown sleeps turns < <(awk -v turns=$turns -v seconds="$seconds" 'BEGIN {
  pace = turns / seconds; slowdown = pace < 300000 ? 300000 / pace : 1
  printf "%.1f %.2f %d\n", slowdown, 0.1 * slowdown, 0.1 * slowdown * pace }')

mkdir -p "$directory/tree/bin"
cp "$(type -P busybox)" "$directory/tree/bin"
for applet in sh sleep; do ln -s busybox "$directory/tree/bin/$applet"; done
tar -C "$directory/tree" -c . |
  engine -H 'Content-Type: application/x-tar' --data-binary @- -o "$directory/import.log" \
    "http://engine/images/create?fromSrc=-&repo=$image&tag=latest"
systemctl start $slice
"$program" --config=/dev/null --web.listen_address=127.0.0.1:0 --path.runtime="$directory" \
  2>"$directory/log" &
daemon=$!
until curl -sf --unix-socket "$directory/health.sock" http://daemon/-/ready >"$directory/ready"; do
  kill -0 $daemon || { cat "$directory/log" >&2; exit 1; }
  sleep 1
done

echo "slowdown $slowdown: a life of $(awk -v s="$sleeps" 'BEGIN {print 2 * s}') s, half of it on the CPU"
spec=$(jq -n --arg image $image --arg slice $slice --arg life "sleep $sleeps; $(loop "$turns")" \
  '{Image: $image, Cmd: ["sh", "-c", $life], HostConfig: {AutoRemove: true, CgroupParent: $slice,
    SecurityOpt: ["apparmor=unconfined"]}}')  # needs no apparmor_parser
final=0 close=0 worst=0
for ((life = 1; life <= lives; ++life)); do
  before=$(cpu_usec)
  engine -o "$directory/created" -H 'Content-Type: application/json' -d "$spec" \
    "http://engine/containers/create?name=life$life"
  engine -X POST "http://engine/containers/life$life/start"
  for ((second = 0; second < 300; ++second)); do
    end=$(exits "life$life")
    [[ $end == *'"exits":[]'* ]] || break
    sleep 1
  done
  read -r is_final used off < <(jq -r --argjson kernel $(($(cpu_usec) - before)) '.exits[0].use // {} |
    (.cpu_seconds // 0) as $cpu | (100 * (1 - $cpu * 1e6 / $kernel) | fabs) as $off |
    "\(.is_final // false) \($cpu) \($off)"' <<<"$end")
  if [[ $is_final == true ]]; then
    final=$((final + 1))
    worst=$(printf '%s\n' "$worst" "$off" | sort -g | tail -n 1)
  fi
  if awk -v off="$off" 'BEGIN {exit !(off <= 5)}'; then close=$((close + 1)); fi
  echo "life$life: read at its end: $is_final, CPU $used s, off by $off %"
done
echo "$final of $lives lives were read after their last instruction, the worst of these off by $worst %"
echo "CPU time within 5 % of the kernel's: $close of $lives"
((final * 100 >= lives * 99 && close * 100 >= lives * 99))
