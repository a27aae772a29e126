#include "pool/diagnostics.h"

#include <source_location>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::AcquireFailure;
using model::CallClass;
using pool::describe_refusal;
using pool::PoolSummary;
using test::contains;

namespace {

pool::Holder holder_of(const std::string& key, SteadyTime since) {
  return pool::make_holder({.call_class = CallClass::list, .key = key},
                           std::source_location::current(), since);
}

Error refusal(AcquireFailure reason, const PoolSummary& summary,
              CallClass about = CallClass::call) {
  return describe_refusal(reason, about, 4200ms, summary);
}

}  // namespace

TEST_CASE("the text about a holder has its class, container, thread, time and place") {
  const auto now = steady_now();
  const auto text = pool::describe_holder(holder_of("0123456789abcdef", now - 4200ms), now);
  CHECK_THAT(text, contains("list of 0123456789ab by thread "));
  CHECK_THAT(text, contains(" for 4.2 s at "));
  CHECK_THAT(text, contains("diagnostics_test.cpp:"));
  CHECK_THAT(pool::describe_holder(holder_of("", now), now), contains("list by thread "));
}

TEST_CASE("seconds are written with one decimal") {
  CHECK(pool::seconds_text(0ms) == "0.0 s");
  CHECK(pool::seconds_text(1949ms) == "1.9 s");
  CHECK(pool::seconds_text(59960ms) == "60.0 s");
}

TEST_CASE("the error of a timeout has the state of the pool and the oldest holder") {
  PoolSummary summary{.endpoint = "local", .slots = 16, .leased = 15, .waiting = 3};
  summary.oldest[0] = holder_of("first", steady_now());
  summary.oldest[1] = holder_of("second", steady_now());
  summary.oldest_count = 2;
  const auto error = refusal(AcquireFailure::timeout, summary);
  CHECK(error.code == Errc::pool_timeout);
  CHECK_THAT(error.message,
             contains("no connection to local became free in 4.2 s (15 of 16 lent, 3 waiting); "
                      "held longest: list of first by thread "));
  CHECK_THAT(error.message, contains("; list of second by thread "));
}

TEST_CASE("a full queue has an error of its own, which names the option for streams") {
  const PoolSummary summary{.endpoint = "local", .stream_slots = 4};
  CHECK(refusal(AcquireFailure::queue_full, summary).code == Errc::queue_full);
  const auto streams = refusal(AcquireFailure::queue_full, summary, CallClass::stream);
  CHECK(streams.code == Errc::queue_full);
  CHECK_THAT(streams.message, contains("all 4 streams of local are in use"));
  CHECK_THAT(streams.message, contains("pool.max_streams"));
}

TEST_CASE("the errors of a closed pool and of a cancelled caller differ") {
  const PoolSummary summary{.endpoint = "local"};
  CHECK(refusal(AcquireFailure::closed, summary).code == Errc::closed);
  CHECK(refusal(AcquireFailure::cancelled, summary).code == Errc::cancelled);
}

TEST_CASE("the error of an outage has its age, its cause and the time of the next probe") {
  const auto now = steady_now();
  const PoolSummary summary{
      .endpoint = "local",
      .cause = std::make_shared<const Error>(Errc::permission_denied, "not for you"),
      .cause_since = now - 10s,
      .next_probe = now + 2s};
  const auto down = refusal(AcquireFailure::down, summary);
  CHECK(down.code == Errc::engine_down);
  CHECK_THAT(down.message, contains("engine local down for 10."));
  CHECK_THAT(down.message, contains(": not for you"));
  CHECK(refusal(AcquireFailure::misconfigured, summary).code == Errc::permission_denied);
}

TEST_CASE("the error of a waiter whose outage has ended meanwhile has no cause") {
  const auto error = refusal(AcquireFailure::down, {.endpoint = "local"});
  CHECK(error.code == Errc::engine_down);
  CHECK_THAT(error.message, contains("engine local was down until just now"));
}
