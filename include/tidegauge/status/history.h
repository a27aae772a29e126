#pragma once

// The last 15 minutes of each container and of the machine, in memory of a bounded size, for the
// plots of the status page. The monitors' threads record each snapshot that they publish; pages
// read one container after the other. Thread-safe. One lock is held while a snapshot is recorded,
// which takes a fraction of a microsecond for each container.
//
// Time is cut into steps of ten seconds. A rate is a mean over the time between two samples and
// fills each step that begins within that time. So a sample every minute gives steps and no gaps,
// and ten samples within a step give one mean. An example with counters at 0 s, 10 s and 30 s:
//
//   counter   0  at 0 s       step 0: not known
//             5  at 10 s      step 1: 0.5 a second
//            25  at 30 s      steps 2 and 3: 1.0 a second

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/time.h"

namespace tidegauge::status {

inline constexpr std::chrono::seconds step_length{10};
inline constexpr std::size_t step_count = 90;

/// What is kept of each container and of the machine.
enum class Measure : std::uint8_t {
  cpu,               ///< cores in use
  memory,            ///< bytes of the working set
  network_receive,   ///< bytes a second over all interfaces
  network_transmit,  ///< likewise
  disk_read,         ///< bytes a second over all devices
  disk_write         ///< likewise
};
inline constexpr std::array measures{
    Measure::cpu,       Measure::memory,    Measure::network_receive, Measure::network_transmit,
    Measure::disk_read, Measure::disk_write};

/// A value for each step, the oldest first; NaN where it is not known.
using Plot = std::array<float, step_count>;

/// What was measured last: gauges of the last sample, and rates between the last two.
struct LatestRates {
  std::array<std::optional<double>, measures.size()> values;  ///< by Measure
  std::optional<double> throttled_share;       ///< of the periods of its CPU quota, 0 to 1
  std::optional<double> cpu_waiting_share;     ///< of the time, 0 to 1: some process waits
  std::optional<double> memory_waiting_share;  ///< likewise
  std::optional<double> io_waiting_share;      ///< likewise

  [[nodiscard]] std::optional<double> operator[](Measure measure) const {
    return values[static_cast<std::size_t>(measure)];
  }
};

struct HealthChange {
  WallTime seen_at{};
  model::Health health = model::Health::none;
  friend bool operator==(const HealthChange&, const HealthChange&) = default;
};

/// One container, or the machine.
struct ContainerHistory {
  std::array<Plot, measures.size()> plots;  ///< by Measure
  WallTime until{};                         ///< the end of the last step
  LatestRates latest;
  std::vector<HealthChange> health;  ///< the last ten that were seen, the oldest first

  [[nodiscard]] const Plot& operator[](Measure measure) const {
    return plots[static_cast<std::size_t>(measure)];
  }
};

/// Since when an Engine has been up, or down.
struct EngineSpell {
  bool up = false;
  WallTime since{};
  bool is_longer = false;  ///< it was so already when it was first seen
};

class History {
 public:
  History();
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Containers beyond this number have no history: it bounds the memory to 6 MB.
  static constexpr std::size_t most_containers = 2'000;

  /// To be called for each snapshot that is published. What is no longer in it is forgotten, unless
  /// its Engine is down.
  void record(const model::Snapshot& engines);
  /// Off, it holds nothing and records nothing. On at first.
  void set_enabled(bool enabled);

  /// Null: nothing is known of that container.
  [[nodiscard]] std::unique_ptr<const ContainerHistory> container(std::string_view endpoint,
                                                                  std::string_view id) const;
  /// Of the machine that `endpoint` runs on.
  [[nodiscard]] std::unique_ptr<const ContainerHistory> machine(std::string_view endpoint) const;
  [[nodiscard]] std::optional<LatestRates> latest(std::string_view endpoint,
                                                  std::string_view id) const;
  [[nodiscard]] std::optional<LatestRates> latest_of_machine(std::string_view endpoint) const;
  [[nodiscard]] std::optional<EngineSpell> spell(std::string_view endpoint) const;

  /// Grows with each record that changed something.
  [[nodiscard]] std::uint64_t version() const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct State;

  const std::unique_ptr<Guarded<State>> state_;
};

}  // namespace tidegauge::status
