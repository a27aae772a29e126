#include "tidegauge/cgroup/file_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "support/catch.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;

TEST_CASE("a file is read whole and from its beginning each time") {
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

TEST_CASE("the end of the buffer is not taken for the end of the file") {
  // The kernel hands out a page of whole lines at a time, so that little room is left in the end.
  constexpr std::size_t pages = 1'000;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto area = ::mmap(nullptr, pages * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  for (std::size_t i = 0; i < pages; i += 2) {
    ::mprotect(static_cast<char*>(area) + i * page, page, PROT_NONE);  // a line for each page
  }
  cgroup::FileReader reader;
  const auto text = reader.read("/proc/self/maps");
  REQUIRE(text);
  CHECK(text->contains("[stack]"));  // one of the last
  CHECK(text->ends_with('\n'));
  REQUIRE(::munmap(area, pages * page) == 0);
}

TEST_CASE("the error of a file that cannot be read has the system's reason") {
  cgroup::FileReader reader;
  CHECK(reader.read("/nothing/here").error() == ENOENT);
  CHECK(reader.read("/").error() == EISDIR);
  CHECK(reader.read(-1).error() == EBADF);
}
