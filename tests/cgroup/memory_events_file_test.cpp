#include "cgroup/memory_events_file.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using cgroup::Beginning;
using cgroup::FileReader;
using cgroup::MemoryEventsFile;

namespace {

/// A cgroup whose memory.events has `oom` and `oom_kill` as the test sets them.
class Scene {
 public:
  Scene() { set(0, 0); }
  void set(int oom, int kills) const {
    static_cast<void>(directory_.write(
        "memory.events", "low 0\nhigh 0\nmax 9\noom " + std::to_string(oom) + "\noom_kill " +
                             std::to_string(kills) + "\noom_group_kill 0\n"));
  }
  [[nodiscard]] MemoryEventsFile open(Beginning beginning) {
    const UniqueFd cgroup(::open(directory_.path().c_str(), O_PATH | O_CLOEXEC));
    return MemoryEventsFile::open(cgroup.get(), "memory.events", beginning, reader, start).value();
  }

  static constexpr SteadyTime start{1h};
  FileReader reader;

 private:
  test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a look shows whether the counts have changed") {
  Scene scene;
  auto file = scene.open(Beginning::unknown);
  CHECK_FALSE(file.look(scene.reader, Scene::start + 1s).value());
  scene.set(1, 0);
  CHECK(file.look(scene.reader, Scene::start + 2s).value());
  CHECK_FALSE(file.look(scene.reader, Scene::start + 3s).value());
  CHECK(file.latest().oom == 1);
  CHECK(file.latest().max == 9);
}

TEST_CASE("what grew in the last two seconds is seen, however many looks there were") {
  Scene scene;
  auto file = scene.open(Beginning::unknown);
  REQUIRE(file.look(scene.reader, Scene::start + 60s));
  scene.set(1, 0);
  REQUIRE(file.look(scene.reader, Scene::start + 61s));
  scene.set(1, 1);
  REQUIRE(file.look(scene.reader, Scene::start + 62s));
  REQUIRE(file.look(scene.reader, Scene::start + 62s + 5ms));
  REQUIRE(file.look(scene.reader, Scene::start + 62s + 9ms));
  CHECK(file.before().oom == 0);
  CHECK(file.latest().oom == 1);
  CHECK(file.latest().oom_kill == 1);
}

TEST_CASE("what grew earlier is not taken for what grew in the last seconds") {
  Scene scene;
  auto file = scene.open(Beginning::unknown);
  scene.set(1, 1);
  REQUIRE(file.look(scene.reader, Scene::start + 60s));
  CHECK(file.before().oom == 0);
  scene.set(1, 2);
  REQUIRE(file.look(scene.reader, Scene::start + 62s));
  CHECK(file.before().oom == 1);
  CHECK(file.before().oom_kill == 1);
  CHECK(file.first().oom == 0);
}

TEST_CASE("a file that is looked at every second is compared with two seconds earlier") {
  Scene scene;
  auto file = scene.open(Beginning::unknown);
  for (int second = 1; second <= 6; ++second) {
    scene.set(second, 0);
    REQUIRE(file.look(scene.reader, Scene::start + std::chrono::seconds(second)));
  }
  CHECK(file.latest().oom == 6);
  CHECK(file.before().oom == 4);
}

TEST_CASE("a cgroup that has just appeared began with zeros, any other with what it shows") {
  Scene scene;
  scene.set(2, 1);
  const auto fresh = scene.open(Beginning::zero);
  CHECK(fresh.first().oom_kill == 0);
  CHECK(fresh.before().oom_kill == 0);
  CHECK(fresh.latest().oom_kill == 1);
  CHECK(scene.open(Beginning::unknown).first().oom_kill == 1);
}

TEST_CASE("a count that this kernel does not have stays absent") {
  const test::TemporaryDirectory directory;
  static_cast<void>(directory.write("memory.events", "max 1\n"));
  const UniqueFd cgroup(::open(directory.path().c_str(), O_PATH | O_CLOEXEC));
  FileReader reader;
  const auto file =
      MemoryEventsFile::open(cgroup.get(), "memory.events", Beginning::zero, reader, Scene::start);
  REQUIRE(file);
  CHECK(file->first().max == 0);
  CHECK_FALSE(file->first().oom_kill);
}

TEST_CASE("a cgroup without a memory controller has no such file") {
  const test::TemporaryDirectory directory;
  const UniqueFd cgroup(::open(directory.path().c_str(), O_PATH | O_CLOEXEC));
  FileReader reader;
  const auto file = MemoryEventsFile::open(cgroup.get(), "memory.events", Beginning::unknown,
                                           reader, Scene::start);
  REQUIRE_FALSE(file);
  CHECK(file.error() == ENOENT);
}
