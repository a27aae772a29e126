#include "tidegauge/cgroup/run_watcher.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "cgroup/parsers.h"
#include "support/catch.h"
#include "support/cgroup_hierarchy.h"
#include "support/eventually.h"
#include "support/kernel_tree.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using cgroup::RunNotice;
using cgroup::RunWatcher;
using test::CgroupHierarchy;
using test::CgroupProcess;
using test::eventually;
using Kind = RunNotice::Kind;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t plenty = 1000;

std::string id_of(char digit) {
  return std::string(64, digit);
}

/// A watcher of a real hierarchy, and what it has told.
class Scene {
 public:
  explicit Scene(std::size_t descriptors = plenty)
      : watcher_(hierarchy_.paths(), descriptors), thread_([this](const std::stop_token& stop) {
          watcher_.run(stop, [this](const RunNotice& notice) {
            told_.with([&](auto& told) { told.push_back(notice); });
          });
        }) {}

  [[nodiscard]] const CgroupHierarchy& hierarchy() const { return hierarchy_; }
  RunWatcher& watcher() { return watcher_; }
  [[nodiscard]] std::string directory(const std::string& id) const {
    return hierarchy_.directory(id);
  }
  void expect(const std::string& id) { CHECK(watcher_.expect(id, hierarchy_.host_path(id))); }
  [[nodiscard]] std::vector<RunNotice> told() const {
    return told_.with([](const auto& told) { return told; });
  }
  /// The ends of one container.
  [[nodiscard]] std::size_t ends(const std::string& id) const {
    const auto all = told();
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const RunNotice& notice) {
      return notice.kind == Kind::ended && notice.id == id;
    }));
  }
  /// When this returns, the watcher has taken up all that was before.
  void catch_up() {
    const auto marker = id_of('f');
    const auto before = ends(marker);
    expect(marker);
    hierarchy_.make(marker);
    CgroupProcess(directory(marker)).work();
    REQUIRE(eventually([&] { return ends(marker) > before; }));
    hierarchy_.remove(marker);
  }

 private:
  CgroupHierarchy hierarchy_;
  Guarded<std::vector<RunNotice>> told_;
  RunWatcher watcher_;
  std::jthread thread_;
};

/// Real cgroups need root. What is tested with them is told to be left out where there are none.
bool has_cgroups() {
  static const auto refused = CgroupHierarchy::why_refused();
  if (refused) WARN("SKIPPED: no hierarchy of cgroup v2 for tests: " << *refused);
  return !refused;
}

double cpu_seconds(const std::string& directory) {
  const auto text = test::read_file(directory + "/cpu.stat");
  return cgroup::parse_cpu_stat_v2(text).value().usage_seconds;
}

}  // namespace

TEST_CASE("the end of the last process is told with what the run has used") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  scene.expect(id);
  CgroupProcess process(scene.directory(id));
  process.work();
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  const auto reading = scene.told().front().reading;
  REQUIRE(reading.cpu_seconds);
  const auto all = cpu_seconds(scene.directory(id));
  CHECK(*reading.cpu_seconds <= all);
  CHECK(*reading.cpu_seconds >= 0.95 * all);
  CHECK(*reading.cpu_seconds >= 0.95 * CgroupProcess::cpu_seconds);
  CHECK(reading.at.wall > WallTime{});
}

TEST_CASE("a container is expected before its cgroup and the cgroups above it exist") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  const auto name = "my.slice/my-own.slice/docker-" + id + ".scope";
  REQUIRE(scene.watcher().expect(id, scene.hierarchy().host_path(name)));
  scene.catch_up();
  scene.hierarchy().make(name);
  CgroupProcess(scene.directory(name)).work();
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  for (const auto& notice : scene.told()) CHECK(notice.reading.cpu_seconds);
}

TEST_CASE("a restart makes a new cgroup, which is watched without being expected again") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.expect(id);
  for (std::size_t run = 1; run <= 3; ++run) {
    scene.hierarchy().make(id);
    CgroupProcess(scene.directory(id)).work();
    REQUIRE(eventually([&] { return scene.ends(id) == run; }));
    const auto used = scene.told().back().reading.cpu_seconds;
    CHECK(used.value_or(0) >= 0.95 * CgroupProcess::cpu_seconds);
    CHECK(used.value_or(0) <= cpu_seconds(scene.directory(id)));
    scene.hierarchy().remove(id);
  }
  scene.catch_up();
  CHECK(scene.ends(id) == 3);
}

TEST_CASE("a container is watched again when the cgroup above it was removed as well") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  const auto name = "above/" + id;
  REQUIRE(scene.watcher().expect(id, scene.hierarchy().host_path(name)));
  for (std::size_t run = 1; run <= 2; ++run) {
    scene.hierarchy().make(name);
    CgroupProcess(scene.directory(name)).work();
    REQUIRE(eventually([&] { return scene.ends(id) == run; }));
    scene.hierarchy().remove(name);
    scene.hierarchy().remove("above");
    scene.catch_up();
  }
  CHECK(scene.ends(id) == 2);
}

TEST_CASE("a run ends with its last process, wherever below its cgroup that was") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id + "/init.scope");
  scene.hierarchy().make(id + "/docker/inner");
  scene.expect(id);
  CgroupProcess first(scene.directory(id + "/init.scope"));
  CgroupProcess inner(scene.directory(id + "/docker/inner"));
  first.work();
  scene.catch_up();
  CHECK(scene.ends(id) == 0);
  inner.work();
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  const auto used = scene.told().back().reading.cpu_seconds;
  CHECK(used.value_or(0) >= 0.95 * 2 * CgroupProcess::cpu_seconds);
}

TEST_CASE("a cgroup without its first process has not ended") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  scene.expect(id);
  scene.catch_up();
  CHECK(scene.ends(id) == 0);
  CgroupProcess process(scene.directory(id));
  scene.catch_up();
  CHECK(scene.ends(id) == 0);
  process.end();
  CHECK(eventually([&] { return scene.ends(id) == 1; }));
}

TEST_CASE("a run that was over before its cgroup was opened is told with what it used") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  CgroupProcess(scene.directory(id)).work();
  scene.expect(id);
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  CHECK(scene.told().back().reading.cpu_seconds.value_or(0) >= 0.95 * CgroupProcess::cpu_seconds);
}

TEST_CASE("a cgroup that vanishes is an end of which nothing could be read") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  scene.expect(id);
  scene.catch_up();
  scene.hierarchy().remove(id);
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  const auto reading = scene.told().back().reading;
  CHECK(reading.at.wall > WallTime{});
  CHECK_FALSE(reading.cpu_seconds);
  CHECK_FALSE(reading.memory_bytes);
  CHECK(reading.memory_events == model::MemoryEvents{});
}

TEST_CASE("each of many quick runs has one end") {
  if (!has_cgroups()) return;
  Scene scene;
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(id_of('0').substr(2) + std::to_string(10 + i));
  for (const auto& id : ids) scene.expect(id);
  scene.catch_up();
  for (const auto& id : ids) {
    scene.hierarchy().make(id);
    CgroupProcess(scene.directory(id)).end();
    scene.hierarchy().remove(id);
  }
  for (const auto& id : ids) CHECK(eventually([&] { return scene.ends(id) == 1; }));
  scene.catch_up();
  for (const auto& id : ids) CHECK(scene.ends(id) == 1);
}

TEST_CASE("a container that is forgotten is not told any more") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  scene.expect(id);
  CgroupProcess process(scene.directory(id));
  scene.catch_up();
  scene.watcher().forget(id);
  scene.catch_up();
  process.end();
  scene.hierarchy().remove(id);
  scene.catch_up();
  CHECK(scene.ends(id) == 0);
  CHECK(scene.watcher().coverage().expected == 1);  // of `catch_up`
}

TEST_CASE("what has no descriptors left is counted, and watched when others have ended") {
  if (!has_cgroups()) return;
  Scene scene(RunWatcher::descriptors_per_run);
  const auto first = id_of('a');
  const auto second = id_of('b');
  scene.hierarchy().make(first);
  scene.hierarchy().make(second);
  scene.expect(first);
  CHECK(eventually([&] { return scene.watcher().coverage().expected == 1; }));
  scene.expect(second);
  CHECK(eventually([&] { return scene.watcher().coverage().unwatched == 1; }));
  CHECK_THAT(scene.watcher().coverage().reason, test::contains("descriptors"));
  scene.hierarchy().remove(first);
  CHECK(eventually([&] { return scene.watcher().coverage().unwatched == 0; }));
  CHECK(scene.watcher().coverage().reason.empty());
  CgroupProcess(scene.directory(second)).work();
  CHECK(eventually([&] { return scene.ends(second) == 1; }));
}

TEST_CASE("a directory that was found by a process is watched as one by its path") {
  if (!has_cgroups()) return;
  Scene scene;
  const auto id = id_of('a');
  scene.hierarchy().make(id);
  REQUIRE(scene.watcher().expect_directory(id, scene.directory(id)));
  scene.expect(id);
  CgroupProcess(scene.directory(id)).work();
  REQUIRE(eventually([&] { return scene.ends(id) == 1; }));
  scene.catch_up();
  CHECK(scene.ends(id) == 1);
}

TEST_CASE("only the cgroup of a container can be expected") {
  const test::KernelTree tree(test::CgroupVersion::v2);
  tree.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  RunWatcher watcher(tree.paths(), plenty);
  const auto id = id_of('a');
  const auto top = tree.paths().sysfs;
  CHECK(watcher.expect(id, "/docker/" + id));
  CHECK(watcher.expect(id, "/system.slice/docker-" + id + ".scope"));
  CHECK_FALSE(watcher.expect("web", "/docker/web"));
  CHECK_FALSE(watcher.expect(id_of('A'), "/docker/" + id_of('A')));
  CHECK_FALSE(watcher.expect(id.substr(1), "/docker/" + id));
  CHECK_FALSE(watcher.expect("", "/docker/" + id));
  CHECK_FALSE(watcher.expect(id, ""));
  CHECK_FALSE(watcher.expect(id, "docker/" + id));
  CHECK_FALSE(watcher.expect(id, "/docker/" + id_of('b')));
  CHECK_FALSE(watcher.expect(id, "/" + id + "/docker"));
  CHECK_FALSE(watcher.expect(id, "/../../etc/" + id));
  CHECK_FALSE(watcher.expect(id, "/docker/./" + id));
  CHECK_FALSE(watcher.expect(id, "/docker//" + id));
  CHECK_FALSE(watcher.expect(id, "/docker/" + id + "/"));
  CHECK_FALSE(watcher.expect(id, std::string("/docker\0/", 9) + id));
  CHECK(watcher.expect_directory(id, top + "/fs/cgroup/docker/" + id));
  CHECK_FALSE(watcher.expect_directory(id, top + "2/fs/cgroup/docker/" + id));
  CHECK_FALSE(watcher.expect_directory(id, "/tmp/" + id));
}

TEST_CASE("without cgroup v2 nothing is expected, and the reason is told") {
  const test::KernelTree tree(test::CgroupVersion::v1);
  RunWatcher watcher(tree.paths(), plenty);
  REQUIRE(watcher.why_unsupported());
  CHECK(watcher.why_unsupported()->reason == cgroup::CgroupError::Reason::no_hierarchy);
  CHECK_FALSE(watcher.expect(id_of('a'), "/docker/" + id_of('a')));
}

TEST_CASE("where a cgroup namespace hides the root, nothing is expected by its path on the host") {
  const test::KernelTree tree(test::CgroupVersion::v2);
  tree.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  tree.write("sys/fs/cgroup/cgroup.events", "populated 1\nfrozen 0\n");
  RunWatcher watcher(tree.paths(), plenty);
  REQUIRE(watcher.why_unsupported());
  CHECK(watcher.why_unsupported()->reason == cgroup::CgroupError::Reason::masked);
  CHECK_FALSE(watcher.expect(id_of('a'), "/docker/" + id_of('a')));
}
