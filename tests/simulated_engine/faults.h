#pragma once

// What the simulated Engine gets wrong on command, for everything or for one call or container.

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::test {

/// What can be asked of the simulated Engine.
enum class EngineCall : std::uint8_t { ping, version, info, list, inspect, size, stats, events };
inline constexpr std::array engine_calls{EngineCall::ping,  EngineCall::version, EngineCall::info,
                                         EngineCall::list,  EngineCall::inspect, EngineCall::size,
                                         EngineCall::stats, EngineCall::events};
[[nodiscard]] std::string_view to_string(EngineCall call);

enum class FaultKind : std::uint8_t {
  none,
  delay,     ///< answers after `pace`
  hang,      ///< never answers
  close,     ///< hangs up in the middle of the body, or of the head where there is no body
  garbage,   ///< answers with what is not HTTP, and hangs up
  badjson,   ///< 200 with a body that is not JSON
  error500,  ///< 500 with a message
  drip       ///< the reply byte by byte, `pace` apart
};
inline constexpr std::array fault_kinds{FaultKind::none,     FaultKind::delay,   FaultKind::hang,
                                        FaultKind::close,    FaultKind::garbage, FaultKind::badjson,
                                        FaultKind::error500, FaultKind::drip};
[[nodiscard]] std::string_view to_string(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::none;
  std::optional<EngineCall> call = {};  ///< absent: every call
  std::string container = {};           ///< name or id; empty: whatever the call is about
  Milliseconds pace = Milliseconds(1'000);
};

/// The faults in force. Thread-safe.
class FaultTable {
 public:
  /// Replaces every fault that this one covers; of several that fit a request the last set counts.
  /// `none` only replaces: for every call and container, it heals all.
  void set(Fault fault);
  /// For a call about a container, by its name and its id; both empty for calls about none.
  [[nodiscard]] Fault find(EngineCall call, std::string_view name, std::string_view id) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;  // guarded by mutex_
};

}  // namespace tidegauge::test
