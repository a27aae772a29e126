#include "app/file_stamps.h"

#include <filesystem>
#include <tuple>

#include "support/catch.h"
#include "support/temporary_directory.h"

using tidegauge::app::FileStamps;
using tidegauge::test::TemporaryDirectory;

TEST_CASE("files that nobody touches are current, and so are none") {
  const TemporaryDirectory directory;
  const FileStamps stamps({directory.write("a", "1"), directory.file("absent")});
  CHECK(stamps.are_current());
  CHECK(FileStamps().are_current());
}

TEST_CASE("a file that is written, replaced, removed or made is a change") {
  const TemporaryDirectory directory;
  const auto path = directory.write("a", "1");
  const FileStamps stamps({path, directory.file("absent")});
  SECTION("written") {
    std::ignore = directory.write("a", "longer");
  }
  SECTION("replaced by one of the same size and age") {
    const auto other = directory.write("b", "2");
    std::filesystem::last_write_time(other, std::filesystem::last_write_time(path));
    std::filesystem::rename(other, path);
  }
  SECTION("removed") {
    std::filesystem::remove(path);
  }
  SECTION("made") {
    std::ignore = directory.write("absent", "");
  }
  CHECK_FALSE(stamps.are_current());
}
