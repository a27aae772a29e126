#!/bin/sh
# promtool_test.sh PAGE: `promtool check metrics` complains of nothing in PAGE but these names,
# which are cAdvisor's and kept so that its dashboards work. A page need not have them all: they are
# not there with cgroup v2.
set -eu

expected='container_memory_failcnt counter metrics should have "_total" suffix
container_hugetlb_failcnt counter metrics should have "_total" suffix
container_fs_inodes_total non-counter metrics should not have "_total" suffix
container_network_advance_tcp_stats_total non-counter metrics should not have "_total" suffix
container_network_tcp6_usage_total non-counter metrics should not have "_total" suffix
container_network_tcp_usage_total non-counter metrics should not have "_total" suffix
container_network_udp6_usage_total non-counter metrics should not have "_total" suffix
container_network_udp_usage_total non-counter metrics should not have "_total" suffix
cadvisor_version_info label names should be written in '"'snake_case' not 'camelCase'"

if ! command -v promtool >/dev/null; then
  echo "promtool is not installed; on Debian: apt-get install prometheus" >&2
  exit 1
fi

complaints=$(promtool check metrics <"$1" 2>&1 | grep -vxF "$expected" || true)
if [ -n "$complaints" ]; then
  printf 'promtool complains of:\n%s\n' "$complaints" >&2
  exit 1
fi
