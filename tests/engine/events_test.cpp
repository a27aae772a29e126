// A daemon at default options while containers live, die and go: what a poll every ten seconds
// would miss.

#include <array>
#include <chrono>
#include <map>
#include <random>
#include <string>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::Page;
using test::RealEngine;

namespace {

constexpr std::string_view sleeper = R"({"Cmd": ["sleep", "inf"]})";
// From what the Engine has answered to the page.
constexpr auto limit = 2s;

test::DaemonOptions watching(const RealEngine& engine) {
  return {
      .arguments = {"--pool.socket_path=" + engine.address(), "--web.listen_address=127.0.0.1:0"}};
}

/// Waits until it is so on the page, which must not take the interval of ten seconds.
template <class Condition>
void expect_soon(const DaemonProcess& daemon, const std::string& what, Condition condition) {
  test::wait_until(what, limit, [&] { return condition(daemon.page()); });
}

bool is(const Page& page, const std::string& name, const std::string& state) {
  return page.value("container_state", {{"name", name}, {"state", state}}) == 1;
}

struct Counts {
  double restarts = 0;
  std::map<std::string, double> exits;
};

}  // namespace

TEST_CASE("what happens to a container is on the page long before the next interval") {
  const RealEngine engine;
  std::ignore = engine.run("first", sleeper);
  const DaemonProcess daemon(watching(engine));
  test::wait_until("the daemon knows the container", 10s, [&] {
    return daemon.page().value("container_pids", {{"name", "first"}}).has_value();
  });

  std::ignore = engine.run("second", sleeper);
  expect_soon(daemon, "a started container is sampled", [](const Page& page) {
    return is(page, "second", "running") && page.value("container_pids", {{"name", "second"}}) > 0;
  });
  engine.command("first", "pause");
  expect_soon(daemon, "a paused one is",
              [](const Page& page) { return is(page, "first", "paused"); });
  engine.command("first", "unpause");
  engine.command("first", "kill");
  expect_soon(daemon, "a killed one has ended, with its code, and without its resources",
              [](const Page& page) {
                return is(page, "first", "exited") &&
                       page.value("container_exit_code", {{"name", "first"}}) == 137 &&
                       !page.value("container_pids", {{"name", "first"}});
              });
  engine.command("second", "rename?name=third");
  expect_soon(daemon, "a renamed one has its new name", [](const Page& page) {
    return is(page, "third", "running") && page.count("container_", {{"name", "second"}}) == 0;
  });
  engine.remove("third");
  expect_soon(daemon, "a removed one is a ghost", [](const Page& page) {
    return is(page, "third", "exited") && page.value("container_last_seen", {{"name", "third"}}) &&
           page.value("tidegauge_engine_containers", {{"state", "running"}}) == 0;
  });
  CHECK(daemon.page().value("tidegauge_inventory_lists_total") == 1);
  CHECK(daemon.page().value("tidegauge_engine_requests_total", {{"call", "container_list"}}) == 1);
}

TEST_CASE(
    "an out-of-memory kill is counted, though the container is back before the next interval") {
  const RealEngine engine;
  const DaemonProcess daemon(watching(engine));
  test::wait_until("the daemon watches", 10s,
                   [&] { return daemon.page().value("tidegauge_engine_up") == 1; });
  std::ignore = engine.run("greedy", R"({"Cmd": ["sh", "-c", "x=a; while true; do x=$x$x; done"],
                    "HostConfig": {"Memory": 16777216, "MemorySwap": 16777216,
                                   "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}})");
  test::wait_until("it was killed and restarted twice", 60s, [&] {
    const auto page = daemon.page();
    return page.value("container_exits_total", {{"name", "greedy"}, {"class", "137"}}) == 3;
  });
  const auto page = daemon.page();
  CHECK(page.value("container_restarts_total", {{"name", "greedy"}}) == 2);
  CHECK(page.value("container_oom_events_total", {{"name", "greedy"}}) >= 3);
}

TEST_CASE("of fifty random kills, restarts and removals every one is counted") {
  const RealEngine engine;
  constexpr std::array names{"aa", "bb", "cc", "dd"};
  for (const auto* const name : names) std::ignore = engine.run(name, sleeper);
  const DaemonProcess daemon(watching(engine));
  test::wait_until("the daemon knows them", 10s,
                   [&] { return daemon.page().count("container_pids") == names.size(); });

  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::map<std::string, Counts> expected;
  for (int i = 0; i < 50; ++i) {
    const std::string name = names.at(random() % names.size());
    auto& counts = expected[name];
    switch (random() % 3) {
      case 0:
        engine.command(name, "kill");
        ++counts.exits["137"];
        engine.command(name, "start");
        ++counts.restarts;
        break;
      case 1:
        engine.command(name, "restart?t=0");  // the first process ignores SIGTERM
        ++counts.exits["137"];
        ++counts.restarts;
        break;
      default:
        engine.remove(name);
        ++counts.exits["137"];
        std::ignore = engine.run(name, sleeper);  // another, whose first start is no restart
    }
  }
  test::wait_until("the last of them is counted", 10s, [&] {
    double exits = 0;
    const auto page = daemon.page();
    for (const auto& [series, value] : page.series()) {
      if (series.metric == "container_exits_total") exits += value;
    }
    return exits >= 50;
  });
  const auto page = daemon.page();
  for (const auto& [name, counts] : expected) {
    INFO(name);
    CHECK(page.value("container_restarts_total", {{"name", name}}) == counts.restarts);
    for (const auto& [exit, count] : counts.exits) {
      INFO(exit);
      CHECK(page.value("container_exits_total", {{"name", name}, {"class", exit}}) == count);
    }
    CHECK(is(page, name, "running"));
  }
  CHECK(page.value("tidegauge_inventory_drift_total") == 0);
}
