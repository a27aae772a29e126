// How a ContainerMonitor follows an Engine that refuses calls, cuts streams or tells nonsense.

#include "monitor/engine_follower.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "monitor/small_engine.h"
#include "monitor/watch.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::ContainerState;
using test::event_line;
using test::eventually;
using test::Exchange;
using test::quick;
using test::Request;
using test::SmallEngine;
using test::SocketFile;
using test::unattended;
using test::Watch;

namespace {

constexpr auto stops_within = 1500ms;  // the shortest limit of a call is 2 s

/// An Engine of "web" and "db" whose calls and stream of events a test scripts.
class Scene {
 public:
  using Answer = std::function<bool(const Request&, Exchange&)>;

  explicit Scene(const config::MonitorConfig& options = {.interval = 1h}, Answer answer = {},
                 const config::PoolConfig& pool = unattended())
      : answer_(std::move(answer)),
        engine_({"db", "web"},
                [this](const Request& request, Exchange& exchange) {
                  if (answer_ && answer_(request, exchange)) return true;
                  if (SmallEngine::call_of(request) != "/events") return false;
                  tell(exchange);
                  return true;
                }),
        watch_(engine_.socket_path(), pool, options),
        running_(watch_.run()) {}
  ~Scene() { end_ = true; }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  SmallEngine& engine() { return engine_; }
  Watch& watch() { return watch_; }
  /// What the stream of events says next.
  void say(const std::string& bytes) {
    to_say_.with([&](auto& all) { all.push_back(bytes); });
  }
  [[nodiscard]] bool has_said_all() const {
    return to_say_.with([](const auto& all) { return all.empty(); });
  }
  [[nodiscard]] bool comes_up() {
    return eventually([&] { return watch_.snapshot()->up; });
  }
  [[nodiscard]] std::vector<std::string> names() {
    const auto snapshot = watch_.snapshot();
    std::vector<std::string> names;
    for (const auto& record : snapshot->containers) names.push_back(record.container->name);
    return names;
  }
  [[nodiscard]] bool shows_end_of(const std::string& name) {
    return eventually([&] {
      const auto snapshot = watch_.snapshot();
      return std::ranges::any_of(snapshot->lifecycles, [&](const auto& named) {
        return named.first == name && named.second.last_exit_at;
      });
    });
  }
  [[nodiscard]] SteadyTime::duration time_to_stop() {
    const auto begin = steady_now();
    running_.request_stop();
    running_.join();
    return steady_now() - begin;
  }

 private:
  /// Each piece once, whatever the stream.
  void tell(Exchange& exchange) {
    if (!exchange.begin_chunks(200)) return;
    while (!end_) {
      const auto next = to_say_.with([](auto& all) {
        if (all.empty()) return std::string();
        auto first = std::move(all.front());
        all.erase(all.begin());
        return first;
      });
      if (!next.empty() && !exchange.chunk(next)) return;
      if (!exchange.wait(1ms)) return;
    }
  }

  Answer answer_;
  std::atomic<bool> end_ = false;
  Guarded<std::vector<std::string>> to_say_;
  SmallEngine engine_;
  Watch watch_;
  std::jthread running_;
};

bool refuse(Exchange& exchange, int status) {
  exchange.reply(status, {}, R"({"message":"not allowed"})");
  return true;
}

}  // namespace

// --- events that cannot be read -----------------------------------------------------------------

TEST_CASE("unreadable events are skipped, and the inventory is taken once for all of them") {
  Scene scene;
  REQUIRE(scene.comes_up());
  REQUIRE(scene.engine().calls("/containers/json") == 1);
  scene.engine().set_ids({"db", "new", "web"});
  SECTION("many that are no events") {
    for (int i = 0; i < 1'000; ++i) scene.say("{\"no\":\"event\"}\n");
  }
  SECTION("one of more than a megabyte") {
    scene.say(std::string(1'070'000, '{') + "\n");
  }
  CHECK(eventually([&] { return scene.names() == std::vector<std::string>{"db", "new", "web"}; }));
  scene.say(event_line("die", "web"));
  CHECK(scene.shows_end_of("web"));
  // Those that come after the inventory are covered by the next one.
  CHECK(scene.engine().calls("/containers/json") <= 1 + 4);
  CHECK(scene.watch().log().count("an event cannot be read") == 1);
  CHECK(scene.watch().snapshot()->up);
  CHECK(scene.watch().snapshot()->inventory.streams_opened == 1);
}

TEST_CASE("a stop ends watching at once among unreadable events") {
  std::atomic<bool> flooded = false;
  Scene scene({.interval = 1h}, [&](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/events") return false;
    std::string nonsense;
    for (int i = 0; i < 1'000; ++i) nonsense += "nonsense\n";
    for (bool going = exchange.begin_chunks(200); going; flooded = true) {
      going = exchange.chunk(nonsense);
    }
    return true;
  });
  REQUIRE(scene.comes_up());
  REQUIRE(eventually([&] { return flooded.load(); }));
  CHECK(eventually([&] { return scene.watch().log().count("an event cannot be read") == 1; }));
  CHECK(scene.time_to_stop() < stops_within);
  CHECK(scene.watch().log().count("level=warn") == 1);
}

// --- calls that a proxy refuses -----------------------------------------------------------------

TEST_CASE("an Engine that refuses /info or /version is up, and the log has the remedy once") {
  const std::string refused = GENERATE("/info", "/version");
  const int status = GENERATE(403, 404, 501);
  Scene scene({.interval = 1h}, [=](const Request& request, Exchange& exchange) {
    return SmallEngine::call_of(request) == refused && refuse(exchange, status);
  });
  REQUIRE(scene.comes_up());
  CHECK(scene.names() == std::vector<std::string>{"db", "web"});
  CHECK(scene.watch().snapshot()->info.has_value() == (refused != "/info"));
  CHECK(scene.watch().snapshot()->version.has_value() == (refused != "/version"));
  CHECK(scene.watch().log().count("containers cannot be watched") == 0);
  CHECK(scene.watch().log().count("allow GET " + refused) == (status < 500 ? 1 : 0));
  scene.say(event_line("die", "web"));
  CHECK(scene.shows_end_of("web"));
  CHECK(scene.engine().calls(refused) == 1);
}

TEST_CASE("the inventory is compared with a list if /info is refused") {
  Scene scene({.interval = 1h, .reconcile_interval = 200ms},
              [](const Request& request, Exchange& exchange) {
                return SmallEngine::call_of(request) == "/info" && refuse(exchange, 403);
              });
  REQUIRE(scene.comes_up());
  scene.engine().set_ids({"new", "web"});  // without an event
  CHECK(eventually([&] { return scene.names() == std::vector<std::string>{"new", "web"}; }));
  CHECK(scene.engine().calls("/containers/new/json") == 1);
  CHECK(scene.engine().calls("/containers/web/json") == 1);
}

TEST_CASE("the inventory is taken again if it differs from the Engine's own count") {
  const bool differs = GENERATE(true, false);
  Scene scene({.interval = 1h, .reconcile_interval = 100ms},
              [=](const Request& request, Exchange& exchange) {
                if (SmallEngine::call_of(request) != "/info") return false;
                exchange.reply(200, {}, differs ? R"({"Containers":3})" : R"({"Containers":2})");
                return true;
              });
  REQUIRE(scene.comes_up());
  REQUIRE(eventually([&] { return scene.engine().calls("/info") >= 4; }));
  CHECK((scene.engine().calls("/containers/json") > 1) == differs);
}

TEST_CASE("lists take the place of refused /events, and only changed containers are inspected") {
  const int status = GENERATE(403, 404, 501);
  Scene scene({.interval = 30ms}, [=](const Request& request, Exchange& exchange) {
    return SmallEngine::call_of(request) == "/events" && refuse(exchange, status);
  });
  REQUIRE(scene.comes_up());
  CHECK(scene.names() == std::vector<std::string>{"db", "web"});
  scene.engine().set_ids({"new", "web"});
  CHECK(eventually([&] { return scene.names() == std::vector<std::string>{"new", "web"}; }));
  const auto lists = scene.engine().calls("/containers/json");
  REQUIRE(eventually([&] { return scene.engine().calls("/containers/json") > lists + 3; }));
  CHECK(scene.engine().calls("/containers/new/json") == 1);
  CHECK(scene.watch().snapshot()->up);
  CHECK(scene.watch().log().count("containers cannot be watched") == 0);
  if (status < 500) {
    CHECK(scene.watch().log().count("allow GET /events") == 1);
    CHECK(scene.engine().calls("/events") == 1);
    CHECK(scene.engine().calls("/containers/web/json") == 1);
  }
  CHECK(scene.time_to_stop() < stops_within);
}

TEST_CASE("the first list after a stream is followed by inspects of all containers") {
  std::atomic<bool> refused = true;
  Scene scene({.interval = 30ms}, [&](const Request& request, Exchange& exchange) {
    return refused && SmallEngine::call_of(request) == "/events" && refuse(exchange, 500);
  });
  const auto inspects = [&] { return scene.engine().calls("/containers/web/json"); };
  REQUIRE(scene.comes_up());
  refused = false;
  REQUIRE(eventually([&] { return inspects() == 2; }));  // after the stream was opened
  refused = true;
  scene.engine().server().disconnect_all();
  CHECK(eventually([&] { return inspects() == 3; }));
}

TEST_CASE("lists in place of events are at least three intervals apart") {
  Guarded<std::vector<SteadyTime>> lists;
  Scene scene({.interval = 100ms}, [&](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) == "/containers/json") {
      lists.with([](auto& times) { times.push_back(steady_now()); });
    }
    return SmallEngine::call_of(request) == "/events" && refuse(exchange, 403);
  });
  const auto times = [&] { return lists.with([](const auto& all) { return all; }); };
  REQUIRE(eventually([&] { return times().size() >= 4; }));
  CHECK(times().at(3) - times().at(0) >= 3 * 300ms);
}

TEST_CASE("a stream that cannot be opened once is opened soon after") {
  std::atomic<int> attempts = 0;
  Scene scene({.interval = 1h}, [&](const Request& request, Exchange& exchange) {
    return SmallEngine::call_of(request) == "/events" && ++attempts == 1 && refuse(exchange, 503);
  });
  REQUIRE(scene.comes_up());
  scene.say(event_line("die", "web"));
  CHECK(scene.shows_end_of("web"));
  CHECK(scene.watch().log().count("level=warn") == 0);
}

// --- streams that end -----------------------------------------------------------------------

TEST_CASE("a stream that ends as soon as it is opened is opened ever more rarely") {
  const bool in_order = GENERATE(true, false);
  Scene scene({.interval = 1h}, [=](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/events") return false;
    std::ignore = exchange.begin_chunks(200);
    if (in_order) std::ignore = exchange.end_chunks();
    if (!in_order) exchange.close();
    return true;
  });
  REQUIRE(scene.comes_up());
  const auto begin = steady_now();
  REQUIRE(eventually([&] { return scene.engine().calls("/events") >= 5; }, 30s));
  CHECK(steady_now() - begin > 2s);  // 0.2 + 0.4 + 0.8 + 1.6 s of pauses
  CHECK(scene.engine().calls("/containers/json") <= scene.engine().calls("/events"));
  // All are inspected after the first list, and then what has changed: nothing.
  CHECK(scene.engine().calls("/containers/web/json") == 1);
  CHECK(scene.watch().snapshot()->up);
  CHECK(eventually([&] { return scene.watch().log().count("it is opened more rarely") == 1; }));
}

// --- what changes without an event --------------------------------------------------------------

TEST_CASE("changes without an event show by at most one inspect a second") {
  std::atomic<bool> dead = false;
  Scene scene({.interval = 50ms, .reconcile_interval = 1s},
              [&](const Request& request, Exchange& exchange) {
                if (!dead || SmallEngine::call_of(request) != "/containers/web/json") return false;
                exchange.reply(200, {}, R"({"Id":"web","Name":"/web","State":{"Status":"dead"}})");
                return true;
              });
  const auto begin = steady_now();
  REQUIRE(scene.comes_up());
  dead = true;
  REQUIRE(eventually([&] {
    const auto snapshot = scene.watch().snapshot();
    return std::ranges::any_of(snapshot->containers, [](const auto& record) {
      return record.container->state == ContainerState::dead;
    });
  }));
  const auto refreshed = scene.engine().calls("/containers/db/json") +
                         scene.engine().calls("/containers/web/json") - 2;
  CHECK(refreshed <= 1 + (steady_now() - begin) / 1s);
  CHECK(scene.engine().calls("/containers/json") == 1);
}

// --- outages ------------------------------------------------------------------------------------

TEST_CASE("an Engine that stops is down at once, and the ends of its containers are counted") {
  // It closes its listening socket first, and every connection but the stream of events.
  std::atomic<bool> stopping = false;
  Scene scene(
      {.interval = 1h},
      [&](const Request& request, Exchange& exchange) {
        if (!stopping || SmallEngine::call_of(request) == "/events") return false;
        exchange.close();
        return true;
      },
      quick());
  REQUIRE(scene.comes_up());
  stopping = true;
  scene.engine().server().stop_listening(SocketFile::removed);
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  scene.say(event_line("die", "web"));
  scene.say(event_line("die", "db"));
  REQUIRE(eventually([&] { return scene.has_said_all(); }));
  stopping = false;
  scene.engine().server().listen();
  REQUIRE(scene.comes_up());
  CHECK(scene.shows_end_of("web"));
  CHECK(scene.shows_end_of("db"));
}

// --- one container ------------------------------------------------------------------------------

TEST_CASE("failing inspects of a container do not delay the first page") {
  const auto how = GENERATE(0, 1, 2);
  Scene scene({.interval = 1h}, [=](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/containers/db/json") return false;
    if (how == 0) exchange.close();
    if (how == 1) std::ignore = exchange.raw("garbage\r\n\r\n");
    if (how == 2) refuse(exchange, 500);
    return true;
  });
  const auto begin = steady_now();
  REQUIRE(scene.comes_up());
  CHECK(steady_now() - begin < 4s);
  CHECK(scene.names() == std::vector<std::string>{"db", "web"});
}

TEST_CASE("failing inspects of a container are retried ever more rarely") {
  Guarded<std::vector<SteadyTime>> inspects;
  Scene scene({.interval = 50ms}, [&](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/containers/db/json") return false;
    inspects.with([](auto& times) { times.push_back(steady_now()); });
    return refuse(exchange, 500);
  });
  const auto times = [&] { return inspects.with([](const auto& all) { return all; }); };
  REQUIRE(eventually([&] { return times().size() >= 5; }));
  CHECK(times().at(4) - times().at(0) >= 15 * 50ms);  // 1 + 2 + 4 + 8 intervals
  CHECK(scene.watch().snapshot()->up);
  CHECK(scene.watch().log().count("container cannot be read") == 1);
}

TEST_CASE("a container whose id cannot be in a URL is left off") {
  const std::string id = GENERATE("a b", "a/../b", "..", "a\\u00ff", "a?b");
  Scene scene;
  REQUIRE(scene.comes_up());
  scene.engine().set_ids({"db", id, "web"});
  scene.say("nonsense\n");  // so that it is listed
  REQUIRE(eventually([&] { return scene.engine().calls("/containers/json") == 2; }));
  scene.say(event_line("start", id));
  scene.say(event_line("die", "web"));
  CHECK(scene.shows_end_of("web"));
  CHECK(scene.names() == std::vector<std::string>{"db", "web"});
  CHECK(scene.watch().log().count("a container is left off") == 1);
}
