// How soon the page shows what happens on a real Engine, and what watching costs the Engine in
// calls. `inventory_benchmark SOCKET`: beside the containers that run there already it makes some
// of its own, named tidegauge-bench-*, from the image IMAGE (default bb:latest), and removes them.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bare_curl.h"
#include "engine_clients.h"
#include "monitor/call_scheduler.h"
#include "report.h"
#include "statistics.h"
#include "support/daemon_process.h"
#include "support/engine_client.h"
#include "support/page.h"
#include "support/raw_client.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using bench::median;
using bench::Report;
using bench::worst;
using test::DaemonProcess;
using test::EngineClient;
using test::Page;

namespace {

constexpr auto patience = 20s;
constexpr double a_second = 1000;  // in milliseconds

test::DaemonOptions watching(const std::string& socket) {
  return {.arguments = {"--pool.socket_path=" + socket, "--web.listen_address=127.0.0.1:0"}};
}

double milliseconds_until(const std::function<bool()>& condition) {
  const auto began = steady_now();
  while (!condition()) {
    if (steady_now() - began > patience) {
      std::fputs("inventory_benchmark: waited in vain\n", stderr);
      std::exit(1);
    }
    std::this_thread::sleep_for(2ms);
  }
  return to_seconds(steady_now() - began) * 1e3;
}

bool is(const Page& page, const std::string& name, const char* state) {
  return page.value("container_state", {{"name", name}, {"state", state}}) == 1;
}

std::vector<std::string> running_ids(const EngineClient& engine) {
  std::vector<std::string> ids;
  const auto list = engine.body_of("GET", "/containers/json");
  for (std::size_t at = 0; (at = list.find(R"("Id":")", at)) != std::string::npos; ++at) {
    ids.push_back(list.substr(at + 6, 64));
  }
  return ids;
}

// --- how soon ------------------------------------------------------------------------------------

/// Of a page's text: the series of `metric` that are of containers (the host's has no name). The
/// page is not taken apart, for that would keep the daemon from its work while the clock runs.
std::size_t series_of_containers(std::string_view text, std::string_view metric) {
  const auto start = "\n" + std::string(metric) + "{";
  std::size_t series = 0;
  for (auto at = text.find(start); at != std::string_view::npos;
       at = text.find(start, at + start.size())) {
    const auto line = text.substr(at + 1, text.find('\n', at + 1) - at);
    if (line.contains(R"(,name=")")) ++series;
  }
  return series;
}

void benchmark_start(Report& report, const std::string& socket) {
  const auto running = running_ids(EngineClient(socket)).size();
  const auto all_run =
      R"(tidegauge_engine_containers{state="running"} )" + std::to_string(running) + "\n";
  std::vector<double> took;
  std::vector<double> sampled;
  for (int round = 0; round < 5; ++round) {
    const auto began = steady_now();
    const DaemonProcess daemon(watching(socket));
    milliseconds_until([&] {
      const auto text = daemon.page_text();
      return text.contains(all_run) &&
             series_of_containers(text, "container_start_time_seconds") >= running;
    });
    took.push_back(to_seconds(steady_now() - began) * 1e3);
    milliseconds_until([&] {
      return series_of_containers(daemon.page_text(), "container_memory_usage_bytes") >= running;
    });
    sampled.push_back(to_seconds(steady_now() - began) * 1e3);
  }
  report.note("start: containers", static_cast<double>(running), "1");
  report.value_at_most("start: inventory complete, worst of 5", worst(took), "ms", a_second);
  report.value_at_most("start: resource series complete, worst of 5", worst(sampled), "ms",
                       a_second);
}

/// One container's life, each step timed from the Engine's answer to the page.
class Lives {
 public:
  Lives(const EngineClient& engine, const DaemonProcess& daemon, std::string image)
      : engine_(engine), daemon_(daemon), image_(std::move(image)) {}

  void run() {
    const auto name = "tidegauge-bench-" + std::to_string(++count_);
    engine_.expect("POST", "/containers/create?name=" + name,
                   R"({"Cmd": ["sleep", "1000"], "Image": ")" + image_ + R"("})");
    const auto path = "/containers/" + name;
    engine_.expect("POST", path + "/start");
    const auto seen = soon([&](const Page& page) { return is(page, name, "running"); });
    started.push_back(seen);
    sampled.push_back(seen + soon([&](const Page& page) {
                        return page.count("container_pids", {{"name", name}});
                      }));
    engine_.expect("POST", path + "/kill");
    crashed.push_back(soon([&](const Page& page) {
      return is(page, name, "exited") &&
             page.value("container_exits_total", {{"name", name}, {"cause", "killed"}}) == 1;
    }));
    const auto ended = [](const Page& page) {
      return page.value("tidegauge_engine_containers", {{"state", "exited"}}).value_or(0);
    };
    const auto before = ended(daemon_.page());
    engine_.expect("DELETE", path);
    removed.push_back(soon([&](const Page& page) { return ended(page) < before; }));
  }

  /// A health check that changes its mind every other second, timed from the Engine's own word.
  void change_health(int times) {
    const std::string name = "tidegauge-bench-health";
    engine_.expect("POST", "/containers/create?name=" + name,
                   R"({"Cmd": ["sleep", "1000"], "Image": ")" + image_ +
                       R"(", "Healthcheck": {"Test": ["CMD-SHELL",
                       "if [ -e /tmp/ill ]; then rm /tmp/ill; else echo > /tmp/ill; false; fi"],
                       "Interval": 1000000000, "Retries": 1}})");
    engine_.expect("POST", "/containers/" + name + "/start");
    for (int i = 0; i < times; ++i) {
      const std::string next = i % 2 == 0 ? "unhealthy" : "healthy";
      const auto word = R"("Status":")" + next + '"';
      milliseconds_until(
          [&] { return engine_.body_of("GET", "/containers/" + name + "/json").contains(word); });
      health.push_back(soon([&](const Page& page) {
        return page.value("container_health_status", {{"name", name}, {"status", next}}) == 1;
      }));
    }
    engine_.expect("DELETE", "/containers/" + name + "?force=1");
  }

  std::vector<double> started, sampled, crashed, removed, health;  ///< milliseconds

 private:
  template <class Condition>
  double soon(const Condition& condition) {
    return milliseconds_until([&] { return condition(daemon_.page()); });
  }

  const EngineClient& engine_;
  const DaemonProcess& daemon_;
  std::string image_;
  int count_ = 0;
};

void benchmark_changes(Report& report, const std::string& socket, const std::string& image) {
  const EngineClient engine(socket);
  const DaemonProcess daemon(watching(socket));
  milliseconds_until([&] { return daemon.page().value("tidegauge_engine_up") == 1; });
  Lives lives(engine, daemon, image);
  for (int round = 0; round < 20; ++round) lives.run();
  lives.change_health(10);
  report.value_at_most("change: started, worst of 20", worst(lives.started), "ms", a_second);
  report.note("change: started and sampled, median", median(lives.sampled), "ms");
  report.note("change: started and sampled, worst", worst(lives.sampled), "ms");
  report.value_at_most("change: crashed, worst of 20", worst(lives.crashed), "ms", a_second);
  report.value_at_most("change: removed, worst of 20", worst(lives.removed), "ms", a_second);
  report.value_at_most("change: health, worst of 10", worst(lives.health), "ms", a_second);
}

// --- what it costs the Engine --------------------------------------------------------------------

void benchmark_calls(Report& report, const std::string& socket) {
  constexpr auto window = 60s;
  const DaemonProcess daemon(watching(socket));
  const auto running = running_ids(EngineClient(socket)).size();
  milliseconds_until(
      [&] { return daemon.page().count("container_last_sample_timestamp_seconds") >= running; });
  const auto before = daemon.page();
  std::this_thread::sleep_for(window);
  const auto after = daemon.page();
  const auto counted = [&](const std::string& metric, const test::Labels& labels) {
    return after.value(metric, labels).value() - before.value(metric, labels).value();
  };
  const auto calls = [&](const char* call) {
    return counted("tidegauge_engine_requests_total", {{"call", call}});
  };
  for (const auto* const call : {"container_list", "version", "info"}) {
    report.value_at_most("steady state: " + std::string(call) + " calls in a minute", calls(call),
                         "1", 0);
  }
  // What changes without an event is looked for in turns, one container a second at most.
  report.value_at_most("steady state: container_inspect calls in a minute",
                       calls("container_inspect"), "1", to_seconds(window));
  report.value_at_most("steady state: streams of events opened in a minute", calls("events"), "1",
                       0);
  constexpr double ping_interval = 3 * 0.75;  // of the default health_check_interval
  report.value_at_most("steady state: pings in a minute",
                       counted("tidegauge_pool_probes_total", {{"result", "success"}}), "1",
                       to_seconds(window) / ping_interval + 1);
}

// --- the cycle -----------------------------------------------------------------------------------

constexpr std::uint32_t connections = 8;

double milliseconds_through_crew(docker::ClientManager& clients,
                                 const std::vector<std::string>& ids) {
  std::atomic<std::size_t> answered = 0;
  Logger logger(LogLevel::warn);
  ThreadGuard guard(logger);
  monitor::CallScheduler scheduler(connections, connections, guard,
                                   [&](const auto& task, const std::stop_token& stop) {
                                     const auto& name = bench::EngineClients::name;
                                     if (clients.container_stats(name, task.id, stop)) ++answered;
                                   });
  const auto began = steady_now();
  for (const auto& id : ids) scheduler.schedule({monitor::CallScheduler::Call::sample, id, began});
  scheduler.wait_until_idle({});
  const auto took = to_seconds(steady_now() - began) * 1e3;
  if (answered != ids.size()) std::abort();
  return took;
}

double milliseconds_through_curl(const std::string& socket, const std::string& prefix,
                                 const std::vector<std::string>& ids) {
  std::atomic<std::size_t> next = 0;
  const auto began = steady_now();
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < connections; ++i) {
      threads.emplace_back([&] {
        bench::BareCurl curl(socket);
        for (auto at = next++; at < ids.size(); at = next++) {
          curl.get((prefix + ids[at] + "/stats?stream=false&one-shot=true").c_str());
        }
      });
    }
  }
  return to_seconds(steady_now() - began) * 1e3;
}

void benchmark_cycle(Report& report, const std::string& socket) {
  const auto ids = running_ids(EngineClient(socket));
  bench::EngineClients engine(socket);
  const auto prefix = engine.base_url() + "/containers/";
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < 9; ++round) {
    ours.push_back(milliseconds_through_crew(engine.clients(), ids));
    bare.push_back(milliseconds_through_curl(socket, prefix, ids));
  }
  report.note("cycle: containers", static_cast<double>(ids.size()), "1");
  report.at_most("cycle: samples of all, 8 connections, JSON included, against bare libcurl",
                 {median(ours), median(bare), "ms"}, 1.15);
}

// --- the age of samples --------------------------------------------------------------------------

/// The Engine's own statistics alone, at the default interval: how old the oldest sample on the
/// page gets. Engine 20.10 takes up to a second for each.
void benchmark_age(Report& report, const std::string& socket) {
  constexpr double limit = 12;  // the interval, and what an answer may come late
  auto options = watching(socket);
  options.arguments.emplace_back("--container_monitor.stats_source=engine");
  const DaemonProcess daemon(options);
  const auto running = running_ids(EngineClient(socket)).size();
  constexpr auto timestamp = "container_last_sample_timestamp_seconds";
  milliseconds_until([&] { return daemon.page().count(timestamp) >= running; });
  std::this_thread::sleep_for(20s);  // what adapts has seen two cycles
  double oldest = 0;
  for (int second = 0; second < 40; ++second) {
    std::this_thread::sleep_for(1s);
    const auto page = daemon.page();
    const auto now = to_seconds(wall_now().time_since_epoch());
    for (const auto& [series, value] : page.series()) {
      if (series.metric == timestamp) oldest = std::max(oldest, now - value);
    }
  }
  report.value_at_most("age: the oldest sample by the Engine in 40 s, interval 10 s", oldest, "s",
                       limit);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("inventory_benchmark SOCKET [IMAGE]: needs the socket of a real Engine\n", stderr);
    return 2;
  }
  const std::string socket = arguments[1];
  Report report;
  benchmark_start(report, socket);
  benchmark_changes(report, socket, count > 2 ? arguments[2] : "bb:latest");
  benchmark_calls(report, socket);
  benchmark_cycle(report, socket);
  benchmark_age(report, socket);
  return report.exit_status();
}
