#include "cgroup/huge_pages.h"

#include <tuple>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using cgroup::FileReader;
using cgroup::read_huge_pages;
using test::TemporaryDirectory;

TEST_CASE("huge pages of cgroup v2 have their page size, without reserved pages") {
  const TemporaryDirectory cgroup;
  for (const auto* const size : {"2MB", "1GB"}) {
    const auto file = std::string("hugetlb.") + size;
    std::ignore = cgroup.write(file + ".current", "4194304\n");
    std::ignore = cgroup.write(file + ".rsvd.current", "8388608\n");
    std::ignore = cgroup.write(file + ".max", "max\n");
    std::ignore = cgroup.write(file + ".events", "max 3\n");
    std::ignore = cgroup.write(file + ".events.local", "max 2\n");
  }
  FileReader reader;
  const auto pages = read_huge_pages(cgroup.path(), reader);
  REQUIRE(pages.size() == 2);
  CHECK(pages[0].size == "1GB");
  CHECK(pages[1].size == "2MB");
  CHECK(pages[1].usage_bytes == 4'194'304);
  CHECK(pages[1].fail_count == 3U);
  CHECK_FALSE(pages[1].max_usage_bytes);
}

TEST_CASE("huge pages of cgroup v1 have a peak as well") {
  const TemporaryDirectory cgroup;
  std::ignore = cgroup.write("hugetlb.2MB.usage_in_bytes", "2097152\n");
  std::ignore = cgroup.write("hugetlb.2MB.rsvd.usage_in_bytes", "0\n");
  std::ignore = cgroup.write("hugetlb.2MB.max_usage_in_bytes", "6291456\n");
  std::ignore = cgroup.write("hugetlb.2MB.failcnt", "7\n");
  FileReader reader;
  const auto pages = read_huge_pages(cgroup.path(), reader);
  REQUIRE(pages.size() == 1);
  CHECK(pages[0].usage_bytes == 2'097'152);
  CHECK(pages[0].max_usage_bytes == 6'291'456U);
  CHECK(pages[0].fail_count == 7U);
}

TEST_CASE("an unreadable page size and a cgroup without the controller give no value") {
  const TemporaryDirectory cgroup;
  std::ignore = cgroup.write("hugetlb.2MB.current", "garbage\n");
  std::ignore = cgroup.write("memory.current", "1\n");
  FileReader reader;
  CHECK(read_huge_pages(cgroup.path(), reader).empty());
  CHECK(read_huge_pages("/nowhere", reader).empty());
}
