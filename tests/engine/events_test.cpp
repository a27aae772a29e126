// A daemon at default options while containers live, die and go: what a poll every ten seconds
// would miss.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_json.h"
#include "support/eventually.h"
#include "support/page.h"
#include "support/raw_client.h"
#include "support/real_engine.h"
#include "support/socket_relay.h"
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
  friend bool operator==(const Counts&, const Counts&) = default;
};
using CountsByName = std::map<std::string, Counts>;

/// One container after another, of one thread, and what must be counted of them.
class Life {
 public:
  Life(const RealEngine& engine, std::string family)
      : engine_(engine), family_(std::move(family)), name_(fresh_name()) {
    begin();
  }

  void change(std::uint32_t choice) {
    auto& counts = expected_[name_];
    switch (choice % 6) {
      case 0:
        engine_.command(name_, "kill");
        ++counts.exits["killed"];
        engine_.command(name_, "start");
        ++counts.restarts;
        break;
      case 1:
        engine_.command(name_, "restart?t=0");  // the first process ignores SIGTERM
        ++counts.exits["stopped"];
        ++counts.restarts;
        break;
      case 2:
        engine_.command(name_, "stop?t=0");
        ++counts.exits["stopped"];
        engine_.remove(name_);
        name_ = fresh_name();
        begin();
        break;
      case 3: {
        const auto old_name = std::exchange(name_, fresh_name());
        engine_.command(old_name, "rename?name=" + name_);
        expected_[name_] = std::move(counts);  // they are the container's
        expected_.erase(old_name);
        for (auto& [id, name] : out_of_memory_) {
          if (name == old_name) name = name_;
        }
        break;
      }
      case 4:
        remove();
        run_out_of_memory();
        engine_.remove(name_);
        begin();
        break;
      default:
        remove();
        begin();  // another, whose first start is no restart
    }
  }

  [[nodiscard]] const CountsByName& expected() const { return expected_; }
  /// Under which names kills for want of memory count that are not those of `told_ids`.
  [[nodiscard]] std::map<std::string, double> untold_kills(
      const std::set<std::string>& told_ids) const {
    std::map<std::string, double> untold;
    for (const auto& [id, name] : out_of_memory_) {
      if (!told_ids.contains(id)) ++untold[name];
    }
    return untold;
  }

 private:
  void begin() {
    std::ignore = engine_.run(name_, sleeper);
    expected_[name_];
  }

  void remove() {
    engine_.remove(name_);
    ++expected_[name_].exits["killed"];
  }

  void run_out_of_memory() {
    const auto id = engine_.run(name_, R"({"Cmd": ["sh", "-c", "x=a; while true; do x=$x$x; done"],
        "HostConfig": {"Memory": 16777216, "MemorySwap": 16777216}})");
    engine_.client().expect("POST", "/containers/" + id + "/wait");
    out_of_memory_[id] = name_;
    ++expected_[name_].exits["oom"];
  }

  std::string fresh_name() { return family_ + "-" + std::to_string(++fresh_); }

  const RealEngine& engine_;
  const std::string family_;
  int fresh_ = 0;
  std::string name_;
  CountsByName expected_;
  std::map<std::string, std::string> out_of_memory_;  ///< by id, under which name they count
};

/// The out-of-memory kills that the Engine tells of, to somebody who is never cut off: of some it
/// tells nobody.
class OomKills {
 public:
  explicit OomKills(const RealEngine& engine) : engine_(engine), client_(engine.socket_path()) {
    client_.ask("GET", "/events");
    client_.read_head();
    listener_ = std::jthread([this] {
      for (auto event = client_.read_chunk(); !event.contains(last); event = client_.read_chunk()) {
        if (!event.contains(R"("status":"oom")")) continue;
        ++count_;
        rapidjson::Document document;
        document.Parse(event.c_str());
        ids_.insert(document["id"].GetString());
      }
    });
  }

  /// Listens no longer; to be called before the functions below. Leaves a container of that name,
  /// which was never started.
  void end() {
    std::ignore = engine_.create(last, sleeper);
    listener_.join();
  }
  [[nodiscard]] double count() const { return count_; }
  [[nodiscard]] const std::set<std::string>& ids() const { return ids_; }

  static constexpr const char* last = "the-last-one";

 private:
  const RealEngine& engine_;
  test::RawClient client_;
  double count_ = 0;
  std::set<std::string> ids_;  ///< of the containers
  std::jthread listener_;
};

double ooms_on(const Page& page) {
  double ooms = 0;
  for (const auto& [series, value] : page.series()) {
    if (series.metric == "container_oom_events_total") ooms += value;
  }
  return ooms;
}

CountsByName counts_on(const Page& page) {
  CountsByName counts;
  for (const auto& [series, value] : page.series()) {
    const auto name = series.labels.find("name");
    if (name == series.labels.end()) continue;
    auto& entry = counts[name->second];
    if (series.metric == "container_restarts_total") entry.restarts = value;
    if (series.metric == "container_exits_total" && value > 0) {
      entry.exits[series.labels.at("cause")] = value;
    }
  }
  return counts;
}

/// On cgroup v1 nobody but the Engine knows that a container has run out of memory. Where it sends
/// no event, an inspect may still tell; if not, a SIGKILL is only a signal.
CountsByName with_untold_kills(CountsByName counts, const std::map<std::string, double>& untold) {
  for (const auto& [name, kills] : untold) {
    auto& exits = counts[name].exits;
    const auto signals = exits.find("signal");
    if (signals == exits.end()) continue;
    const auto taken = std::min(kills, signals->second);
    exits["oom"] += taken;
    if ((signals->second -= taken) == 0) exits.erase(signals);
  }
  return counts;
}

std::string text_of(const CountsByName& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += name + ": restarts " + std::to_string(count.restarts);
    for (const auto& [exit, times] : count.exits) text += ", " + exit + " " + std::to_string(times);
    text += "\n";
  }
  return text;
}

std::map<std::string, std::string> states_of(const RealEngine& engine) {
  std::map<std::string, std::string> states;
  const auto list = test::json_of(engine, "/containers/json?all=1");
  for (const auto& container : list.GetArray()) {
    states[container["Names"][0].GetString() + 1] = container["State"].GetString();
  }
  return states;
}

/// The page has the Engine's containers and no others, in their states.
bool shows_all_of(const RealEngine& engine, const Page& page) {
  const auto states = states_of(engine);
  return page.values_of("name", "container_state").size() == states.size() &&
         std::ranges::all_of(states, [&](const auto& of) { return is(page, of.first, of.second); });
}

enum class Events : std::uint8_t { whole, cut_again_and_again };

/// Four lives at the same time, and then what the page says of them.
void expect_every_change_counted(int changes_of_each, Events events) {
  const RealEngine engine;
  test::SocketRelay relay(engine.directory() / "relay.sock", engine.socket_path());
  const DaemonProcess daemon(
      {.arguments = {"--pool.socket_path=" + (engine.directory() / "relay.sock").string(),
                     "--container_monitor.ghost_window=0", "--web.listen_address=127.0.0.1:0"}});
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  OomKills kills(engine);
  std::vector<Life> lives;
  for (const auto* const family : {"aa", "bb", "cc", "dd"}) lives.emplace_back(engine, family);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < lives.size(); ++i) {
      threads.emplace_back([&, i, random = std::mt19937(seed + i)]() mutable {
        for (int change = 0; change < changes_of_each; ++change) {
          if (events == Events::cut_again_and_again && random() % 5 == 0) relay.cut();
          lives[i].change(static_cast<std::uint32_t>(random()));
        }
      });
    }
  }
  kills.end();
  CountsByName expected;
  std::map<std::string, double> untold;
  for (const auto& life : lives) {
    expected.insert(life.expected().begin(), life.expected().end());
    untold.merge(life.untold_kills(kills.ids()));
  }
  const auto counted = [&] { return with_untold_kills(counts_on(daemon.page()), untold); };
  expected[OomKills::last];
  // What is not counted by then never will be.
  std::ignore = test::eventually([&] { return counted() == expected; }, 20s);
  CHECK(text_of(counted()) == text_of(expected));
  const auto page = daemon.page();
  CHECK(ooms_on(page) == kills.count());
  CHECK(shows_all_of(engine, page));
  const double cuts = events == Events::whole ? 0 : changes_of_each / 5.0;
  CHECK(page.value("tidegauge_inventory_event_streams_total") > cuts);
}

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
    return page.value("container_exits_total", {{"name", "greedy"}, {"cause", "oom"}}) == 3;
  });
  const auto page = daemon.page();
  CHECK(page.value("container_restarts_total", {{"name", "greedy"}}) == 2);
  CHECK(page.value("container_oom_events_total", {{"name", "greedy"}}) >= 3);
}

TEST_CASE("of sixty random changes every one is counted") {
  expect_every_change_counted(15, Events::whole);
}

// Takes minutes: by hand, as `engine_tests "[long]"`.
TEST_CASE("of 500 random changes every one is counted, though the events are cut again and again",
          "[.][long]") {
  expect_every_change_counted(125, Events::cut_again_and_again);
}
