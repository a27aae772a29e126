#include "tidegauge/cgroup/process_counter.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>

#include "support/catch.h"
#include "support/nothing_left_behind.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using model::TaskState;
using test::TemporaryDirectory;

namespace {

std::size_t tasks(const model::TaskStats& stats, TaskState state) {
  return stats.tasks.at(static_cast<std::size_t>(state));
}

}  // namespace

TEST_CASE("a process counts with its threads, descriptors and sockets") {
  const TemporaryDirectory directory;
  std::ignore = directory.write("cgroup.procs", std::to_string(::getpid()) + "\n");
  const auto before = cgroup::count_processes(directory.path(), "/proc");
  CHECK(before.processes == 1);
  CHECK(before.threads == test::running_threads().size());
  CHECK(tasks(before, TaskState::running) >= 1);  // this one

  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  const UniqueFd copy(::dup(STDOUT_FILENO));
  const auto after = cgroup::count_processes(directory.path(), "/proc");
  CHECK(after.sockets == before.sockets + 2);
  CHECK(after.descriptors == before.descriptors + 3);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(after.descriptors_limit == limit.rlim_cur);
}

TEST_CASE("processes of cgroups below count, and those that have ended do so as far as seen") {
  const TemporaryDirectory directory;
  std::ignore = directory.write("cgroup.procs", "1\n");
  std::filesystem::create_directories(directory.path() / "below" / "it");
  std::ignore = directory.write("below/cgroup.procs", std::to_string(::getpid()) + "\n4194305\n");
  std::ignore = directory.write("below/it/cgroup.procs", "1\n");
  const auto stats = cgroup::count_processes(directory.path(), "/proc");
  CHECK(stats.processes == 4);
  CHECK(stats.threads >= 3);
}

TEST_CASE("a cgroup that is there no more has no processes") {
  CHECK(cgroup::count_processes("/nowhere", "/proc").processes == 0);
}
