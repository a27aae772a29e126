#include "cgroup/mountinfo.h"

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("a line of mountinfo has the mount point and the source") {
  const auto mount = cgroup::parse_mount_line(
      "31 23 0:26 /part /sys/fs/cgroup rw,nosuid shared:8 master:1 - cgroup2 /dev/x rw,cpu");
  REQUIRE(mount);
  CHECK(mount->root == "/part");
  CHECK(mount->point == "/sys/fs/cgroup");
  CHECK(mount->type == "cgroup2");
  CHECK(mount->source == "/dev/x");
  CHECK(mount->super_options == "rw,cpu");
}

TEST_CASE("optional fields of mountinfo may be absent") {
  const auto mount = cgroup::parse_mount_line("31 23 0:26 / /data rw - ext4 /dev/sda1 rw");
  REQUIRE(mount);
  CHECK(mount->type == "ext4");
}

TEST_CASE("octal escapes in a path of mountinfo are decoded") {
  const auto mount =
      cgroup::parse_mount_line(R"(31 23 0:26 /a\011b /my\040disk\134x\0 rw - ext4 a\040b rw)");
  REQUIRE(mount);
  CHECK(mount->root == "/a\tb");
  CHECK(mount->point == R"(/my disk\x\0)");  // too short for an escape
  CHECK(mount->source == "a b");
}

TEST_CASE("a line of mountinfo without a field is ignored") {
  for (const auto* const line : {"", "31 23 0:26 / /data rw", "31 23 0:26 / /data rw - ext4 x",
                                 "31 23 0:26 / /data rw shared:8"}) {
    CAPTURE(line);
    CHECK_FALSE(cgroup::parse_mount_line(line));
  }
}
