#include "http/transfer_limits.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using http::exceeded_limit;
using http::Limits;
using http::next_limit;
using http::Progress;

namespace {

constexpr SteadyTime start{1000s};
constexpr Limits limits{.connect = 1s, .first_byte = 2s, .stall = 3s, .total = 20s};

const Progress connecting{.started = start};
const Progress waiting{.started = start, .sent_at = start + 500ms};
const Progress receiving{.started = start,
                         .sent_at = start + 500ms,
                         .first_byte_at = start + 1s,
                         .last_byte_at = start + 5s};

Errc exceeded(const Progress& progress, SteadyTime now, const Limits& given = limits) {
  const auto error = exceeded_limit(given, progress, now);
  return error ? error->code : Errc{};
}

}  // namespace

TEST_CASE("the next limit is that of the current step") {
  CHECK(next_limit(limits, connecting) == start + 1s);
  CHECK(next_limit(limits, waiting) == start + 2500ms);
  CHECK(next_limit(limits, receiving) == start + 8s);
}

TEST_CASE("the total limit comes first if it is the nearest") {
  auto late = receiving;
  late.last_byte_at = start + 19s;
  CHECK(next_limit(limits, late) == start + 20s);
}

TEST_CASE("without limits there is no next limit, and none is exceeded") {
  for (const auto& progress : {connecting, waiting, receiving}) {
    CHECK(next_limit({}, progress) == SteadyTime::max());
    CHECK_FALSE(exceeded_limit({}, progress, start + 1000h));
  }
}

TEST_CASE("each step has its limit, which is exceeded when it is reached") {
  CHECK_FALSE(exceeded_limit(limits, connecting, start + 999ms));
  CHECK(exceeded(connecting, start + 1s) == Errc::connect_timeout);
  CHECK_FALSE(exceeded_limit(limits, waiting, start + 2499ms));
  CHECK(exceeded(waiting, start + 2500ms) == Errc::first_byte_timeout);
  CHECK_FALSE(exceeded_limit(limits, receiving, start + 7999ms));
  CHECK(exceeded(receiving, start + 8s) == Errc::stalled);
  CHECK(exceeded(receiving, start + 20s) == Errc::timeout);
}

TEST_CASE("a slow reader does not make the answer stall") {
  auto paused = receiving;
  paused.paused = true;
  CHECK_FALSE(exceeded_limit(limits, paused, start + 19s));
  CHECK(next_limit(limits, paused) == start + 20s);
}

TEST_CASE("the error names the limit") {
  CHECK(exceeded_limit({.total = 5s}, waiting, start + 5s)->message ==
        "no complete answer within 5 s");
  CHECK(exceeded_limit({.connect = 50ms}, connecting, start + 1s)->message ==
        "no connection within 50 ms");
}

TEST_CASE("a size is written in its largest whole unit") {
  CHECK(http::size_text(1024 * 1024) == "1 MiB");
  CHECK(http::size_text(64 * 1024) == "64 KiB");
  CHECK(http::size_text(1000) == "1000 bytes");
}
