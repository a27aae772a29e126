#include "pool/circuit_breaker.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CircuitState;
using pool::CircuitBreaker;

namespace {

const config::PoolTuning tuning{
    .failure_threshold = 3, .probe_backoff_initial = 100ms, .probe_backoff_max = 2s};
constexpr SteadyTime start = SteadyTime{} + 1h;

std::shared_ptr<const Error> error(Errc code) {
  return std::make_shared<const Error>(code, "as the test wants it");
}

/// Fails so many probes, each when it is due. Returns the last pause.
SteadyTime::duration last_wait_of(CircuitBreaker& breaker, int probes) {
  SteadyTime::duration wait{};
  for (int i = 0; i < probes; ++i) {
    const auto now = breaker.next_probe();
    breaker.probe_started();
    breaker.probe_failed(error(Errc::timeout), now);
    wait = breaker.next_probe() - now;
  }
  return wait;
}

}  // namespace

TEST_CASE("failures in a row open the circuit, and an answer between them begins a new row") {
  CircuitBreaker breaker(tuning, 1);
  for (int i = 0; i < 2; ++i) breaker.call_failed(error(Errc::connection_lost), start);
  breaker.call_succeeded();
  for (int i = 0; i < 2; ++i) breaker.call_failed(error(Errc::connection_lost), start);
  CHECK(breaker.state() == CircuitState::closed);
  CHECK_FALSE(breaker.cause());
  breaker.call_failed(error(Errc::unreachable), start);
  CHECK(breaker.state() == CircuitState::open);
  REQUIRE(breaker.cause());
  CHECK(breaker.cause()->code == Errc::unreachable);
  CHECK(breaker.cause_since() == start);
}

TEST_CASE("one probe that fails opens the circuit, one that succeeds closes it") {
  CircuitBreaker breaker(tuning, 1);
  breaker.probe_failed(error(Errc::timeout), start);
  CHECK(breaker.state() == CircuitState::open);
  breaker.probe_started();
  CHECK(breaker.state() == CircuitState::half_open);
  breaker.probe_succeeded();
  CHECK(breaker.state() == CircuitState::closed);
  CHECK_FALSE(breaker.cause());
  const auto entered = [&](CircuitState state) {
    return breaker.transitions()[static_cast<std::size_t>(state)];
  };
  CHECK(entered(CircuitState::open) == 1);
  CHECK(entered(CircuitState::half_open) == 1);
  CHECK(entered(CircuitState::closed) == 1);
}

TEST_CASE("after an outage the row of failures begins at zero") {
  CircuitBreaker breaker(tuning, 1);
  for (int i = 0; i < 2; ++i) breaker.call_failed(error(Errc::connection_lost), start);
  breaker.probe_failed(error(Errc::timeout), start);
  breaker.probe_succeeded();
  for (int i = 0; i < 2; ++i) breaker.call_failed(error(Errc::connection_lost), start);
  CHECK_FALSE(breaker.cause());
}

TEST_CASE("a mistake in the configuration fails calls at once, and is no outage") {
  CircuitBreaker breaker(tuning, 1);
  breaker.call_failed(error(Errc::permission_denied), start);
  REQUIRE(breaker.cause());
  CHECK(breaker.state() == CircuitState::closed);
  breaker.probe_failed(error(Errc::unreachable), start);
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("the wait for the next probe grows up to its maximum") {
  CircuitBreaker breaker(tuning, 1);
  breaker.probe_failed(error(Errc::timeout), start);
  const auto first = breaker.next_probe() - start;
  CHECK(first >= 80ms);
  CHECK(first <= 120ms);
  const auto third = last_wait_of(breaker, 2);
  CHECK(third >= 100ms * 1.6 * 1.6 * 0.8);
  CHECK(third <= 100ms * 1.6 * 1.6 * 1.2);
  const auto late = last_wait_of(breaker, 100);
  CHECK(late >= 1600ms);
  CHECK(late <= 2s);
}

TEST_CASE("a second outage begins with the first wait again") {
  CircuitBreaker breaker(tuning, 1);
  breaker.probe_failed(error(Errc::timeout), start);
  last_wait_of(breaker, 10);
  breaker.probe_succeeded();
  breaker.probe_failed(error(Errc::timeout), start + 1min);
  CHECK(breaker.cause_since() == start + 1min);
  CHECK(breaker.next_probe() <= start + 1min + 120ms);
}
