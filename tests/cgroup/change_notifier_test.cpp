#include "cgroup/change_notifier.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "support/catch.h"
#include "tidegauge/util/wakeup.h"

using namespace tidegauge;
using cgroup::EpollNotifier;
using cgroup::Trigger;

namespace {

using Keys = std::vector<std::uint64_t>;

Keys changed(EpollNotifier& notifier) {
  const auto keys = notifier.wait(steady_now());
  return {keys.begin(), keys.end()};
}

/// Raises EPOLLPRI, as a file of a cgroup does: a socket with urgent data.
class Changing {
 public:
  Changing() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
  }
  void change() const { REQUIRE(::send(writer_.get(), "!", 1, MSG_OOB) == 1); }
  void read() const {
    char urgent = 0;
    REQUIRE(::recv(reader_.get(), &urgent, 1, MSG_OOB) == 1);
  }
  [[nodiscard]] int fd() const { return reader_.get(); }

 private:
  UniqueFd reader_, writer_;
};

}  // namespace

TEST_CASE("a file with something to read is told by its key, until it has been read") {
  EpollNotifier notifier;
  const Wakeup first;
  const Wakeup second;
  REQUIRE(notifier.watch(first.fd(), 7, Trigger::input));
  REQUIRE(notifier.watch(second.fd(), 8, Trigger::input));
  CHECK(changed(notifier).empty());
  second.signal();
  CHECK(changed(notifier) == Keys{8});
  CHECK(changed(notifier) == Keys{8});
  second.drain();
  CHECK(changed(notifier).empty());
}

TEST_CASE("a change is told until it has been read") {
  EpollNotifier notifier;
  const Changing file;
  REQUIRE(notifier.watch(file.fd(), 1, Trigger::change));
  CHECK(changed(notifier).empty());
  file.change();
  CHECK(changed(notifier) == Keys{1});
  CHECK(changed(notifier) == Keys{1});
  file.read();
  CHECK(changed(notifier).empty());
}

TEST_CASE("a change that is to be told once is told again only when it is asked for") {
  EpollNotifier notifier;
  const Changing file;
  REQUIRE(notifier.watch(file.fd(), 1, Trigger::change_once));
  file.change();
  CHECK(changed(notifier) == Keys{1});
  CHECK(changed(notifier).empty());
  notifier.watch_again(file.fd(), 1);
  CHECK(changed(notifier) == Keys{1});
  file.read();
  notifier.watch_again(file.fd(), 1);
  CHECK(changed(notifier).empty());
  file.change();
  CHECK(changed(notifier) == Keys{1});
}

TEST_CASE("a closed file is not told any more") {
  EpollNotifier notifier;
  {
    const Changing file;
    REQUIRE(notifier.watch(file.fd(), 1, Trigger::change));
    file.change();
  }
  CHECK(changed(notifier).empty());
}

TEST_CASE("a file that cannot be watched is refused with the reason") {
  EpollNotifier notifier;
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const auto watched = notifier.watch(file.get(), 1, Trigger::change);
  REQUIRE_FALSE(watched);
  CHECK(watched.error() == EPERM);
}
