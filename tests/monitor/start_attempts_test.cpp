#include "monitor/start_attempts.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::Container;
using model::ContainerState;
using monitor::StartAttempts;

namespace {

constexpr SteadyTime now{1h};

Container created() {
  return {.state = ContainerState::created};
}

Container failed() {
  auto container = created();
  container.exit_code = 127;
  container.start_error = "exec: \"nginx\": executable file not found in $PATH";
  return container;
}

}  // namespace

TEST_CASE("networks that come and go without a start are a start that failed") {
  StartAttempts starts;
  starts.network_connected();
  CHECK_FALSE(starts.check_at());
  starts.network_disconnected(now);
  CHECK(starts.check_at() == now);
  starts.checked();
  CHECK(starts.inspected(created(), failed(), true) == 1);
  CHECK(starts.inspected(failed(), failed(), true) == 0);
}

TEST_CASE("each failure of a container counts, also with the same text") {
  StartAttempts starts;
  for (int i = 0; i < 3; ++i) {
    starts.network_connected();
    starts.network_connected();  // a second network
    starts.network_disconnected(now);
    starts.network_disconnected(now);
    CHECK(starts.inspected(i == 0 ? created() : failed(), failed(), true) == 1);
  }
}

TEST_CASE("networks that go with a run tell of no start") {
  StartAttempts starts;
  starts.network_connected();
  starts.started();
  starts.network_disconnected(now);
  CHECK_FALSE(starts.check_at());
  CHECK(starts.unexplained() == 0);
}

TEST_CASE("a new container without a start is looked at two seconds later") {
  StartAttempts starts;
  starts.created(now);
  CHECK(starts.check_at() == now + 2s);
  CHECK(starts.inspected(created(), failed(), true) == 1);
  starts.started();
  CHECK_FALSE(starts.check_at());
}

TEST_CASE("an inspect that is ahead of the events counts a failure once") {
  StartAttempts starts;
  starts.network_connected();
  CHECK(starts.inspected(created(), failed(), true) == 1);
  starts.network_disconnected(now);
  CHECK(starts.inspected(failed(), failed(), true) == 0);
  starts.network_connected();
  starts.network_disconnected(now);
  CHECK(starts.inspected(failed(), failed(), true) == 1);
}

TEST_CASE("a failure of before the watch is no news") {
  StartAttempts starts;
  CHECK(starts.inspected(created(), failed(), false) == 0);
}

TEST_CASE("a container that runs, or ends by its own code, has started") {
  StartAttempts starts;
  starts.created(now);
  auto container = failed();
  container.exit_code = 1;
  CHECK(starts.inspected(created(), container, true) == 0);
  container = failed();
  container.state = ContainerState::running;
  CHECK(starts.inspected(created(), container, true) == 0);
}
