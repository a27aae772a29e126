#include "status/container_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "status/container_facts.h"
#include "status/end_text.h"
#include "status/page_frame.h"
#include "status/plot_path.h"
#include "status/units.h"

namespace tidegauge::status {
namespace {

// --- cells --------------------------------------------------------------------------------------

/// A cell of the column `key`, with the value that the column is sorted by.
struct Cell {
  std::string_view key;
  std::optional<double> value;
  std::string title = {};
};

template <class Content>
void write_cell(Html& html, const Cell& cell, Content&& content) {
  const auto value = cell.value ? decimal_text(*cell.value, 6) : std::string();
  if (cell.title.empty()) {
    html.element("td", {{"role", "cell"}, {"data-key", cell.key}, {"data-value", value}},
                 std::forward<Content>(content));
  } else {
    html.element(
        "td",
        {{"role", "cell"}, {"data-key", cell.key}, {"data-value", value}, {"title", cell.title}},
        std::forward<Content>(content));
  }
}

/// A cell of a value that is not known. The row says why, where the reason is the container's.
void write_unknown(Html& html, std::string_view key) {
  write_cell(html, {.key = key, .value = std::nullopt}, std::string_view("–"));
}

std::string total_title(std::string_view name, std::optional<double> bytes_per_second) {
  if (!bytes_per_second) return std::string(name) + " not known";
  return std::string(name) + " " + decimal_text(*bytes_per_second, 0) + " bytes/s";
}

void write_state(Html& html, const ContainerFacts& facts) {
  if (!facts.record.state_known) {
    write_cell(html, {.key = "state", .value = std::nullopt, .title = "the Engine is down"},
               [&] { html.element("span", {{"class", "state unknown"}}, "not known"); });
    return;
  }
  const auto name = to_string(facts.container().state);
  const auto style = "state " + std::string(name);
  write_cell(html, {.key = "state", .value = static_cast<double>(facts.container().state)}, [&] {
    html.element("span", {{"class", style}}, name);
    if (facts.record.stuck) html.element("span", {{"class", "state stuck"}}, "stuck");
  });
}

void write_health(Html& html, const ContainerFacts& facts) {
  const auto health = model::current_health(facts.container());
  if (health == model::Health::none || !facts.record.state_known) {
    return write_unknown(html, "health");
  }
  const auto style = "health " + std::string(to_string(health));
  write_cell(html, {.key = "health", .value = static_cast<double>(health)},
             [&] { html.element("span", {{"class", style}}, to_string(health)); });
}

void write_restarts(Html& html, const ContainerFacts& facts) {
  if (facts.lifecycle == nullptr) return write_unknown(html, "restarts");
  const auto restarts = facts.lifecycle->restarts;
  write_cell(html, {.key = "restarts", .value = static_cast<double>(restarts)},
             with_commas(restarts));
}

void write_last_end(Html& html, const ContainerFacts& facts, WallTime now) {
  if (facts.last_end == nullptr) return write_unknown(html, "last_end");
  const auto& end = *facts.last_end;
  const auto style = "cause " + std::string(to_string(end.cause));
  write_cell(html,
             {.key = "last_end", .value = to_unix_seconds(end.ended_at), .title = end_summary(end)},
             [&] {
               html.element("span", {{"class", style}}, to_string(end.cause));
               html.text(" ");
               write_ago(html, end.ended_at, now);
             });
}

void write_cpu(Html& html, const ContainerFacts& facts) {
  const auto cores = facts.rate(Measure::cpu);
  if (!cores) return write_unknown(html, "cpu");
  constexpr double smallest_top = 0.05;  // cores: what idles shows as a flat line
  const auto& plot = (*facts.history)[Measure::cpu];
  write_cell(
      html,
      {.key = "cpu", .value = cores, .title = decimal_text(*cores, 4) + " cores of CPU in use"},
      [&] {
        html.element("span", {{"class", "number"}}, percent_text(*cores));
        write_small_plot(html, plot, std::max(smallest_top, greatest(plot)));
      });
}

void write_memory(Html& html, const ContainerFacts& facts) {
  const auto used = facts.memory_bytes();
  if (!used) return write_unknown(html, "memory");
  const auto limit = facts.container().limits.memory_bytes;
  const auto title = exact_bytes(*used) + (limit ? " of " + exact_bytes(*limit) : "");
  const auto bytes = static_cast<double>(*used);
  write_cell(html, {.key = "memory", .value = bytes, .title = title}, [&] {
    html.element("span", {{"class", "number"}}, bytes_text(bytes));
    if (limit && *limit > 0) {
      html.element("span", {{"class", "limit"}}, " / " + bytes_text(static_cast<double>(*limit)));
      write_meter(html, bytes / static_cast<double>(*limit));
    }
    if (!facts.history) return;
    // Against its own greatest value: against a high limit, nothing would be seen.
    const auto& plot = (*facts.history)[Measure::memory];
    write_small_plot(html, plot, greatest(plot));
  });
}

/// Two rates in one cell, sorted by their sum.
struct RatePair {
  std::string_view key;
  Measure in, out;
  std::string_view in_name, out_name;
  std::string_view in_sign, out_sign;
};
constexpr RatePair network_rates{.key = "network",
                                 .in = Measure::network_receive,
                                 .out = Measure::network_transmit,
                                 .in_name = "received",
                                 .out_name = "transmitted",
                                 .in_sign = "↓",
                                 .out_sign = "↑"};
constexpr RatePair disk_rates{.key = "disk",
                              .in = Measure::disk_read,
                              .out = Measure::disk_write,
                              .in_name = "read",
                              .out_name = "written",
                              .in_sign = "r",
                              .out_sign = "w"};

void write_rates(Html& html, const ContainerFacts& facts, const RatePair& pair) {
  const auto in = facts.rate(pair.in);
  const auto out = facts.rate(pair.out);
  if (!in && !out) return write_unknown(html, pair.key);
  write_cell(html,
             {.key = pair.key,
              .value = in.value_or(0) + out.value_or(0),
              .title = total_title(pair.in_name, in) + ", " + total_title(pair.out_name, out)},
             [&] {
               const auto write = [&](std::string_view sign, std::optional<double> rate) {
                 html.element("span", {{"class", "rate"}},
                              std::string(sign) + " " + (rate ? rate_text(*rate) : "–"));
               };
               write(pair.in_sign, in);
               write(pair.out_sign, out);
             });
}

void write_pids(Html& html, const ContainerFacts& facts) {
  const auto& stats = facts.record.stats;
  if (!stats || !stats->pids) return write_unknown(html, "pids");
  const auto limit = stats->pids_limit;
  write_cell(html,
             {.key = "pids",
              .value = static_cast<double>(*stats->pids),
              .title = limit ? "at most " + with_commas(*limit) : std::string()},
             with_commas(*stats->pids));
}

void write_pressure(Html& html, const ContainerFacts& facts) {
  const auto pressure = facts.pressure();
  if (!pressure) return write_unknown(html, "pressure");
  const auto& latest = facts.history->latest;
  const auto part = [](std::string_view name, std::optional<double> share) {
    return std::string(name) + " " + (share ? percent_text(*share) : "not known");
  };
  write_cell(html,
             {.key = "pressure",
              .value = pressure,
              .title = "processes wait for: " + part("CPU", latest.cpu_waiting_share) + ", " +
                       part("memory", latest.memory_waiting_share) + ", " +
                       part("I/O", latest.io_waiting_share) + " of the time"},
             percent_text(*pressure));
}

void write_age(Html& html, const ContainerFacts& facts, WallTime now) {
  const auto& container = facts.container();
  const bool runs = model::has_processes(container.state);
  const auto since = runs && container.started_at ? container.started_at : container.created_at;
  if (!since) return write_unknown(html, "age");
  const auto seconds = to_seconds(now - *since);
  write_cell(html, {.key = "age", .value = seconds},
             [&] { write_time(html, *since, duration_text(seconds)); });
}

// --- columns ------------------------------------------------------------------------------------

struct Column {
  Literal key;
  std::string_view heading;
  std::string_view explanation;
  void (*write)(Html&, const ContainerFacts&, WallTime now);
};

/// The first column is the name, which is the heading of its row.
constexpr std::array columns{
    Column{"state", "State", "as the Engine says",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_state(html, facts); }},
    Column{"health", "Health", "the result of its health check",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_health(html, facts); }},
    Column{"restarts", "Restarts", "of the containers of this name, as long as they are counted",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_restarts(html, facts); }},
    Column{"last_end", "Last end", "why and when its last run ended", write_last_end},
    Column{"cpu", "CPU", "100 % is one core; the line shows the last 15 minutes",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_cpu(html, facts); }},
    Column{"memory", "Memory", "the working set, against the limit; the line shows 15 minutes",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_memory(html, facts); }},
    Column{"network", "Network", "received and transmitted, over all interfaces",
           [](Html& html, const ContainerFacts& facts, WallTime) {
             write_rates(html, facts, network_rates);
           }},
    Column{"disk", "Disk", "read and written, over all devices",
           [](Html& html, const ContainerFacts& facts, WallTime) {
             write_rates(html, facts, disk_rates);
           }},
    Column{"pids", "PIDs", "processes and threads",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_pids(html, facts); }},
    Column{"pressure", "Pressure",
           "the share of the time that processes wait for a resource; the kernel counts it "
           "with cgroup v2",
           [](Html& html, const ContainerFacts& facts, WallTime) { write_pressure(html, facts); }},
    Column{"age", "Age", "since its start; of what does not run, since it was created", write_age}};

void write_heading(Html& html) {
  html.element("thead", {{"role", "rowgroup"}}, [&] {
    html.element("tr", {{"role", "row"}}, [&] {
      html.element("th", {{"scope", "col"}, {"role", "columnheader"}, {"data-sort", "name"}},
                   "Name");
      for (const auto& column : columns) {
        html.element("th",
                     {{"scope", "col"},
                      {"role", "columnheader"},
                      {"data-sort", column.key.text()},
                      {"title", column.explanation}},
                     column.heading);
      }
    });
  });
}

void write_row(Html& html, const ContainerFacts& facts, WallTime now) {
  const auto& name = facts.container().name;
  const auto key = facts.engine.endpoint + "/" + name;
  const auto image = shortened(facts.container().image, 256);
  html.element("tr", {{"role", "row"}, {"class", "container"}, {"data-key", key}}, [&] {
    html.element("th", {{"scope", "row"}, {"role", "rowheader"}, {"title", image}},
                 [&] { write_container_name(html, facts.engine, name); });
    for (const auto& column : columns) column.write(html, facts, now);
  });
}

// --- groups -------------------------------------------------------------------------------------

/// The containers of one Compose project, or all of an Engine that belong to none.
struct Group {
  std::string endpoint;
  std::string project;  ///< empty: none
  std::vector<ContainerFacts> containers;
};

/// Sums over those that are known.
struct Sums {
  std::size_t containers = 0;
  std::size_t running = 0;
  std::size_t unknown = 0;  ///< in state
  std::uint64_t restarts = 0;
  double cores = 0;
  double memory_bytes = 0;
  double network = 0;
  double disk = 0;
  std::uint64_t pids = 0;
};

void add_to(Sums& sums, const ContainerFacts& facts) {
  const auto both = [&](Measure a, Measure b) {
    return facts.rate(a).value_or(0) + facts.rate(b).value_or(0);
  };
  ++sums.containers;
  if (!facts.record.state_known) {
    ++sums.unknown;
  } else if (facts.container().state == model::ContainerState::running) {
    ++sums.running;
  }
  if (facts.lifecycle != nullptr) sums.restarts += facts.lifecycle->restarts;
  sums.cores += facts.rate(Measure::cpu).value_or(0);
  sums.memory_bytes += static_cast<double>(facts.memory_bytes().value_or(0));
  sums.network += both(Measure::network_receive, Measure::network_transmit);
  sums.disk += both(Measure::disk_read, Measure::disk_write);
  if (facts.record.stats) sums.pids += facts.record.stats->pids.value_or(0);
}

std::string running_text(const Sums& sums) {
  auto text = std::to_string(sums.running) + " of " + std::to_string(sums.containers) + " run";
  if (sums.unknown > 0) text += ", " + std::to_string(sums.unknown) + " not known";
  return text;
}

void write_group_heading(Html& html, const Group& group, bool names_engine) {
  Sums sums;
  for (const auto& facts : group.containers) add_to(sums, facts);
  auto title = group.project.empty() ? "no project" : group.project;
  if (names_engine) title = group.endpoint + ": " + title;
  const auto cell = [&](std::string_view key, std::optional<double> value, std::string_view text) {
    write_cell(html, {.key = key, .value = value}, text);
  };
  const auto number = [&](std::string_view key, double value, std::string_view text) {
    write_cell(html, {.key = key, .value = value},
               [&] { html.element("span", {{"class", "number"}}, text); });
  };
  html.element("tr", {{"role", "row"}, {"class", "group"}}, [&] {
    html.element("th", {{"scope", "rowgroup"}, {"role", "rowheader"}}, title);
    cell("state", std::nullopt, running_text(sums));
    cell("health", std::nullopt, "");
    cell("restarts", static_cast<double>(sums.restarts), with_commas(sums.restarts));
    cell("last_end", std::nullopt, "");
    number("cpu", sums.cores, percent_text(sums.cores));
    number("memory", sums.memory_bytes, bytes_text(sums.memory_bytes));
    cell("network", sums.network, rate_text(sums.network));
    cell("disk", sums.disk, rate_text(sums.disk));
    cell("pids", static_cast<double>(sums.pids), with_commas(sums.pids));
    cell("pressure", std::nullopt, "");
    cell("age", std::nullopt, "");
  });
}

void write_totals(Html& html, const std::vector<Group>& groups) {
  Sums sums;
  for (const auto& group : groups) {
    for (const auto& facts : group.containers) add_to(sums, facts);
  }
  html.element("p", {{"class", "totals"}},
               running_text(sums) + ". Together: " + percent_text(sums.cores) + " CPU, " +
                   bytes_text(sums.memory_bytes) + " memory, " + rate_text(sums.network) +
                   " network, " + rate_text(sums.disk) + " disk, " + with_commas(sums.pids) +
                   " processes and threads, " + with_commas(sums.restarts) + " restarts.");
}

/// By Engine and project; what belongs to no project comes last.
std::vector<Group> groups_of(const StatusInput& input) {
  std::vector<Group> groups;
  for (const auto& engine : input.engines) {
    const FactsOf facts_of(*engine, input.history);
    std::map<std::pair<bool, std::string>, Group> by_project;
    for (const auto& record : engine->containers) {
      auto facts = facts_of(record);
      const std::string project(facts.project());
      auto& group = by_project[{project.empty(), project}];
      group.endpoint = engine->endpoint;
      group.project = project;
      group.containers.push_back(std::move(facts));
    }
    for (auto& [key, group] : by_project) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

void write_container_table(Html& html, const StatusInput& input) {
  const auto groups = groups_of(input);
  write_totals(html, groups);
  write_wide(html, "containers", [&] {
    html.element("table", {{"id", "container-table"}, {"role", "table"}}, [&] {
      html.element("caption", {}, "All containers that are watched");
      write_heading(html);
      for (const auto& group : groups) {
        const auto key = group.endpoint + "/" + group.project;
        html.element("tbody", {{"role", "rowgroup"}, {"data-group", key}}, [&] {
          if (groups.size() > 1) write_group_heading(html, group, input.engines.size() > 1);
          for (const auto& facts : group.containers) write_row(html, facts, input.now);
        });
      }
    });
  });
}

}  // namespace tidegauge::status
