#pragma once

// Whether calls to an Engine are worth trying. Closed: they are. Open: they fail at once, and one
// prober asks the Engine now and then, with backoff. Half open: a probe is under way.
//
// A fault in the configuration (no permission, not a socket) is kept apart: calls fail at once as
// well, but it is no outage, and no restart of the Engine will mend it.
//
// A plain state machine on the time it is given; not thread-safe: part of ConnectionPool, under
// its lock.

#include <array>
#include <cstdint>
#include <memory>
#include <random>

#include "tidegauge/config/config.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class CircuitBreaker {
 public:
  /// `tuning` outlives this; `seed` is for the jitter of the backoff.
  CircuitBreaker(const config::PoolTuning& tuning, std::uint32_t seed);

  [[nodiscard]] model::CircuitState state() const noexcept { return state_; }
  /// Why calls fail at once; null while they do not. Shared, so that it can leave the pool's lock
  /// without being copied under it.
  [[nodiscard]] const std::shared_ptr<const Error>& cause() const noexcept { return cause_; }
  [[nodiscard]] SteadyTime cause_since() const noexcept { return cause_since_; }
  /// When the prober is due; only where there is a cause.
  [[nodiscard]] SteadyTime next_probe() const noexcept { return next_probe_; }

  /// A call whose failure speaks of the Engine (see `blames_engine`). Opens after
  /// `failure_threshold` in a row.
  void call_failed(std::shared_ptr<const Error> error, SteadyTime now);
  /// Only calls clear what calls have shown: a ping that is answered does not.
  void call_succeeded() noexcept { failures_in_a_row_ = 0; }

  /// A probe of an open circuit begins.
  void probe_started() noexcept;
  /// A ping or a probe failed: one that had all of its time is enough to say the Engine is down.
  void probe_failed(std::shared_ptr<const Error> error, SteadyTime now);
  void probe_succeeded() noexcept;

  /// How often each state was entered, by CircuitState.
  [[nodiscard]] const auto& transitions() const noexcept { return transitions_; }

 private:
  void enter(model::CircuitState state) noexcept;
  void schedule_probe(SteadyTime now);

  const config::PoolTuning& tuning_;
  std::minstd_rand random_;
  model::CircuitState state_ = model::CircuitState::closed;
  std::shared_ptr<const Error> cause_;
  SteadyTime cause_since_{};
  SteadyTime next_probe_{};
  std::uint32_t failures_in_a_row_ = 0;
  std::uint32_t probes_failed_ = 0;
  std::array<std::uint64_t, model::circuit_state_count> transitions_{};
};

}  // namespace tidegauge::pool
