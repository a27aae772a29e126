#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "status/container_facts.h"
#include "status/end_text.h"
#include "status/page_frame.h"
#include "status/plot_path.h"
#include "status/units.h"
#include "tidegauge/status/pages.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::status {
namespace {

constexpr RelativePath root = "../../";
constexpr std::size_t ends_shown = 20;

void write_note(Html& html, std::string_view text) {
  html.element("p", {{"class", "detail"}}, text);
}

// --- who it is ----------------------------------------------------------------------------------

void write_time_fact(Html& html, std::string_view term, std::optional<WallTime> time,
                     WallTime now) {
  if (!time) return;
  html.element("div", {}, [&] {
    html.element("dt", {}, term);
    html.element("dd", {}, [&] { write_ago(html, *time, now); });
  });
}

void write_state(Html& html, const ContainerFacts& facts) {
  const auto& container = facts.container();
  const auto state = facts.record.state_known ? to_string(container.state) : "unknown";
  const auto state_style = "state " + std::string(state);
  html.element("p", {{"class", "badges"}}, [&] {
    html.element("span", {{"class", state_style}}, state);
    if (model::current_health(container) != model::Health::none) {
      const auto style = "health " + std::string(to_string(model::current_health(container)));
      html.element("span", {{"class", style}}, to_string(model::current_health(container)));
    }
    if (facts.record.stuck) html.element("span", {{"class", "state stuck"}}, "stuck");
  });
}

/// What the page does not know, and why.
void write_gaps(Html& html, const ContainerFacts& facts, WallTime now) {
  const auto& record = facts.record;
  if (!facts.engine.up) write_note(html, "The Engine is down: " + facts.engine.down_reason);
  if (record.stuck) {
    write_note(html,
               "Calls about this container do not end or are refused for a while (quarantine), so "
               "what the Engine says of it may be old.");
  }
  if (!model::has_processes(facts.container().state)) {
    write_note(html, "It has no processes, so there are no numbers of its use.");
  } else if (!record.stats) {
    write_note(html, "There is no sample of its use: the last one has failed, or none was taken.");
  } else {
    const auto source = record.stats->source == model::StatsSource::kernel
                            ? "The numbers are from the kernel's files, "
                            : "The numbers are from the Engine, ";
    write_note(html, source + ago_text(record.stats->read_at, now) + ".");
  }
  if (record.collect_errors > 0) {
    write_note(html, with_commas(record.collect_errors) +
                         " calls about it have failed since tidegauge started.");
  }
}

void write_identity(Html& html, const ContainerFacts& facts, WallTime now) {
  const auto& container = facts.container();
  html.element("dl", {{"class", "facts"}}, [&] {
    write_fact(html, "Engine", facts.engine.endpoint);
    write_fact(html, "Image", container.image, container.image_id);
    write_fact(html, "Id", container.id.substr(0, 12), container.id);
    write_fact(html, "Compose project", facts.project());
    write_time_fact(html, "Created", container.created_at, now);
    write_time_fact(html, "Started", container.started_at, now);
    if (!model::has_processes(container.state)) {
      write_time_fact(html, "Ended", container.finished_at, now);
      write_fact(html, "Exit code",
                 container.exit_code ? std::to_string(*container.exit_code) : "");
    }
    write_fact(html, "Start error", container.start_error);
    write_fact(html, "Restart policy", container.restart_policy);
    if (facts.lifecycle != nullptr) {
      write_fact(html, "Restarts", with_commas(facts.lifecycle->restarts),
                 "since " + to_rfc3339(facts.lifecycle->counted_since, Decimals::milliseconds));
    }
    write_fact(html, "Control group", facts.record.cgroup_path);
    if (const auto& layer = facts.record.layer) {
      write_fact(html, "Writable layer", bytes_text(static_cast<double>(layer->bytes)),
                 exact_bytes(layer->bytes));
    }
  });
}

// --- plots --------------------------------------------------------------------------------------

struct LargePlot {
  Measure measure;
  std::string_view name;
  std::string (*text)(double);
};
constexpr std::array large_plots{
    LargePlot{Measure::cpu, "CPU", percent_text},
    LargePlot{Measure::memory, "Memory", bytes_text},
    LargePlot{Measure::network_receive, "Network, received", rate_text},
    LargePlot{Measure::network_transmit, "Network, transmitted", rate_text},
    LargePlot{Measure::disk_read, "Disk, read", rate_text},
    LargePlot{Measure::disk_write, "Disk, written", rate_text}};

bool is_known(const Plot& plot) {
  return std::ranges::any_of(plot, [](float value) { return value == value; });  // not NaN
}

void write_plot(Html& html, const LargePlot& kind, const ContainerHistory& history) {
  constexpr int height = 40;
  const auto& plot = history[kind.measure];
  if (!is_known(plot)) return;
  const auto latest = history.latest[kind.measure];
  const auto top = std::max(greatest(plot), latest.value_or(0));  // which may be of a step to come
  const auto text = std::string(kind.name) + ": " + (latest ? kind.text(*latest) : "not known") +
                    " now, at most " + kind.text(top) + " in 15 min";
  html.element("figure", {}, [&] {
    html.element("figcaption", {}, text);
    html.element("svg",
                 {{"class", "plot large"},
                  {"viewBox", "0 -1 89 42"},
                  {"preserveAspectRatio", "none"},
                  {"role", "img"},
                  {"aria-label", text}},
                 [&] { html.element("path", {{"d", plot_path(plot, top, height)}}, ""); });
  });
}

void write_plots(Html& html, const ContainerFacts& facts) {
  write_section(html, "plots", "The last 15 minutes", [&] {
    if (!facts.history) {
      write_note(html, "No history is kept of it: there are more than " +
                           with_commas(History::most_containers) +
                           " containers, or it was not seen yet.");
      return;
    }
    const auto& plots = facts.history->plots;
    if (std::ranges::none_of(plots, is_known)) {
      write_note(html, "Nothing was measured in this time.");
      return;
    }
    html.element("div", {{"class", "plots"}}, [&] {
      for (const auto& kind : large_plots) write_plot(html, kind, *facts.history);
    });
  });
}

// --- limits -------------------------------------------------------------------------------------

void write_bytes_fact(Html& html, std::string_view term, std::optional<std::uint64_t> bytes) {
  if (bytes) write_fact(html, term, bytes_text(static_cast<double>(*bytes)), exact_bytes(*bytes));
}

void write_limits(Html& html, const ContainerFacts& facts) {
  const auto& limits = facts.container().limits;
  write_section(html, "limits", "Limits", [&] {
    html.element("dl", {{"class", "facts"}}, [&] {
      if (!limits.memory_bytes) write_fact(html, "Memory", "no limit");
      write_bytes_fact(html, "Memory", limits.memory_bytes);
      write_bytes_fact(html, "Memory, reserved", limits.memory_reservation_bytes);
      write_bytes_fact(html, "Memory and swap", limits.memory_swap_bytes);
      if (const auto cores = allowed_cores(limits)) {
        write_fact(html, "CPU", decimal_text(*cores, 2) + " cores",
                   with_commas(*limits.cpu_quota_us) + " of each " +
                       with_commas(*limits.cpu_period_us) + " microseconds");
      } else {
        write_fact(html, "CPU", "no limit");
      }
      if (limits.cpu_shares) write_fact(html, "CPU shares", with_commas(*limits.cpu_shares));
      write_fact(html, "Processes", limits.pids ? with_commas(*limits.pids) : "no limit");
      if (facts.history && facts.history->latest.throttled_share) {
        write_fact(html, "Throttled",
                   percent_text(*facts.history->latest.throttled_share) +
                       " of the periods of its CPU quota");
      }
    });
  });
}

// --- networks -----------------------------------------------------------------------------------

void write_interface(Html& html, const model::NetworkStats& network) {
  const auto cell = [&](std::optional<std::uint64_t> bytes) {
    if (!bytes) return html.element("td", {}, "–");
    html.element("td", {{"title", exact_bytes(*bytes)}}, bytes_text(static_cast<double>(*bytes)));
  };
  const auto count = [&](std::optional<std::uint64_t> errors,
                         std::optional<std::uint64_t> dropped) {
    const auto known = errors || dropped;
    html.element("td", {},
                 known ? with_commas(errors.value_or(0)) + " / " + with_commas(dropped.value_or(0))
                       : std::string("–"));
  };
  html.element("tr", {}, [&] {
    html.element("th", {{"scope", "row"}}, network.interface);
    cell(network.receive_bytes);
    count(network.receive_errors, network.receive_dropped);
    cell(network.transmit_bytes);
    count(network.transmit_errors, network.transmit_dropped);
  });
}

/// "shop_default: 172.28.5.3"; the name alone where the container has no address there.
std::string attachment_text(const model::AttachedNetwork& network) {
  auto text = network.name;
  for (const auto& address : {network.ipv4_address, network.ipv6_address}) {
    if (!address.empty()) text += (text.size() == network.name.size() ? ": " : ", ") + address;
  }
  return text;
}

void write_networks(Html& html, const ContainerFacts& facts) {
  write_section(html, "networks", "Networks", [&] {
    const auto& container = facts.container();
    html.element("dl", {{"class", "facts"}}, [&] {
      write_fact(html, "Network", container.network_mode);
      for (const auto& network : container.attached_networks) {
        const auto text = attachment_text(network);
        if (text != container.network_mode) write_fact(html, "Attached to", text);
      }
    });
    if (model::shares_network(container)) {
      write_note(html,
                 "It uses the network of the host or of another container, which has its traffic.");
      return;
    }
    if (!facts.record.stats || facts.record.stats->networks.empty()) {
      write_note(html, "No interface is known.");
      return;
    }
    write_wide(html, "networks", [&] {
      html.element("table", {}, [&] {
        write_table_head(
            html, {"Interface", "Received", "Errors / dropped", "Transmitted", "Errors / dropped"});
        html.element("tbody", {}, [&] {
          for (const auto& network : facts.record.stats->networks) write_interface(html, network);
        });
      });
    });
  });
}

// --- health -------------------------------------------------------------------------------------

void write_health(Html& html, const ContainerFacts& facts, WallTime now) {
  write_section(html, "health", "Health", [&] {
    const auto& container = facts.container();
    if (model::current_health(container) == model::Health::none) {
      write_note(html, "It has no health check, or does not run.");
      return;
    }
    html.element("dl", {{"class", "facts"}}, [&] {
      const auto& check = container.last_health_check;
      write_fact(html, "Now", to_string(model::current_health(container)));
      write_fact(
          html, "Failed in a row",
          container.health_failing_streak ? with_commas(*container.health_failing_streak) : "");
      write_fact(html, "Last exit code",
                 check.exit_code ? (*check.exit_code == -1 ? "none: ended at its timeout"
                                                           : std::to_string(*check.exit_code))
                                 : "");
      write_fact(html, "Last check took",
                 check.duration_seconds ? decimal_text(*check.duration_seconds, 3) + " s" : "");
    });
    if (!facts.history) return;
    html.element("ol", {{"class", "timeline"}}, [&] {
      for (const auto& change : facts.history->health) {
        const auto style = "health " + std::string(to_string(change.health));
        html.element("li", {}, [&] {
          write_ago(html, change.seen_at, now);
          html.text(" ");
          html.element(
              "span", {{"class", style}},
              change.health == model::Health::none ? "not checked" : to_string(change.health));
        });
      }
    });
  });
}

// --- ends ---------------------------------------------------------------------------------------

void write_evidence(Html& html, const model::Evidence& evidence) {
  const auto exact = to_rfc3339(evidence.at, Decimals::milliseconds);
  html.element("li", {}, [&] {
    html.element("time", {{"datetime", exact}, {"title", exact}}, exact.substr(11, 12));
    html.text(" ");
    html.element("span", {{"class", "source"}}, to_string(evidence.source));
    html.text(" ");
    html.text(evidence.text);
  });
}

void write_end(Html& html, const model::RunEnd& end, WallTime now) {
  const auto style = "cause " + std::string(to_string(end.cause));
  const auto key = std::to_string(end.number);
  html.element("li", {{"data-key", key}}, [&] {
    html.element("h3", {}, [&] {
      write_ago(html, end.ended_at, now);
      html.text(" ");
      html.element("span", {{"class", style}}, to_string(end.cause));
      html.text(" " + end_details(end));
      if (end.aftermath != model::Aftermath::none) {
        html.text(end.aftermath == model::Aftermath::gave_up
                      ? ", its policy does not start it again"
                      : ", then " + std::string(to_string(end.aftermath)));
      }
    });
    html.element("ol", {{"class", "evidence"}}, [&] {
      for (const auto& evidence : end.evidence) write_evidence(html, evidence);
    });
  });
}

void write_ends(Html& html, const ContainerFacts& facts, WallTime now) {
  std::vector<const model::RunEnd*> ends;
  if (facts.engine.ends) {
    for (auto end = facts.engine.ends->rbegin();
         end != facts.engine.ends->rend() && ends.size() < ends_shown; ++end) {
      if ((*end)->name == facts.container().name) ends.push_back(end->get());
    }
  }
  write_section(html, "ends", "Ends of its runs", [&] {
    if (ends.empty()) {
      write_note(html, "No end of a run is known.");
      return;
    }
    html.element("ol", {{"class", "timeline"}}, [&] {
      for (const auto* const end : ends) write_end(html, *end, now);
    });
  });
}

// --- labels, processes, log ---------------------------------------------------------------------

/// A label may have megabytes.
constexpr std::size_t longest_label = 2'000;

void write_labels(Html& html, const StatusInput& input, const ContainerFacts& facts) {
  write_section(html, "labels", "Labels", [&] {
    const auto& labels = facts.container().labels;
    if (labels.empty()) {
      write_note(html, "It has none.");
      return;
    }
    if (!input.show_all_labels) {
      write_note(html,
                 "Only the labels of container_monitor.labels are shown here. All are shown to "
                 "users of this machine and to clients that had to show who they are.");
    }
    html.element("dl", {{"class", "labels"}}, [&] {
      for (const auto& label : labels) {
        if (!input.shows_label(label.first)) continue;
        html.element("div", {}, [&] {
          html.element("dt", {}, shortened(label.first, longest_label));
          html.element("dd", {}, shortened(label.second, longest_label));
        });
      }
    });
  });
}

void write_processes(Html& html, const StatusInput& input,
                     const std::optional<std::vector<std::string>>& processes) {
  write_section(html, "processes", "Processes", [&] {
    if (!input.show_processes) {
      write_note(html,
                 "Their names are not shown: web.show_processes is off, or they are not for this "
                 "client.");
    } else if (!processes) {
      write_note(html, "They are not known: the kernel's files do not show them here.");
    } else {
      html.element("ul", {{"class", "processes"}}, [&] {
        for (const auto& name : *processes) html.element("li", {}, name);
      });
    }
  });
}

void write_log(Html& html, const StatusInput& input, const ContainerFacts& facts) {
  write_section(html, "log", "Log", [&] {
    if (!input.show_logs) {
      write_note(html, "It is not shown: web.show_logs is off, or it is not for this client.");
      return;
    }
    RelativeUrl url(root, "api/v1/logs/");
    url.add_segment(facts.engine.endpoint).add_segment(facts.container().name);
    html.link(url, "Show the last 100 lines", {{"id", "show-log"}});
  });
}

}  // namespace

std::optional<std::string> container_page(
    const StatusInput& input, std::string_view endpoint, std::string_view name,
    const std::optional<std::vector<std::string>>& processes) {
  const auto* const engine = model::find_engine(input.engines, endpoint);
  if (engine == nullptr) return std::nullopt;
  const auto* const record = model::find_container(*engine, name);
  if (record == nullptr) return std::nullopt;
  const auto facts = FactsOf(*engine, input.history)(*record);
  const PageFrame frame{.kind = "container", .root = root, .title = std::string(name)};
  return page(frame, input, [&](Html& html) {
    html.element("h1", {}, name);
    write_state(html, facts);
    write_gaps(html, facts, input.now);
    write_identity(html, facts, input.now);
    write_plots(html, facts);
    write_limits(html, facts);
    write_networks(html, facts);
    write_health(html, facts, input.now);
    write_ends(html, facts, input.now);
    write_processes(html, input, processes);
    write_log(html, input, facts);
    write_labels(html, input, facts);
  });
}

}  // namespace tidegauge::status
