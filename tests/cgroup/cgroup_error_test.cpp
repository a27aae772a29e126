#include "tidegauge/cgroup/cgroup_error.h"

#include <cerrno>

#include "support/catch.h"

using namespace tidegauge;
using cgroup::CgroupError;
using test::contains;

TEST_CASE("the error of a refused file has its path and the system's reason") {
  const auto error = cgroup::refusal("/sys/fs/cgroup/x", EACCES);
  CHECK(error.reason == CgroupError::Reason::unreadable);
  CHECK(error.message == "/sys/fs/cgroup/x: Permission denied");
}

TEST_CASE(
    "the error of a lack of descriptors has the remedy, and that of a lack of memory has none") {
  for (const int shortage : {EMFILE, ENFILE}) {
    const auto error = cgroup::refusal("/x", shortage);
    CHECK(error.reason == CgroupError::Reason::shortage);
    CHECK_THAT(error.message, contains("LimitNOFILE="));
  }
  const auto error = cgroup::refusal("/x", ENOMEM);
  CHECK(error.reason == CgroupError::Reason::shortage);
  CHECK(error.message == "/x: Cannot allocate memory");
}

TEST_CASE("only an error of a container that has gone is transient") {
  using Reason = CgroupError::Reason;
  for (const auto reason : {Reason::no_process, Reason::gone}) CHECK(is_transient(reason));
  for (const auto reason : {Reason::hidden, Reason::not_its_cgroup, Reason::masked,
                            Reason::no_hierarchy, Reason::unreadable, Reason::shortage}) {
    CHECK_FALSE(is_transient(reason));
  }
}
