#include "tidegauge/util/unique_fd.h"

#include <fcntl.h>

#include "support/catch.h"

using namespace tidegauge;

namespace {

int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

}  // namespace

TEST_CASE("a descriptor is closed with its owner") {
  int fd = -1;
  {
    const UniqueFd owner(open_null());
    fd = owner.get();
    REQUIRE(owner.valid());
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
  CHECK_FALSE(UniqueFd().valid());
}

TEST_CASE("an assigned descriptor moves, and the previous descriptor is closed") {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  const int fd = first.get();
  const int replaced = second.get();
  second = std::move(first);
  CHECK_FALSE(is_open(replaced));
  CHECK(second.get() == fd);
  CHECK_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
  const UniqueFd third(std::move(second));
  CHECK(third.get() == fd);
  CHECK(is_open(fd));
}

TEST_CASE("a descriptor that is released stays open, and one that is reset does not") {
  UniqueFd owner(open_null());
  const int fd = owner.release();
  CHECK_FALSE(owner.valid());
  CHECK(is_open(fd));
  owner.reset(fd);
  owner.reset();
  CHECK_FALSE(is_open(fd));
}
