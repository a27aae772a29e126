#pragma once

// What the pages say of one container, put together from the snapshot and the history. Plain values
// and pure functions; the references live as long as the snapshot.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

struct ContainerFacts {
  const model::EngineSnapshot& engine;
  const model::ContainerRecord& record;
  const model::Lifecycle* lifecycle = nullptr;      ///< null: nothing was counted
  const model::RunEnd* last_end = nullptr;          ///< null: none is known
  std::unique_ptr<const ContainerHistory> history;  ///< null: none is kept

  [[nodiscard]] const model::Container& container() const { return *record.container; }
  /// What was measured last; nothing where it is not known.
  [[nodiscard]] std::optional<double> rate(Measure measure) const {
    return history ? history->latest[measure] : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> memory_bytes() const;  ///< the working set
  [[nodiscard]] std::string_view project() const;  ///< of Compose, at most 128 bytes; empty: none
  /// The greatest share of the time that some process waited for CPU, memory or a disk.
  [[nodiscard]] std::optional<double> pressure() const;
};

/// What the CPU quota allows, in cores; nothing where there is no quota.
[[nodiscard]] std::optional<double> allowed_cores(const model::ContainerLimits& limits);

/// The containers of an Engine in the order of the snapshot, by name.
class FactsOf {
 public:
  /// Both outlive this.
  FactsOf(const model::EngineSnapshot& engine, const History& history);
  [[nodiscard]] ContainerFacts operator()(const model::ContainerRecord& record) const;

 private:
  const model::EngineSnapshot& engine_;
  const History& history_;
  std::unordered_map<std::string_view, const model::Lifecycle*> lifecycles_;  ///< by name
  std::unordered_map<std::string_view, const model::RunEnd*> last_ends_;      ///< by id
};

}  // namespace tidegauge::status
