#include "cgroup/watched_runs.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using cgroup::RunNotice;
using cgroup::Trigger;
using cgroup::WatchedRuns;
using Kind = RunNotice::Kind;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t plenty = 1000;
const std::string id(64, 'a');
const std::string other(64, 'b');

/// Takes ordinary files, and tells nothing: the tests do.
class Notifier final : public cgroup::ChangeNotifier {
 public:
  std::expected<void, int> watch(int fd, std::uint64_t key, Trigger trigger) override {
    if (trigger != Trigger::input) files_[path_of(fd)] = {.key = key, .is_armed = true};
    return {};
  }
  void watch_again(int fd, std::uint64_t /*key*/) override {
    files_.at(path_of(fd)).is_armed = true;
  }

  [[nodiscard]] bool is_armed(const std::string& file) const { return files_.at(file).is_armed; }
  /// The kernel tells of a change: the key, or nothing if it was asked not to.
  [[nodiscard]] std::vector<std::uint64_t> tell(const std::string& file) {
    auto& told = files_.at(file);
    if (!std::exchange(told.is_armed, file.ends_with("cgroup.events"))) return {};
    return {told.key};
  }

 private:
  struct File {
    std::uint64_t key = 0;
    bool is_armed = false;
  };
  static std::string path_of(int fd) {
    return fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
  }
  std::map<std::string, File> files_;
};

struct Events {
  int max = 0, oom = 0, kills = 0;
};
std::string text_of(const Events& events) {
  return "low 0\nhigh 0\nmax " + std::to_string(events.max) + "\noom " +
         std::to_string(events.oom) + "\noom_kill " + std::to_string(events.kills) + "\n";
}

/// A hierarchy of ordinary files, and a clock that the test sets.
class Scene {
 public:
  explicit Scene(std::size_t descriptors = plenty)
      : runs_(root_.path(), root_.path(), descriptors, notifier_) {
    fs::create_directory(root_.path() / "docker");
  }

  [[nodiscard]] std::string directory(const std::string& run = id) const {
    return root_.file("docker/" + run);
  }
  void make(const std::string& run = id) const {
    fs::create_directory(directory(run));
    write(run, "memory.events", text_of({}));
    write(run, "memory.peak", "67108864\n");
    write(run, "memory.current", "4096\n");
    write(run, "cpu.stat", "usage_usec 0\n");
    write(run, "cgroup.events", "populated 0\n");
  }
  void write(const std::string& run, const std::string& name, const std::string& text) const {
    static_cast<void>(root_.write("docker/" + run + "/" + name, text));
  }
  /// A limit of the cgroup above the containers was hit.
  void limit_above(int oom) const {
    static_cast<void>(root_.write("docker/memory.events.local", text_of({.oom = oom})));
  }
  void expect(const std::string& run = id) { runs_.expect(run, directory(run), now()); }

  void pass(Milliseconds time) { now_ += time; }
  /// The kernel changes a file and tells it, unless it was asked not to tell that.
  void populate(int populated) {
    write(id, "cgroup.events", "populated " + std::to_string(populated) + "\n");
    if (populated != 0) write(id, "cpu.stat", "usage_usec 250000\n");
    handle(notifier_.tell(file("cgroup.events")));
  }
  void change_memory(const Events& events) {
    write(id, "memory.events", text_of(events));
    handle(notifier_.tell(file("memory.events")));
  }
  void change_above(int oom) {
    limit_above(oom);
    handle(notifier_.tell(root_.file("docker/memory.events.local")));
  }
  /// Nothing but time, and directories.
  void handle() { handle({WatchedRuns::foreign_keys}); }

  [[nodiscard]] std::string file(const std::string& name) const { return directory() + "/" + name; }
  [[nodiscard]] const Notifier& notifier() const { return notifier_; }
  WatchedRuns& runs() { return runs_; }
  [[nodiscard]] Moment now() const { return {.steady = SteadyTime(now_), .wall = WallTime(now_)}; }
  [[nodiscard]] std::vector<RunNotice> told() {
    std::vector<RunNotice> all;
    while (auto notice = runs_.take_notice()) all.push_back(*std::move(notice));
    return all;
  }

 private:
  void handle(const std::vector<std::uint64_t>& changed) { runs_.handle(changed, now()); }

  test::TemporaryDirectory root_;
  Notifier notifier_;
  WatchedRuns runs_;
  std::chrono::nanoseconds now_ = 1h;
};

/// A container with a process, which nothing has been told about.
void run(Scene& scene) {
  scene.make();
  scene.expect();
  scene.populate(1);
  REQUIRE(scene.told().empty());
}

}  // namespace

TEST_CASE("a kill for want of memory is told at once, with what the run has used") {
  Scene scene;
  run(scene);
  scene.pass(1min);
  scene.change_memory({.max = 3, .oom = 1, .kills = 1});
  const auto told = scene.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Kind::out_of_memory);
  CHECK(told[0].id == id);
  CHECK(told[0].reading.at.wall == scene.now().wall);
  CHECK(told[0].reading.cpu_seconds == 0.25);
  CHECK(told[0].reading.memory_peak_bytes == 67'108'864);
  CHECK(told[0].reading.memory_bytes == 4096);
  CHECK(told[0].reading.memory_events.oom == 1);
  CHECK(told[0].before.oom == 0);
  CHECK(told[0].first.oom == 0);
  CHECK(told[0].limited_ancestor.empty());
}

TEST_CASE("a limit that is hit without a kill is not told, but known later") {
  Scene scene;
  run(scene);
  scene.change_memory({.max = 7});
  CHECK(scene.told().empty());
  scene.pass(1min);
  scene.change_memory({.max = 7, .kills = 1});
  const auto told = scene.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].first.max == 0);
  CHECK(told[0].before.max == 7);
  CHECK(told[0].reading.memory_events.max == 7);
}

TEST_CASE("after a change, the kernel is not asked for another one for a second") {
  Scene scene;
  run(scene);
  CHECK_FALSE(scene.runs().next_look());
  scene.change_memory({.max = 1});
  CHECK_FALSE(scene.notifier().is_armed(scene.file("memory.events")));
  const auto next = scene.runs().next_look();
  REQUIRE(next);
  CHECK(*next >= scene.now().steady + 1s);
  CHECK(*next < scene.now().steady + 1100ms);
}

TEST_CASE("a file that goes on changing is looked at once a second, without the kernel") {
  Scene scene;
  run(scene);
  scene.change_memory({.max = 1});
  for (int seconds = 2; seconds < 5; ++seconds) {
    scene.change_memory({.max = seconds});
    scene.pass(1100ms);
    scene.handle();
    CHECK_FALSE(scene.notifier().is_armed(scene.file("memory.events")));
    const auto next = scene.runs().next_look();
    REQUIRE(next);
    CHECK(*next >= scene.now().steady + 1s);
  }
}

TEST_CASE("a file that has not changed for a second is left to the kernel again") {
  Scene scene;
  run(scene);
  scene.change_memory({.max = 1});
  scene.pass(1100ms);
  scene.handle();
  CHECK(scene.notifier().is_armed(scene.file("memory.events")));
  CHECK_FALSE(scene.runs().next_look());
}

TEST_CASE("a kill of which the kernel was asked not to tell is told at the next look") {
  Scene scene;
  run(scene);
  scene.change_memory({.max = 1});
  scene.pass(500ms);
  scene.change_memory({.max = 2, .oom = 1, .kills = 1});
  CHECK(scene.told().empty());
  scene.pass(600ms);
  scene.handle();
  const auto told = scene.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Kind::out_of_memory);
  CHECK(told[0].before.oom == 0);
}

TEST_CASE("a kill of which the kernel was asked not to tell is told before the end that follows") {
  Scene scene;
  run(scene);
  scene.change_memory({.max = 1});
  scene.pass(500ms);
  scene.change_memory({.max = 2, .oom = 1, .kills = 1});
  scene.populate(0);
  const auto told = scene.told();
  REQUIRE(told.size() == 2);
  CHECK(told[0].kind == Kind::out_of_memory);
  CHECK(told[1].kind == Kind::ended);
  CHECK(told[1].reading.memory_events.oom_kill == 1);
  CHECK(told[1].before.oom == 0);
}

TEST_CASE("each kill is told once") {
  Scene scene;
  run(scene);
  scene.change_memory({.oom = 1, .kills = 1});
  CHECK(scene.told().size() == 1);
  scene.pass(1100ms);
  scene.handle();
  CHECK(scene.told().empty());
  scene.change_memory({.max = 1, .oom = 1, .kills = 1});
  CHECK(scene.told().empty());
  scene.pass(2s);
  scene.handle();
  scene.change_memory({.max = 1, .oom = 2, .kills = 3});
  CHECK(scene.told().size() == 1);
  scene.populate(0);
  const auto told = scene.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Kind::ended);
}

TEST_CASE("a limit hit just before the kill counts, although a look came between the two") {
  Scene scene;
  run(scene);
  scene.pass(1min);
  scene.change_memory({.oom = 1});
  scene.pass(20ms);
  scene.change_memory({.oom = 1, .kills = 1});
  scene.populate(0);
  const auto told = scene.told();
  REQUIRE(told.size() == 2);
  CHECK(told[0].before.oom == 0);
  CHECK(told[0].reading.memory_events.oom == 1);
}

TEST_CASE("a limit hit just before the kill counts, although the kill shows a second later") {
  Scene scene;
  run(scene);
  scene.pass(1min);
  scene.change_memory({.oom = 1});
  scene.pass(20ms);
  scene.change_memory({.oom = 1, .kills = 1});
  scene.pass(1100ms);
  scene.handle();
  const auto told = scene.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].before.oom == 0);
  CHECK(told[0].reading.memory_events.oom == 1);
}

TEST_CASE("kills before a container was first seen are not told, except in a new cgroup") {
  Scene scene;
  scene.make();
  scene.write(id, "cgroup.events", "populated 1\n");
  scene.write(id, "memory.events", text_of({.oom = 1, .kills = 1}));
  const bool is_new = GENERATE(false, true);
  if (is_new) fs::rename(scene.directory(), scene.directory(other));
  scene.expect();
  CHECK(scene.told().empty());
  if (is_new) fs::rename(scene.directory(other), scene.directory());
  scene.runs().look_at_all(scene.now());
  const auto told = scene.told();
  REQUIRE(told.size() == (is_new ? 1 : 0));
  if (is_new) CHECK(told[0].first.oom_kill == 0);
}

TEST_CASE("a kill names the cgroup above whose own limit was hit in the last seconds") {
  Scene scene;
  scene.limit_above(0);
  run(scene);
  SECTION("at the same time") {
    scene.limit_above(1);
    scene.change_memory({.kills = 1});
    CHECK(scene.told().at(0).limited_ancestor == "/docker");
  }
  SECTION("just before") {
    scene.pass(1min);
    scene.change_above(1);
    scene.pass(20ms);
    scene.change_memory({.kills = 1});
    CHECK(scene.told().at(0).limited_ancestor == "/docker");
  }
  SECTION("just before, of a container whose file is not to be looked at yet") {
    scene.pass(1min);
    scene.change_memory({.max = 1});
    scene.pass(50ms);
    scene.change_above(1);
    scene.change_memory({.max = 1, .kills = 1});
    scene.pass(1200ms);
    scene.handle();
    CHECK(scene.told().at(0).limited_ancestor == "/docker");
  }
  SECTION("long before") {
    scene.pass(1min);
    scene.change_above(1);
    scene.pass(1min);
    scene.change_memory({.kills = 1});
    CHECK(scene.told().at(0).limited_ancestor.empty());
  }
  SECTION("never") {
    scene.change_memory({.kills = 1});
    CHECK(scene.told().at(0).limited_ancestor.empty());
  }
}

TEST_CASE("the containers in one cgroup share its file, which is closed after the last of them") {
  Scene scene(2 * cgroup::RunWatcher::descriptors_per_run + 1);
  scene.limit_above(0);
  scene.make(id);
  scene.make(other);
  scene.expect(id);
  scene.expect(other);
  CHECK(scene.runs().coverage().unwatched == 0);
  scene.runs().forget(id);
  scene.expect(id);
  CHECK(scene.runs().coverage().unwatched == 0);
  scene.runs().forget(id);
  scene.runs().forget(other);
  scene.expect(id);
  scene.change_above(1);
  scene.change_memory({.kills = 1});
  CHECK(scene.told().at(0).limited_ancestor == "/docker");
}

TEST_CASE("kills of a container that was not watched are not told when it is watched") {
  Scene scene(cgroup::RunWatcher::descriptors_per_run);
  scene.make(other);
  scene.expect(other);
  scene.expect(id);
  scene.make(id);
  scene.handle();
  CHECK(scene.runs().coverage().unwatched == 1);
  scene.write(id, "memory.events", text_of({.oom = 1, .kills = 1}));
  scene.runs().forget(other);
  scene.handle();
  CHECK(scene.runs().coverage().unwatched == 0);
  CHECK(scene.told().empty());
}

TEST_CASE("a cgroup gets memory.events after it has appeared") {
  Scene scene;
  scene.make();
  fs::remove(scene.file("memory.events"));
  scene.expect();
  scene.write(id, "memory.events", text_of({}));
  scene.populate(1);
  scene.change_memory({.oom = 1, .kills = 1});
  CHECK(scene.told().size() == 1);
}

TEST_CASE("a container appears although the kernel has dropped messages about directories") {
  Scene scene;
  scene.expect();
  CHECK(scene.told().empty());
  const auto most = std::stoul(test::read_file("/proc/sys/fs/inotify/max_queued_events"));
  for (std::size_t i = 0; i <= most / 2; ++i) {
    fs::create_directory(scene.directory(other));
    fs::remove(scene.directory(other));
  }
  scene.make();
  for (std::size_t i = 0; i <= most / 100; ++i) scene.handle();
  scene.populate(1);
  scene.populate(0);
  CHECK(scene.told().size() == 1);
}
