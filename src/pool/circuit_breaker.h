#pragma once

// Whether calls to an Engine are sent or fail at once. Closed: they are sent. Open: they fail, and
// maintenance probes the Engine with a backoff. Half open: a probe is in progress.
//
// A mistake in the configuration (no permission, not a socket) is not an outage: calls fail at once
// as well, but the state stays closed, and a restart of the Engine does not help.
//
// A state machine on the time that it is given. Not thread-safe: PoolState has it under its mutex.

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
  /// Why calls fail at once; null while they do not. Shared, so that no text is copied under the
  /// mutex.
  [[nodiscard]] const std::shared_ptr<const Error>& cause() const noexcept { return cause_; }
  [[nodiscard]] SteadyTime cause_since() const noexcept { return cause_since_; }
  /// When the next probe is due. Only while there is a cause.
  [[nodiscard]] SteadyTime next_probe() const noexcept { return next_probe_; }

  /// A call has failed, and the Engine is to blame (see `blames_engine`). The circuit opens after
  /// `failure_threshold` failures in a row.
  void call_failed(std::shared_ptr<const Error> error, SteadyTime now);
  /// Ends the row of failures. A ping that is answered does not.
  void call_succeeded() noexcept { failures_in_a_row_ = 0; }

  /// A probe of an open circuit begins.
  void probe_started() noexcept;
  /// A probe has failed. One is enough: it had all of its time.
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
