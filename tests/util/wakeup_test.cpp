#include "tidegauge/util/wakeup.h"

#include <poll.h>

#include <thread>

#include "support/catch.h"

using namespace tidegauge;

namespace {

bool readable(const Wakeup& wakeup, int limit_ms = 0) {
  pollfd descriptor{.fd = wakeup.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, limit_ms) == 1 && (descriptor.revents & POLLIN) != 0;
}

}  // namespace

TEST_CASE("a wakeup does not fire before its signal, and an empty drain does not block") {
  const Wakeup wakeup;
  CHECK_FALSE(readable(wakeup));
  wakeup.drain();
  CHECK_FALSE(readable(wakeup));
}

TEST_CASE("signals last until they are drained, however many there were") {
  const Wakeup wakeup;
  wakeup.signal();
  wakeup.signal();
  CHECK(readable(wakeup));
  CHECK(readable(wakeup));
  wakeup.drain();
  CHECK_FALSE(readable(wakeup));
  wakeup.signal();
  CHECK(readable(wakeup));
}

TEST_CASE("a signal wakes a thread that waits") {
  const Wakeup wakeup;
  const std::jthread signaller([&] { wakeup.signal(); });
  CHECK(readable(wakeup, 10'000));
}
