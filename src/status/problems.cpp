#include "status/problems.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "status/end_text.h"
#include "status/units.h"

namespace tidegauge::status {
namespace {

using namespace std::chrono_literals;
using model::EndCause;

// From here on it is a problem.
constexpr double nearly_full = 0.9;
constexpr double full = 0.97;
constexpr double throttled_often = 0.25;  // of the periods of the quota
constexpr double waits_often = 0.25;      // of the time
constexpr int restarts_of_loop = 3;       // within loop_window
constexpr auto loop_window = 15min;
constexpr auto memory_kill_window = 1h;  // how long a kill for memory is told after a new start
constexpr auto failure_window = 24h;     // how long a failure is told of what does not run

class Finder {
 public:
  explicit Finder(const StatusInput& input) : input_(input) {}

  std::vector<Problem> find() {
    for (const auto& engine : input_.engines) look_at(*engine);
    for (const auto& pool : input_.pools) look_at(pool);
    std::ranges::move(warnings_, std::back_inserter(bad_));
    return std::move(bad_);
  }

 private:
  /// By name: a container that is made anew by Compose loops as one that is restarted does.
  using RestartsByName = std::unordered_map<std::string_view, int>;
  using LastEnds = std::map<std::string_view, const model::RunEnd*>;  ///< by name
  struct Subject {
    const model::EngineSnapshot& engine;
    const model::ContainerRecord& record;
  };

  void add(Severity severity, std::string_view kind, std::string_view endpoint,
           std::string_view container, std::string text) {
    auto& problems = severity == Severity::bad ? bad_ : warnings_;
    problems.push_back({.severity = severity,
                        .kind = kind,
                        .endpoint = std::string(endpoint),
                        .container = std::string(container),
                        .text = std::move(text)});
  }
  void add(Severity severity, std::string_view kind, const Subject& subject, std::string text) {
    add(severity, kind, subject.engine.endpoint, subject.record.container->name, std::move(text));
  }

  // --- Engines ---

  void look_at(const model::EngineSnapshot& engine) {
    if (!engine.up) {
      add(Severity::bad, engine.stale ? "Stale" : "Engine down", engine.endpoint, {},
          engine.down_reason);
    }
    restarts_ = engine.ends ? restarts_within_window(*engine.ends) : RestartsByName{};
    last_ends_ = engine.ends ? last_ends(*engine.ends) : LastEnds{};
    for (const auto& record : engine.containers) look_at({engine, record});
    look_at_ends(engine);
    if (!engine.host || machine_is_told_) return;
    machine_is_told_ = true;  // all Engines on Unix sockets are of one machine
    look_at(*engine.host, engine.endpoint);
  }

  void look_at(const model::PoolStats& pool) {
    if (pool.degraded) {
      add(Severity::bad, "Engine is stuck", pool.endpoint, {},
          "it answers pings, but not the calls about several containers");
    }
    if (pool.leaked_leases > 0) {
      add(Severity::warning, "Connection leak", pool.endpoint, {},
          "connections that are not released: " + std::to_string(pool.leaked_leases));
    }
  }

  // --- containers ---

  void look_at(const Subject& subject) {
    const auto& [engine, record] = subject;
    const auto& container = *record.container;
    if (record.stuck) {
      add(Severity::bad, "Stuck", subject, "the Engine does not answer calls about it");
    }
    if (!record.state_known) return;  // the Engine is down, which is told once
    if (container.state == model::ContainerState::dead) {
      add(Severity::bad, "Dead", subject, "the Engine could not remove it completely");
    }
    if (model::current_health(container) == model::Health::unhealthy) {
      add(Severity::bad, "Unhealthy", subject, health_text(container));
    }
    if (container.state == model::ContainerState::restarting && !is_looping(container.name)) {
      add(Severity::bad, "Restarting", subject, "it waits for its next start");
    }
    if (model::has_processes(container.state)) {
      look_at_use(subject);
    } else if (has_failed_to_start(container)) {
      add(Severity::bad, "Not started", subject, container.start_error);
    } else if (!has_known_end(container)) {
      look_at_earlier_end(subject);
    }
  }

  /// The last start of one that does not run. The Engine keeps the reason until the next start.
  [[nodiscard]] bool has_failed_to_start(const model::Container& container) const {
    const auto last = container.finished_at ? container.finished_at : container.created_at;
    return !container.start_error.empty() && last && input_.now - *last <= failure_window;
  }

  [[nodiscard]] bool has_known_end(const model::Container& container) const {
    const auto found = last_ends_.find(container.name);
    return found != last_ends_.end() && found->second->id == container.id;
  }

  /// Of a run that had ended before the daemon came. What the Engine keeps of it does not tell
  /// whether somebody stopped it, so a signal is no failure here.
  void look_at_earlier_end(const Subject& subject) {
    const auto& container = *subject.record.container;
    const auto code = container.exit_code;
    if (!code || !container.finished_at || input_.now - *container.finished_at > failure_window) {
      return;
    }
    const auto told = "exit code " + std::to_string(*code) + ", " +
                      ago_text(*container.finished_at, input_.now) + ", before tidegauge came";
    if (container.oom_killed) {
      add(Severity::bad, "Killed for memory", subject, told);
    } else if (*code != 0 && !model::signal_of_exit_code(*code)) {
      add(Severity::bad, "Failed", subject, told);
    }
  }

  void look_at_use(const Subject& subject) {
    const auto& [engine, record] = subject;
    if (!record.stats) return;
    const auto& stats = *record.stats;
    // The Engine's samples have the time of another clock.
    const bool is_by_our_clock = stats.source == model::StatsSource::kernel;
    if (engine.up && is_by_our_clock && input_.now - stats.read_at > input_.greatest_age) {
      add(Severity::warning, "Old sample", subject,
          "its last sample was " + ago_text(stats.read_at, input_.now));
    }
    look_at_memory(subject);
    if (stats.pids && stats.pids_limit && *stats.pids_limit > 0) {
      const auto share = static_cast<double>(*stats.pids) / static_cast<double>(*stats.pids_limit);
      if (share >= nearly_full) {
        add(Severity::warning, "Near its limit of processes", subject,
            with_commas(*stats.pids) + " of " + with_commas(*stats.pids_limit));
      }
    }
    const auto latest = input_.history.latest(engine.endpoint, record.container->id);
    if (latest) look_at_rates(subject, *latest);
  }

  void look_at_memory(const Subject& subject) {
    const auto& stats = *subject.record.stats;
    const auto limit = subject.record.container->limits.memory_bytes;
    if (!stats.memory || !limit || *limit == 0) return;
    const auto used = model::memory_in_use(*stats.memory);
    const auto share = static_cast<double>(used) / static_cast<double>(*limit);
    if (share < nearly_full) return;
    add(Severity::warning, "Near its memory limit", subject,
        bytes_text(static_cast<double>(used)) + " of " + bytes_text(static_cast<double>(*limit)) +
            ", " + percent_text(share));
  }

  void look_at_rates(const Subject& subject, const LatestRates& latest) {
    if (latest.throttled_share >= throttled_often) {
      add(Severity::warning, "Throttled", subject,
          "its CPU quota stopped it in " + percent_text(*latest.throttled_share) +
              " of the periods");
    }
    look_at_pressure(Severity::warning, subject.engine.endpoint, subject.record.container->name,
                     latest);
  }

  /// CPU is left out: a container that works hard waits for CPU, and nothing is wrong with it.
  void look_at_pressure(Severity severity, std::string_view endpoint, std::string_view container,
                        const LatestRates& latest) {
    if (latest.memory_waiting_share >= waits_often) {
      add(severity, "Memory pressure", endpoint, container,
          "processes wait for memory " + percent_text(*latest.memory_waiting_share) +
              " of the time");
    }
    if (latest.io_waiting_share >= waits_often) {
      add(severity, "I/O pressure", endpoint, container,
          "processes wait for disks " + percent_text(*latest.io_waiting_share) + " of the time");
    }
  }

  static std::string health_text(const model::Container& container) {
    const auto failed = container.health_failing_streak.value_or(1);
    std::string text = failed == 1 ? "the last check has failed"
                                   : std::to_string(failed) + " checks in a row have failed";
    if (const auto code = container.last_health_check.exit_code) {
      text += *code == -1 ? ", the last one at its timeout"
                          : ", the last one with exit code " + std::to_string(*code);
    }
    return text;
  }

  // --- ends ---

  void look_at_ends(const model::EngineSnapshot& engine) {
    for (const auto& [name, last] : last_ends_) {
      if (input_.now - last->ended_at <= failure_window) look_at_last_end(engine, *last);
    }
  }

  /// By name. Ends are in the order in which they were found, which is not always that of time.
  static LastEnds last_ends(const model::RunEnds& ends) {
    LastEnds last;
    for (const auto& end : ends) {
      const auto*& known = last[end->name];
      if (known == nullptr || known->ended_at <= end->ended_at) known = end.get();
    }
    return last;
  }

  void look_at_last_end(const model::EngineSnapshot& engine, const model::RunEnd& last) {
    const auto told = end_summary(last) + ", " + ago_text(last.ended_at, input_.now);
    if (is_looping(last.name) && !is_asked(last)) {
      add(Severity::bad, "Restart loop", engine.endpoint, last.name,
          std::to_string(restarts_.at(last.name)) + " restarts in " +
              duration_text(to_seconds(loop_window)) + ", the last run: " + told);
      return;
    }
    const auto* const record = model::find_container(engine, last.name);
    if (record == nullptr || !record->state_known || record->container->id != last.id) return;
    const bool runs = model::has_processes(record->container->state);
    const bool is_memory = last.cause == EndCause::oom || last.cause == EndCause::host_oom;
    if (is_memory && (!runs || input_.now - last.ended_at <= memory_kill_window)) {
      add(runs ? Severity::warning : Severity::bad, "Killed for memory", engine.endpoint, last.name,
          told);
    } else if (!runs && is_failure(last.cause)) {
      add(Severity::bad, "Failed", engine.endpoint, last.name, told);
    }
  }

  [[nodiscard]] bool is_looping(std::string_view name) const {
    const auto found = restarts_.find(name);
    return found != restarts_.end() && found->second >= restarts_of_loop;
  }

  /// Restarts that nobody asked for. One that is removed at its end and made anew under the same
  /// name, as by `docker run --rm` in a service, restarts as well, unless it is a job that has done
  /// its work.
  [[nodiscard]] RestartsByName restarts_within_window(const model::RunEnds& ends) const {
    RestartsByName restarts;
    for (const auto& end : ends) {
      if (input_.now - end->ended_at > loop_window || is_asked(*end)) continue;
      const bool is_made_anew =
          end->aftermath == model::Aftermath::removed && end->cause != EndCause::completed;
      if (end->aftermath == model::Aftermath::restarted || is_made_anew) ++restarts[end->name];
    }
    return restarts;
  }

  static bool is_asked(const model::RunEnd& end) {
    return end.cause == EndCause::stopped || end.cause == EndCause::killed;
  }

  /// A start that failed is told by the container's own state.
  static bool is_failure(EndCause cause) {
    return cause == EndCause::signal || cause == EndCause::error || cause == EndCause::engine;
  }

  // --- the machine ---

  void look_at(const model::HostStats& host, std::string_view endpoint) {
    for (const auto& filesystem : host.filesystems) look_at(filesystem, endpoint);
    for (const auto& stuck : host.stuck_filesystems) {
      add(Severity::bad, "File system is stuck", endpoint, {}, stuck + " does not answer");
    }
    look_at_machine_memory(host, endpoint);
    if (const auto latest = input_.history.latest_of_machine(endpoint)) {
      look_at_pressure(Severity::warning, endpoint, {}, *latest);
    }
  }

  void look_at(const model::FilesystemStats& filesystem, std::string_view endpoint) {
    const auto note = [&](double share, const std::string& of_what) {
      if (share < nearly_full) return;
      const bool is_full = share >= full;
      add(is_full ? Severity::bad : Severity::warning,
          is_full ? "File system full" : "File system nearly full", endpoint, {},
          filesystem.device + ": " + percent_text(share) + of_what);
    };
    if (filesystem.limit_bytes.value_or(0) > 0) {
      const auto size = static_cast<double>(*filesystem.limit_bytes);
      note(static_cast<double>(filesystem.usage_bytes) / size, " of " + bytes_text(size));
    }
    if (filesystem.inodes.value_or(0) > 0 && filesystem.inodes_free) {
      const auto all = static_cast<double>(*filesystem.inodes);
      note(1 - static_cast<double>(*filesystem.inodes_free) / all,
           " of " + with_commas(*filesystem.inodes) + " inodes");
    }
  }

  void look_at_machine_memory(const model::HostStats& host, std::string_view endpoint) {
    if (!host.use.memory || !host.memory_bytes || *host.memory_bytes == 0) return;
    const auto used = model::memory_in_use(*host.use.memory);
    const auto share = static_cast<double>(used) / static_cast<double>(*host.memory_bytes);
    if (share < nearly_full) return;
    add(Severity::warning, "Memory of the machine", endpoint, {},
        percent_text(share) + " of " + bytes_text(static_cast<double>(*host.memory_bytes)) +
            " in use");
  }

  const StatusInput& input_;
  // Of the Engine that is looked at.
  RestartsByName restarts_;
  LastEnds last_ends_;
  bool machine_is_told_ = false;
  std::vector<Problem> bad_;
  std::vector<Problem> warnings_;
};

}  // namespace

std::vector<Problem> find_problems(const StatusInput& input) {
  return Finder(input).find();
}

}  // namespace tidegauge::status
