#include "docker/replies.h"
#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace tidegauge::docker;
using test::Approx;
using test::value_of;

namespace {

const std::string engine_20 = "docker-20.10.24-cgroup1";
const std::string engine_26 = "docker-26.1.5-cgroup1";
const std::string engine_29 = "docker-29-cgroup1";
const std::string engine_26_v2 = "docker-26.1.5-cgroup2-systemd";
const std::string podman = "podman-4.3.1-cgroup1";

model::ContainerStats stats(const std::string& set, const std::string& name) {
  return value_of(parse_container_stats(test::read_file(std::string(TIDEGAUGE_TEST_DATA) + "/" +
                                                        set + "/stats-oneshot-" + name + ".json")));
}

/// A sample that has this beside its time.
model::ContainerStats sample(const std::string& groups) {
  return value_of(parse_container_stats(R"({"read":"2026-11-23T05:54:19Z",)" + groups + "}"));
}

}  // namespace

TEST_CASE("a sample of Podman keeps the values that Podman reports correctly") {
  auto web = stats(podman, "web");
  CHECK(web.cpu.value().usage_seconds == Approx(0.506474067));
  CHECK(web.memory.value().usage_bytes == 1556480);
  CHECK_FALSE(web.memory->working_set_bytes);  // it does not say how much of it is cache
  CHECK(web.pids == 2);
  drop_what_podman_gets_wrong(web);
  CHECK(web.cpu->usage_seconds == Approx(0.506474067));
  CHECK_FALSE(web.cpu->user_seconds);
  CHECK_FALSE(web.cpu->system_seconds);
  CHECK(web.networks.empty());
  CHECK(web.block_io.empty());
}

TEST_CASE("the sample of a stopped Podman container is empty") {
  const auto exited = stats(podman, "exited");
  CHECK_FALSE(exited.cpu);
  CHECK_FALSE(exited.memory);
  CHECK_FALSE(exited.has_processes);
}

TEST_CASE("statistics under cgroup v1 are the kernel's, in base units") {
  const auto web = stats(engine_20, "web");
  CHECK(web.cpu->usage_seconds == Approx(0.254335175));
  CHECK(web.cpu->system_seconds == Approx(0.11));
  CHECK(web.cpu->throttling->periods == 52);
  CHECK(web.memory->usage_bytes == 1572864);
  CHECK(web.memory->working_set_bytes == 1572864 - 1048576);
  CHECK(web.memory->rss_bytes == 110592);
  CHECK(web.memory->cache_bytes == 1064960);
  CHECK(web.memory->max_usage_bytes == 5132288);
  CHECK(web.memory->fail_count == 0);  // the Engine leaves it out
  CHECK(web.memory->major_page_faults == 1);
  REQUIRE(web.networks.size() == 1);
  CHECK(web.networks[0].interface == "eth0");
  CHECK(web.networks[0].receive_bytes == 13893);
  CHECK(web.networks[0].transmit_packets == 119);
  REQUIRE(web.block_io.size() == 1);
  CHECK(web.block_io[0].major == 254);
  CHECK(web.block_io[0].read_bytes == 6045696);
  CHECK(web.block_io[0].writes == 69);
  CHECK(web.pids == 2);
  CHECK(web.pids_limit == 100);
}

TEST_CASE("statistics under cgroup v2 have the same meaning by other names") {
  const auto web = stats(engine_26_v2, "web");
  CHECK(web.cpu->throttling->throttled_seconds == Approx(0.529906));
  CHECK(web.memory->rss_bytes == 118784);
  CHECK(web.memory->cache_bytes == 4124672);
  CHECK(web.memory->working_set_bytes == 4730880 - 4124672);
  CHECK_FALSE(web.memory->max_usage_bytes);
  CHECK_FALSE(web.memory->fail_count);
  REQUIRE(web.block_io.size() == 1);
  CHECK(web.block_io[0].write_bytes == 51593216);
  CHECK_FALSE(web.block_io[0].writes);
}

TEST_CASE("every interface has its own counters, and no network has none") {
  CHECK(stats(engine_26, "twonets").networks.size() == 2);
  CHECK(stats(engine_26, "nonet").networks.empty());
}

TEST_CASE("a container without processes has no statistics, not zeros") {
  for (const auto& set : {engine_20, engine_26, engine_29}) {
    const auto exited = stats(set, "exited");
    CHECK_FALSE(exited.cpu);
    CHECK_FALSE(exited.memory);
    CHECK(exited.networks.empty());
    CHECK_FALSE(exited.pids);
    CHECK_FALSE(exited.has_processes);
  }
  CHECK_FALSE(value_of(parse_container_stats("")).has_processes);
  CHECK(stats(engine_26, "web").has_processes);
}

TEST_CASE("zeros for a container that stopped during the call are no statistics") {
  const auto stopped = value_of(parse_container_stats(
      R"({"read":"2026-11-23T05:54:19Z","cpu_stats":{"cpu_usage":{"total_usage":0}},)"
      R"("memory_stats":{},"pids_stats":{}})"));
  CHECK_FALSE(stopped.has_processes);
  CHECK_FALSE(stopped.cpu);
  CHECK_FALSE(stopped.memory);
}

TEST_CASE("statistics of API 1.55 have the same values as those of older versions") {
  const auto web = stats(engine_29, "web");
  CHECK(web.cpu->usage_seconds == Approx(0.513773635));
  CHECK(web.cpu->throttling->periods == 86);
  CHECK(web.memory->usage_bytes == 1564672);
  CHECK(web.memory->working_set_bytes == 1564672 - 1048576);
  CHECK(web.memory->rss_bytes == 118784);
  REQUIRE(web.networks.size() == 1);
  CHECK(web.networks[0].receive_bytes == 80074674);
  REQUIRE(web.block_io.size() == 1);
  CHECK(web.block_io[0].write_bytes == 41054208);
  CHECK(web.pids_limit == 100);
}

TEST_CASE("without the memory controller only memory is absent") {
  const auto on_a_pi = sample(
      R"("cpu_stats":{"cpu_usage":{"total_usage":5000000000}},"memory_stats":{},)"
      R"("pids_stats":{"current":3},"networks":{"eth0":{"rx_bytes":9}},)"
      R"("blkio_stats":{"io_service_bytes_recursive":[{"major":8,"minor":0,"op":"read","value":7}]})");
  CHECK(on_a_pi.has_processes);
  CHECK_FALSE(on_a_pi.memory);
  CHECK(on_a_pi.cpu.value().usage_seconds == 5);
  CHECK(on_a_pi.pids == 3);
  CHECK(on_a_pi.networks.at(0).receive_bytes == 9);
  CHECK(on_a_pi.block_io.at(0).read_bytes == 7);
}

TEST_CASE("without the controllers of CPU or pids only their values are absent") {
  const auto no_pids = sample(
      R"("cpu_stats":{"cpu_usage":{"total_usage":1}},"memory_stats":{"usage":7},"pids_stats":{})");
  CHECK(no_pids.has_processes);
  CHECK(no_pids.cpu);
  CHECK(no_pids.memory);
  CHECK_FALSE(no_pids.pids);
  const auto no_cpu = sample(
      R"("cpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{},"pids_stats":{"current":2})");
  CHECK(no_cpu.has_processes);
  CHECK_FALSE(no_cpu.cpu);
  CHECK(no_cpu.pids == 2);
}

TEST_CASE("a working set is never negative") {
  CHECK(sample(R"("memory_stats":{"usage":7,"stats":{"inactive_file":9}})")
            .memory.value()
            .working_set_bytes == 0);
  CHECK_FALSE(sample(R"("memory_stats":{"usage":7,"stats":{}})").memory->working_set_bytes);
}

TEST_CASE("the last value of a repeated interface counts") {
  const auto twice = sample(
      R"("memory_stats":{"usage":7},"networks":{"eth0":{"rx_bytes":1},"a":{},"eth0":{"rx_bytes":2}})");
  REQUIRE(twice.networks.size() == 2);
  CHECK(twice.networks[0].interface == "a");
  CHECK(twice.networks[1].receive_bytes == 2);
}

TEST_CASE("memory under cgroup v1 is that of the whole hierarchy") {
  const auto memory =
      sample(R"("memory_stats":{"usage":99,"stats":{"rss":1,"total_rss":2,"cache":3,)"
             R"("total_cache":4,"mapped_file":5,"total_mapped_file":6,"swap":7,"total_swap":8,)"
             R"("pgfault":9,"total_pgfault":10,"pgmajfault":11,"total_pgmajfault":12,)"
             R"("inactive_file":13,"total_inactive_file":14,"active_file":15,)"
             R"("total_active_file":16}})")
          .memory.value();
  CHECK(memory.rss_bytes == 2);
  CHECK(memory.cache_bytes == 4);
  CHECK(memory.mapped_file_bytes == 6);
  CHECK(memory.swap_bytes == 8);
  CHECK(memory.page_faults == 10);
  CHECK(memory.major_page_faults == 12);
  CHECK(memory.inactive_file_bytes == 14);
  CHECK(memory.active_file_bytes == 16);
  CHECK(memory.working_set_bytes == 99 - 14);
}

TEST_CASE("memory under cgroup v2 has its numbers under other names") {
  const auto memory = sample(R"("memory_stats":{"usage":99,"stats":{"anon":1,"file":2,)"
                             R"("file_mapped":3,"pgfault":4,"pgmajfault":5,"inactive_file":6,)"
                             R"("active_file":7}})")
                          .memory.value();
  CHECK(memory.rss_bytes == 1);
  CHECK(memory.cache_bytes == 2);
  CHECK(memory.mapped_file_bytes == 3);
  CHECK(memory.page_faults == 4);
  CHECK(memory.major_page_faults == 5);
  CHECK(memory.inactive_file_bytes == 6);
  CHECK(memory.active_file_bytes == 7);
  CHECK_FALSE(memory.swap_bytes);
}

TEST_CASE("each number of an interface has its own field") {
  const auto eth0 =
      sample(R"("memory_stats":{"usage":7},"networks":{"eth0":{"rx_bytes":1,"rx_packets":2,)"
             R"("rx_errors":3,"rx_dropped":4,"tx_bytes":5,"tx_packets":6,"tx_errors":7,)"
             R"("tx_dropped":8}})")
          .networks.at(0);
  CHECK(eth0.receive_bytes == 1);
  CHECK(eth0.receive_packets == 2);
  CHECK(eth0.receive_errors == 3);
  CHECK(eth0.receive_dropped == 4);
  CHECK(eth0.transmit_bytes == 5);
  CHECK(eth0.transmit_packets == 6);
  CHECK(eth0.transmit_errors == 7);
  CHECK(eth0.transmit_dropped == 8);
}
