#include "simulated_engine/simulated_host.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "simulated_engine/life.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::EventStream;
using test::HealthStatus;
using test::Life;
using test::Outcome;
using test::SimulatedHost;
using test::Status;

namespace {

/// A clock that stands still until it is moved.
struct ManualClock {
  WallTime now = WallTime(1'700'000'000s);
  test::WallClock clock() {
    return [this] { return now; };
  }
};

/// What happened to containers since the last look.
std::vector<std::string> actions(EventStream& stream) {
  std::vector<std::string> taken;
  for (const auto& event : stream.take()) {
    if (event.type == "container") taken.push_back(event.action);
  }
  return taken;
}

using Actions = std::vector<std::string>;

}  // namespace

TEST_CASE("ten containers show every condition") {
  ManualClock time;
  const SimulatedHost host(time.clock(), 10);
  std::set<Status> statuses;
  std::set<HealthStatus> healths;
  bool oom_killed = false;
  for (const auto& container : host.containers()) {
    statuses.insert(container.status);
    healths.insert(container.spec.health);
    oom_killed = oom_killed || (container.oom_killed && container.exit_code == 137);
  }
  CHECK(statuses.size() == 5);
  CHECK(healths == std::set{HealthStatus::none, HealthStatus::healthy, HealthStatus::unhealthy});
  CHECK(oom_killed);
}

TEST_CASE("counters grow while a container runs, stand still while it is paused, and begin anew") {
  ManualClock time;
  SimulatedHost host(time.clock(), 1);
  const auto usage = [&] { return usage_of(*host.container("web-1"), time.now); };
  auto last = usage();
  CHECK(last.cpu_ns > 0);
  for (int i = 0; i < 500; ++i) {
    time.now += 250ms;
    const auto next = usage();
    REQUIRE(next.cpu_ns > last.cpu_ns);
    REQUIRE(next.user_ns + next.system_ns <= next.cpu_ns);
    REQUIRE(next.receive_bytes >= last.receive_bytes);
    REQUIRE(next.write_bytes >= last.write_bytes);
    REQUIRE(next.throttled_ns >= last.throttled_ns);
    REQUIRE(next.usage_bytes <= next.max_usage_bytes);
    REQUIRE(next.max_usage_bytes <= host.container("web-1")->spec.memory_bytes);
    last = next;
  }
  host.pause("web-1");
  time.now += 10s;
  CHECK(usage().cpu_ns == last.cpu_ns);
  host.unpause("web-1");
  CHECK(usage().cpu_ns == last.cpu_ns);
  host.restart("web-1");
  CHECK(usage().cpu_ns == 0);
}

TEST_CASE("each happening emits what the Engine emits, in its order") {
  ManualClock time;
  SimulatedHost host(time.clock(), 0);
  EventStream stream(host.events(), {});
  CHECK(host.add({.name = "a"}) == Outcome::done);
  CHECK(host.start("a") == Outcome::done);
  CHECK(actions(stream) == Actions{"create", "start"});
  host.stop("a");
  CHECK(actions(stream) == Actions{"kill", "die", "stop"});
  host.restart("a");
  CHECK(actions(stream) == Actions{"start", "restart"});
  host.oom("a");
  CHECK(actions(stream) == Actions{"oom", "die"});
  host.start("a");
  host.rename("a", "b");
  host.set_health("b", HealthStatus::unhealthy);
  CHECK(actions(stream) == Actions{"start", "rename", "health_status: unhealthy"});
  host.remove("b");
  CHECK(actions(stream) == Actions{"kill", "die", "destroy"});
  CHECK_FALSE(host.container("b"));
}

TEST_CASE("a container that dies is left as the Engine leaves it") {
  ManualClock time;
  SimulatedHost host(time.clock(), 0);
  host.add({.name = "once"});
  host.add({.name = "again", .restart_policy = "always"});
  host.start("once");
  host.start("again");
  time.now += 5s;
  host.exit("once", 3);
  host.oom("again");
  CHECK(host.container("once")->status == Status::exited);
  CHECK(host.container("once")->exit_code == 3);
  CHECK(host.container("once")->finished_at == time.now);
  CHECK(host.container("again")->status == Status::restarting);
  CHECK(host.container("again")->oom_killed);
  host.start("again");
  CHECK(host.container("again")->restart_count == 1);
  CHECK_FALSE(host.container("again")->oom_killed);
  host.kill("again", 15);
  CHECK(host.container("again")->status == Status::exited);
  CHECK(host.container("again")->exit_code == 143);
}

TEST_CASE("what cannot happen is refused and leaves no event") {
  ManualClock time;
  SimulatedHost host(time.clock(), 2);
  EventStream stream(host.events(), {});
  CHECK(host.start("web-1") == Outcome::wrong_state);
  CHECK(host.unpause("web-1") == Outcome::wrong_state);
  CHECK(host.stop("nope") == Outcome::no_such_container);
  CHECK(host.add({.name = "web-1"}) == Outcome::name_in_use);
  CHECK(host.rename("web-1", "api-1") == Outcome::name_in_use);
  CHECK(stream.take().empty());
}

TEST_CASE("events have times of their own and the last 256 are remembered") {
  ManualClock time;
  SimulatedHost host(time.clock(), 1);
  for (int i = 0; i < 200; ++i) {
    host.pause("web-1");
    host.unpause("web-1");
  }
  EventStream from_the_start(host.events(), WallTime{});
  const auto events = from_the_start.take();
  REQUIRE(events.size() == 256);
  CHECK(std::ranges::is_sorted(events, std::ranges::less_equal{}, &test::Event::time));
  EventStream since(host.events(), events[250].time);
  CHECK(since.take().size() == 6);
  EventStream from_now(host.events(), {});
  CHECK(from_now.take().empty());
}

TEST_CASE("the same seed gives the same life, another seed another") {
  const auto live = [](std::uint64_t seed) {
    ManualClock time;
    SimulatedHost host(time.clock(), 12);
    Life life(host, seed);
    EventStream stream(host.events(), {});
    Actions all;
    for (int i = 0; i < 300; ++i) {
      time.now += 1s;
      life.step();
      const auto step = actions(stream);
      REQUIRE_FALSE(step.empty());
      all.insert(all.end(), step.begin(), step.end());
    }
    return all;
  };
  const auto life = live(1);
  CHECK(life == live(1));
  CHECK(life != live(2));
  for (const auto* action : {"create", "start", "die", "kill", "stop", "oom", "pause", "unpause",
                             "restart", "destroy", "health_status: unhealthy"}) {
    INFO(action);
    CHECK(std::ranges::count(life, action) > 0);
  }
}
