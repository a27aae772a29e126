// The daemon beside a simulated Engine of many containers to which something happens all the time:
// its memory stays flat, and at the end its page says exactly what has happened.
//
// `soak_benchmark [SECONDS [CONTAINERS [EVENTS_PER_SECOND]]]`, 600, 5000 and 50 by default. Both
// programs are those of the build. Progress goes to standard error.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "report.h"
#include "support/child_process.h"
#include "support/daemon_process.h"
#include "support/page.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"
#include "tidegauge/model/lifecycle.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using bench::Report;
using test::Page;

namespace {

constexpr auto scrape_interval = 10s;
constexpr auto settle_limit = 120s;
constexpr double most_growth = 1.03;
constexpr std::string_view resident_memory = "process_resident_memory_bytes";
constexpr std::string_view cpu_time = "process_cpu_seconds_total";

struct Plan {
  std::chrono::seconds duration{600};
  unsigned containers = 5'000;
  unsigned events_per_second = 50;
};

/// Of each container its state, and what has happened to it, where that is anything.
using Facts = std::map<std::string, double>;

Facts facts_of(const Page& page) {
  Facts facts;
  for (const auto& [series, value] : page.series()) {
    const auto label = [&labels = series.labels](const std::string& name) {
      const auto found = labels.find(name);
      return found == labels.end() ? std::string() : found->second;
    };
    // The simulation knows exit codes, not causes: all ends of a container are one fact.
    const auto detail = label("state") + label("to");
    const bool counts = series.metric == "container_restarts_total" ||
                        series.metric == "container_oom_events_total" ||
                        series.metric == "container_exits_total" ||
                        series.metric == "container_health_transitions_total";
    if (value != 0 && (counts || series.metric == "container_state")) {
      facts[series.metric + " " + label("name") + " " + detail] += value;
    }
  }
  return facts;
}

/// How many there are on one side alone, or with other values.
std::size_t differences(const Facts& a, const Facts& b) {
  std::size_t different = 0;
  for (const auto& [fact, value] : a) {
    const auto found = b.find(fact);
    if (found == b.end() || found->second != value) ++different;
  }
  for (const auto& [fact, value] : b) {
    if (!a.contains(fact)) ++different;
  }
  return different;
}

class Engine {
 public:
  explicit Engine(unsigned containers)
      : program_({TIDEGAUGE_SIMULATED_ENGINE, "--socket", socket(), "--containers",
                  std::to_string(containers), "--events-per-second", "0"}) {
    test::wait_until("the simulated Engine serves", 30s,
                     [this] { return !program_.output().empty(); });
  }

  [[nodiscard]] std::string socket() const { return directory_.file("docker.sock"); }
  [[nodiscard]] std::string control(const std::string& action) const {
    test::RawClient client(socket());
    client.ask("POST", "/simulation/" + action);
    return client.read_reply().body;
  }

 private:
  test::TemporaryDirectory directory_;
  test::ChildProcess program_;
};

/// What the scrapes have shown.
struct Scrapes {
  std::vector<double> memory;
  double cpu_seconds = 0;
  double slowest_seconds = 0;
};

void scrape(const test::DaemonProcess& daemon, Scrapes& scrapes) {
  const auto begin = steady_now();
  const auto text = daemon.page_text();
  const auto took = to_seconds(steady_now() - begin);
  scrapes.slowest_seconds = std::max(scrapes.slowest_seconds, took);
  const Page page(text);
  scrapes.memory.push_back(page.value(resident_memory).value());
  scrapes.cpu_seconds = page.value(cpu_time).value();
  std::fprintf(stderr, "%.1f MB, %.1f s of CPU time, %.1f MB in %.3f s\n",
               scrapes.memory.back() / 1e6, scrapes.cpu_seconds,
               static_cast<double>(text.size()) / 1e6, took);
}

double mean(const std::vector<double>& values, std::size_t from, std::size_t to) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(from);
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(to);
  return std::accumulate(begin, end, 0.0) / static_cast<double>(to - from);
}

std::size_t differences_at_the_end(const test::DaemonProcess& daemon, Engine& engine) {
  const auto truth = facts_of(Page(engine.control("truth")));
  const auto deadline = steady_now() + settle_limit;
  while (true) {
    const auto different = differences(truth, facts_of(daemon.page()));
    if (different == 0 || steady_now() > deadline) return different;
    std::this_thread::sleep_for(1s);
  }
}

int run(const Plan& plan) {
  Engine engine(plan.containers);
  const test::DaemonProcess daemon(
      {.arguments = {"--pool.socket_path=" + engine.socket(), "--metrics.max_series=10000000",
                     "--metrics.max_page_bytes=268435456"}});  // every container is compared
  test::wait_until("every container is on the page", settle_limit, [&] {
    return daemon.page().count("container_last_sample_timestamp_seconds") + 100 > plan.containers;
  });
  Scrapes scrapes;
  scrape(daemon, scrapes);
  const auto cpu_before = scrapes.cpu_seconds;
  scrapes = {};
  std::ignore = engine.control("life?rate=" + std::to_string(plan.events_per_second));
  const auto begin = steady_now();
  for (auto next = begin + scrape_interval; next <= begin + plan.duration;
       next += scrape_interval) {
    std::this_thread::sleep_until(next);
    scrape(daemon, scrapes);
  }
  std::ignore = engine.control("life?rate=0");
  const auto took = to_seconds(steady_now() - begin);

  Report report;
  const auto half = scrapes.memory.size() / 2;
  const auto last = half + (scrapes.memory.size() - half) / 2;
  if (last > half) {
    report.at_most("soak_memory_last_quarter_against_third",
                   {.value = mean(scrapes.memory, last, scrapes.memory.size()) / 1e6,
                    .baseline = mean(scrapes.memory, half, last) / 1e6,
                    .unit = "MB"},
                   most_growth);
  }
  const auto different = differences_at_the_end(daemon, engine);
  report.value_at_most("soak_series_unlike_the_engine", static_cast<double>(different), "series",
                       0);
  const auto page = daemon.page();
  report.value_at_most(
      "soak_lists",
      page.value("tidegauge_engine_requests_total", {{"call", "container_list"}}).value_or(0),
      "calls", 1);
  const auto facts = facts_of(page);
  double happened = 0;
  for (const auto& [fact, value] : facts) {
    if (!fact.starts_with("container_state")) happened += value;
  }
  report.value_at_least("soak_counted", happened, "events", took);
  report.note("soak_cpu", (scrapes.cpu_seconds - cpu_before) / took, "cores");
  report.note("soak_slowest_scrape", scrapes.slowest_seconds, "s");
  return report.exit_status();
}

template <class Number>
bool read(const char* text, Number& number) {
  const std::string_view digits = text;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  return error == std::errc{} && end == digits.end() && number > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  auto seconds = plan.duration.count();
  if ((argc > 1 && !read(argv[1], seconds)) || (argc > 2 && !read(argv[2], plan.containers)) ||
      (argc > 3 && !read(argv[3], plan.events_per_second))) {
    std::cerr << "usage: soak_benchmark [SECONDS [CONTAINERS [EVENTS_PER_SECOND]]]\n";
    return 2;
  }
  plan.duration = std::chrono::seconds(seconds);
  try {
    return run(plan);
  } catch (const std::exception& error) {
    std::cerr << "soak_benchmark: " << error.what() << '\n';
    return 1;
  }
}
