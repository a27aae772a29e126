#include "cgroup/host_parsers.h"

#include <chrono>
#include <string>
#include <string_view>

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::cgroup;
using namespace std::chrono_literals;

TEST_CASE("the machine's CPU time leaves out idle, iowait and steal") {
  const auto cpu = parse_host_cpu(
      "cpu  1000 200 300 90000 5000 40 60 7000 500 20\ncpu0 500 100 150 45000 2500 20 30 0 0 0\n");
  REQUIRE(cpu);
  CHECK(cpu->usage_seconds == 16.0);
  CHECK(cpu->user_seconds == 12.0);
  CHECK(cpu->system_seconds == 4.0);
  CHECK_FALSE(cpu->throttling);
}

TEST_CASE("an incomplete line of CPU times gives no value") {
  for (const std::string_view text :
       {"", "cpu  1 2 3 4 5 6 7\n", "cpu  1 2 3 4 5 6 7 8", "cpu0 1 2 3 4 5 6 7 8\n",
        "cpu  1 2 x 4 5 6 7 8\n", "cpu  18446744073709551615 1 3 4 5 6 7 8\n"}) {
    INFO(text);
    CHECK_FALSE(parse_host_cpu(text));
  }
}

TEST_CASE("the time of the boot is in seconds since the epoch") {
  CHECK(parse_boot_time("ctxt 5\nbtime 1795649633\n") == WallTime{1'795'649'633s});
  CHECK_FALSE(parse_boot_time("ctxt 5\n"));
  CHECK_FALSE(parse_boot_time("btime 18446744073709551615\n"));
}

TEST_CASE("the machine's memory in use is the total less the free memory") {
  const auto memory = parse_meminfo(
      "MemTotal:         1000 kB\nMemFree:           400 kB\nBuffers:            10 kB\n"
      "Cached:            100 kB\nSwapCached:          1 kB\nActive(file):       60 kB\n"
      "Inactive(file):     40 kB\nSwapTotal:          50 kB\nSwapFree:           20 kB\n"
      "Dirty:               3 kB\nWriteback:           2 kB\nAnonPages:         200 kB\n"
      "Mapped:             70 kB\nSlab:               11 kB\nKernelStack:         5 kB\n"
      "PageTables:          4 kB\nPercpu:              1 kB\n");
  CHECK(memory.memory_bytes == 1000U * 1024);
  CHECK(memory.swap_bytes == 50U * 1024);
  REQUIRE(memory.use);
  CHECK(memory.use->usage_bytes == 600U * 1024);
  CHECK(memory.use->rss_bytes == 200U * 1024);
  CHECK(memory.use->cache_bytes == 110U * 1024);
  CHECK(memory.use->mapped_file_bytes == 70U * 1024);
  CHECK(memory.use->kernel_bytes == 21U * 1024);
  CHECK(memory.use->swap_bytes == 30U * 1024);
  CHECK(memory.use->active_file_bytes == 60U * 1024);
  CHECK(memory.use->inactive_file_bytes == 40U * 1024);
  CHECK(memory.use->dirty_bytes == 3U * 1024);
  CHECK(memory.use->writeback_bytes == 2U * 1024);
}

TEST_CASE("a machine without a memory size has no memory in use") {
  CHECK_FALSE(parse_meminfo("MemTotal: 10 kB\n").use);
  CHECK_FALSE(parse_meminfo("MemTotal: 10 kB\nMemFree: 11 kB\n").use);
  CHECK_FALSE(parse_meminfo("MemTotal: 10\nMemFree: 1 kB\n").use);
  CHECK_FALSE(parse_meminfo("MemTotal: 18446744073709551615 kB\nMemFree: 1 kB\n").use);
}

TEST_CASE("page faults and reclaimed pages are the kernel's, whoever reclaimed them") {
  model::MemoryStats memory;
  parse_vmstat(
      "pgfault 9\npgmajfault 8\npgsteal_kswapd 1\npgsteal_direct 2\npgscan_kswapd 3\n"
      "pgscan_direct 4\nworkingset_refault_anon 5\nworkingset_refault_file 6\noom_kill 7\n",
      memory);
  CHECK(memory.page_faults == 9U);
  CHECK(memory.major_page_faults == 8U);
  CHECK(memory.pages_stolen == 3U);
  CHECK(memory.pages_scanned == 7U);
  CHECK(memory.refaults_anon == 5U);
  CHECK(memory.refaults_file == 6U);
  CHECK(memory.events.oom_kill == 7U);
}

TEST_CASE("a disk's sectors have 512 bytes, and an unused disk is left out") {
  const std::string text =
      " 254       0 vda 10 20 30 4000 50 60 70 8000 9 1000 12000 0 0 0 0 1 2\n"
      "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n"
      " 254       1 vda1 1 2 3\n";
  const auto disks = parse_diskstats(text);
  REQUIRE(disks.size() == 1);
  CHECK(disks[0].name == "vda");
  const auto& io = disks[0].io;
  CHECK(io.major == 254);
  CHECK(io.minor == 0);
  CHECK(io.reads == 10U);
  CHECK(io.reads_merged == 20U);
  CHECK(io.read_bytes == 30U * 512);
  CHECK(io.read_seconds == 4.0);
  CHECK(io.writes == 50U);
  CHECK(io.writes_merged == 60U);
  CHECK(io.write_bytes == 70U * 512);
  CHECK(io.write_seconds == 8.0);
  CHECK(io.in_progress == 9U);
  CHECK(io.busy_seconds == 1.0);
  CHECK(io.weighted_busy_seconds == 12.0);
}

TEST_CASE("equal core numbers of two sockets are two cores") {
  const std::string two_threads_each =
      "processor\t: 0\nphysical id\t: 0\ncore id\t\t: 0\n\n"
      "processor\t: 1\nphysical id\t: 0\ncore id\t\t: 0\n\n"
      "processor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n\n";
  const auto topology = parse_cpuinfo(two_threads_each);
  CHECK(topology.sockets == 2U);
  CHECK(topology.physical_cores == 2U);
  CHECK_FALSE(parse_cpuinfo("processor\t: 0\nBogoMIPS\t: 50.00\n\n").sockets);
}
