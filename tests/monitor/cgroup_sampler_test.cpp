#include "monitor/cgroup_sampler.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using cgroup::CgroupError;
using monitor::CgroupSampler;
using monitor::SampleScope;
using test::CgroupVersion;
using test::KernelTree;

namespace {

/// A recorded container that comes and goes, sampled at times that the test makes up.
class Scene {
 public:
  Scene() {
    appear();
    sampler_.follow(web_.id, run());
  }

  void appear() { tree_.add(web_, "before"); }
  void disappear() { tree_.remove(web_); }
  [[nodiscard]] CgroupSampler& sampler() { return sampler_; }
  [[nodiscard]] const KernelTree& tree() const { return tree_; }
  [[nodiscard]] const std::string& id() const { return web_.id; }
  [[nodiscard]] monitor::Inventory::Run run() const { return {.pid = web_.pid}; }
  [[nodiscard]] std::string file(const std::string& name) const {
    return tree_.cgroup_file(web_.id, name).string();
  }
  void pass(Milliseconds time) { now_ += time; }
  /// Reads the loads, whether or not it is time.
  void read_loads() { sampler_.read_loads(now_); }
  void use_memory(std::uint64_t bytes) const {
    std::ofstream(file("memory/memory.usage_in_bytes")) << bytes << '\n';
  }
  /// What a sample shows, which is taken now.
  [[nodiscard]] std::optional<std::uint64_t> memory_peak() {
    REQUIRE(sample());
    return web().sample->memory.value().interval_max_usage_bytes;
  }
  /// Whether it was its turn.
  bool sample(SampleScope whose = SampleScope::all) {
    sampler_.prepare(whose, now_);
    sampler_.sample(now_);
    return !sampler_.sampled().empty();
  }
  [[nodiscard]] const CgroupSampler::Watched& web() { return sampler_.sampled().at(0)->second; }

 private:
  KernelTree tree_{CgroupVersion::v1};
  test::RecordedContainer web_ = test::recorded_container("docker-20.10.24-cgroup1", "web");
  // Keeps nothing open, or files of the tree would go on after their end.
  CgroupSampler sampler_{tree_.paths(), 0, 1min};
  SteadyTime now_ = steady_now();
};

}  // namespace

TEST_CASE("the first transient failure is retried at once, the second after a pause") {
  Scene scene;
  scene.disappear();
  REQUIRE(scene.sample());
  CHECK(scene.web().failures == 1);
  REQUIRE(scene.sample());
  CHECK(scene.web().failures == 2);
  CHECK_FALSE(scene.sample());
  scene.pass(59s);
  CHECK_FALSE(scene.sample());
  scene.pass(1s);
  CHECK(scene.sample());
}

TEST_CASE("a transient failure after a success is retried at once again") {
  Scene scene;
  scene.disappear();
  REQUIRE(scene.sample());
  REQUIRE(scene.web().error);
  scene.appear();
  REQUIRE(scene.sample());
  REQUIRE_FALSE(scene.web().error);
  scene.disappear();
  REQUIRE(scene.sample());
  REQUIRE(scene.web().error);
  CHECK(scene.web().failures == 1);
  CHECK(scene.sample());
}

TEST_CASE("a container without a free descriptor is sampled again as soon as one is free") {
  Scene scene;
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool in_turn = scene.sample() && scene.sample() && scene.sample();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(in_turn);
  REQUIRE(scene.web().error);
  CHECK(scene.web().error->reason == CgroupError::Reason::shortage);
  CHECK_THAT(scene.web().error->message, test::contains("LimitNOFILE"));
  REQUIRE(scene.sample());
  CHECK_FALSE(scene.web().error);
}

TEST_CASE("a failure that is not transient is retried after a pause") {
  Scene scene;
  scene.tree().write("proc/" + std::to_string(scene.run().pid) + "/cgroup", "4:memory:/user\n");
  REQUIRE(scene.sample());
  REQUIRE(scene.web().error);
  CHECK(scene.web().error->reason == CgroupError::Reason::not_its_cgroup);
  CHECK_FALSE(scene.sample());
  scene.pass(1min);
  CHECK(scene.sample());
}

TEST_CASE("containers that are not yet sampled are neither failed nor sampled ones") {
  Scene scene;
  CHECK(scene.sample(SampleScope::not_yet_sampled));
  CHECK_FALSE(scene.sample(SampleScope::not_yet_sampled));
  CHECK(scene.sample());
  scene.disappear();
  scene.sampler().follow(scene.id(), std::nullopt);
  scene.sampler().follow(scene.id(), scene.run());
  REQUIRE(scene.sample(SampleScope::not_yet_sampled));
  REQUIRE(scene.web().error);
  CHECK_FALSE(scene.sample(SampleScope::not_yet_sampled));
  CHECK(scene.sample());
}

TEST_CASE("a setting is read once a minute, and at the next sample after an event") {
  Scene scene;
  const auto limit_becomes = [&](const std::string& number) {
    std::ofstream(scene.file("pids/pids.max")) << number << '\n';
    REQUIRE(scene.sample());
    return scene.web().sample->pids_limit;
  };
  REQUIRE(limit_becomes("100") == 100U);
  scene.pass(59s);
  CHECK(limit_becomes("200") == 100U);
  scene.pass(1s);
  CHECK(limit_becomes("300") == 300U);
  CHECK(limit_becomes("400") == 300U);
  scene.sampler().follow(scene.id(), scene.run());
  CHECK(limit_becomes("500") == 500U);
}

TEST_CASE("the names of devices are looked up again when a container starts") {
  Scene scene;
  const auto called = [&](const std::string& name) {
    scene.tree().write("sys/dev/block/254:0/uevent", "DEVNAME=" + name + "\n");
    REQUIRE(scene.sample());
    return scene.web().sample->block_io.at(0).device;
  };
  REQUIRE(called("vda") == "/dev/vda");
  CHECK(called("vdb") == "/dev/vda");
  scene.sampler().follow("another", scene.run());
  scene.sampler().follow("another", std::nullopt);
  CHECK(called("vdc") == "/dev/vdc");
}

TEST_CASE("the highest memory between two samples is a part of the samples in the next interval") {
  Scene scene;
  scene.sampler().set_peak_interval(1s);
  CHECK_FALSE(scene.memory_peak());
  scene.use_memory(900'000'000);
  scene.read_loads();
  scene.use_memory(1'000);
  scene.read_loads();
  CHECK_FALSE(scene.memory_peak());
  scene.sampler().end_interval();
  CHECK(scene.memory_peak() == 900'000'000U);
  CHECK(scene.memory_peak() == 900'000'000U);
  scene.read_loads();
  scene.sampler().end_interval();
  CHECK(scene.memory_peak() == 1'000U);
}

TEST_CASE("the highest CPU use between two samples is a mean over no less time than has passed") {
  Scene scene;
  scene.sampler().set_peak_interval(1ms);
  std::ofstream(scene.file("cpuacct/cpuacct.usage")) << "1000000000\n";
  REQUIRE(scene.sample());  // reads the load as well
  const auto before = steady_now();
  const auto enough = before + 1ms;
  while (steady_now() < enough) continue;
  const auto after = steady_now();
  std::ofstream(scene.file("cpuacct/cpuacct.usage")) << "3000000000\n";
  scene.read_loads();
  scene.sampler().end_interval();
  REQUIRE(scene.sample());
  const auto cores = scene.web().sample->cpu.value().interval_max_cores;
  REQUIRE(cores);
  CHECK(*cores > 0);
  CHECK(*cores <= 2 / std::chrono::duration<double>(after - before).count());
}

TEST_CASE("a new run has no peaks of the run before") {
  Scene scene;
  scene.sampler().set_peak_interval(1s);
  REQUIRE(scene.sample());
  scene.read_loads();
  scene.sampler().end_interval();
  REQUIRE(scene.memory_peak());
  auto next = scene.run();
  next.started_at = wall_now();
  scene.sampler().follow(scene.id(), next);
  CHECK_FALSE(scene.memory_peak());
  scene.sampler().end_interval();
  CHECK(scene.memory_peak());
}

TEST_CASE("a container that ends while loads are read is left to the next sample") {
  Scene scene;
  scene.sampler().set_peak_interval(1s);
  REQUIRE(scene.sample());
  scene.disappear();
  scene.read_loads();
  REQUIRE(scene.sample());
  CHECK(scene.web().failures == 1);
}

TEST_CASE("loads are read at their pace, and a late reading moves those to come") {
  Scene scene;
  auto& sampler = scene.sampler();
  const auto start = steady_now();
  CHECK(sampler.next_loads() == SteadyTime::max());
  sampler.set_peak_interval(1s);
  CHECK(sampler.next_loads() <= start);
  sampler.read_loads(start);
  const auto first = sampler.next_loads();
  CHECK(first > start);
  sampler.read_loads(first + 10ms);
  CHECK(sampler.next_loads() == first + 1s);
  sampler.read_loads(first + 5s);
  CHECK(sampler.next_loads() == first + 5875ms);
  sampler.set_peak_interval(0s);
  CHECK(sampler.next_loads() == SteadyTime::max());
}

TEST_CASE("without a pace no peak is shown any more") {
  Scene scene;
  scene.sampler().set_peak_interval(1s);
  REQUIRE(scene.sample());
  scene.sampler().end_interval();
  REQUIRE(scene.memory_peak());
  scene.sampler().set_peak_interval(0s);
  CHECK_FALSE(scene.memory_peak());
  scene.read_loads();
  scene.sampler().end_interval();
  CHECK_FALSE(scene.memory_peak());
}

TEST_CASE("the oldest buffer is left to its readers if readers hold all buffers") {
  Scene scene;
  std::vector<std::shared_ptr<const model::ContainerStats>> read;
  for (int i = 0; i < 6; ++i) {
    REQUIRE(scene.sample());
    read.push_back(scene.web().sample);
    CHECK(std::ranges::count(read, read.back()) == 1);
  }
  const auto& buffers = scene.web().buffers;
  REQUIRE(buffers.size() == 4);
  CHECK(std::ranges::equal(buffers, read | std::views::drop(2)));
}
