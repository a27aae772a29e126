// The formats of a page against each other: whatever is on the page, all have it.

#include <rapidcheck.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/example_input.h"
#include "metrics/protobuf_reader.h"
#include "metrics/rendering.h"
#include "support/catch.h"

using namespace tidegauge;
using metrics::Format;
using metrics::PageInput;
using test::contains;
using test::render;
using test::SeriesName;

namespace {

using SeriesValues = std::map<SeriesName, double>;

std::string shortest(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

/// With bounds in one form: "1.0" and "1" are the same.
SeriesValues of_text(const std::string& text) {
  const test::Page page(text);
  SeriesValues values;
  for (const auto& [series, value] : page.series()) {
    auto name = series;
    const auto bound = name.labels.find("le");
    if (bound != name.labels.end() && bound->second != "+Inf") {
      bound->second = shortest(std::stod(bound->second));
    }
    values[std::move(name)] = value;
  }
  return values;
}

void add_histogram(SeriesValues& values, const std::string& name, const test::Labels& labels,
                   const test::ProtobufHistogram& histogram) {
  const auto add_bucket = [&](const std::string& bound, std::uint64_t count) {
    auto with_bound = labels;
    with_bound["le"] = bound;
    values[{name + "_bucket", with_bound}] = static_cast<double>(count);
  };
  for (const auto& [bound, count] : histogram.buckets) add_bucket(shortest(bound), count);
  add_bucket("+Inf", histogram.count);
  values[{name + "_sum", labels}] = histogram.sum;
  values[{name + "_count", labels}] = static_cast<double>(histogram.count);
}

/// As the text format has them.
SeriesValues of_protobuf(const std::string& page) {
  SeriesValues values;
  for (const auto& family : test::read_protobuf(page)) {
    for (const auto& metric : family.metrics) {
      if (metric.histogram) add_histogram(values, family.name, metric.labels, *metric.histogram);
      if (metric.counter) values[{family.name, metric.labels}] = *metric.counter;
      if (metric.gauge) values[{family.name, metric.labels}] = *metric.gauge;
    }
  }
  return values;
}

std::string render_as(Format format, const PageInput& input, std::vector<std::string> names = {}) {
  return render(input, {.request = {.format = format, .names = std::move(names)}});
}

std::vector<std::string> families_of(const std::string& text) {
  std::vector<std::string> families;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) families.push_back(line.substr(7, line.rfind(' ') - 7));
  }
  return families;
}

model::ContainerRecord random_container() {
  const auto text = [] { return *rc::gen::arbitrary<std::string>(); };
  auto record = test::running_container("c" + text());
  auto container = *record.container;
  container.name += text();
  container.image = text();
  container.labels = {{"com.docker.compose.project", text()}};
  container.started_at = WallTime(std::chrono::seconds(*rc::gen::inRange(0, 2'000'000'000)));
  record.container = std::make_shared<model::Container>(container);
  auto stats = *record.stats;
  stats.memory->usage_bytes = *rc::gen::arbitrary<std::uint64_t>();
  stats.memory->rss_bytes = std::nullopt;
  stats.cpu->user_seconds = *rc::gen::positive<double>();
  stats.networks.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 3)));
  record.stats = std::make_shared<model::ContainerStats>(stats);
  return record;
}

PageInput random_input() {
  auto input = test::example_input();
  std::map<std::string, model::ContainerRecord> containers;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    auto record = random_container();
    record.cgroup_path = "/docker/" + std::to_string(i);
    containers[record.container->name] = record;
  }
  std::vector<model::ContainerRecord> records;
  for (const auto& [name, record] : containers) records.push_back(record);
  input.engines = {test::engine_with("local", records)};
  for (const double seconds : *rc::gen::container<std::vector<double>>(rc::gen::map(
           rc::gen::inRange(0, 50'000'000), [](int microseconds) { return microseconds / 1e6; }))) {
    input.pools[0].wait_success.observe(seconds);
  }
  return input;
}

}  // namespace

TEST_CASE("all formats have the same series and values") {
  CHECK(rc::check([] {
    const auto input = random_input();
    const auto text = of_text(render_as(Format::text, input));
    RC_ASSERT(text == of_text(render_as(Format::openmetrics, input)));
    RC_ASSERT(text == of_protobuf(render_as(Format::protobuf, input)));
  }));
}

TEST_CASE("no family has two heads, and the families have the same order in all formats") {
  const auto input = test::example_input();
  const auto text = families_of(render_as(Format::text, input));
  const auto openmetrics = families_of(render_as(Format::openmetrics, input));
  CHECK(std::set(text.begin(), text.end()).size() == text.size());
  CHECK(std::set(openmetrics.begin(), openmetrics.end()).size() == openmetrics.size());
  std::vector<std::string> protobuf;
  for (const auto& family : test::read_protobuf(render_as(Format::protobuf, input))) {
    protobuf.push_back(family.name);
  }
  CHECK(protobuf == text);
  REQUIRE(openmetrics.size() == text.size());
  for (std::size_t i = 0; i < text.size(); ++i) CHECK_THAT(text[i], contains(openmetrics[i]));
}

TEST_CASE("an OpenMetrics page ends with # EOF, even without families") {
  CHECK(render_as(Format::openmetrics, test::example_input()).ends_with("\n# EOF\n"));
  CHECK(render_as(Format::openmetrics, {}, {"unknown"}) == "# EOF\n");
}

TEST_CASE("cAdvisor's counters without _total are unknown to OpenMetrics") {
  const auto page = render_as(Format::openmetrics, test::example_input());
  CHECK_THAT(page, contains("\n# TYPE container_memory_failcnt unknown\n"));
  CHECK_THAT(page, contains("# TYPE container info\n") && contains("\ncontainer_info{"));
  CHECK_THAT(page, contains("\n# TYPE container_state gauge\n"));
  CHECK_THAT(page, contains("\n# TYPE container_cpu_user_seconds counter\n"
                            "# UNIT container_cpu_user_seconds seconds\n"));
  CHECK_THAT(page, !contains("_created{") && !contains("_created 1"));
}

TEST_CASE("a page has only the families that are asked for") {
  const auto input = test::example_input();
  using Names = std::vector<std::string>;
  const Names names{"container_pids",
                    "container_exits_total",
                    "tidegauge_build_info",
                    "no_such",
                    "tidegauge_pool_connection_wait_seconds",
                    "tidegauge_log_lines_total"};
  const Names found{"container_pids", "container_exits_total",
                    "tidegauge_pool_connection_wait_seconds", "tidegauge_build_info",
                    "tidegauge_log_lines_total"};
  CHECK(families_of(render_as(Format::text, input, names)) == found);
  CHECK(families_of(render_as(Format::openmetrics, input, names)).size() == found.size());
  CHECK(test::read_protobuf(render_as(Format::protobuf, input, names)).size() == found.size());
  CHECK(families_of(render_as(Format::openmetrics, input, {"container_exits"})) ==
        Names{"container_exits"});
  CHECK(render_as(Format::text, input, {"container_exits"}).empty());
  CHECK(render_as(Format::text, input, {"container_pids"}).find("container_pids_limit") ==
        std::string::npos);
}

TEST_CASE("counts start with the run, the machine, the history or the daemon") {
  const auto families = test::read_protobuf(render_as(Format::protobuf, test::example_input()));
  const auto started = [&](std::string_view family, const test::Labels& labels) {
    for (const auto& one : families) {
      if (one.name != family) continue;
      for (const auto& metric : one.metrics) {
        if (std::ranges::includes(metric.labels, labels)) return metric.created.value_or(0);
      }
    }
    return -1.0;
  };
  constexpr double now = 1'795'424'400.25;
  constexpr double daemon = 1'795'400'000.125;
  CHECK(to_unix_seconds(test::daemon_start) == daemon);
  CHECK(started("container_cpu_user_seconds_total", {{"name", "web"}}) == now - 7'200);
  CHECK(started("container_memory_failcnt", {{"name", "web"}}) == now - 7'200);
  CHECK(started("container_network_receive_bytes_total", {{"name", "web"}}) == now - 7'200);
  CHECK(started("container_cpu_user_seconds_total", {{"id", "/"}}) == now - 86'400);
  CHECK(started("container_exits_total", {{"name", "web"}}) == now - 3'600);
  CHECK(started("container_collect_errors_total", {{"name", "web"}}) == now - 10'800);
  CHECK(started("tidegauge_engine_requests_total", {}) == daemon);
  CHECK(started("tidegauge_pool_connection_wait_seconds", {}) == daemon);
  CHECK(started("tidegauge_cycle_errors_total", {}) == daemon);
  CHECK(started("tidegauge_sample_latency_max_seconds", {}) == daemon);
  CHECK(started("tidegauge_log_lines_total", {}) == daemon);
  CHECK(started("container_memory_rss", {{"name", "web"}}) == 0);
}

TEST_CASE("a start that is later than the sample is not told") {
  auto record = test::running_container("web");
  auto container = *record.container;
  container.started_at = *container.started_at + std::chrono::hours(24);
  record.container = std::make_shared<model::Container>(container);
  const auto page =
      render_as(Format::protobuf,
                {.engines = {test::engine_with("local", {record})}, .pools = {}, .clients = {}},
                {"container_cpu_user_seconds_total"});
  const auto families = test::read_protobuf(page);
  CHECK_FALSE(families.at(0).metrics.at(0).created);
}

TEST_CASE("a page in the protobuf format comes in small pieces, however large a family is") {
  std::vector<model::ContainerRecord> containers;
  for (int i = 0; i < 1000; ++i) {
    containers.push_back(test::running_container("container-" + std::to_string(i)));
  }
  const auto pieces = test::render_pieces(
      {.engines = {test::engine_with("local", containers)}, .pools = {}, .clients = {}},
      {.request = {.format = Format::protobuf}, .max = {1'000'000, 1'000'000'000}});
  std::string page;
  for (const auto& piece : pieces) {
    CHECK(piece.size() <= 32U * 1024);
    page += piece;
  }
  CHECK(test::read_protobuf(page).size() > 50);
}

TEST_CASE(
    "a page for a small window has the same lines, and a family begins where it finds labels") {
  std::vector<model::ContainerRecord> containers;
  for (int i = 0; i < 300; ++i) {
    containers.push_back(test::running_container("container-" + std::to_string(1'000 + i)));
  }
  const PageInput input{
      .engines = {test::engine_with("local", containers)}, .pools = {}, .clients = {}};
  const auto format = GENERATE(as<Format>{}, Format::text, Format::openmetrics);
  const auto lines_of = [&](bool for_small_window) {
    const auto page = render(
        input, {.request = {.format = format, .names = {}, .for_small_window = for_small_window}});
    CHECK(
        page ==
        render(input,
               {.request = {.format = format, .names = {}, .for_small_window = for_small_window}}));
    std::vector<std::string> lines;
    std::istringstream stream(page);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  };
  auto usual = lines_of(false);
  auto rotated = lines_of(true);
  CHECK(usual != rotated);
  std::vector<std::string> firsts;
  for (const auto& line : rotated) {
    const bool is_next =
        line.starts_with("container_memory_") && line.contains("name=\"") &&
        (firsts.empty() || !line.starts_with(firsts.back().substr(0, firsts.back().find('{') + 1)));
    if (is_next) firsts.push_back(line);
  }
  REQUIRE(firsts.size() > 10);
  std::set<std::string> begins;
  for (const auto& line : firsts) begins.insert(line.substr(line.find("name=\""), 21));
  CHECK(begins.size() > 5);  // they do not all begin with the same container
  std::ranges::sort(usual);
  std::ranges::sort(rotated);
  CHECK(usual == rotated);
}
