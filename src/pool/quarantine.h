#pragma once

// Containers whose calls get stuck, or fail one after another while the Engine answers all else.
// Each is left alone for a while: what is stuck is usually the Engine's lock of that one container,
// and asking again only adds to the queue behind it. Then one call is let through as a trial; if it
// fails too, the next time is twice as long.
//
// A call that gets stuck has cost seconds, so the first one counts. A connection that breaks is
// cheap and may be an accident, so the second in a row counts: lost, lost -> 5 s, lost -> 10 s.
//
// Also tells when so many are stuck that the trouble is the Engine's own (degraded).
//
// A plain state machine on the time it is given; not thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/config/config.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class Quarantine {
 public:
  /// `tuning` outlives this.
  explicit Quarantine(const config::PoolTuning& tuning) : tuning_(tuning) {}

  /// What calls about a quarantined container have done.
  enum class Cause : std::uint8_t { stuck, failing };
  struct Refusal {
    SteadyTime until{};  ///< when the next call may go ahead
    Cause cause = Cause::stuck;
    friend bool operator==(const Refusal&, const Refusal&) = default;
  };
  /// Why a call about this container is refused; nothing where it may go ahead now.
  std::optional<Refusal> refusal(std::string_view key, SteadyTime now);

  /// Whether this is news: it was not quarantined before.
  bool got_stuck(std::string_view key, SteadyTime now);
  /// A call whose connection broke, or whose answer was no HTTP. Whether this is news, as above.
  bool failed(std::string_view key, SteadyTime now);
  /// Whether this is news: it was quarantined until now.
  bool answered(std::string_view key);
  /// A call that says nothing about its container: it was cancelled, or the Engine went down.
  void ended_otherwise(std::string_view key);
  /// The Engine is down: what failed until now says nothing about a container.
  void forget_failures();
  /// A list of containers, which is about all of them, got stuck.
  void list_got_stuck(SteadyTime now) { list_stuck_at_ = now; }

  /// A list, or calls about several containers, got stuck lately.
  [[nodiscard]] bool degraded(SteadyTime now) const;
  /// How many containers are quarantined.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Nothing is known of any container: all calls may go ahead.
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
