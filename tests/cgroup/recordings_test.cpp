// What real kernels showed of real containers, against what the Engine said of them in between
// (cgroup v1) or within a second before (v2): tests/data/*/cgroup.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "docker/replies.h"
#include "support/catch.h"
#include "support/kernel_tree.h"
#include "tidegauge/cgroup/container_files.h"

using namespace tidegauge;
using model::ContainerStats;
using test::Approx;
using test::CgroupVersion;
using test::KernelTree;
using test::RecordedContainer;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t plenty = 1000;

ContainerStats sample(const KernelTree& tree, const RecordedContainer& container) {
  auto location = cgroup::Locator(tree.paths()).locate(container.pid, container.id);
  if (!location) FAIL(location.error().message);
  cgroup::DescriptorBudget budget(plenty);
  auto files = cgroup::ContainerFiles::open(*std::move(location), tree.paths(), budget);
  if (!files) FAIL(files.error().message);
  cgroup::SamplingContext tools{.devices = cgroup::DeviceNames(tree.paths().sysfs)};
  ContainerStats stats;
  if (const auto sampled = files->sample(tools, stats); !sampled) FAIL(sampled.error().message);
  return stats;
}

ContainerStats kernel_says(const RecordedContainer& container, std::string_view moment) {
  KernelTree tree(moment.empty() ? CgroupVersion::v2 : CgroupVersion::v1);
  tree.add(container, moment);
  return sample(tree, container);
}

ContainerStats engine_says(const RecordedContainer& container) {
  return test::value_of(
      docker::parse_container_stats(test::read_file(container.directory / "stats-oneshot.json")));
}

struct Moments {
  ContainerStats before, engine, after;
};

/// Between, or the same; what either cannot tell is not compared.
template <class T>
void check_between(std::string_view what, const std::optional<T>& before,
                   const std::optional<T>& engine, const std::optional<T>& after) {
  INFO(what);
  REQUIRE(before);
  REQUIRE(engine);
  REQUIRE(after);
  CHECK(*before <= *engine);
  CHECK(*engine <= *after);
}

void check_cpu(const Moments& moments) {
  const auto counter = [&](std::string_view what, auto value) {
    check_between<double>(what, value(*moments.before.cpu), value(*moments.engine.cpu),
                          value(*moments.after.cpu));
  };
  using Cpu = model::CpuStats;
  counter("usage", [](const Cpu& cpu) { return std::optional(cpu.usage_seconds); });
  counter("user", [](const Cpu& cpu) { return cpu.user_seconds; });
  counter("system", [](const Cpu& cpu) { return cpu.system_seconds; });
  counter("periods", [](const Cpu& cpu) { return std::optional<double>(cpu.throttling->periods); });
  counter("throttled periods",
          [](const Cpu& cpu) { return std::optional<double>(cpu.throttling->throttled_periods); });
  counter("throttled seconds",
          [](const Cpu& cpu) { return std::optional(cpu.throttling->throttled_seconds); });
}

/// Of gauges too: in these recordings memory was the same before and after, or grew.
void check_memory(const Moments& moments) {
  using Memory = model::MemoryStats;
  const auto same = [&](std::string_view what, std::optional<std::uint64_t> Memory::* member) {
    INFO(what);
    const auto& before = (*moments.before.memory).*member;
    REQUIRE(before);
    if (before != (*moments.after.memory).*member) return;
    CHECK(before == (*moments.engine.memory).*member);
  };
  same("cache", &Memory::cache_bytes);
  same("rss", &Memory::rss_bytes);
  same("mapped file", &Memory::mapped_file_bytes);
  same("active file", &Memory::active_file_bytes);
  same("inactive file", &Memory::inactive_file_bytes);
  same("max usage", &Memory::max_usage_bytes);
  same("failcnt", &Memory::fail_count);
  check_between("page faults", moments.before.memory->page_faults,
                moments.engine.memory->page_faults, moments.after.memory->page_faults);
  check_between("major page faults", moments.before.memory->major_page_faults,
                moments.engine.memory->major_page_faults, moments.after.memory->major_page_faults);
  if (moments.before.memory->usage_bytes != moments.after.memory->usage_bytes) return;
  CHECK(moments.engine.memory->usage_bytes == moments.before.memory->usage_bytes);
  CHECK(moments.engine.memory->working_set_bytes == moments.before.memory->working_set_bytes);
}

void check_network(const Moments& moments) {
  REQUIRE(moments.before.networks.size() == moments.engine.networks.size());
  for (std::size_t i = 0; i < moments.engine.networks.size(); ++i) {
    const auto& before = moments.before.networks[i];
    const auto& engine = moments.engine.networks[i];
    const auto& after = moments.after.networks.at(i);
    CHECK(before.interface == engine.interface);
    for (const auto member :
         {&model::NetworkStats::receive_bytes, &model::NetworkStats::receive_packets,
          &model::NetworkStats::receive_errors, &model::NetworkStats::receive_dropped,
          &model::NetworkStats::transmit_bytes, &model::NetworkStats::transmit_packets,
          &model::NetworkStats::transmit_errors, &model::NetworkStats::transmit_dropped}) {
      CHECK(before.*member <= engine.*member);
      CHECK(engine.*member <= after.*member);
    }
  }
}

void check_block_io(const Moments& moments) {
  REQUIRE(moments.before.block_io.size() == moments.engine.block_io.size());
  for (std::size_t i = 0; i < moments.engine.block_io.size(); ++i) {
    const auto& before = moments.before.block_io[i];
    const auto& engine = moments.engine.block_io[i];
    const auto& after = moments.after.block_io.at(i);
    CHECK(before.major == engine.major);
    CHECK(before.minor == engine.minor);
    for (const auto member : {&model::BlockIoStats::read_bytes, &model::BlockIoStats::write_bytes,
                              &model::BlockIoStats::reads, &model::BlockIoStats::writes}) {
      check_between("block I/O", before.*member, engine.*member, after.*member);
    }
  }
}

}  // namespace

TEST_CASE("the Engines' numbers lie between two readings of the kernel's cgroup v1 files") {
  const auto [set, name] =
      GENERATE(table<std::string, std::string>({{"docker-20.10.24-cgroup1", "web"},
                                                {"docker-20.10.24-cgroup1", "twonets"},
                                                {"docker-26.1.5-cgroup1", "web"},
                                                {"docker-26.1.5-cgroup1", "paused"},
                                                {"docker-26.1.5-cgroup1", "nonet"}}));
  INFO(set << " " << name);
  const auto container = test::recorded_container(set, name);
  const Moments moments{.before = kernel_says(container, "before"),
                        .engine = engine_says(container),
                        .after = kernel_says(container, "after")};
  CHECK(moments.before.source == model::StatsSource::kernel);
  CHECK(moments.engine.source == model::StatsSource::engine);
  check_cpu(moments);
  check_memory(moments);
  check_network(moments);
  check_block_io(moments);
  CHECK(moments.before.pids == moments.engine.pids);
  CHECK(moments.before.pids_limit == moments.engine.pids_limit);
  CHECK(moments.before.memory->kernel_bytes > 0U);
  CHECK(moments.before.memory->events.oom_kill == 0U);
  CHECK_FALSE(moments.before.memory->events.max);
  CHECK_FALSE(moments.before.pressure);
}

TEST_CASE("the recorded container has used every compared resource") {
  const auto web = kernel_says(test::recorded_container("docker-26.1.5-cgroup1", "web"), "before");
  CHECK(web.cpu->usage_seconds > 0);
  CHECK(web.cpu->throttling->periods > 0);
  CHECK(web.networks.at(0).receive_bytes > 0);
  CHECK(web.block_io.at(0).write_bytes > 0U);
  CHECK(web.block_io.at(0).writes > 0U);
  CHECK(web.pids_limit == 100U);
}

TEST_CASE("a recorded container in the host's network has no network counters") {
  const auto container = test::recorded_container("docker-20.10.24-cgroup1", "hostnet");
  KernelTree tree(CgroupVersion::v1);
  tree.add(container, "before");
  CHECK(sample(tree, container).networks.size() > 1);
  fs::remove(tree.path("proc/1/net/dev"));
  fs::create_hard_link(tree.path("proc/" + std::to_string(container.pid) + "/net/dev"),
                       tree.path("proc/1/net/dev"));
  CHECK(sample(tree, container).networks.empty());
  CHECK(engine_says(container).networks.empty());
}

TEST_CASE("the Engine's cgroup v2 numbers are the kernel's, at most a second old") {
  const auto* const name = GENERATE("web", "srv");
  const auto container = test::recorded_container("docker-26.1.5-cgroup2-systemd", name);
  const auto kernel = kernel_says(container, "");
  const auto engine = engine_says(container);
  CHECK(kernel.cpu->usage_seconds >= engine.cpu->usage_seconds);
  CHECK(kernel.cpu->usage_seconds == Approx(engine.cpu->usage_seconds).margin(0.2));
  CHECK(*kernel.cpu->user_seconds >= *engine.cpu->user_seconds);
  CHECK(*kernel.cpu->system_seconds >= *engine.cpu->system_seconds);
  const auto& memory = *kernel.memory;
  CHECK(memory.usage_bytes == Approx(engine.memory->usage_bytes).margin(150'000));
  CHECK(memory.working_set_bytes.value() ==
        Approx(engine.memory->working_set_bytes.value()).margin(150'000));
  CHECK(memory.cache_bytes == engine.memory->cache_bytes);
  CHECK(memory.inactive_file_bytes == engine.memory->inactive_file_bytes);
  CHECK(memory.mapped_file_bytes == engine.memory->mapped_file_bytes);
  CHECK(*memory.page_faults >= *engine.memory->page_faults);
  CHECK(kernel.block_io.size() == engine.block_io.size());
  CHECK(kernel.pids == engine.pids);
  CHECK(kernel.pids_limit == engine.pids_limit);
  REQUIRE(kernel.networks.size() == 1);
  CHECK(kernel.networks[0].receive_bytes >= engine.networks.at(0).receive_bytes);
  CHECK(kernel.networks[0].receive_bytes.value() ==
        Approx(engine.networks.at(0).receive_bytes.value()).margin(5'000));
}

TEST_CASE("cgroup v2 has swap, peak, events, operations and pressure, which the Engine lacks") {
  const auto web =
      kernel_says(test::recorded_container("docker-26.1.5-cgroup2-systemd", "web"), "");
  CHECK(web.cpu->usage_seconds == 2.860446);
  CHECK(web.cpu->throttling->throttled_periods == 18);
  CHECK(web.cpu->throttling->throttled_seconds == Approx(0.529906));
  CHECK(web.cpu->throttling->bursts == 0U);
  CHECK(web.memory->usage_bytes == 4'726'784);
  CHECK(web.memory->working_set_bytes == 4'726'784 - 4'124'672);
  CHECK(web.memory->max_usage_bytes == 14'307'328U);
  CHECK(web.memory->swap_bytes == 0U);
  CHECK(web.memory->kernel_bytes == 487'424U);
  CHECK(web.memory->rss_bytes == 114'688U);
  CHECK(web.memory->events.oom_kill == 0U);
  CHECK(web.memory->fail_count == 0U);
  CHECK(web.memory->pages_scanned == 0U);
  REQUIRE(web.block_io.size() == 1);
  CHECK(web.block_io[0].write_bytes == 63'967'232U);
  CHECK(web.block_io[0].writes == 93U);
  REQUIRE(web.pressure);
  CHECK(web.pressure->cpu.waiting_seconds == Approx(2.92832));
  CHECK(web.pressure->cpu.stalled_seconds == Approx(2.386115));
  CHECK(web.pressure->io.waiting_seconds == Approx(0.02455));
  CHECK(web.pressure->memory.waiting_seconds == 0.0);
  CHECK(web.pids_limit == 100U);
}
