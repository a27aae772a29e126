#pragma once

// What a ConnectionPool, its leases and its maintenance share. Lives until the last lease is
// returned. Three source files: pool_state.cpp lends slots, pool_outcomes.cpp judges what calls and
// probes have shown, pool_report.cpp says how the pool stands.
//
// Thread-safe. One mutex guards the bookkeeping. No I/O is done under it. A connection
// belongs to the holder of its slot, which uses, closes and polls it without the mutex; other
// threads may only abort it.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "pool/circuit_breaker.h"
#include "pool/diagnostics.h"
#include "pool/pool_counters.h"
#include "pool/quarantine.h"
#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/engine_address.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/pool/lease_core.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"

namespace tidegauge::pool {

/// Why a call has closed its socket, where it has.
[[nodiscard]] model::CloseReason close_reason(const Result<http::Response>& result) noexcept;
[[nodiscard]] model::CloseReason close_reason(Errc code) noexcept;

/// Whether a kept socket was dead before the request was written to it.
[[nodiscard]] bool died_idle(const http::Transfer& transfer, const Error& error) noexcept;

/// How soon maintenance sends the next probe, and which.
enum class Suspicion : std::uint8_t {
  none,
  ping,  ///< a ping at once: a socket has died, or a call got stuck
  call   ///< a ping and a real call at once: a call has failed, which a ping cannot clear
};

/// What a probe asks.
enum class ProbeKind : std::uint8_t {
  ping,
  call,     ///< a ping and a real call
  recovery  ///< a ping and a real call to an Engine that is down
};

class PoolState {
 public:
  PoolState(std::string name, const model::EngineAddress& address,
            const config::PoolConfig& options, std::unique_ptr<http::Transport> transport,
            Logger& logger, std::function<void()> wake);

  // --- slots ------------------------------------------------------------------------------------

  /// A granted slot, or why there is none.
  Result<SlotIndex> acquire(const CallTag& tag, SteadyTime deadline, const std::stop_token& stop,
                            const std::source_location& place) EXCLUDES(mutex);
  /// A slot for a stream, without waiting.
  Result<SlotIndex> acquire_for_stream(const CallTag& tag, const std::stop_token& stop,
                                       const std::source_location& place) EXCLUDES(mutex);
  /// Prepares the connection of a slot that was just granted: makes the connection if the slot has
  /// none, and closes a socket that is dead, too old, or connected to an Engine that is gone.
  http::Connection& prepare(SlotIndex slot) EXCLUDES(mutex);
  void release(SlotIndex slot) noexcept EXCLUDES(mutex);
  CloseReport close(SteadyTime deadline) EXCLUDES(mutex);

  /// The connection (null: not yet made) and the entry of a slot that the caller holds. They need
  /// no mutex: only the holder of a slot makes its connection, and nobody else writes these fields
  /// of the entry while it is held.
  [[nodiscard]] http::Connection* connection_of(SlotIndex held) const NO_THREAD_SAFETY_ANALYSIS {
    return connections[held].get();
  }
  [[nodiscard]] const Slot& held_slot(SlotIndex held) const NO_THREAD_SAFETY_ANALYSIS {
    return core.slots()[held];
  }
  /// Closes the socket of a slot that the caller holds.
  void close_socket(SlotIndex slot, model::CloseReason reason) EXCLUDES(mutex);

  /// The connections that are lent to callers, and those that were lent to streams before a time.
  /// The caller aborts them after it has released the mutex.
  [[nodiscard]] std::vector<http::Connection*> lent_to_callers() const REQUIRES(mutex);
  [[nodiscard]] std::vector<http::Connection*> lent_to_streams(SteadyTime before) const
      REQUIRES(mutex);

  // --- outcomes ---------------------------------------------------------------------------------

  /// Records, after a request on a slot that the caller holds, whether a socket was opened or
  /// closed. `reason`: why it was closed, where it was.
  void record_transfer(SlotIndex slot, model::CloseReason reason) EXCLUDES(mutex);
  /// The Engine has answered a call, whatever the status.
  void record_answer(SlotIndex slot) EXCLUDES(mutex);
  /// A call has failed.
  void record_failure(SlotIndex slot, const Error& error) EXCLUDES(mutex);
  void count_stale_retry() EXCLUDES(mutex);
  /// A probe has ended. Logs a change once.
  void record_probe(ProbeKind kind, const std::optional<Error>& failure) EXCLUDES(mutex);
  /// Makes the next probe due at once.
  void suspect(Suspicion reason) noexcept REQUIRES(mutex);

  // --- reports ----------------------------------------------------------------------------------

  [[nodiscard]] model::PoolStats stats() const EXCLUDES(mutex);
  [[nodiscard]] std::vector<model::SlotStats> slots() const EXCLUDES(mutex);
  [[nodiscard]] EngineHealth health() const EXCLUDES(mutex);
  EngineHealth wait_for_change(std::uint64_t seen, SteadyTime until,
                               const std::stop_token& stop) const EXCLUDES(mutex);
  /// A lease is held for too long.
  void log_leak(const Holder& holder, SteadyTime now) const EXCLUDES(mutex);
  void log_degraded(bool is_degraded) const EXCLUDES(mutex);

  const std::string name;
  const model::EngineAddress address;
  const config::PoolConfig options;
  Logger& logger;
  const std::unique_ptr<http::Transport> transport;  ///< outlives the connections below
  const SlotIndex probe_slot;                        ///< the last; see LeaseCore
  const std::size_t slot_count;

  mutable Mutex mutex;
  LeaseCore core GUARDED_BY(mutex);
  CircuitBreaker breaker GUARDED_BY(mutex);
  /// By slot; made at first use.
  std::vector<std::unique_ptr<http::Connection>> connections GUARDED_BY(mutex);
  PoolCounters counters GUARDED_BY(mutex);
  /// When the Engine last answered a call or a probe.
  SteadyTime last_answer GUARDED_BY(mutex){};
  /// When the last outage ended. The pool lets callers in bit by bit from then on.
  SteadyTime recovered_at GUARDED_BY(mutex){};
  Suspicion suspicion GUARDED_BY(mutex) = Suspicion::none;
  /// The Engine answers pings, but calls about several containers are stuck.
  bool degraded GUARDED_BY(mutex) = false;

  /// Has a lock of its own, which is taken without the mutex.
  Guarded<Quarantine> quarantine;

 private:
  /// What a caller is told that gets no connection.
  struct Refusal {
    model::AcquireFailure failure{};
    SteadyTime::duration waited{};
    PoolSummary summary;
  };
  /// The circuit has opened or closed.
  struct HealthChange {
    std::shared_ptr<const Error> cause;  ///< null: the Engine is up again
    SteadyTime::duration outage{};
  };

  [[nodiscard]] std::optional<Error> quarantine_error(const CallTag& tag) EXCLUDES(mutex);
  [[nodiscard]] std::optional<model::AcquireFailure> refusal() const REQUIRES(mutex);
  Result<SlotIndex> wait_for_slot(Waiter& waiter, const CallTag& tag, const std::stop_token& stop)
      EXCLUDES(mutex);
  [[nodiscard]] Refusal refuse(model::AcquireFailure failure, SteadyTime asked) REQUIRES(mutex);
  [[nodiscard]] Error explain(const Refusal& refusal, const CallTag& tag) EXCLUDES(mutex);
  [[nodiscard]] PoolSummary summary() const REQUIRES(mutex);
  [[nodiscard]] std::optional<model::CloseReason> reason_to_close(const Slot& slot) const
      REQUIRES(mutex);
  [[nodiscard]] std::vector<SlotIndex> claim_all_free() REQUIRES(mutex);
  [[nodiscard]] bool is_any_lent() const REQUIRES(mutex);
  bool wait_for_leases(SteadyTime deadline) EXCLUDES(mutex);
  [[nodiscard]] std::vector<http::Connection*> all_lent() const EXCLUDES(mutex);
  [[nodiscard]] std::vector<Holder> holders() const EXCLUDES(mutex);

  void record_stuck(const Holder& holder) EXCLUDES(mutex);
  void record_container_failure(const Holder& holder, const Error& error) EXCLUDES(mutex);
  void record_engine_failure(const Holder& holder, const Error& error) EXCLUDES(mutex);
  bool judge_probe(ProbeKind kind, std::shared_ptr<const Error> failure, SteadyTime now)
      REQUIRES(mutex);
  [[nodiscard]] std::optional<HealthChange> publish_change(bool was_up) REQUIRES(mutex);
  void react_to(const std::optional<HealthChange>& change) EXCLUDES(mutex);
  void wake_maintenance() const EXCLUDES(mutex);

  [[nodiscard]] EngineHealth current_health() const REQUIRES(mutex);
  void count_slots(model::PoolStats& stats, SteadyTime now) const REQUIRES(mutex);

  std::function<void()> wake_;
  /// Whether `quarantine` may have an entry. Spares most calls its lock.
  std::atomic<bool> any_in_quarantine_ = false;
  bool closing_ GUARDED_BY(mutex) = false;
  std::uint64_t health_version_ GUARDED_BY(mutex) = 0;
  /// The health has changed, or a lease was returned while the pool closes.
  mutable std::condition_variable changed_;
};

}  // namespace tidegauge::pool
