#include "web/late_response.h"

#include <memory>
#include <thread>

#include "support/catch.h"

using tidegauge::web::LateResponse;
using tidegauge::web::responder_of;

TEST_CASE("a response that is there at once suspends nothing") {
  const auto late = std::make_shared<LateResponse>();
  responder_of(late)({.status = 204});
  const auto response = late->take_or_suspend([] { FAIL("suspended"); }, [] { FAIL("resumed"); });
  REQUIRE(response);
  CHECK(response->status == 204);
}

TEST_CASE("a request is suspended until its response comes from another thread") {
  const auto late = std::make_shared<LateResponse>();
  bool is_suspended = false;
  int resumed = 0;
  CHECK_FALSE(late->take_or_suspend([&] { is_suspended = true; }, [&] { ++resumed; }));
  CHECK(is_suspended);
  CHECK_FALSE(late->take());
  std::jthread([responder = responder_of(late)]() mutable { responder({.status = 204}); }).join();
  CHECK(resumed == 1);
  CHECK(late->take()->status == 204);
}

TEST_CASE("the first response counts") {
  const auto late = std::make_shared<LateResponse>();
  late->set({.status = 503});
  late->set({.status = 200});
  CHECK(late->take()->status == 503);
  late->set({.status = 200});
  CHECK_FALSE(late->take());
}

TEST_CASE("a handler that gives up its responder answers 503") {
  const auto late = std::make_shared<LateResponse>();
  {
    const auto responder = responder_of(late);
  }
  CHECK(late->take()->status == 503);
}
