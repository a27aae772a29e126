#pragma once

// Containers whose calls get stuck, each left alone for a while: what is stuck is usually the
// Engine's lock of that one container, and asking again only adds to the queue behind it. Then one
// call is let through as a trial; if it gets stuck too, the next time is twice as long.
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
  /// `options` outlives this.
  explicit Quarantine(const config::PoolConfig& options) : options_(options) {}

  /// Until when calls about this container are refused; nothing where one may go ahead now.
  std::optional<SteadyTime> refusal(std::string_view key, SteadyTime now);

  /// Whether this is news: it was not quarantined before.
  bool got_stuck(std::string_view key, SteadyTime now);
  /// Whether this is news: it was quarantined until now.
  bool answered(std::string_view key);
  /// A call that says nothing about its container: it was cancelled, or the Engine went down.
  void ended_otherwise(std::string_view key);
  /// A list of containers, which is about all of them, got stuck.
  void list_got_stuck(SteadyTime now) { list_stuck_at_ = now; }

  /// A list, or calls about several containers, got stuck lately.
  [[nodiscard]] bool degraded(SteadyTime now) const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::uint32_t times = 0;
    SteadyTime until{};
    SteadyTime stuck_at{};
    bool on_trial = false;
  };
  void forget_the_gone(SteadyTime now);

  const config::PoolConfig& options_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::optional<SteadyTime> list_stuck_at_;
};

}  // namespace tidegauge::pool
