#include "tidegauge/cgroup/file_reader.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "support/catch.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;

TEST_CASE("a file is read whole, however long, and from its beginning each time") {
  const test::TemporaryDirectory directory;
  const auto size = GENERATE(0, 1, 2047, 2048, 2049, 4096, 16'384, 16'385, 100'000);
  std::string text(static_cast<std::size_t>(size), 'x');
  if (!text.empty()) text.back() = '\n';
  const auto path = directory.write("file", text);
  cgroup::FileReader reader;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(reader.read(fd.get()).value() == text);
  CHECK(reader.read(fd.get()).value() == text);
  CHECK(reader.read(path.c_str()).value() == text);
}

TEST_CASE("the kernel's files of many records are read to their end") {
  cgroup::FileReader reader;
  const auto text = reader.read("/proc/self/mountinfo");  // a line for each mount
  REQUIRE(text);
  CHECK(std::string(*text) == test::read_file("/proc/self/mountinfo"));
}

TEST_CASE("the system's reason is told where there is nothing to read") {
  cgroup::FileReader reader;
  CHECK(reader.read("/nothing/here").error() == ENOENT);
  CHECK(reader.read("/").error() == EISDIR);
  CHECK(reader.read(-1).error() == EBADF);
}
