#include "cgroup/parsers.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using namespace tidegauge::cgroup;

TEST_CASE("a count is a whole line of digits and nothing else") {
  CHECK(parse_count("0\n") == 0U);
  CHECK(parse_count("18446744073709551615\n") == UINT64_MAX);
  for (const std::string_view text :
       {"", "\n", "max\n", "12", "12a\n", "-1\n", "+1\n", " 1\n", "1 2\n", "18446744073709551616\n",
        "1\n2\n", "0x10\n", "1.5\n"}) {
    INFO(text);
    CHECK_FALSE(parse_count(text));
  }
}

TEST_CASE("a truncated line gives no truncated number") {
  CHECK(parse_count_of("oom_kill 12\n", "oom_kill") == 12U);
  CHECK_FALSE(parse_count_of("oom_kill 12", "oom_kill"));
  model::MemoryStats memory;
  parse_memory_stat_v2("anon 4096\nfile 81", memory);
  CHECK(memory.rss_bytes == 4096U);
  CHECK_FALSE(memory.cache_bytes);
  std::vector<model::NetworkStats> networks;
  parse_net_dev("  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 1", networks);
  CHECK(networks.empty());
  CHECK_FALSE(parse_pressure("some avg10=0.00 total=12").waiting_seconds);
}

TEST_CASE("an unexpected line spoils no other line") {
  model::MemoryStats memory;
  parse_memory_stat_v1(
      "total_rss 12x\ntotal_cache\ntotal_swap -1\ntotal_dirty 1 2\n\ntotal_pgfault 7\nrss 9\n",
      memory);
  CHECK_FALSE(memory.rss_bytes);
  CHECK_FALSE(memory.cache_bytes);
  CHECK_FALSE(memory.swap_bytes);
  CHECK_FALSE(memory.dirty_bytes);
  CHECK(memory.page_faults == 7U);
}

TEST_CASE("every number of memory.stat of cgroup v1 is in its own field") {
  model::MemoryStats memory;
  parse_memory_stat_v1(
      "cache 90\nrss 91\ntotal_cache 1\ntotal_rss 2\ntotal_mapped_file 3\ntotal_dirty 4\n"
      "total_writeback 5\ntotal_workingset_refault_anon 6\ntotal_workingset_refault_file 7\n"
      "total_swap 8\ntotal_pgfault 9\ntotal_pgmajfault 10\ntotal_inactive_file 11\n"
      "total_active_file 12\n",
      memory);
  CHECK(memory.cache_bytes == 1U);
  CHECK(memory.rss_bytes == 2U);
  CHECK(memory.mapped_file_bytes == 3U);
  CHECK(memory.dirty_bytes == 4U);
  CHECK(memory.writeback_bytes == 5U);
  CHECK(memory.refaults_anon == 6U);
  CHECK(memory.refaults_file == 7U);
  CHECK(memory.swap_bytes == 8U);
  CHECK(memory.page_faults == 9U);
  CHECK(memory.major_page_faults == 10U);
  CHECK(memory.inactive_file_bytes == 11U);
  CHECK(memory.active_file_bytes == 12U);
}

TEST_CASE("every number of memory.stat and memory.events of cgroup v2 is in its own field") {
  model::MemoryStats memory;
  parse_memory_stat_v2(
      "anon 1\nfile 2\nkernel 3\nfile_mapped 4\nfile_dirty 5\nfile_writeback 6\n"
      "inactive_anon 90\ninactive_file 7\nactive_file 8\nworkingset_refault_anon 9\n"
      "workingset_refault_file 10\npgscan 11\npgsteal 12\npgfault 13\npgmajfault 14\n",
      memory);
  CHECK(memory.rss_bytes == 1U);
  CHECK(memory.cache_bytes == 2U);
  CHECK(memory.kernel_bytes == 3U);
  CHECK(memory.mapped_file_bytes == 4U);
  CHECK(memory.dirty_bytes == 5U);
  CHECK(memory.writeback_bytes == 6U);
  CHECK(memory.inactive_file_bytes == 7U);
  CHECK(memory.active_file_bytes == 8U);
  CHECK(memory.refaults_anon == 9U);
  CHECK(memory.refaults_file == 10U);
  CHECK(memory.pages_scanned == 11U);
  CHECK(memory.pages_stolen == 12U);
  CHECK(memory.page_faults == 13U);
  CHECK(memory.major_page_faults == 14U);
  const auto events = parse_memory_events("low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n");
  CHECK(events.low == 1U);
  CHECK(events.high == 2U);
  CHECK(events.max == 3U);
  CHECK(events.oom == 4U);
  CHECK(events.oom_kill == 5U);
}

TEST_CASE("CPU times in nanoseconds, microseconds and clock ticks become seconds") {
  const auto times = parse_cpuacct_stat("user 38\nsystem 24\n");
  CHECK(times.user_seconds == test::Approx(0.38));
  CHECK(times.system_seconds == test::Approx(0.24));
  const auto v1 = parse_cpu_stat_v1(
      "nr_periods 126\nnr_throttled 3\nthrottled_time 1500000000\nnr_bursts 2\n"
      "burst_time 500000000\n");
  REQUIRE(v1);
  CHECK(v1->periods == 126);
  CHECK(v1->throttled_periods == 3);
  CHECK(v1->throttled_seconds == 1.5);
  CHECK(v1->bursts == 2U);
  CHECK(v1->burst_seconds == 0.5);
  const auto v2 = parse_cpu_stat_v2(
      "usage_usec 2500000\nuser_usec 500000\nsystem_usec 2000000\nnr_periods 81\n"
      "nr_throttled 18\nthrottled_usec 250000\n");
  REQUIRE(v2);
  CHECK(v2->usage_seconds == 2.5);
  CHECK(v2->user_seconds == 0.5);
  CHECK(v2->system_seconds == 2.0);
  CHECK(v2->throttling->throttled_seconds == 0.25);
  CHECK_FALSE(v2->throttling->bursts);
}

TEST_CASE("a CPU time equals the Engine's to the last bit, so that no counter decreases") {
  CHECK(parse_cpuacct_stat("user 29\n").user_seconds == 290'000'000 * 1e-9);
  CHECK(parse_cpu_stat_v2("usage_usec 1234567\n")->usage_seconds == 1'234'567'000 * 1e-9);
  CHECK(parse_cpuacct_usage("493841981\n") == 493'841'981 * 1e-9);
  CHECK_FALSE(parse_cpu_stat_v2("usage_usec 18446744073709551615\n"));  // in nanoseconds too much
}

TEST_CASE("incomplete throttling is absent, and so is a CPU without its usage") {
  CHECK_FALSE(parse_cpu_stat_v1("nr_periods 126\nnr_throttled 3\n"));
  CHECK_FALSE(parse_cpu_stat_v2("user_usec 500000\nsystem_usec 2000000\n"));
  CHECK_FALSE(parse_cpu_stat_v2("usage_usec 1\n")->throttling);
}

TEST_CASE("block I/O is sorted by device, and known values stay") {
  std::vector<model::BlockIoStats> devices;
  parse_blkio_bytes(
      "254:16 Read 5\n8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Discard 9\n8:0 Total 3\nTotal 3\n",
      devices);
  parse_blkio_bytes("8:0 Read 77\n", devices);
  parse_blkio_operations("8:0 Read 4\n254:16 Write 6\n", devices);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].major == 8);
  CHECK(devices[0].read_bytes == 1U);
  CHECK(devices[0].write_bytes == 2U);
  CHECK(devices[0].reads == 4U);
  CHECK_FALSE(devices[0].writes);
  CHECK(devices[1].major == 254);
  CHECK(devices[1].minor == 16);
  CHECK(devices[1].writes == 6U);
  CHECK_FALSE(devices[1].reads);
}

TEST_CASE("devices without I/O in io.stat are left out") {
  std::vector<model::BlockIoStats> devices;
  parse_io_stat(
      "7:0 \n254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\nx:y rbytes=1\n"
      "8:0 rbytes= =5 rbytes wios=x\n",
      devices);
  REQUIRE(devices.size() == 1);
  CHECK(devices[0].major == 254);
  CHECK(devices[0].read_bytes == 1U);
  CHECK(devices[0].write_bytes == 2U);
  CHECK(devices[0].reads == 3U);
  CHECK(devices[0].writes == 4U);
}

TEST_CASE("the last of several devices on a line of io.stat has the numbers") {
  std::vector<model::BlockIoStats> devices;
  // As kernels print that end no line for a device without numbers.
  parse_io_stat("7:7 7:6 7:5 8:0 rbytes=1000 wbytes=2 rios=3 wios=4\n7:4 \n7:3 8:16 rbytes=5\n",
                devices);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].major == 8);
  CHECK(devices[0].minor == 0);
  CHECK(devices[0].read_bytes == 1000U);
  CHECK(devices[0].writes == 4U);
  CHECK(devices[1].minor == 16);
  CHECK(devices[1].read_bytes == 5U);
}

TEST_CASE("the charges of io.cost are seconds on the line of the device") {
  std::vector<model::BlockIoStats> devices;
  parse_io_stat(
      "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0 cost.usage=1500000 cost.wait=250000 "
      "cost.indebt=7 cost.indelay=0\n254:16 rbytes=1 wbytes=0 rios=1 wios=0 cost.usage=x\n",
      devices);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].cost.usage_seconds == 1.5);
  CHECK(devices[0].cost.wait_seconds == 0.25);
  CHECK(devices[0].cost.indebt_seconds == test::Approx(7e-6));
  CHECK(devices[0].cost.indelay_seconds == 0.0);
  CHECK_FALSE(devices[1].cost.usage_seconds);
  CHECK_FALSE(devices[1].cost.wait_seconds);
}

TEST_CASE("interfaces are sorted, without the loopback and other lines") {
  std::vector<model::NetworkStats> networks;
  parse_net_dev(
      "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n"
      "    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
      "  eth1:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "  eth0: 1 2 3\n"
      "  eth0:1: 2 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "br-6ec9db0fc240:    28 1 0 0 0 0 0 0 526 5 0 2 0 0 0 0\n",
      networks);
  REQUIRE(networks.size() == 3);
  CHECK(networks[0].interface == "br-6ec9db0fc240");
  CHECK(networks[0].transmit_dropped == 2);
  CHECK(networks[1].interface == "eth0:1");
  CHECK(networks[2].interface == "eth1");
  CHECK(networks[2].receive_bytes == 1);
  CHECK(networks[2].receive_packets == 2);
  CHECK(networks[2].receive_errors == 3);
  CHECK(networks[2].receive_dropped == 4);
  CHECK(networks[2].transmit_bytes == 9);
  CHECK(networks[2].transmit_packets == 10);
  CHECK(networks[2].transmit_errors == 11);
  CHECK(networks[2].transmit_dropped == 12);
}

TEST_CASE("TCP connections are counted by state") {
  using model::TcpState;
  const auto in = [](const model::TcpSockets& sockets, TcpState state) {
    return sockets.by_state.at(static_cast<std::size_t>(state));
  };
  const auto tcp = parse_tcp_sockets(test::recorded_sockets("tcp"));
  CHECK(in(tcp, TcpState::listen) == 1);
  CHECK(in(tcp, TcpState::established) == 2);
  CHECK(in(tcp, TcpState::close_wait) == 1);
  CHECK(in(tcp, TcpState::fin_wait1) == 1);
  CHECK(in(tcp, TcpState::time_wait) == 1);
  CHECK(std::accumulate(tcp.by_state.begin(), tcp.by_state.end(), 0U) == 6);
  const auto tcp6 = parse_tcp_sockets(test::recorded_sockets("tcp6"));
  CHECK(in(tcp6, TcpState::listen) == 1);
  CHECK(in(tcp6, TcpState::established) == 2);
}

TEST_CASE("a line with an unknown TCP state is no connection") {
  for (const std::string_view state : {"00", "0C", "FF", "0g", ""}) {
    INFO(state);
    const auto line = "0: 0:1 0:2 " + std::string(state) + " 0:0 00:0 0 0 0 1\n";
    CHECK(parse_tcp_sockets(line).by_state == model::TcpSockets{}.by_state);
  }
  CHECK(parse_tcp_sockets("0: 0:1 0:2 0B 0:0 00:0 0 0 0 1\n").by_state.back() == 1);
}

TEST_CASE("UDP sockets have their queued bytes and dropped datagrams") {
  const auto udp = parse_udp_sockets(test::recorded_sockets("udp"));
  CHECK(udp.listening == 1);
  CHECK(udp.dropped == 17);
  CHECK(udp.receive_queued_bytes == 0xF00);
  CHECK(udp.transmit_queued_bytes == 0);
  const auto udp6 = parse_udp_sockets(test::recorded_sockets("udp6"));
  CHECK(udp6.listening == 1);
  CHECK(udp6.dropped == 0);
}

TEST_CASE("the kernel's TCP counters have lower-case names") {
  std::vector<model::TcpStatistic> statistics;
  parse_tcp_statistics(test::recorded_sockets("snmp"), statistics);
  CHECK(statistics.size() == 15);  // of TCP alone
  parse_tcp_statistics(test::recorded_sockets("netstat"), statistics);
  CHECK(statistics.size() > 100);
  const auto value = [&](std::string_view name) {
    return std::ranges::find(statistics, name, &model::TcpStatistic::name)->value;
  };
  CHECK(value("maxconn") == -1);
  CHECK(value("activeopens") == 4);
  CHECK(value("outsegs") == 18);
  CHECK(value("retranssegs") == 0);
  CHECK(value("tcppureacks") > 0);
}

TEST_CASE("names without numbers are no counters") {
  std::vector<model::TcpStatistic> statistics;
  parse_tcp_statistics("Tcp: InSegs OutSegs\nTcpExt: TW\nTcpExt: 7\n", statistics);
  parse_tcp_statistics("Tcp: InSegs OutSegs\nTcp: x 8\nTcp: RtoMin\n", statistics);
  parse_tcp_statistics("Tcp: InSegs OutSegs\nTcp: 9\n", statistics);
  parse_tcp_statistics("TcpExt: INSEGS\nTcpExt: 10\n", statistics);  // there already
  REQUIRE(statistics.size() == 2);
  CHECK(statistics[0].name == "outsegs");
  CHECK(statistics[0].value == 8);
  CHECK(statistics[1].value == 9);
}

TEST_CASE("pressure has the totals of \"some\" and \"full\" in seconds") {
  const auto pressure = parse_pressure(
      "some avg10=14.68 avg60=5.00 avg300=1.18 total=2928320\n"
      "full avg10=13.10 avg60=4.22 avg300=0.98 total=2386115\n");
  CHECK(pressure.waiting_seconds == test::Approx(2.92832));
  CHECK(pressure.stalled_seconds == test::Approx(2.386115));
  CHECK_FALSE(parse_pressure("some avg10=0.00 total=1\n").stalled_seconds);
  CHECK_FALSE(parse_pressure("some total=x\n").waiting_seconds);
}

/// What a fuzzer does, in small: every prefix, and every byte replaced, of real text.
TEST_CASE("no text makes a parser fail or read past its end") {
  const std::string text =
      "total_rss 4096\nusage_usec 17\n254:0 rbytes=1 wbytes=2\n8:0 Read 15\neth0: 1 2 3 4 5 6 7 8 "
      "9 10 11 12 13 14 15 16\nsome avg10=0.00 total=99\n0: 0:1 0:2 0A 1:2 0:0 0 3\nTcp: A B\nTcp: "
      "1 2\n";
  const auto parse_all = [](std::string_view input) {
    const std::string exact(input);  // so that a sanitizer sees the end
    model::MemoryStats memory;
    std::vector<model::BlockIoStats> devices;
    std::vector<model::NetworkStats> networks;
    parse_memory_stat_v1(exact, memory);
    parse_memory_stat_v2(exact, memory);
    parse_io_stat(exact, devices);
    parse_blkio_bytes(exact, devices);
    parse_blkio_operations(exact, devices);
    parse_net_dev(exact, networks);
    std::ignore = parse_count(exact);
    std::ignore = parse_cpu_stat_v1(exact);
    std::ignore = parse_cpu_stat_v2(exact);
    std::ignore = parse_cpuacct_stat(exact);
    std::ignore = parse_memory_events(exact);
    std::ignore = parse_pressure(exact);
    std::ignore = parse_tcp_sockets(exact);
    std::ignore = parse_udp_sockets(exact);
    std::vector<model::TcpStatistic> statistics;
    parse_tcp_statistics(exact, statistics);
    return devices.size() + networks.size();
  };
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CHECK(parse_all(std::string_view(text).substr(0, size)) <= 3);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char wrong : {'\0', '\n', ' ', ':', '=', '-', '9', '\xff'}) {
      auto spoiled = text;
      spoiled[at] = wrong;
      CHECK(parse_all(spoiled) <= 4);
    }
  }
}

TEST_CASE("CPU time by CPU is all of them or none") {
  CHECK(parse_cpuacct_usage_percpu("1500000000 0 250000000 \n") ==
        std::vector<double>{1.5, 0, 0.25});
  CHECK(parse_cpuacct_usage_percpu("1500000000 x\n").empty());
  CHECK(parse_cpuacct_usage_percpu("1500000000 2").empty());
  CHECK(parse_cpuacct_usage_percpu("").empty());
}

TEST_CASE("a task's state is found after any task name") {
  using model::TaskState;
  CHECK(parse_task_state("7 (sh) S 1 7") == TaskState::sleeping);
  CHECK(parse_task_state("7 (a) R b) D 1 7") == TaskState::uninterruptible);
  CHECK(parse_task_state("7 (kworker) I 2") == TaskState::sleeping);
  CHECK(parse_task_state("7 (sh) R 1") == TaskState::running);
  CHECK(parse_task_state("7 (sh) t 1") == TaskState::stopped);
  CHECK(parse_task_state("7 (sh) Z 1") == TaskState::zombie);
  for (const std::string_view text : {"", "7 (sh)", "7 (sh) ", "7 (sh) ?"}) {
    INFO(text);
    CHECK_FALSE(parse_task_state(text));
  }
}

TEST_CASE("the limit of descriptors is the soft one") {
  CHECK(parse_descriptors_limit(
            "Limit  Soft Limit\nMax open files            1024   4096  files\n") == 1024U);
  CHECK_FALSE(parse_descriptors_limit("Max open files            unlimited   4096  files\n"));
  CHECK_FALSE(parse_descriptors_limit("Max processes 1 2 processes\n"));
}
