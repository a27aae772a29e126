// What `docker stats` shows a user, held against the page: its rounded numbers lie between those of
// the pages before and after it.

#include <rapidjson/document.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/daemon_process.h"
#include "support/engine_states.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::Labels;
using test::Page;
using test::RealEngine;

namespace {

/// It sits still on 20 MiB of shared memory and 10 MiB of page cache, which it has written to disk.
constexpr auto still_spec = R"({
  "Cmd": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/memory bs=1M count=20; dd if=/dev/zero of=/file bs=1M count=10 conv=fsync; sleep inf & wait"],
  "HostConfig": {"Memory": 67108864}
})";

/// Wants a whole CPU, and gets half of one.
constexpr auto throttled_spec = R"({
  "Cmd": ["sh", "-c", "while true; do true; done"],
  "HostConfig": {"CpuPeriod": 100000, "CpuQuota": 50000}
})";

/// "20.5MiB" as bytes, "49.71%" as 49.71.
double amount(std::string_view text) {
  std::size_t digits = 0;
  const double number = std::stod(std::string(text), &digits);
  const auto unit = text.substr(digits);
  for (const auto& [name, factor] : {std::pair{"", 1.0},
                                     {"B", 1.0},
                                     {"%", 1.0},
                                     {"kB", 1e3},
                                     {"MB", 1e6},
                                     {"GB", 1e9},
                                     {"KiB", 1024.0},
                                     {"MiB", 1048576.0},
                                     {"GiB", 1073741824.0}}) {
    if (unit == name) return number * factor;
  }
  throw std::runtime_error("no amount: " + std::string(text));
}

/// What the command prints.
std::string docker(const RealEngine& engine, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"docker", "-H", engine.address()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  test::ChildProcess docker(test::command_in_path(std::move(command)), test::path_variable());
  const auto status = docker.wait();
  INFO(docker.errors());
  REQUIRE(status == 0);
  return docker.output();
}

/// A row of `docker stats`.
class DockerStats {
 public:
  DockerStats(const RealEngine& engine, const std::string& container) {
    row_.Parse(
        docker(engine, {"stats", "--no-stream", "--format", "{{json .}}", container}).c_str());
    REQUIRE(row_.IsObject());
  }

  [[nodiscard]] double operator()(const char* column) const {
    return amount(row_[column].GetString());
  }
  /// Of "1.2kB / 3.4kB".
  [[nodiscard]] double left(const char* column) const {
    const std::string_view text = row_[column].GetString();
    return amount(text.substr(0, text.find(" / ")));
  }
  [[nodiscard]] double right(const char* column) const {
    const std::string_view text = row_[column].GetString();
    return amount(text.substr(text.find(" / ") + 3));
  }

 private:
  rapidjson::Document row_;
};

Page page_of(const RealEngine& engine) {
  return Page(test::page_of_one_cycle(engine.address()));
}

/// Three digits are shown.
void check_between(std::string_view what, double before, double shown, double after) {
  constexpr double rounding = 0.006;
  INFO(what);
  CHECK(before * (1 - rounding) <= shown);
  CHECK(shown <= after * (1 + rounding));
}

double sum(const Page& page, std::string_view metric, const Labels& labels) {
  double total = 0;
  for (const auto& [series, value] : page.series()) {
    if (series.metric == metric && std::ranges::includes(series.labels, labels)) total += value;
  }
  return total;
}

}  // namespace

TEST_CASE("memory, processes, network and disk are what docker stats shows", "[numbers]") {
  const RealEngine engine;
  std::ignore = engine.run("still", still_spec);
  const Labels still{{"name", "still"}};
  test::wait_until("it has written its file and sleeps", 30s, [&] {
    const auto page = page_of(engine);
    return page.value("container_pids", still) == 2 &&
           page.value("container_memory_working_set_bytes", still) > 20e6 &&
           sum(page, "container_fs_writes_bytes_total", still) >= 10e6;
  });
  const auto before = page_of(engine);
  const DockerStats stats(engine, "still");
  const auto after = page_of(engine);

  constexpr double noise = 1 << 20;
  check_between("memory", before.value("container_memory_working_set_bytes", still).value() - noise,
                stats.left("MemUsage"),
                after.value("container_memory_working_set_bytes", still).value() + noise);
  CHECK(stats.right("MemUsage") == after.value("container_spec_memory_limit_bytes", still));
  CHECK(stats("PIDs") == after.value("container_pids", still));
  check_between("received", sum(before, "container_network_receive_bytes_total", still),
                stats.left("NetIO"), sum(after, "container_network_receive_bytes_total", still));
  check_between("sent", sum(before, "container_network_transmit_bytes_total", still),
                stats.right("NetIO"), sum(after, "container_network_transmit_bytes_total", still));
  check_between("read", sum(before, "container_fs_reads_bytes_total", still), stats.left("BlockIO"),
                sum(after, "container_fs_reads_bytes_total", still));
  check_between("written", sum(before, "container_fs_writes_bytes_total", still),
                stats.right("BlockIO"), sum(after, "container_fs_writes_bytes_total", still));
}

TEST_CASE("the size of a writable layer is what docker ps shows", "[numbers]") {
  const RealEngine engine;
  std::ignore = engine.run("writer", still_spec);
  const auto size_on_page = [&] {
    const Page page(
        test::page_of_one_cycle(engine.address(), {"--container_monitor.filesystem_interval=1m"}));
    return sum(page, "container_fs_usage_bytes", {{"name", "writer"}});
  };
  test::wait_until("its file is written", 30s, [&] { return size_on_page() >= 10 << 20; });
  const auto shown = docker(engine, {"ps", "--size", "--filter", "name=writer", "--format",
                                     "{{.Size}}"});  // "10.5MB (virtual 12.5MB)"
  const auto size = amount(shown.substr(0, shown.find(' ')));
  check_between("the layer", size_on_page(), size, size_on_page());
}

TEST_CASE("the rate of CPU time is the percentage that docker stats shows", "[numbers]") {
  const RealEngine engine;
  std::ignore = engine.run("throttled", throttled_spec);
  const Labels throttled{{"name", "throttled"}};
  const auto before = page_of(engine);
  const DockerStats stats(engine, "throttled");
  const auto after = page_of(engine);
  const auto gain = [&](std::string_view metric) {
    return after.value(metric, throttled).value() - before.value(metric, throttled).value();
  };
  const auto percent = 100 * gain("container_cpu_usage_seconds_total") /
                       gain("container_last_sample_timestamp_seconds");
  INFO("the page: " << percent << ", docker stats: " << stats("CPUPerc"));
  CHECK(std::abs(stats("CPUPerc") - percent) < 15);
  CHECK(percent > 10);
}
