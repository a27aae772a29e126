#pragma once

// Containers whose calls get stuck, or fail one after another while the Engine answers all others.
// Calls about such a container are refused for a while: what is stuck is usually the Engine's lock
// of that container, and each further call lengthens the queue for that lock. Then one call is sent
// as a trial. If it fails too, the next quarantine is twice as long.
//
// A call that gets stuck has cost seconds, so the first one leads to a quarantine. A connection
// that breaks costs little and may be an accident, so the second in a row does: lost, lost -> 5 s,
// lost -> 10 s.
//
// Also decides when so many calls are stuck that the Engine itself is (degraded).
//
// A state machine on the time that it is given. Not thread-safe: PoolState has it in a Guarded.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class Quarantine {
 public:
  /// `tuning` outlives this.
  explicit Quarantine(const config::PoolTuning& tuning) : tuning_(tuning) {}

  /// Why calls about a container are quarantined.
  enum class Cause : std::uint8_t { stuck, failing };
  struct Refusal {
    SteadyTime until{};  ///< when the next call may be sent
    Cause cause = Cause::stuck;
    friend bool operator==(const Refusal&, const Refusal&) = default;
  };
  /// Why a call about this container is refused; absent where it may be sent.
  std::optional<Refusal> refusal(std::string_view key, SteadyTime now);

  /// A call about the container got stuck. Returns whether its quarantine begins with this.
  bool got_stuck(std::string_view key, SteadyTime now);
  /// A call lost its connection, or its response was no HTTP. Returns the same.
  bool failed(std::string_view key, SteadyTime now);
  /// A call was answered. Returns whether this ends a quarantine.
  bool answered(std::string_view key);
  /// A call ended without an outcome for its container: it was cancelled, or the Engine is down.
  void ended_otherwise(std::string_view key);
  /// The Engine is down: the failures so far were not those of containers.
  void forget_failures();
  /// A list of containers got stuck.
  void list_got_stuck(SteadyTime now) { list_stuck_at_ = now; }

  /// Whether a list, or calls about several containers, got stuck in the last 30 s.
  [[nodiscard]] bool degraded(SteadyTime now) const;
  /// The containers that are quarantined, by id.
  [[nodiscard]] std::vector<model::QuarantinedContainer> containers(SteadyTime now) const;
  /// Whether no container has an entry: all calls may be sent.
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

 private:
  struct Entry {
    Cause cause = Cause::stuck;
    std::uint32_t failures = 0;  ///< in a row, before the first quarantine
    std::uint32_t times = 0;     ///< quarantines in a row; 0: not quarantined
    SteadyTime until{};
    std::optional<SteadyTime> stuck_at;
    bool on_trial = false;
  };
  bool isolate(Entry& entry, Cause cause, SteadyTime now) const;
  void forget_the_gone(SteadyTime now);

  const config::PoolTuning& tuning_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::optional<SteadyTime> list_stuck_at_;
};

}  // namespace tidegauge::pool
