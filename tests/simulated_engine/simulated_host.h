#pragma once

// The containers of the simulated Engine and everything that can happen to them. Each happening
// leaves the state that a real Engine would and emits the events that it would, in its order.
// Thread-safe. Containers are named by name, id, or the beginning of an id.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulated_engine/event_log.h"
#include "simulated_engine/simulated_container.h"
#include "tidegauge/util/time.h"

namespace tidegauge::test {

using WallClock = std::function<WallTime()>;

/// The wall clock of now, moved on by the steady one: it never jumps.
[[nodiscard]] WallClock steady_wall_clock();

enum class Outcome : std::uint8_t {
  done,
  no_such_container,
  wrong_state,  ///< as starting what runs
  name_in_use
};

/// What has happened to the containers of a name, counted where it happens: what a monitor that
/// counts events must arrive at.
struct Happenings {
  std::uint64_t restarts = 0;  ///< starts after an end
  std::uint64_t ooms = 0;
  std::map<int, std::uint64_t> exits;  ///< by exit code
  std::uint64_t became_healthy = 0;
  std::uint64_t became_unhealthy = 0;
};

class SimulatedHost {
 public:
  static constexpr unsigned cpus = 4;
  static constexpr std::uint64_t memory_bytes = 16'777'216'000;

  /// Its containers have been there for a while: web-1, api-1, ... Of ten or more some are paused,
  /// exited with 3, OOM-killed, created, healthy, unhealthy and restarting.
  SimulatedHost(WallClock clock, std::size_t containers, std::uint64_t seed = 1);

  Outcome add(ContainerSpec spec);  ///< created, not started
  Outcome remove(std::string_view container);
  Outcome start(std::string_view container);
  Outcome stop(std::string_view container);
  Outcome restart(std::string_view container);
  Outcome kill(std::string_view container, int signal = 9);
  /// Its main process ends by itself. With a restart policy it is `restarting` until started.
  Outcome exit(std::string_view container, int code);
  Outcome oom(std::string_view container);  ///< the kernel kills its main process
  Outcome pause(std::string_view container);
  Outcome unpause(std::string_view container);
  Outcome rename(std::string_view container, std::string new_name);
  /// To one network more.
  Outcome attach(std::string_view container, const std::string& network);
  /// `none` takes the health check away, silently.
  Outcome set_health(std::string_view container, HealthStatus health);

  [[nodiscard]] std::optional<SimulatedContainer> container(std::string_view reference) const;
  /// The newest first.
  [[nodiscard]] std::vector<SimulatedContainer> containers() const;
  /// One of them, for any number; nothing where there is none.
  [[nodiscard]] std::optional<SimulatedContainer> pick(std::uint64_t number) const;
  /// By the name that the container had then; kept when it is removed.
  [[nodiscard]] std::map<std::string, Happenings> happenings() const;
  [[nodiscard]] EventLog& events() { return events_; }
  [[nodiscard]] WallTime now() const { return clock_(); }
  /// Since the host was booted.
  [[nodiscard]] std::chrono::nanoseconds uptime() const { return now() - booted_at_; }

 private:
  using Attributes = std::vector<std::pair<std::string, std::string>>;

  template <class Action>
  Outcome act(std::string_view container, Action action);
  SimulatedContainer make(ContainerSpec spec, WallTime created_at);
  void run(SimulatedContainer& container);
  void end(SimulatedContainer& container, int exit_code);
  void stop_process(SimulatedContainer& container, int signal);
  void emit(const SimulatedContainer& container, std::string action, Attributes extra = {});
  void emit_network(const SimulatedContainer& container, std::string action,
                    const std::string& network);
  [[nodiscard]] const SimulatedContainer* find(std::string_view reference) const;
  std::string random_id();
  double random_between(double low, double high);

  const WallClock clock_;
  const WallTime booted_at_;
  EventLog events_;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<SimulatedContainer> containers_;
  std::map<std::string, Happenings> happenings_;  // by name
  std::mt19937_64 random_;
  int last_pid_ = 1'000;
};

}  // namespace tidegauge::test
