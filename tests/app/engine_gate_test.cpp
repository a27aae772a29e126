#include "app/engine_gate.h"

#include <atomic>
#include <future>
#include <thread>

#include "support/catch.h"

using namespace tidegauge;
using app::EngineGate;

TEST_CASE("an Engine may be called while it is watched") {
  EngineGate gate;
  CHECK(gate.enter("local", {}).error().code == Errc::not_found);
  gate.set_endpoints({"local", "build"});
  CHECK(gate.enter("local", {}));
  gate.set_endpoints({"build"});
  CHECK_FALSE(gate.enter("local", {}));
  CHECK(gate.enter("build", {}));
}

TEST_CASE("who calls an Engine that is removed is told to stop, and waited for") {
  EngineGate gate;
  gate.set_endpoints({"local", "build"});
  std::promise<void> entered;
  std::atomic<bool> has_left = false;
  std::jthread caller([&] {
    const auto pass = gate.enter("local", {});
    entered.set_value();
    while (!(*pass)->stop().stop_requested()) std::this_thread::yield();
    has_left = true;
  });
  entered.get_future().wait();
  const auto other = gate.enter("build", {});
  gate.set_endpoints({"build"});
  CHECK(has_left);
  CHECK_FALSE((*other)->stop().stop_requested());
}

TEST_CASE("the stop of the caller is that of the call, also one from before") {
  EngineGate gate;
  gate.set_endpoints({"local"});
  std::stop_source stop;
  const auto pass = gate.enter("local", stop.get_token());
  CHECK_FALSE((*pass)->stop().stop_requested());
  stop.request_stop();
  CHECK((*pass)->stop().stop_requested());
  CHECK((*gate.enter("local", stop.get_token()))->stop().stop_requested());
}
