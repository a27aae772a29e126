#include "cgroup/run_files.h"

#include <cerrno>
#include <string>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using cgroup::Beginning;
using cgroup::FileReader;
using cgroup::RunFiles;

namespace {

/// The files of a cgroup that has run something.
class Scene {
 public:
  Scene() {
    write("cgroup.events", "populated 1\nfrozen 0\n");
    write("cpu.stat", "usage_usec 250000\nuser_usec 1\nsystem_usec 2\n");
    write("memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n");
    write("memory.peak", "67108864\n");
    write("memory.current", "4096\n");
  }
  void write(const std::string& name, const std::string& text) const {
    static_cast<void>(directory_.write(name, text));
  }
  void remove(const std::string& name) const { std::filesystem::remove(directory_.path() / name); }
  [[nodiscard]] RunFiles open() {
    return RunFiles::open(directory_.path(), Beginning::unknown, reader, {}).value();
  }
  FileReader reader;

 private:
  test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a reading has what each file of the cgroup says") {
  Scene scene;
  auto files = scene.open();
  const auto reading = files.read(scene.reader, {.wall = WallTime{std::chrono::seconds(7)}});
  CHECK(reading.at.wall == WallTime{std::chrono::seconds(7)});
  CHECK(reading.cpu_seconds == 0.25);
  CHECK(reading.memory_peak_bytes == 67'108'864);
  CHECK(reading.memory_bytes == 4096);
  CHECK(reading.memory_events.max == 4);
  CHECK(reading.memory_events.oom_kill == 1);
}

TEST_CASE("what a kernel does not have is absent in a reading") {
  Scene scene;
  scene.remove("memory.peak");
  scene.remove("memory.events");
  auto files = scene.open();
  CHECK_FALSE(files.memory());
  const auto reading = files.read(scene.reader, {});
  CHECK(reading.cpu_seconds == 0.25);
  CHECK_FALSE(reading.memory_peak_bytes);
  CHECK(reading.memory_events == model::MemoryEvents{});
}

TEST_CASE("memory.events may come after the cgroup") {
  Scene scene;
  scene.remove("memory.events");
  auto files = scene.open();
  scene.write("memory.events", "oom_kill 3\n");
  files.find_memory_events(Beginning::unknown, scene.reader, {});
  REQUIRE(files.memory());
  CHECK(files.memory()->latest().oom_kill == 3);
}

TEST_CASE("a cgroup shows whether it has processes") {
  Scene scene;
  const auto files = scene.open();
  CHECK(files.is_populated(scene.reader).value());
  scene.write("cgroup.events", "populated 0\nfrozen 0\n");
  CHECK_FALSE(files.is_populated(scene.reader).value());
}

TEST_CASE("a cgroup whose state cannot be read is no cgroup") {
  Scene scene;
  const auto files = scene.open();
  scene.write("cgroup.events", "frozen 0\n");
  CHECK(files.is_populated(scene.reader).error() == EBADMSG);
}

TEST_CASE("a directory that is missing, or no cgroup, cannot be opened") {
  FileReader reader;
  const test::TemporaryDirectory directory;
  CHECK(RunFiles::open("/nowhere", Beginning::unknown, reader, {}).error() == ENOENT);
  CHECK(RunFiles::open(directory.path(), Beginning::unknown, reader, {}).error() == ENOENT);
}
