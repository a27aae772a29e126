#include "app/reload_requests.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using app::ReloadRequests;
using Next = ReloadRequests::Next;

namespace {

/// What those who asked were told, in order.
class Told {
 public:
  ReloadRequests::Done as(std::string name) {
    return [this, name = std::move(name)](const Result<void>& outcome) {
      all.push_back(name + ": " + (outcome ? "reloaded" : outcome.error().message));
    };
  }
  std::vector<std::string> all;
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a request is told the outcome of a reload that began after it") {
  ReloadRequests requests;
  Told told;
  requests.request(told.as("first"));
  REQUIRE(requests.wait() == Next::reload);
  requests.request(told.as("second"));
  requests.finished({});
  CHECK(told.all == Words{"first: reloaded"});
  REQUIRE(requests.wait() == Next::reload);
  requests.finished(fail(Errc::invalid_config, "broken"));
  CHECK(told.all == Words{"first: reloaded", "second: broken"});
}

TEST_CASE("many requests are answered by one reload") {
  ReloadRequests requests;
  Told told;
  for (int i = 0; i < 100; ++i) requests.request(told.as("x"));
  requests.request();
  CHECK(requests.wait() == Next::reload);
  requests.finished({});
  CHECK(told.all.size() == 100);
  requests.stop();
  CHECK(requests.wait() == Next::stop);
}

TEST_CASE("a stop comes before reloads, and all who wait for one are told") {
  ReloadRequests requests;
  Told told;
  requests.request(told.as("in progress"));
  REQUIRE(requests.wait() == Next::reload);
  requests.request(told.as("waiting"));
  requests.stop();
  requests.request(told.as("late"));
  requests.finished({});
  const std::string stopping = ": the daemon is stopping";
  CHECK(told.all == Words{"waiting" + stopping, "in progress" + stopping, "late" + stopping});
  CHECK(requests.wait() == Next::stop);
}
