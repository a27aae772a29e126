#pragma once

// Counts of what happened to the containers of one name, from the Engine's events: no poll can miss
// an event, and no field of the Engine resets a count. The counts continue when a container is
// removed and another is created under the same name.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tidegauge/model/container.h"
#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// How a run ended, by its exit code.
enum class ExitClass : std::uint8_t {
  success,      ///< 0
  failure,      ///< 1-125: the program failed
  not_started,  ///< 126-127: the program could not be started
  killed,       ///< 137: SIGKILL, by the out-of-memory killer or by a user
  terminated,   ///< 143: SIGTERM
  signal        ///< any other signal
};
inline constexpr std::array exit_classes{ExitClass::success,     ExitClass::failure,
                                         ExitClass::not_started, ExitClass::killed,
                                         ExitClass::terminated,  ExitClass::signal};

[[nodiscard]] ExitClass exit_class(int exit_code) noexcept;
/// The label `class`: "0", "1-125", ...
[[nodiscard]] std::string_view to_string(ExitClass exit) noexcept;

struct Lifecycle {
  WallTime counted_since{};  ///< start of the counts
  std::uint64_t restarts = 0;
  std::optional<std::uint64_t> oom_events = 0;  ///< absent where the Engine does not report them
  std::array<std::uint64_t, exit_classes.size()> exits{};                  ///< by ExitClass
  std::array<std::uint64_t, health_statuses.size()> health_transitions{};  ///< by Health
  std::optional<WallTime> last_exit_at;
  std::optional<WallTime> last_oom_at;

  /// Adds the counts of another container of the same name.
  Lifecycle& operator+=(const Lifecycle& other) noexcept;
};

/// Whether all counts are zero.
[[nodiscard]] bool is_blank(const Lifecycle& lifecycle) noexcept;

/// How an inventory of containers is kept up to date.
struct InventoryStats {
  std::map<std::pair<std::string, std::string>, std::uint64_t> events;  ///< by type and action
  std::uint64_t streams_opened = 0;
  std::uint64_t lists = 0;  ///< at the start and after lost events
  std::uint64_t drift = 0;  ///< differences that these lists found
};

}  // namespace tidegauge::model
