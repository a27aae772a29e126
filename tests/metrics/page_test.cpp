#include "tidegauge/metrics/page.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "metrics/example_input.h"
#include "metrics/rendering.h"
#include "support/catch.h"
#include "support/golden_file.h"
#include "support/log_capture.h"
#include "support/page.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/series_limit.h"

using namespace tidegauge;
using metrics::PageInput;
using metrics::PageOptions;
using metrics::PageSize;
using test::contains;
using test::engine_with;
using test::example_input;
using test::running_container;

namespace {

constexpr PageSize no_limit{.series = 100'000, .bytes = 100'000'000};

const PageOptions compose_label{.container_labels = {"com.docker.compose.project"}};

std::vector<std::string> render_pieces(const PageInput& input,
                                       const PageOptions& options = compose_label,
                                       PageSize max = no_limit) {
  return test::render_pieces(input, {.options = options, .request = {}, .max = max});
}

std::string render(const PageInput& input, const PageOptions& options = compose_label,
                   PageSize max = no_limit) {
  return test::render(input, {.options = options, .request = {}, .max = max});
}

std::vector<std::string> lines_of(const std::string& page) {
  std::istringstream stream(page);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The lines with all of these words in them.
std::vector<std::string> lines_with(const std::string& page,
                                    const std::vector<std::string>& words) {
  auto lines = lines_of(page);
  std::erase_if(lines, [&](const std::string& line) {
    return !std::ranges::all_of(
        words, [&](const auto& word) { return line.find(word) != std::string::npos; });
  });
  return lines;
}

model::ContainerRecord changed(model::ContainerRecord record, auto change) {
  auto container = *record.container;
  change(container);
  record.container = std::make_shared<model::Container>(std::move(container));
  return record;
}

std::string render_container(const model::ContainerRecord& record,
                             const PageOptions& options = compose_label) {
  return render({.engines = {engine_with("local", {record})}, .pools = {}, .clients = {}}, options);
}

}  // namespace

TEST_CASE("the page of a snapshot is, byte for byte, the stored one") {
  const std::regex version("(tidegauge_build_info\\{version=)\"[^\"]*\"");
  test::check_golden_file(TIDEGAUGE_TEST_DATA "/page.prom",
                          std::regex_replace(render(example_input()), version, "$1\"VERSION\""));
}

TEST_CASE("a piece of a page has whole lines and is small, however many containers there are") {
  std::vector<model::ContainerRecord> containers;
  for (int i = 0; i < 1000; ++i) {
    containers.push_back(running_container("container-" + std::to_string(i)));
  }
  const PageInput input{.engines = {engine_with("local", containers)}, .pools = {}, .clients = {}};
  const auto pieces = render_pieces(input);
  CHECK(pieces.size() > 100);
  std::set<std::string> families;
  for (const auto& piece : pieces) {
    CHECK(piece.ends_with('\n'));
    CHECK(piece.size() < 40'000);
    for (const auto& line : lines_with(piece, {"# TYPE "})) CHECK(families.insert(line).second);
  }
  const auto page = render(input, compose_label, {1'000'000, no_limit.bytes});
  CHECK(lines_with(page, {"container_memory_rss{"}).size() == 1000);
}

TEST_CASE("no series occurs twice, and the samples of a family are adjacent") {
  const auto two = running_container("two");
  const auto page = render({.engines = {engine_with("a", {two}), engine_with("b", {two})},
                            .pools = example_input().pools,
                            .clients = example_input().clients});
  std::set<std::string> series;
  std::set<std::string> families;
  std::string family;
  for (const auto& line : lines_of(page)) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(families.insert(family).second);
    } else if (!line.starts_with('#')) {
      CHECK_THAT(line, contains(family));
      CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
    }
  }
  CHECK(series.size() > 200);
}

TEST_CASE("text from outside is escaped in labels") {
  const auto record = changed(running_container("web"), [](model::Container& container) {
    container.name = R"(a"b\c)";
    container.image = "line\nbreak";
    container.labels = {{"com.docker.compose.project",
                         "Gr\xC3\xBC\xC3\x9F"
                         "e \xF0\x9F\x90\xB3"}};
  });
  const auto lines = lines_with(render_container(record), {"container_memory_rss{"});
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], contains(R"(name="a\"b\\c")") && contains(R"(image="line\nbreak")") &&
                           contains("container_label_com_docker_compose_project=\"Gr\xC3\xBC"
                                    "\xC3\x9F"
                                    "e \xF0\x9F\x90\xB3\""));
}

TEST_CASE("invalid UTF-8 is shown byte by byte, so that different names stay different") {
  const std::vector<std::pair<std::string, std::string>> images = {
      {"a\xFFz", R"(a\\xffz)"},
      {"a\xFEz", R"(a\\xfez)"},
      {R"(a\xffz)", R"(a\\x5cxffz)"},
      {R"(C:\x)", R"(C:\\x)"},
      {R"(C:\xyz)", R"(C:\\xyz)"},
      {"cut \xE2\x82", R"(cut \\xe2\\x82)"},
      {"overlong \xC0\xAF", R"(overlong \\xc0\\xaf)"},
      {"overlong \xE0\x80\xAF", R"(overlong \\xe0\\x80\\xaf)"},
      {"surrogate \xED\xA0\x80", R"(surrogate \\xed\\xa0\\x80)"},
      {"beyond \xF4\x90\x80\x80", R"(beyond \\xf4\\x90\\x80\\x80)"},
      {"last \xF4\x8F\xBF\xBF", "last \xF4\x8F\xBF\xBF"},
      {"\xE2\x82\xAC\xE2", "\xE2\x82\xAC\\\\xe2"},
  };
  for (const auto& image : images) {
    const auto record = changed(running_container("web"), [&](model::Container& container) {
      container.image = image.first;
    });
    CHECK_THAT(render_container(record), contains("image=\"" + image.second + "\""));
  }
}

TEST_CASE("whole numbers are exact, and fractions have the shortest text that reads back") {
  auto record = running_container("web");
  auto stats = *record.stats;
  stats.pids = std::numeric_limits<std::uint64_t>::max();
  stats.cpu = model::CpuStats{.usage_seconds = 0.1 + 0.2,
                              .user_seconds = 1e15,
                              .system_seconds = 2.5e-7,
                              .throttling = model::CpuStats::Throttling{0, 0, 1e-4}};
  record.stats = std::make_shared<model::ContainerStats>(stats);
  const auto page = render_container(record);
  CHECK_THAT(lines_with(page, {"container_pids{"}).at(0), contains("} 18446744073709551615"));
  CHECK_THAT(lines_with(page, {"cpu_usage_seconds_total{"}).at(0),
             contains("} 0.30000000000000004"));
  CHECK_THAT(lines_with(page, {"cpu_user_seconds_total{"}).at(0), contains("} 1000000000000000"));
  CHECK_THAT(lines_with(page, {"cpu_system_seconds_total{"}).at(0), contains("} 2.5e-07"));
  CHECK_THAT(lines_with(page, {"throttled_seconds_total{"}).at(0), contains("} 0.0001"));
  CHECK_THAT(lines_with(page, {"container_last_seen{"}).at(0), contains("} 1795424400.25"));
  stats.cpu->usage_seconds = 1e17;
  stats.cpu->user_seconds = 1e300;
  record.stats = std::make_shared<model::ContainerStats>(stats);
  const auto huge = render_container(record);
  CHECK_THAT(lines_with(huge, {"cpu_usage_seconds_total{"}).at(0), contains("} 1e+17"));
  CHECK_THAT(lines_with(huge, {"cpu_user_seconds_total{"}).at(0), contains("} 1e+300"));
}

TEST_CASE("container_threads_max is 0 without a limit, and absent without process metrics") {
  auto record = changed(running_container("web"),
                        [](model::Container& container) { container.limits.pids.reset(); });
  auto stats = *record.stats;
  stats.pids_limit.reset();
  stats.processes.emplace();
  record.stats = std::make_shared<model::ContainerStats>(stats);
  CHECK_THAT(lines_with(render_container(record), {"container_threads_max{"}).at(0),
             contains("} 0"));
  CHECK(lines_with(render_container(record), {"container_pids_limit{"}).empty());
  stats.processes.reset();
  record.stats = std::make_shared<model::ContainerStats>(stats);
  CHECK(lines_with(render_container(record), {"container_threads_max{"}).empty());
}

TEST_CASE("a container that only the kernel shows has neither state nor health") {
  auto record = running_container("web");
  record.state_known = false;
  const auto page = render_container(record);
  CHECK(lines_with(page, {"container_state{"}).empty());
  CHECK(lines_with(page, {"container_health_s"}).empty());
  CHECK(lines_with(page, {"container_memory_rss{"}).size() == 1);
  record.state_known = true;
  CHECK_FALSE(lines_with(render_container(record), {"container_health_s"}).empty());
}

TEST_CASE(
    "a stopped container has its state and exit code, but no resource series, not even zeros") {
  const auto page = render(example_input());
  CHECK(lines_with(page, {"container_state{", "name=\"gone\"", "state=\"exited\"} 1"}).size() == 1);
  CHECK(lines_with(page, {"container_exit_code{", "name=\"gone\"", "} 3"}).size() == 1);
  CHECK(lines_with(page, {"container_last_seen{", "name=\"gone\""}).size() == 1);
  for (const auto* group : {"container_cpu_", "container_memory_", "container_network_",
                            "container_fs_", "container_spec_", "container_pids",
                            "container_start_", "container_health_", "container_last_sample_"}) {
    CHECK(lines_with(page, {group, "name=\"gone\""}).empty());
  }
}

TEST_CASE("a value that the Engine did not report has no series") {
  const auto page = render(example_input());
  CHECK(lines_with(page, {"name=\"bare\"", "container_cpu_usage_seconds_total"}).size() == 1);
  for (const auto* group :
       {"container_cpu_user_", "container_cpu_cfs_", "container_memory_", "container_network_",
        "container_fs_", "container_blkio_", "container_pids", "container_spec_cpu_quota",
        "container_spec_cpu_period", "container_exit_code"}) {
    CHECK(lines_with(page, {group, "name=\"bare\""}).empty());
  }
  CHECK(lines_with(page, {"container_spec_memory_limit_bytes{", "name=\"bare\"", "} 0"}).size() ==
        1);
  CHECK(lines_with(page, {"container_fs_writes_bytes_total", "device=\"253:1\""}).empty());
}

TEST_CASE("exactly one series of a state set is 1") {
  const auto state = GENERATE(from_range(model::container_states));
  const auto page = render_container(changed(
      running_container("web"), [&](model::Container& container) { container.state = state; }));
  CHECK(lines_with(page, {"container_state{"}).size() == model::container_states.size());
  const auto set = lines_with(page, {"container_state{", "\"} 1"});
  REQUIRE(set.size() == 1);
  CHECK_THAT(set[0], contains("state=\"" + std::string(to_string(state)) + "\""));
}

TEST_CASE("health is a state set and cAdvisor's number") {
  const auto [health, number] =
      GENERATE(table<model::Health, std::string>({{model::Health::none, "-1"},
                                                  {model::Health::starting, "0"},
                                                  {model::Health::unhealthy, "0"},
                                                  {model::Health::healthy, "1"}}));
  const auto wanted = health;
  const auto page = render_container(changed(
      running_container("web"), [&](model::Container& container) { container.health = wanted; }));
  CHECK_THAT(lines_with(page, {"container_health_state{"}).at(0), contains("} " + number));
  const auto set = lines_with(page, {"container_health_status{", "\"} 1"});
  REQUIRE(set.size() == 1);
  CHECK_THAT(set[0], contains("status=\"" + std::string(to_string(health)) + "\""));
}

TEST_CASE("a ghost has its state and container_last_seen, and does not count as a container") {
  auto engine = *engine_with("local", {});
  auto ghost = running_container("gone");
  ghost.stats.reset();
  engine.ghosts = {changed(
      ghost, [](model::Container& container) { container.state = model::ContainerState::exited; })};
  const auto page = render({.engines = {std::make_shared<const model::EngineSnapshot>(engine)},
                            .pools = {},
                            .clients = {}});
  CHECK(lines_with(page, {"container_last_seen{", "name=\"gone\""}).size() == 1);
  CHECK(lines_with(page, {"container_state{", "name=\"gone\"", "exited", "} 1"}).size() == 1);
  CHECK(lines_with(page, {"container_memory", "name=\"gone\""}).empty());
  CHECK(lines_with(page, {"tidegauge_engine_containers{state=\"exited\"} 0"}).size() == 1);
}

TEST_CASE("an Engine that is down has tidegauge_engine_up 0 and no containers") {
  auto down = std::make_shared<model::EngineSnapshot>();
  down->endpoint = "local";
  const auto page = render({.engines = {down}, .pools = {}, .clients = {}});
  CHECK_THAT(page, contains("\ntidegauge_engine_up 0\n"));
  CHECK_THAT(page, contains("\ncontainer_scrape_error 1\n"));
  CHECK(lines_with(page, {"container_", "id="}).empty());
  CHECK(lines_with(page, {"tidegauge_engine_containers"}).empty());
  CHECK(lines_with(page, {"tidegauge_engine_info"}).empty());
}

TEST_CASE("an Engine with a stale snapshot has tidegauge_snapshot_stale 1 and no containers") {
  const auto example = example_input();
  const auto shown = model::without_stale(
      example.engines, *example.engines[0]->published_at + std::chrono::seconds(31),
      std::chrono::seconds(30));
  const auto page = render({.engines = shown, .pools = {}, .clients = {}});
  CHECK_THAT(page, contains("tidegauge_engine_up 0\n"));
  CHECK_THAT(page, contains("container_scrape_error 1\n"));
  CHECK_THAT(page, contains("tidegauge_snapshot_stale 1\n"));
  CHECK_THAT(page, contains("tidegauge_snapshot_timestamp_seconds "));
  CHECK_THAT(page, contains("tidegauge_inventory_event_streams_total 2\n"));
  CHECK_THAT(page, !contains("\ncontainer_last_seen") && !contains("\nmachine_"));
  CHECK_THAT(page, !contains("id=\"/"));
}

TEST_CASE("only pools have the label endpoint if there is one Engine") {
  const auto one = example_input();
  for (const auto& line : lines_with(render(one), {"endpoint=\""})) {
    CHECK_THAT(line, contains("tidegauge_pool_"));
  }

  auto two = one;
  two.engines.push_back(engine_with("remote", {running_container("db")}));
  two.clients.push_back({.endpoint = "remote", .calls = {}});
  for (const auto& line : lines_of(render(two))) {
    const bool of_an_engine = line.starts_with("container_") ||
                              line.starts_with("tidegauge_engine_") ||
                              line.starts_with("tidegauge_snapshot_");
    if (of_an_engine)
      CHECK_THAT(line, contains("{endpoint=\"local\"") || contains("{endpoint=\"remote\""));
  }
}

TEST_CASE("only the configured Docker labels are exported") {
  const auto record = running_container("web");
  CHECK_THAT(render_container(record), contains("container_label_com_docker_compose_project"));
  CHECK_THAT(render_container(record), !contains("secret"));
  CHECK_THAT(render_container(record, {}), !contains("container_label_"));
}

TEST_CASE("two Docker labels that become the same name do not make the series invalid") {
  const auto record = changed(running_container("web"), [](model::Container& container) {
    container.labels = {{"a-b", "dash"}, {"a.b", "dot"}};
  });
  const auto page = render_container(record, {.container_labels = {"a.b", "a-b"}});
  CHECK_THAT(page, contains("container_label_a_b=\"dot\""));
  CHECK_THAT(page, !contains("dash"));
}

TEST_CASE("if Docker labels become the same name, the first that the container has counts") {
  const PageOptions options{.container_labels = {"app.name", "app_name"}};
  const auto with = [&](std::vector<std::pair<std::string, std::string>> labels) {
    return lines_with(
        render_container(changed(running_container("web"),
                                 [&](model::Container& container) { container.labels = labels; }),
                         options),
        {"container_pids{"});
  };
  CHECK_THAT(with({{"app_name", "under"}}).at(0), contains("container_label_app_name=\"under\""));
  CHECK_THAT(with({{"app.name", "dot"}, {"app_name", "under"}}).at(0),
             contains("container_label_app_name=\"dot\"") && !contains("under"));
  CHECK_THAT(with({{"app-name", "dash"}, {"tidegauge.labels", "app name, app-name"}}).at(0),
             contains("container_label_app_name=\"dash\""));
}

TEST_CASE("the label tidegauge.labels exports labels of its own container only") {
  const auto wishing = changed(running_container("web"), [](model::Container& container) {
    container.labels = {{"stage", "blue"},
                        {"team", "shop"},
                        {"tidegauge.labels", " team,, stage ,absent,com.docker.compose.project"}};
  });
  const auto page = render({.engines = {engine_with("local", {running_container("db"), wishing})},
                            .pools = {},
                            .clients = {}});
  CHECK(lines_with(page, {"container_pids{", "name=\"web\"", "container_label_team=\"shop\"",
                          "container_label_stage=\"blue\""})
            .size() == 1);
  CHECK_THAT(page, !contains("container_label_absent"));
  CHECK(lines_with(page, {"name=\"db\"", "container_label_team"}).empty());
  CHECK(lines_with(page, {"name=\"db\"", "container_label_com_docker_compose_project"}).size() >
        50);
}

TEST_CASE("a container exports at most sixteen labels by tidegauge.labels") {
  const auto page =
      render_container(changed(running_container("web"), [](model::Container& container) {
        std::string all;
        container.labels.clear();
        for (char key = 'a'; key <= 'z'; ++key) {
          container.labels.emplace_back(std::string(1, key), "x");
          all += std::string(1, key) + ",";
        }
        container.labels.insert(container.labels.begin() + 20, {"tidegauge.labels", all});
      }));
  CHECK_THAT(page, contains("container_label_p=") && !contains("container_label_q="));
}

TEST_CASE("an exported label never has the name of another label of the series") {
  const auto record = changed(running_container("web"), [](model::Container& container) {
    container.labels = {{"a b", "space"}, {"a-b", "dash"},
                        {"a.b", "dot"},   {"c-d", "dash"},
                        {"c.d", "dot"},   {"tidegauge.labels", "a-b,a b,c.d,c-d,c.d"}};
  });
  const auto lines =
      lines_with(render_container(record, {.container_labels = {"a.b"}}), {"container_pids{"});
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], contains("image=\"registry.example/web:1.2\",container_label_a_b=\"dot\","
                                "container_label_c_d=\"dot\"} 5"));
}

TEST_CASE("with minimal labels a series has the name alone, and container_info has all labels") {
  auto options = compose_label;
  options.labels = config::SeriesLabels::minimal;
  const auto page = render(example_input(), options);
  CHECK(lines_with(page, {"container_pids{name=\"web\"} 5"}).size() == 1);
  CHECK(lines_with(page, {"container_info{id=\"/docker/www", "name=\"web\"",
                          "image=\"registry.example/web:1.2\"",
                          "container_label_com_docker_compose_project=\"shop\""})
            .size() == 1);
  for (const auto& line : lines_with(page, {"container_"})) {
    if (line.starts_with("container_info{") || !line.starts_with("container_")) continue;
    if (line.starts_with("container_scrape_error ")) continue;  // of the Engine
    if (line.contains("{id=\"/\"")) continue;                   // the machine has no name
    CHECK_THAT(line, contains("{name=\"") && !contains("id=\"/") && !contains("image=") &&
                         !contains("container_label_"));
  }
}

TEST_CASE("with minimal labels a series also has the endpoint if there are several Engines") {
  const auto web = running_container("web");
  const auto page = render(
      {.engines = {engine_with("a", {web}), engine_with("b", {web})}, .pools = {}, .clients = {}},
      {.container_labels = {}, .labels = config::SeriesLabels::minimal});
  CHECK(lines_with(page, {"container_pids{endpoint=\"a\",name=\"web\"}"}).size() == 1);
  CHECK(lines_with(page, {"container_pids{endpoint=\"b\",name=\"web\"}"}).size() == 1);
}

TEST_CASE("how containers of one name ended is told of each Engine apart") {
  const auto labels = GENERATE(as<config::SeriesLabels>{}, config::SeriesLabels::cadvisor,
                               config::SeriesLabels::minimal);
  const auto web = running_container("web");
  auto other = *engine_with("b", {web});
  auto& ends = other.lifecycles.front().second;
  ends.last_run = model::LastRun{.cause = model::EndCause::stopped,
                                 .signal = 15,
                                 .duration_seconds = 1,
                                 .cpu_seconds = 2,
                                 .memory_peak_bytes = 3};
  ends.finished_runs = {4, 5, 6};
  const test::Page page(
      render({.engines = {engine_with("a", {web}),
                          std::make_shared<const model::EngineSnapshot>(std::move(other))},
              .pools = {},
              .clients = {}},
             {.container_labels = {}, .labels = labels}));  // a series that is there twice throws
  const auto check = [&](const std::string& metric, double on_a, double on_b) {
    CAPTURE(metric);
    CHECK(page.count(metric) == 2);
    CHECK(page.value(metric, {{"endpoint", "a"}, {"name", "web"}}) == on_a);
    CHECK(page.value(metric, {{"endpoint", "b"}, {"name", "web"}}) == on_b);
  };
  check("container_last_run_duration_seconds", 3.5, 1);
  check("container_last_run_cpu_seconds", 0.25, 2);
  check("container_last_run_memory_peak_bytes", 67'108'864, 3);
  check("container_finished_runs_total", 50, 4);
  check("container_finished_runs_cpu_seconds_total", 12.5, 5);
  check("container_finished_runs_duration_seconds_total", 900, 6);
  check("container_last_exit_info", 1, 1);
  CHECK(page.labels("container_last_exit_info", {{"endpoint", "a"}})["cause"] == "oom");
  CHECK(page.labels("container_last_exit_info", {{"endpoint", "b"}})["cause"] == "stopped");
  for (const auto cause : model::end_causes) {
    for (const auto* const endpoint : {"a", "b"}) {
      CHECK(page.value(
          "container_exits_total",
          {{"endpoint", endpoint}, {"name", "web"}, {"cause", std::string(to_string(cause))}}));
    }
  }
}

TEST_CASE("if two containers seem to have one name, minimal labels show the younger") {
  const auto labels = GENERATE(as<config::SeriesLabels>{}, config::SeriesLabels::cadvisor,
                               config::SeriesLabels::minimal);
  const auto old = running_container("web");
  const auto young = changed(old, [](model::Container& container) {
    container.id = std::string(64, 'y');
    container.created_at = *container.created_at + std::chrono::hours(1);
  });
  const auto page =
      render({.engines = {engine_with("local", {old, young})}, .pools = {}, .clients = {}},
             {.container_labels = {}, .labels = labels});
  const bool both = labels == config::SeriesLabels::cadvisor;
  CHECK(lines_with(page, {"container_pids{"}).size() == (both ? 2 : 1));
  CHECK(lines_with(page, {"container_info{", "container_id=\"yyy"}).size() == 1);
}

TEST_CASE("the identity of a container is one series") {
  const auto lines = lines_with(render(example_input()), {"container_info{", "name=\"web\""});
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], contains(",container_id=\"www") && contains(",image_id=\"sha256:fff") &&
                           contains(",hostname=\"wwwwwwwwwwww\"") &&
                           contains(",network_mode=\"shop_default\"") &&
                           contains(",restart_policy=\"unless-stopped\"} 1"));
}

TEST_CASE("a container beyond max_series is left off with all its series") {
  auto engine = *engine_with("local", {running_container("db"), running_container("web")});
  engine.containers[0] = changed(engine.containers[0], [](model::Container& container) {
    container.created_at = *container.created_at - std::chrono::hours(1);
  });
  const PageInput input{.engines = {std::make_shared<const model::EngineSnapshot>(engine)},
                        .pools = {},
                        .clients = {}};
  const auto of_containers = [](const std::string& page) {
    auto lines = lines_of(page);
    std::erase_if(lines, [](const auto& line) {
      return !line.starts_with("container_") || line.starts_with("container_scrape_error ");
    });
    return lines.size();
  };
  const auto all = of_containers(render(input));
  const auto room = all + engine.inventory.events.size();
  CHECK(of_containers(render(input, compose_label, {room, no_limit.bytes})) == all);
  const auto page = render(input, compose_label, {room - 1, no_limit.bytes});
  CHECK(lines_with(page, {"name=\"web\""}).empty());
  CHECK(lines_with(page, {"name=\"db\""}).size() == of_containers(page));
  const auto dropped =
      "\ntidegauge_series_dropped " + std::to_string(all - of_containers(page)) + "\n";
  CHECK_THAT(page, contains(dropped));
  CHECK_THAT(page, contains("tidegauge_engine_containers{state=\"running\"} 2"));
}

TEST_CASE("a container beyond max_page_bytes is left off with all its series") {
  const auto engine = engine_with("local", {running_container("db"), running_container("web")});
  const PageInput input{.engines = {engine}, .pools = {}, .clients = {}};
  const auto page = render(input, compose_label, {.series = 100'000, .bytes = 60'000});
  CHECK(lines_with(page, {"name=\"db\""}).empty() != lines_with(page, {"name=\"web\""}).empty());
  std::size_t bytes = 0;
  for (const auto& line : lines_with(page, {"name=\""})) bytes += line.size() + 1;
  CHECK(bytes < 60'000);
  CHECK(bytes > 20'000);  // what a container is counted for is not far from what it takes
}

TEST_CASE(
    "a container of thousands of interfaces has the series that are worth most, and hides none") {
  auto hog = running_container("hog");
  auto stats = *hog.stats;
  stats.networks.clear();
  for (int i = 10'000; i < 15'000; ++i) {
    stats.networks.push_back({.interface = "br" + std::to_string(i), .receive_bytes = 1});
  }
  stats.networks.push_back({.interface = "eth0", .receive_bytes = 2});
  hog.stats = std::make_shared<model::ContainerStats>(stats);
  hog = changed(hog, [](model::Container& container) { container.created_at = WallTime{}; });
  const auto page = render({.engines = {engine_with("local", {hog, running_container("web")})},
                            .pools = {},
                            .clients = {}},
                           compose_label, {.series = 20'000, .bytes = no_limit.bytes});
  const auto of_hog = lines_with(page, {"name=\"hog\""}).size();
  CHECK(of_hog <= 2'000);
  CHECK(of_hog > 1'900);
  CHECK(lines_with(page, {"container_memory_rss{", "name=\"hog\""}).size() == 1);
  CHECK(lines_with(page,
                   {"container_network_receive_bytes_total{", "interface=\"eth0\"", "name=\"hog\""})
            .size() == 1);
  CHECK(lines_with(page, {"container_memory_rss{", "name=\"web\""}).size() == 1);
  CHECK(lines_with(page, {"name=\"web\"", "container_network_"}).size() > 5);
  CHECK_THAT(page, !contains("\ntidegauge_series_dropped 0\n"));
}

TEST_CASE("a Docker label is cut at its bound, before a character that does not fit") {
  const auto value_of_label = [](const std::string& value, std::size_t longest) {
    const auto record = changed(running_container("web"), [&](model::Container& container) {
      container.labels = {{"team", value}};
    });
    const auto page =
        render_container(record, {.container_labels = {"team"}, .max_label_length = longest});
    const auto from = page.find("container_label_team=\"") + 22;
    return page.substr(from, page.find('"', from) - from);
  };
  const std::string x127(127, 'x');
  CHECK(value_of_label(x127 + "y", 128) == x127 + "y");
  CHECK(value_of_label(x127 + "yz", 128) == x127 + "y");
  CHECK(value_of_label(x127 + "\u00e9", 128) == x127);
  CHECK(value_of_label(std::string(3'000, 'x'), 128).size() == 128);
  CHECK(value_of_label(std::string(3'000, 'x'), 200).size() == 200);
}

TEST_CASE("labels that are cut are counted, and logged once with the container") {
  const auto record = changed(running_container("web"), [](model::Container& container) {
    container.image = std::string(1'000, 'i');
    container.labels = {{"team", std::string(1'000, 'x')}};
  });
  const PageInput input{.engines = {engine_with("local", {record})}, .pools = {}, .clients = {}};
  const PageOptions options{.container_labels = {"team"}};
  CHECK_THAT(render(input, options), contains("\ntidegauge_labels_cut 2\n"));
  CHECK_THAT(render(example_input()), contains("\ntidegauge_labels_cut 0\n"));
  test::LogCapture log;
  metrics::SeriesLimit limit(no_limit, log.logger());
  const ThreadGuard threads(log.logger());
  const metrics::Instruments instruments(log.logger(), threads, {.process = false});
  const metrics::Page first(input, options, instruments, limit);
  const metrics::Page second(input, options, instruments, limit);
  CHECK(log.count("labels=2 container=web") == 1);
}

TEST_CASE("names that are too long are cut and stay different") {
  const std::string x(300, 'x');
  const auto named = [](const std::string& name) {
    return changed(running_container("web"),
                   [&](model::Container& container) { container.id = container.name = name; });
  };
  const auto labels = GENERATE(config::SeriesLabels::cadvisor, config::SeriesLabels::minimal);
  const auto page_of = [&](const std::vector<std::string>& names) {
    std::vector<model::ContainerRecord> records;
    for (const auto& name : names) records.push_back(named(name));
    return render({.engines = {engine_with("local", records)}, .pools = {}, .clients = {}},
                  {.labels = labels});
  };
  std::vector<std::string> names{x + "1", x + "2"};
  const auto lines = lines_with(page_of(names), {"container_pids{"});
  REQUIRE(lines.size() == 2);
  const std::regex cut("name=\"(x{175}~[0-9a-f]{16})\"");
  std::smatch first;
  REQUIRE(std::regex_search(lines[0], first, cut));
  CHECK(std::regex_search(lines[1], cut));
  CHECK(lines[0].substr(0, lines[0].rfind(' ')) != lines[1].substr(0, lines[1].rfind(' ')));

  names.push_back(first[1]);  // which is short enough, and looks like the first when cut
  std::set<std::string> series;
  for (const auto& line : lines_with(page_of(names), {"container_pids{"})) {
    CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
  }
  CHECK(series.size() == 3);
}

TEST_CASE("a megabyte of text from the Engine does not make the page megabytes large") {
  const std::string huge(1'000'000, 'x');
  auto record = changed(running_container("web"), [&](model::Container& container) {
    container.name = container.image = container.hostname = container.network_mode = huge;
    container.labels = {{"com.docker.compose.project", huge}};
  });
  record.cgroup_path = "/docker/" + huge;
  auto engine = *engine_with("local", {record});
  engine.version = model::EngineVersion{.version = huge, .os = huge, .kernel_version = huge};
  engine.info = model::EngineInfo{.name = huge, .operating_system = huge};
  engine.inventory.events[{"container", huge}] = 1;
  const auto page = render({.engines = {std::make_shared<const model::EngineSnapshot>(engine)},
                            .pools = {},
                            .clients = {}});
  CHECK(page.size() < 500'000);
}

TEST_CASE("the series of events count against the limit of containers") {
  auto engine = *engine_with("local", {running_container("web")});
  for (int i = 0; i < 1'000; ++i) engine.inventory.events[{"container", std::to_string(i)}] = 1;
  const auto page = render({.engines = {std::make_shared<const model::EngineSnapshot>(engine)},
                            .pools = {},
                            .clients = {}},
                           compose_label, {.series = 1'010, .bytes = no_limit.bytes});
  CHECK(lines_with(page, {"name=\"web\""}).empty());
}

TEST_CASE("CPU time by CPU replaces the total") {
  auto record = running_container("web");
  auto stats = *record.stats;
  stats.cpu->per_cpu_seconds = {1.5, 0, 2.5, 0, 0, 0, 0, 0, 0, 0, 7};
  record.stats = std::make_shared<model::ContainerStats>(std::move(stats));
  const auto page = render_container(record);
  CHECK(lines_with(page, {"container_cpu_usage_seconds_total{", "name=\"web\""}).size() == 11);
  CHECK(lines_with(page, {"container_cpu_usage_seconds_total{", "cpu=\"cpu02\"} 2.5"}).size() == 1);
  CHECK(lines_with(page, {"container_cpu_usage_seconds_total{", "cpu=\"cpu10\"} 7"}).size() == 1);
  CHECK(lines_with(page, {"container_cpu_usage_seconds_total{", "cpu=\"total\""}).empty());
}

TEST_CASE("the machine is the container with the id / and without a name") {
  const auto page = render(example_input());
  CHECK(lines_with(page, {"container_cpu_usage_seconds_total{id=\"/\",cpu=\"total\"} 12.25"})
            .size() == 1);
  CHECK(lines_with(page, {"container_fs_usage_bytes{id=\"/\",device=\"/dev/sda1\"} 1000"}).size() ==
        1);
  CHECK(lines_with(page, {"container_fs_inodes_total{", "/dev/sdb"}).empty());
  CHECK(lines_with(page, {"id=\"/\"", "name="}).empty());
  CHECK(lines_with(page, {"container_state{id=\"/\""}).empty());
  CHECK(lines_with(page, {"machine_swap_bytes 1000000000"}).size() == 1);
  CHECK(lines_with(page, {"container_spec_memory_swap_limit_bytes{id=\"/\"} 1000000000"}).size() ==
        1);
  CHECK(lines_with(page, {"container_last_seen{id=\"/\"}"}).size() == 1);
}

TEST_CASE("a writable layer has the size of the file system with the Engine's data, if known") {
  auto input = example_input();
  auto engine = *input.engines[0];
  const auto lines = [&] {
    input.engines = {std::make_shared<model::EngineSnapshot>(engine)};
    return lines_with(render(input), {"container_fs_", "name=\"web\"", "device=\"/dev/sda1\""});
  };
  REQUIRE(lines().size() == 5);
  CHECK(lines_with(render(input), {"container_fs_usage_bytes", "name=\"web\"", "} 4096"}).size() ==
        1);
  engine.host.reset();
  CHECK(lines().empty());
  CHECK(lines_with(render(input), {"container_fs_usage_bytes", "name=\"web\"", "} 4096"}).size() ==
        1);
  CHECK(lines_with(render(input), {"container_fs_limit_bytes"}).empty());
}

TEST_CASE("the machine is never left off") {
  const auto page = render(example_input(), compose_label, {100, no_limit.bytes});
  CHECK(lines_with(page, {"container_memory_rss{id=\"/\"}"}).size() == 1);
  CHECK(lines_with(page, {"container_memory_rss{", "name="}).empty());
}

TEST_CASE("a disabled group is not on the page, and everything else is") {
  using config::MetricGroup;
  const auto [group, metric] = GENERATE(table<MetricGroup, std::string>(
      {{MetricGroup::info, "container_info"},
       {MetricGroup::history, "container_exits_total"},
       {MetricGroup::health, "container_health_status"},
       {MetricGroup::spec, "container_spec_memory_limit_bytes"},
       {MetricGroup::cpu, "container_cpu_usage_seconds_total"},
       {MetricGroup::memory, "container_memory_rss"},
       {MetricGroup::pressure, "container_pressure_cpu_waiting_seconds_total"},
       {MetricGroup::network, "container_network_receive_bytes_total"},
       {MetricGroup::block_io, "container_fs_reads_total"},
       {MetricGroup::filesystem, "container_fs_usage_bytes"},
       {MetricGroup::machine, "machine_swap_bytes"},
       {MetricGroup::calls, "tidegauge_engine_requests_total"},
       {MetricGroup::pool, "tidegauge_pool_connections"}}));
  INFO(metric);
  const auto full = render(example_input());
  const auto page = render(
      example_input(), {.container_labels = compose_label.container_labels, .disable = {group}});
  CHECK(lines_with(full, {metric + "{"}).size() + lines_with(full, {metric + " "}).size() > 0);
  CHECK(lines_with(page, {metric}).empty());
  CHECK(lines_with(page, {"container_state{"}).size() ==
        lines_with(full, {"container_state{"}).size());
  if (group == MetricGroup::machine) CHECK(lines_with(page, {"id=\"/\""}).empty());
}

TEST_CASE("the buckets of a histogram are cumulative and end with the count") {
  const auto page = render(example_input());
  const auto inspect = [&](const std::string& part) {
    return lines_with(
        page, {"tidegauge_engine_request_duration_seconds_" + part, "call=\"container_inspect\""});
  };
  CHECK(lines_with(page, {"le=\"2.5e-05\"", "call=\"container_inspect\"", "} 0"}).size() == 1);
  CHECK(lines_with(page, {"le=\"0.0001\"", "call=\"container_inspect\"", "} 1"}).size() == 1);
  CHECK(lines_with(page, {"le=\"5\"", "call=\"container_inspect\"", "} 3"}).size() == 1);
  CHECK(lines_with(page, {"le=\"+Inf\"", "call=\"container_inspect\"", "} 3"}).size() == 1);
  CHECK_THAT(inspect("count").at(0), contains("} 3"));
  CHECK_THAT(inspect("sum").at(0), contains("} 5.00213"));
}
