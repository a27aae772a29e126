#pragma once

// How the calls about one container went lately: whether the container is failing, whether it is
// stuck, and how many calls have failed. Each kind of call succeeds or fails for itself: a sample
// from the kernel's files says nothing about an inspect that hangs.
//
// Not thread-safe: part of Inventory.

#include <array>
#include <cstdint>

#include "tidegauge/model/error.h"

namespace tidegauge::monitor {

enum class CallKind : std::uint8_t { inspect, sample };

class CallOutcomes {
 public:
  /// A call has ended; `failure` is null where it succeeded. Returns false where the call says
  /// nothing yet: a connection that is cut may be the end of the Engine rather than the container's
  /// failure, so the container is failing only when two calls of a kind in a row are cut.
  bool record(CallKind kind, const Error* failure);

  /// The Engine is gone: the connections that were cut were its end.
  void forget_cuts() noexcept;
  /// How calls of this kind went does not matter any more.
  void forget(CallKind kind) noexcept { of(kind) = {}; }

  [[nodiscard]] bool is_failing() const noexcept;
  /// Calls do not end in time, or are refused for that reason; see model::means_stuck.
  [[nodiscard]] bool is_stuck() const noexcept;
  /// How many calls of a kind have failed in a row.
  [[nodiscard]] std::uint64_t failures(CallKind kind) const noexcept;
  /// How many calls have failed in all.
  [[nodiscard]] std::uint64_t errors() const noexcept { return errors_; }

 private:
  struct Outcome {
    bool failing = false;
    bool stuck = false;
    bool cut = false;
    std::uint64_t failures = 0;  ///< in a row
  };

  Outcome& of(CallKind kind) noexcept { return outcomes_[static_cast<std::size_t>(kind)]; }

  std::array<Outcome, 2> outcomes_;  ///< by CallKind
  std::uint64_t errors_ = 0;
};

}  // namespace tidegauge::monitor
