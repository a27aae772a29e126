// What a page of 50,000 series costs, beside prometheus-cpp with the same series in a registry, in
// one run. Both make the same text. Run by scripts/bench.sh serving.
//
// `page_benchmark [CONTAINERS]` only renders the page of so many containers, again and again, for a
// profiler.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/example_input.h"
#include "metrics/rendering.h"
#include "report.h"
#include "statistics.h"
#include "support/page.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/series_limit.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using bench::median;
using bench::Report;

namespace {

constexpr int rounds = 21;
constexpr std::size_t wanted_series = 50'000;

metrics::PageInput input_of(std::size_t containers) {
  std::vector<model::ContainerRecord> records;
  for (std::size_t number = 1; number <= containers; ++number) {
    records.push_back(test::running_container("web-" + std::to_string(number)));
  }
  return {.engines = {test::engine_with("local", std::move(records))}};
}

/// Renders pages as the daemon does: piece by piece, and none as a whole.
class Renderer {
 public:
  explicit Renderer(metrics::PageInput input) : input_(std::move(input)) {}

  std::size_t render() {
    metrics::Page page(input_, options_, instruments_, limit_);
    std::size_t bytes = 0;
    for (auto piece = page.next(); !piece.empty(); piece = page.next()) bytes += piece.size();
    return bytes;
  }

 private:
  metrics::PageInput input_;
  metrics::PageOptions options_{.container_labels = {"com.docker.compose.project"}};
  Logger logger_{LogLevel::error, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr};
  ThreadGuard threads_{logger_};
  metrics::SeriesLimit limit_{{.series = 1'000'000, .bytes = 1'000'000'000}, logger_};
  metrics::Instruments instruments_{
      logger_, threads_, {.process = false, .started_at = test::daemon_start}};
};

/// The series of a page as gauges, which are the cheapest metrics that prometheus-cpp has.
class Registered {
 public:
  explicit Registered(const test::Page& page) {
    std::map<std::string, prometheus::Family<prometheus::Gauge>*> families;
    for (const auto& [series, value] : page.series()) {
      auto& family = families[series.metric];
      if (family == nullptr) {
        family = &prometheus::BuildGauge().Name(series.metric).Help("Help.").Register(registry_);
      }
      family->Add(series.labels).Set(value);
    }
  }

  [[nodiscard]] std::size_t render() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect()).size();
  }

 private:
  prometheus::Registry registry_;
};

double milliseconds_of(const std::function<void()>& work) {
  const auto begin = steady_now();
  work();
  return to_seconds(steady_now() - begin) * 1e3;
}

void compare(Report& report) {
  const auto series_of_two = test::Page(test::render(input_of(2))).series().size();
  const auto series_of_one = test::Page(test::render(input_of(1))).series().size();
  const auto containers = wanted_series / (series_of_two - series_of_one);
  const auto page = test::Page(test::render(input_of(containers)));
  Renderer renderer(input_of(containers));
  const Registered registered(page);
  report.note("page: series", static_cast<double>(page.series().size()), "1");
  report.note("page: size", static_cast<double>(renderer.render()) / 1e6, "MB");
  report.note("page: size by prometheus-cpp", static_cast<double>(registered.render()) / 1e6, "MB");
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(milliseconds_of([&] { std::ignore = renderer.render(); }));
    theirs.push_back(milliseconds_of([&] { std::ignore = registered.render(); }));
  }
  report.at_most("page: rendered, against prometheus-cpp's collect and serialise",
                 {.value = median(ours), .baseline = median(theirs), .unit = "ms"}, 1.0 / 20);
}

void render_only(std::size_t containers) {
  Renderer renderer(input_of(containers));
  std::vector<double> times;
  std::size_t bytes = 0;
  for (int round = 0; round < rounds; ++round) {
    times.push_back(milliseconds_of([&] { bytes = renderer.render(); }));
  }
  std::printf("%zu bytes, median %.3f ms, least %.3f ms\n", bytes, median(times),
              std::ranges::min(times));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const std::string_view text = argv[1];
    std::size_t containers = 0;
    std::from_chars(text.begin(), text.end(), containers);
    render_only(containers);
    return 0;
  }
  Report report;
  compare(report);
  return report.exit_status();
}
