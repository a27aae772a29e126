#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "status/container_table.h"
#include "status/end_text.h"
#include "status/page_frame.h"
#include "status/plot_path.h"
#include "status/problems.h"
#include "status/units.h"
#include "tidegauge/status/pages.h"

namespace tidegauge::status {
namespace {

constexpr std::size_t ends_shown = 10;

void write_cell(Html& html, std::string_view text) {
  html.element("td", {}, text);
}

// --- what needs attention -----------------------------------------------------------------------

void write_problem(Html& html, const Problem& problem, const StatusInput& input) {
  const bool is_bad = problem.severity == Severity::bad;
  html.element("li", {{"class", is_bad ? "bad" : "warning"}}, [&] {
    html.element("strong", {}, problem.kind);
    html.text(" ");
    const auto* const engine = model::find_engine(input.engines, problem.endpoint);
    if (!problem.container.empty() && engine != nullptr) {
      write_container_name(html, *engine, problem.container);
    }
    if (problem.container.empty() || input.engines.size() > 1) {
      html.element("span", {{"class", "endpoint"}}, problem.endpoint);
    }
    html.text(" ");
    html.element("span", {{"class", "detail"}}, problem.text);
  });
}

void write_attention(Html& html, const StatusInput& input) {
  const auto problems = find_problems(input);
  const auto heading = problems.empty()
                           ? std::string("Needs attention")
                           : "Needs attention (" + std::to_string(problems.size()) + ")";
  write_section(html, "attention", heading, [&] {
    if (problems.empty()) {
      html.element("p", {{"class", "all-well"}}, "Nothing, as far as tidegauge knows.");
      return;
    }
    html.element("ul", {{"class", "problems"}}, [&] {
      for (const auto& problem : problems) {
        write_problem(html, problem, input);
      }
    });
  });
}

// --- Engines ------------------------------------------------------------------------------------

std::string count_of(std::uint64_t count, std::string_view what) {
  return with_commas(count).append(" ").append(what);
}

/// "12 running, 3 exited"; states without containers are left out.
std::string containers_by_state(const model::EngineSnapshot& engine) {
  std::string text;
  for (const auto state : model::container_states) {
    const auto count = engine.containers_by_state[static_cast<std::size_t>(state)];
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += count_of(count, to_string(state));
  }
  return text.empty() ? "none" : text;
}

std::string source_of(const model::EngineSnapshot& engine) {
  std::size_t kernel = 0;
  std::size_t other = 0;
  for (const auto& record : engine.containers) {
    if (!record.stats) continue;
    ++(record.stats->source == model::StatsSource::kernel ? kernel : other);
  }
  if (kernel == 0 && other == 0) return "–";
  if (other == 0) return "kernel";
  if (kernel == 0) return "Engine";
  return count_of(kernel, "by the kernel, ") + count_of(other, "by the Engine");
}

void write_engine_state(Html& html, const model::EngineSnapshot& engine, const StatusInput& input) {
  html.element("td", {}, [&] {
    if (engine.up) {
      html.element("span", {{"class", "state running"}}, "up");
    } else {
      html.element("span", {{"class", "state dead"}}, engine.stale ? "stale" : "down");
    }
    if (const auto spell = input.history.spell(engine.endpoint); spell && spell->up == engine.up) {
      if (spell->is_longer) {
        html.text(" for at least " + duration_text(to_seconds(input.now - spell->since)));
      } else {
        html.text(" since ");
        write_ago(html, spell->since, input.now);
      }
    }
    if (!engine.up) html.element("div", {{"class", "detail"}}, engine.down_reason);
  });
}

void write_engine(Html& html, const model::EngineSnapshot& engine, const StatusInput& input) {
  const auto& version = engine.version;
  html.element("tr", {{"data-key", engine.endpoint}}, [&] {
    html.element("th", {{"scope", "row"}}, engine.endpoint);
    write_engine_state(html, engine, input);
    write_cell(html, !version ? "–" : (version->is_podman ? "Podman " : "") + version->version);
    write_cell(html,
               engine.negotiated_api_version ? to_string(*engine.negotiated_api_version) : "–");
    write_cell(html, engine.info ? "v" + std::to_string(engine.info->cgroup_version) + ", " +
                                       engine.info->cgroup_driver
                                 : "–");
    write_cell(html, source_of(engine));
    write_cell(html, engine.up ? containers_by_state(engine)
                               : count_of(engine.containers.size(), "seen by the kernel"));
  });
}

void write_engines(Html& html, const StatusInput& input) {
  write_section(html, "engines", input.engines.size() == 1 ? "Engine" : "Engines", [&] {
    write_wide(html, "engines", [&] {
      html.element("table", {}, [&] {
        write_table_head(
            html, {"Engine", "State", "Version", "API", "cgroup", "Numbers from", "Containers"});
        html.element("tbody", {}, [&] {
          for (const auto& engine : input.engines) write_engine(html, *engine, input);
        });
      });
    });
  });
}

// --- the machine --------------------------------------------------------------------------------

/// A number with a bar and a plot.
void write_tile(Html& html, std::string_view name, std::string_view text, std::string_view exact,
                std::optional<double> share, const Plot* plot) {
  html.element("div", {{"class", "tile"}}, [&] {
    html.element("dt", {}, name);
    html.element("dd", {{"title", exact}}, [&] {
      html.element("span", {{"class", "number"}}, text);
      if (share) write_meter(html, *share);
      if (plot != nullptr) write_small_plot(html, *plot, greatest(*plot));
    });
  });
}

void write_machine_cpu(Html& html, const model::EngineSnapshot& engine,
                       const ContainerHistory* history) {
  const auto cores = history == nullptr ? std::nullopt : history->latest[Measure::cpu];
  if (!cores) return;
  const auto cpus = engine.info ? engine.info->cpus : std::nullopt;
  const auto all = cpus.value_or(0) > 0 ? std::optional<double>(*cpus) : std::nullopt;
  write_tile(html, "CPU",
             all ? percent_text(*cores / *all) + " of " + count_of(*cpus, "cores")
                 : decimal_text(*cores, 2) + " cores",
             decimal_text(*cores, 4) + " cores in use",
             all ? std::optional(*cores / *all) : std::nullopt, &(*history)[Measure::cpu]);
}

void write_machine_memory(Html& html, const model::HostStats& host,
                          const ContainerHistory* history) {
  if (!host.use.memory) return;
  const auto used = model::memory_in_use(*host.use.memory);
  const auto total = host.memory_bytes;
  const auto bytes = static_cast<double>(used);
  write_tile(
      html, "Memory",
      bytes_text(bytes) + (total ? " of " + bytes_text(static_cast<double>(*total)) : ""),
      exact_bytes(used) + (total ? " of " + exact_bytes(*total) : ""),
      total && *total > 0 ? std::optional(bytes / static_cast<double>(*total)) : std::nullopt,
      history == nullptr ? nullptr : &(*history)[Measure::memory]);
}

void write_machine_pressure(Html& html, const ContainerHistory* history) {
  if (history == nullptr) return;
  const auto& latest = history->latest;
  const std::array parts{std::pair{"CPU", latest.cpu_waiting_share},
                         std::pair{"memory", latest.memory_waiting_share},
                         std::pair{"I/O", latest.io_waiting_share}};
  std::string text;
  for (const auto& [name, share] : parts) {
    if (!share) continue;
    if (!text.empty()) text += ", ";
    text.append(name).append(" ").append(percent_text(*share));
  }
  if (text.empty()) return;
  write_tile(html, "Pressure", text, "the share of the time that some process waits", std::nullopt,
             nullptr);
}

void write_machine_rates(Html& html, const ContainerHistory* history) {
  if (history == nullptr) return;
  const auto& latest = history->latest;
  const auto tile = [&](std::string_view name, Measure in, std::string_view in_name, Measure out,
                        std::string_view out_name) {
    if (!latest[in] || !latest[out]) return;
    const auto part = [](std::string_view what, double rate) {
      return std::string(what) + " " + rate_text(rate);
    };
    write_tile(html, name, part(in_name, *latest[in]) + ", " + part(out_name, *latest[out]),
               decimal_text(*latest[in], 0) + " and " + decimal_text(*latest[out], 0) + " bytes/s",
               std::nullopt, &(*history)[in]);
  };
  tile("Network", Measure::network_receive, "in", Measure::network_transmit, "out");
  tile("Disks", Measure::disk_read, "read", Measure::disk_write, "written");
}

void write_filesystem(Html& html, const model::FilesystemStats& filesystem,
                      std::string_view engine_device) {
  auto name = filesystem.device;
  if (!name.empty() && name == engine_device) name += " (Engine's data)";
  const auto used = static_cast<double>(filesystem.usage_bytes);
  const auto size = filesystem.limit_bytes;
  write_tile(
      html, name, bytes_text(used) + (size ? " of " + bytes_text(static_cast<double>(*size)) : ""),
      exact_bytes(filesystem.usage_bytes) + (size ? " of " + exact_bytes(*size) : ""),
      size && *size > 0 ? std::optional(used / static_cast<double>(*size)) : std::nullopt, nullptr);
}

/// The first Engine on a machine whose numbers are known: all local ones share it.
const model::EngineSnapshot* local_engine(const StatusInput& input) {
  const auto found = std::ranges::find_if(
      input.engines, [](const auto& engine) { return engine->host != nullptr; });
  return found == input.engines.end() ? nullptr : found->get();
}

void write_machine(Html& html, const StatusInput& input) {
  write_section(html, "machine", "Machine", [&] {
    const auto* const engine = local_engine(input);
    if (engine == nullptr) {
      html.element("p", {{"class", "detail"}},
                   "Its numbers are not known: the kernel's files are not visible here "
                   "(path.procfs, path.sysfs), or no Engine runs on this machine.");
      return;
    }
    const auto history = input.history.machine(engine->endpoint);
    html.element("dl", {{"class", "tiles"}}, [&] {
      write_machine_cpu(html, *engine, history.get());
      write_machine_memory(html, *engine->host, history.get());
      write_machine_pressure(html, history.get());
      write_machine_rates(html, history.get());
      for (const auto& filesystem : engine->host->filesystems) {
        write_filesystem(html, filesystem, engine->host->engine_device);
      }
    });
  });
}

// --- the last ends ------------------------------------------------------------------------------

struct ShownEnd {
  const model::EngineSnapshot* engine;
  const model::RunEnd* end;
};

/// Ends are kept in the order in which they were found, which is not always that of time.
std::vector<ShownEnd> latest_ends(const StatusInput& input) {
  std::vector<ShownEnd> shown;
  for (const auto& engine : input.engines) {
    if (!engine->ends) continue;
    for (const auto& end : *engine->ends) shown.push_back({engine.get(), end.get()});
  }
  std::ranges::sort(shown, std::ranges::greater{}, [](const ShownEnd& one) {
    return std::pair(one.end->ended_at, one.end->number);
  });
  shown.resize(std::min(shown.size(), ends_shown));
  return shown;
}

void write_end(Html& html, const ShownEnd& shown, WallTime now) {
  const auto& end = *shown.end;
  const auto key = shown.engine->endpoint + "/" + std::to_string(end.number);
  const auto style = "cause " + std::string(to_string(end.cause));
  html.element("tr", {{"data-key", key}}, [&] {
    html.element("td", {}, [&] { write_ago(html, end.ended_at, now); });
    html.element("th", {{"scope", "row"}},
                 [&] { write_container_name(html, *shown.engine, end.name); });
    html.element("td", {}, [&] { html.element("span", {{"class", style}}, to_string(end.cause)); });
    write_cell(html, end.exit_code ? std::to_string(*end.exit_code) : "–");
    const auto seconds = duration_seconds(end);
    write_cell(html, seconds ? duration_text(*seconds) : "–");
    html.element("td", {{"class", "detail"}}, telling_evidence(end));
  });
}

void write_ends(Html& html, const StatusInput& input) {
  write_section(html, "ends", "Last ends", [&] {
    const auto ends = latest_ends(input);
    if (ends.empty()) {
      html.element("p", {{"class", "detail"}}, "No end of a run is known.");
      return;
    }
    write_wide(html, "ends", [&] {
      html.element("table", {}, [&] {
        write_table_head(html, {"When", "Container", "Cause", "Exit code", "Ran for", "Evidence"});
        html.element("tbody", {}, [&] {
          for (const auto& end : ends) write_end(html, end, input.now);
        });
      });
    });
    html.element("p", {},
                 [&] { html.link({"api/v1/exits"}, "All ends with their evidence, as JSON"); });
  });
}

// --- containers ---------------------------------------------------------------------------------

void write_containers(Html& html, const StatusInput& input) {
  write_section(html, "containers", "Containers", [&] {
    std::size_t count = 0;
    for (const auto& engine : input.engines) count += engine->containers.size();
    html.element("p", {{"id", "shown"}, {"role", "status"}}, count_of(count, "containers"));
    if (std::ranges::any_of(input.engines, [](const auto& engine) { return !engine->up; })) {
      html.element("p", {{"class", "detail"}},
                   "While an Engine is down, only containers that the kernel shows are here, and "
                   "nothing is known of their state and health.");
    }
    if (count == 0) return;
    write_container_table(html, input);
  });
}

}  // namespace

std::string overview_page(const StatusInput& input) {
  return page({.kind = "overview", .root = "", .title = "Overview"}, input, [&](Html& html) {
    html.element("h1", {{"class", "unseen"}}, "Overview of " + input.host_name);
    write_attention(html, input);
    write_engines(html, input);
    write_machine(html, input);
    write_ends(html, input);
    write_containers(html, input);
  });
}

}  // namespace tidegauge::status
