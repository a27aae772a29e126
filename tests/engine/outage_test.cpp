// A daemon at default options while its Engine freezes, dies and comes back. The limits here are
// what the README promises, measured from the event.

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_states.h"
#include "support/eventually.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"
#include "tidegauge/config/config.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::Page;
using test::RealEngine;

namespace {

constexpr auto notice_limit = 5s;     // until an Engine that answers no more is shown as down
constexpr auto recovery_limit = 20s;  // until one that answers again is, with all its containers
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr auto scrape_limit = 2s;  // what sanitizers take is not the user's
#else
constexpr auto scrape_limit = 100ms;
#endif

/// The configuration as shipped, but for where the Engine is.
test::DaemonOptions shipped_options(const RealEngine& engine) {
  return {.config = TIDEGAUGE_SOURCE_DIR "/config/config.yaml",
          .arguments = {"--pool.socket_path=" + engine.address()}};
}

/// Scrapes a daemon through the outages of its Engine.
class Outage {
 public:
  Outage(const DaemonProcess& daemon, std::vector<std::string> containers)
      : daemon_(daemon), containers_(std::move(containers)) {}

  void expect_down_in_time() {
    const auto since = steady_now();
    scrape_until("tidegauge_engine_up is 0", since, notice_limit,
                 [](const Page& page) { return page.value("tidegauge_engine_up") == 0; });
    const auto page = scrape();
    CHECK(page.value("tidegauge_engine_up") == 0);
    CHECK(page.count("container_state") == 0);  // what the kernel shows may go on
  }

  void expect_up_in_time() {
    scrape_until("the Engine is up and every container is back", steady_now(), recovery_limit,
                 [this](const Page& page) { return shows_everything(page); });
  }

  /// Scrapes on, so that not only the beginning of an outage is seen: until maintenance has probed
  /// the Engine this often.
  void scrape_over_probes(int probes) {
    const auto failed = [](const Page& page) {
      return page.value("tidegauge_pool_probes_total", {{"result", "failure"}}).value();
    };
    const auto before = failed(scrape());
    const bool probed =
        test::eventually([&] { return failed(scrape()) >= before + probes; }, recovery_limit);
    CHECK(probed);
  }

  [[nodiscard]] SteadyTime::duration slowest_scrape() const { return slowest_; }

 private:
  template <class Condition>
  void scrape_until(std::string_view what, SteadyTime since, std::chrono::seconds limit,
                    Condition condition) {
    if (!test::eventually([&] { return condition(scrape()); }, limit)) {
      FAIL("after " << limit.count() << " s it is not so that " << what << "; the log:\n"
                    << daemon_.log());
    }
    CHECK(steady_now() - since <= limit);
  }

  Page scrape() {
    const auto start = steady_now();
    const auto text = daemon_.page_text();
    slowest_ = std::max(slowest_, steady_now() - start);
    return Page(text);
  }

  [[nodiscard]] bool shows_everything(const Page& page) const {
    const auto shown = page.values_of("id", "container_cpu_usage_seconds_total");
    return page.value("tidegauge_engine_up") == 1 &&
           std::ranges::all_of(containers_, [&](const auto& id) {
             return shown.contains(RealEngine::cgroup_of(id));
           });
  }

  const DaemonProcess& daemon_;
  std::vector<std::string> containers_;
  SteadyTime::duration slowest_{};
};

/// By what wakes a waiting call: libcurl 7 has a pair of sockets for it, libcurl 8 an eventfd. How
/// many slots of the pool have been used, each with one of its own, is chance.
bool wakes_calls(const std::string& target) {
  return target.starts_with("socket:") || target == "anon_inode:[eventfd]";
}

/// How many descriptors lead to what; of the kernel's files those of all processes and cgroups are
/// taken together.
std::map<std::string, std::size_t> own_descriptors(const DaemonProcess& daemon) {
  std::map<std::string, std::size_t> own;
  for (const auto& target : daemon.descriptors()) {
    if (!wakes_calls(target)) ++own[target.substr(target.rfind('/') + 1)];
  }
  return own;
}

/// The others: at most three for each slot of the pool, its socket and what wakes its call, beside
/// those of the daemon itself and of its scrapers.
std::size_t pool_descriptors(const DaemonProcess& daemon) {
  return static_cast<std::size_t>(std::ranges::count_if(daemon.descriptors(), wakes_calls));
}

void freeze_and_thaw(const RealEngine& engine, Outage& outage) {
  engine.freeze();
  outage.expect_down_in_time();
  outage.scrape_over_probes(2);
  engine.thaw();
  outage.expect_up_in_time();
}

void kill_and_start(RealEngine& engine, Outage& outage) {
  engine.kill();
  outage.expect_down_in_time();
  engine.start();
  outage.expect_up_in_time();
}

}  // namespace

TEST_CASE("the daemon rides out an Engine that freezes, dies and comes back") {
  RealEngine engine;
  DaemonProcess daemon(shipped_options(engine));
  Outage outage(daemon, test::create_many(engine, test::containers_to_start(10)));
  outage.expect_up_in_time();
  const auto descriptors = own_descriptors(daemon);

  freeze_and_thaw(engine, outage);
  kill_and_start(engine, outage);
  freeze_and_thaw(engine, outage);

  CHECK(outage.slowest_scrape() < scrape_limit);
  std::ignore = test::eventually([&] { return own_descriptors(daemon) == descriptors; }, 10s);
  CHECK(own_descriptors(daemon) == descriptors);
  const config::PoolConfig pool;
  constexpr std::size_t of_the_daemon = 20;
  CHECK(pool_descriptors(daemon) <=
        3 * (pool.max_connections + pool.max_streams + 1) + of_the_daemon);
  CHECK(daemon.terminate(5s) == 0);
}

TEST_CASE("ends and restarts are counted while the Engine is stopped and started again") {
  RealEngine engine("--live-restore=false");
  std::ignore = engine.run("again", R"({"Cmd": ["sh", "-c",
      "trap 'exit 4' TERM; while :; do sleep 1; done"],
      "HostConfig": {"RestartPolicy": {"Name": "always"}}})");
  const DaemonProcess daemon(shipped_options(engine));
  const std::map<std::string, std::string> again{{"name", "again"}};
  const auto restarts = [&] { return daemon.page().value("container_restarts_total", again); };
  const auto exits = [&](const std::string& cause) {
    return daemon.page().value("container_exits_total", {{"name", "again"}, {"cause", cause}});
  };
  const auto pids = [&] { return daemon.page().value("container_pids", again); };
  test::wait_until("the container is watched", 20s, [&] { return pids() > 0; });
  REQUIRE(restarts() == 0);

  for (int times = 1; times <= 2; ++times) {
    CAPTURE(times);
    engine.terminate();
    test::wait_until("its end is counted while the Engine is down or after that", 20s,
                     [&] { return daemon.page().value("tidegauge_engine_up") == 0; });
    engine.start();
    test::wait_until("the container is back", recovery_limit, [&] { return pids() > 0; });
    test::wait_until("its restart is counted", 5s, [&] { return restarts() == times; });
    CHECK(exits("engine") == times);
    CHECK(daemon.page().value("container_last_exit_timestamp_seconds", again).has_value());
  }

  engine.kill();  // it ends what it finds running when it is started again
  engine.start();
  test::wait_until("the restart without an event of the end is counted", recovery_limit,
                   [&] { return restarts() == 3; });
}

TEST_CASE("a child that was killed for want of memory before is no kill of its container's end") {
  RealEngine engine("--live-restore=false");
  const auto id = engine.run("parent", R"({"Cmd": ["sh", "-c",
      "trap 'exit 0' TERM; tail /dev/zero; echo killed; while :; do sleep 1; done"],
      "HostConfig": {"Memory": 16777216, "MemorySwap": 16777216}})");
  test::wait_until("the child was killed", 20s, [&] {
    return engine.client()
        .body_of("GET", "/containers/" + id + "/logs?stdout=1")
        .contains("killed");
  });
  const DaemonProcess daemon(shipped_options(engine));
  const std::map<std::string, std::string> parent{{"name", "parent"}};
  test::wait_until("the container is watched", 20s,
                   [&] { return daemon.page().value("container_pids", parent) > 0; });
  engine.terminate();
  engine.start();
  test::wait_until("its end is counted", recovery_limit, [&] {
    return daemon.page().value("container_exits_total",
                               {{"name", "parent"}, {"cause", "engine"}}) == 1;
  });
  CHECK(daemon.page().value("container_oom_events_total", parent) == 0);
}

TEST_CASE("SIGTERM ends the daemon in time while its Engine is frozen") {
  const RealEngine engine;
  DaemonProcess daemon(shipped_options(engine));
  test::wait_until("the Engine is up", 20s,
                   [&] { return daemon.page().value("tidegauge_engine_up") == 1; });
  engine.freeze();
  SECTION("at once") {}
  SECTION("when it has noticed") {
    test::wait_until("it has", 5s, [&] { return daemon.page().value("tidegauge_engine_up") == 0; });
  }
  CHECK(daemon.terminate(5s) == 0);
}
