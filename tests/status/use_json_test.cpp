#include "status/use_json.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;

namespace {

std::string use_of(const model::ContainerStats& stats,
                   const status::ContainerHistory* history = nullptr) {
  std::string out;
  json::Writer writer(out);
  status::write_use(writer, stats, history);
  return out;
}

std::string plots_of(const status::ContainerHistory& history) {
  std::string out;
  json::Writer writer(out);
  status::write_plots(writer, history);
  return out;
}

/// Nothing is known.
status::ContainerHistory blank() {
  status::ContainerHistory history;
  for (auto& plot : history.plots) plot.fill(std::numeric_limits<float>::quiet_NaN());
  history.until = WallTime{60s};
  return history;
}

}  // namespace

TEST_CASE("what a sample does not have is absent from its use") {
  CHECK(use_of({.read_at = WallTime{1500ms}}) ==
        R"({"source":"engine","read_at":"1970-01-01T00:00:01.500Z"})");
}

TEST_CASE("traffic is the sum over interfaces and devices, as far as they count") {
  model::ContainerStats stats;
  stats.networks = {{.interface = "eth0", .receive_bytes = 1'000},
                    {.interface = "eth1", .receive_bytes = 24, .transmit_bytes = 7}};
  stats.block_io = {{.read_bytes = 0}};
  const auto use = use_of(stats);
  CHECK_THAT(use, contains(R"("network_receive_bytes":1024,"network_transmit_bytes":7)"));
  CHECK_THAT(use, contains(R"("disk_read_bytes":0)") && !contains("disk_write_bytes"));
}

TEST_CASE("the use has the rates and shares between the last two samples") {
  auto history = blank();
  history.latest.values[static_cast<std::size_t>(status::Measure::cpu)] = 1.5;
  history.latest.values[static_cast<std::size_t>(status::Measure::memory)] = 5;
  history.latest.io_waiting_share = 0.25;
  const auto use = use_of({}, &history);
  CHECK_THAT(use, contains(R"("cpu_cores":1.5)") && contains(R"("io_waiting_share":0.25)"));
  CHECK_THAT(use, !contains("memory_working_set_bytes") && !contains("throttled_share"));
}

TEST_CASE("a plot has null for what is not known, and few digits for what is") {
  auto history = blank();
  history.plots[static_cast<std::size_t>(status::Measure::cpu)].back() = 0.1F;
  const auto plots = plots_of(history);
  CHECK_THAT(
      plots,
      contains(R"({"until":"1970-01-01T00:01:00.000Z","step_seconds":10,"cpu_cores":[null,)"));
  CHECK_THAT(plots, contains(",null,0.1],") && contains(R"("disk_write_bytes_per_second":[null,)"));
  CHECK(std::ranges::count(plots, '[') == 6);
}
