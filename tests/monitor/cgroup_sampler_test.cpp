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

TEST_CASE("a first failure of the moment is tried again at once, a second one after a while") {
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

TEST_CASE("of two failures of the moment with a success between, the second is like the first") {
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

TEST_CASE("for want of descriptors a container is not sampled, until there are some again") {
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

TEST_CASE("a failure that is not of the moment waits for its retry at once") {
  Scene scene;
  scene.tree().write("proc/" + std::to_string(scene.run().pid) + "/cgroup", "4:memory:/user\n");
  REQUIRE(scene.sample());
  REQUIRE(scene.web().error);
  CHECK(scene.web().error->reason == CgroupError::Reason::not_its_cgroup);
  CHECK_FALSE(scene.sample());
  scene.pass(1min);
  CHECK(scene.sample());
}

TEST_CASE("what has not been sampled yet is neither what failed nor what was sampled") {
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

TEST_CASE("a setting is read once a minute, and at the next sample after news of the container") {
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

TEST_CASE("where readers keep more samples than there are buffers, the oldest is left to them") {
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
