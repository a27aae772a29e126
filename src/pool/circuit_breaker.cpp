#include "pool/circuit_breaker.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidegauge::pool {

using model::CircuitState;

CircuitBreaker::CircuitBreaker(const config::PoolTuning& tuning, std::uint32_t seed)
    : tuning_(tuning), random_(seed) {}

void CircuitBreaker::call_failed(std::shared_ptr<const Error> error, SteadyTime now) {
  if (cause_) return;
  if (!blames_configuration(error->code) && ++failures_in_a_row_ < tuning_.failure_threshold) {
    return;
  }
  probe_failed(std::move(error), now);
}

void CircuitBreaker::probe_started() noexcept {
  if (state_ == CircuitState::open) enter(CircuitState::half_open);
}

void CircuitBreaker::probe_failed(std::shared_ptr<const Error> error, SteadyTime now) {
  if (!cause_) {
    cause_since_ = now;
    probes_failed_ = 0;
  }
  cause_ = std::move(error);
  enter(blames_configuration(cause_->code) ? CircuitState::closed : CircuitState::open);
  schedule_probe(now);
}

void CircuitBreaker::probe_succeeded() noexcept {
  cause_.reset();
  failures_in_a_row_ = 0;
  enter(CircuitState::closed);
}

void CircuitBreaker::enter(CircuitState state) noexcept {
  if (state == state_) return;
  state_ = state;
  ++transitions_[static_cast<std::size_t>(state)];
}

/// The pause grows by 1.6 from probe to probe, up to the maximum, with a jitter of a fifth.
void CircuitBreaker::schedule_probe(SteadyTime now) {
  const std::chrono::duration<double, std::milli> initial = tuning_.probe_backoff_initial;
  const std::chrono::duration<double, std::milli> longest = tuning_.probe_backoff_max;
  const auto grown = std::min(longest, initial * std::pow(1.6, std::min(probes_failed_, 64U)));
  ++probes_failed_;
  std::uniform_real_distribution jitter(0.8, 1.2);
  const auto delay = std::min(longest, grown * jitter(random_));
  next_probe_ = now + std::chrono::duration_cast<std::chrono::nanoseconds>(delay);
}

}  // namespace tidegauge::pool
