#include "cgroup/directory_watch.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using cgroup::DirectoryWatch;
using Kind = DirectoryWatch::Change::Kind;

namespace fs = std::filesystem;

namespace {

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::appeared:
      return "appeared";
    case Kind::vanished:
      return "vanished";
    case Kind::unwatched:
      break;
  }
  return "unwatched";
}

/// "web appeared", in order.
std::vector<std::string> changes(DirectoryWatch& watch) {
  std::vector<DirectoryWatch::Change> read;
  CHECK(watch.read(read));
  std::vector<std::string> told;
  told.reserve(read.size());
  for (const auto& [kind, at, id] : read) told.push_back(id + " " + name_of(kind));
  return told;
}

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("an expected directory is told when it appears and when it vanishes, others are not") {
  const test::TemporaryDirectory above;
  DirectoryWatch watch;
  REQUIRE(watch.expect(above.path(), "a", "web"));
  fs::create_directory(above.path() / "other");
  fs::create_directory(above.path() / "a");
  fs::remove(above.path() / "a");
  CHECK(changes(watch) == Told{"web appeared", "web vanished"});
  CHECK(changes(watch).empty());
}

TEST_CASE("all that are expected in one directory share its watch") {
  const test::TemporaryDirectory above;
  DirectoryWatch watch;
  const auto web = watch.expect(above.path(), "a", "web");
  const auto db = watch.expect(above.path(), "b", "db");
  REQUIRE(web);
  CHECK(web == db);
  watch.forget(*web, "a", "web");
  fs::create_directory(above.path() / "a");
  fs::create_directory(above.path() / "b");
  CHECK(changes(watch) == Told{"db appeared"});
}

TEST_CASE("without anything expected, the directory is not watched") {
  const test::TemporaryDirectory above;
  DirectoryWatch watch;
  const auto handle = watch.expect(above.path(), "a", "web");
  REQUIRE(handle);
  watch.forget(*handle, "a", "web");
  fs::create_directory(above.path() / "a");
  CHECK(changes(watch).empty());
}

TEST_CASE("the end of the directory above is told to everybody who waits for something in it") {
  const test::TemporaryDirectory root;
  const auto above = root.path() / "above";
  fs::create_directory(above);
  DirectoryWatch watch;
  REQUIRE(watch.expect(above, "a", "web"));
  REQUIRE(watch.expect(above, "b", "db"));
  fs::remove(above);
  CHECK(changes(watch) == Told{"web unwatched", "db unwatched"});
}

TEST_CASE("a directory above that does not exist is refused as absent") {
  DirectoryWatch watch;
  const auto handle = watch.expect("/nowhere/at/all", "a", "web");
  REQUIRE_FALSE(handle);
  CHECK(handle.error() == ENOENT);
}

TEST_CASE("events that the kernel has dropped are told as a whole") {
  const test::TemporaryDirectory above;
  DirectoryWatch watch;
  REQUIRE(watch.expect(above.path(), "a", "web"));
  const auto most = std::stoul(test::read_file("/proc/sys/fs/inotify/max_queued_events"));
  for (std::size_t i = 0; i <= most / 2; ++i) {
    fs::create_directory(above.path() / "other");
    fs::remove(above.path() / "other");
  }
  std::vector<DirectoryWatch::Change> read;
  bool complete = true;
  for (std::size_t i = 0; i <= most && complete; ++i) complete = watch.read(read);
  CHECK_FALSE(complete);
  CHECK(read.empty());
}
