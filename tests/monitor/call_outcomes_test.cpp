#include "monitor/call_outcomes.h"

#include "support/catch.h"

using namespace tidegauge;
using monitor::CallKind;
using monitor::CallOutcomes;

namespace {

const Error stalled{Errc::stalled, "no more bytes"};
const Error garbled{Errc::bad_reply, "not JSON"};
const Error cut{Errc::connection_lost, "closed"};

}  // namespace

TEST_CASE("a container fails by the last call of a kind, and recovers by the next of that kind") {
  const auto [failing, other] = GENERATE(table<CallKind, CallKind>(
      {{CallKind::inspect, CallKind::sample}, {CallKind::sample, CallKind::inspect}}));
  CallOutcomes outcomes;
  CHECK_FALSE(outcomes.is_failing());
  CHECK(outcomes.record(failing, &garbled));
  CHECK(outcomes.record(other, nullptr));
  CHECK(outcomes.is_failing());
  CHECK(outcomes.record(failing, nullptr));
  CHECK_FALSE(outcomes.is_failing());
}

TEST_CASE("a container is stuck while its calls get no answer or are refused for that reason") {
  CallOutcomes outcomes;
  for (const auto code :
       {Errc::first_byte_timeout, Errc::stalled, Errc::timeout, Errc::quarantined}) {
    const Error error{code, ""};
    outcomes.record(CallKind::sample, &error);
    CHECK(outcomes.is_stuck());
  }
  outcomes.record(CallKind::sample, &garbled);
  CHECK_FALSE(outcomes.is_stuck());
  CHECK(outcomes.is_failing());
}

TEST_CASE("failures in a row are counted by kind of call, and errors for all kinds together") {
  CallOutcomes outcomes;
  outcomes.record(CallKind::inspect, &garbled);
  outcomes.record(CallKind::inspect, &stalled);
  outcomes.record(CallKind::sample, &stalled);
  CHECK(outcomes.failures(CallKind::inspect) == 2);
  CHECK(outcomes.failures(CallKind::sample) == 1);
  CHECK(outcomes.errors() == 3);
  outcomes.record(CallKind::inspect, nullptr);
  CHECK(outcomes.failures(CallKind::inspect) == 0);
  CHECK(outcomes.errors() == 3);
}

TEST_CASE("the second cut connection in a row is the container's failure") {
  CallOutcomes outcomes;
  CHECK_FALSE(outcomes.record(CallKind::inspect, &cut));
  CHECK_FALSE(outcomes.is_failing());
  CHECK(outcomes.failures(CallKind::inspect) == 1);  // but it is retried later and later
  CHECK(outcomes.errors() == 0);
  CHECK(outcomes.record(CallKind::inspect, &cut));
  CHECK(outcomes.is_failing());
  CHECK(outcomes.failures(CallKind::inspect) == 2);
}

TEST_CASE("an answer and the end of the Engine clear a cut connection") {
  CallOutcomes outcomes;
  outcomes.record(CallKind::sample, &cut);
  if (GENERATE(true, false)) {
    outcomes.record(CallKind::sample, nullptr);
  } else {
    outcomes.forget_cuts();
  }
  CHECK_FALSE(outcomes.record(CallKind::sample, &cut));
  CHECK_FALSE(outcomes.is_failing());
}

TEST_CASE("a kind of call that was forgotten neither fails nor is stuck") {
  CallOutcomes outcomes;
  outcomes.record(CallKind::sample, &stalled);
  outcomes.forget(CallKind::sample);
  CHECK_FALSE(outcomes.is_failing());
  CHECK_FALSE(outcomes.is_stuck());
  CHECK(outcomes.failures(CallKind::sample) == 0);
}
