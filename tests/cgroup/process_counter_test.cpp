#include "cgroup/process_counter.h"

#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>

#include "support/catch.h"
#include "support/nothing_left_behind.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using model::TaskState;
using test::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

std::size_t tasks(const model::TaskStats& stats, TaskState state) {
  return stats.tasks.at(static_cast<std::size_t>(state));
}

model::TaskStats count(const TemporaryDirectory& directory) {
  std::string refused;
  auto stats = cgroup::count_processes(directory.path(), "/proc", refused);
  CHECK(refused == "");
  return stats.value();
}

/// This thread looks at files as nobody, if it is root's.
class AnotherUser {
 public:
  AnotherUser() : before_(::setfsuid(nobody)) {}
  AnotherUser(const AnotherUser&) = delete;
  AnotherUser& operator=(const AnotherUser&) = delete;
  ~AnotherUser() { ::setfsuid(static_cast<uid_t>(before_)); }

 private:
  static constexpr uid_t nobody = 65534;
  int before_;
};

}  // namespace

TEST_CASE("a process counts with its threads, descriptors and sockets") {
  const TemporaryDirectory directory;
  std::ignore = directory.write("cgroup.procs", std::to_string(::getpid()) + "\n");
  const auto before = count(directory);
  CHECK(before.processes == 1);
  CHECK(before.threads == test::running_threads().size());
  CHECK(tasks(before, TaskState::running) >= 1);  // this one

  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  const UniqueFd copy(::dup(STDOUT_FILENO));
  const auto after = count(directory);
  CHECK(after.sockets == before.sockets.value() + 2);
  CHECK(after.descriptors == before.descriptors.value() + 3);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(after.descriptors_limit == limit.rlim_cur);
}

TEST_CASE("processes of child cgroups count, and ended processes count as far as they were read") {
  const TemporaryDirectory directory;
  const auto us = std::to_string(::getpid()) + "\n";
  std::ignore = directory.write("cgroup.procs", us);
  fs::create_directories(directory.path() / "below" / "it");
  std::ignore = directory.write("below/cgroup.procs", us + "4194305\n");
  std::ignore = directory.write("below/it/cgroup.procs", us);
  const auto stats = count(directory);
  CHECK(stats.processes == 4);
  CHECK(stats.threads >= 3);
}

TEST_CASE("a removed cgroup has no process counts") {
  std::string refused;
  CHECK_FALSE(cgroup::count_processes("/nowhere", "/proc", refused));
  CHECK(refused.empty());
}

TEST_CASE("descriptors that are not visible are absent, not zero") {
  const TemporaryDirectory directory;
  std::ignore = directory.write("cgroup.procs", std::to_string(::getpid()) + "\n1\n");
  fs::permissions(directory.path(), fs::perms::all);
  std::string refused;
  std::optional<model::TaskStats> stats;
  {
    const AnotherUser nobody;
    stats = cgroup::count_processes(directory.path(), "/proc", refused);
  }
  CHECK(refused == "/proc/1/fd: Permission denied");
  REQUIRE(stats);
  CHECK(stats->processes == 2);
  CHECK(stats->threads >= 2);
  CHECK_FALSE(stats->descriptors);
  CHECK_FALSE(stats->sockets);
}

TEST_CASE("process counts are absent if threads are not visible") {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "cgroup");
  fs::create_directory(directory.path() / "4711");
  std::ignore = directory.write("cgroup/cgroup.procs", "4711\n");
  std::ignore = directory.write("4711/task", "no directory");
  std::string refused = "what was refused first";
  CHECK_FALSE(cgroup::count_processes(directory.file("cgroup"), directory.path(), refused));
  CHECK(refused == "what was refused first");
  refused.clear();
  CHECK_FALSE(cgroup::count_processes(directory.file("cgroup"), directory.path(), refused));
  CHECK(refused == directory.file("4711/task") + ": Not a directory");
}

TEST_CASE("only sockets are absent if the targets of descriptors are not visible") {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "cgroup");
  fs::create_directories(directory.path() / "4711/task/4711");
  fs::create_directory(directory.path() / "4711/fd");
  std::ignore = directory.write("cgroup/cgroup.procs", "4711\n");
  std::ignore = directory.write("4711/task/4711/stat", "4711 (x) S 1\n");
  std::ignore = directory.write("4711/fd/0", "no link");  // EINVAL, as EACCES without the rights
  std::string refused;
  const auto stats = cgroup::count_processes(directory.file("cgroup"), directory.path(), refused);
  REQUIRE(stats);
  CHECK(stats->descriptors == 1U);
  CHECK_FALSE(stats->sockets);
  CHECK(refused == directory.file("4711/fd/0") + ": Invalid argument");
}

TEST_CASE("the limit of descriptors is that of the first process") {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "cgroup");
  std::ignore = directory.write("cgroup/cgroup.procs", "4711\n4712\n");
  for (const std::string process : {"4711", "4712"}) {
    fs::create_directories(directory.path() / process / "task");
    fs::create_directory(directory.path() / process / "fd");
    std::ignore =
        directory.write(process + "/limits", "Max open files  " + process + "  9 files\n");
  }
  std::string refused;
  const auto stats = cgroup::count_processes(directory.file("cgroup"), directory.path(), refused);
  CHECK(stats.value().descriptors_limit == 4711U);
}
