#pragma once

// What a ConnectionPool, its leases and its upkeep share. Lives until the last lease is back.
//
// One short mutex guards the books (`core`, `breaker`, `counters`). A connection itself belongs to
// whoever holds its slot, and is used, closed and polled without the mutex; others may only abort
// it, which it is made for.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "pool/circuit_breaker.h"
#include "pool/diagnostics.h"
#include "pool/quarantine.h"
#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/engine_address.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/pool/lease_core.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/log.h"

namespace tidegauge::pool {

/// Why a call has closed its socket, where it did.
[[nodiscard]] model::CloseReason close_reason(const Result<http::Response>& result) noexcept;
[[nodiscard]] model::CloseReason close_reason(Errc code) noexcept;

/// A socket that had been idle was dead already when the request was written to it.
[[nodiscard]] bool died_idle(const http::Transfer& transfer, const Error& error) noexcept;

/// How soon maintenance asks the Engine whether it is well, and what.
enum class Suspicion : std::uint8_t {
  none,
  ping,  ///< a ping at once: a socket has died, or a call got stuck
  call   ///< a ping and a real call at once: a call has failed, which a ping cannot clear
};

/// What a probe has asked.
enum class ProbeKind : std::uint8_t {
  ping,
  call,     ///< a ping and a real call
  recovery  ///< the same, of an Engine that is down
};

class PoolState {
 public:
  PoolState(std::string name, const model::EngineAddress& address,
            const config::PoolConfig& options, std::unique_ptr<http::Transport> transport,
            Logger& logger, std::function<void()> wake);

  /// A granted slot, or why not.
  Result<SlotIndex> acquire(const CallTag& tag, SteadyTime deadline, const std::stop_token& stop,
                            const std::source_location& place);
  /// A slot of a stream's, at once or not at all.
  Result<SlotIndex> acquire_for_stream(const CallTag& tag, const std::stop_token& stop,
                                       const std::source_location& place);
  /// Readies the connection of a slot just granted: makes it if there is none yet, and closes a
  /// socket that is dead, too old, or of an Engine that is gone.
  http::Connection& prepare(SlotIndex slot);
  void release(SlotIndex slot) noexcept;

  /// After a request on a slot that the caller holds: keeps the books of its socket. `reason`: why
  /// it was closed, where it was.
  void record_transfer(SlotIndex slot, model::CloseReason reason);
  /// The Engine has answered a call of a caller, whatever it said.
  void record_answer(SlotIndex slot);
  /// A failed call of a caller.
  void record_failure(SlotIndex slot, const Error& error);
  void count_stale_retry();

  /// Closes the socket of a slot that the caller holds.
  void close_socket(SlotIndex slot, model::CloseReason reason);

  [[nodiscard]] model::PoolStats stats() const;
  [[nodiscard]] std::vector<model::SlotStats> slots() const;
  [[nodiscard]] EngineHealth health() const;
  EngineHealth wait_for_change(std::uint64_t seen, SteadyTime until,
                               const std::stop_token& stop) const;
  CloseReport close(SteadyTime deadline);

  /// The outcome of a ping or probe. Under no lock; logs a change once.
  void record_probe(ProbeKind kind, const std::optional<Error>& failure);

  /// Under the mutex: makes the next probe due at once.
  void suspect(Suspicion reason) noexcept;
  /// Under the mutex: the connections of callers, or of streams, that were lent before a time; to
  /// be aborted off it.
  [[nodiscard]] std::vector<http::Connection*> lent_to_callers() const;
  [[nodiscard]] std::vector<http::Connection*> lent_to_streams(SteadyTime before) const;

  /// A lease has been held for too long. Under no lock.
  void log_leak(const Holder& holder, SteadyTime now) const;
  void log_degraded(bool is_degraded) const;

  const std::string name;
  const model::EngineAddress address;
  const config::PoolConfig options;
  Logger& logger;
  const std::unique_ptr<http::Transport> transport;  ///< outlives the connections below

  mutable std::mutex mutex;
  // Guarded by the mutex:
  LeaseCore core;
  CircuitBreaker breaker;
  std::vector<std::unique_ptr<http::Connection>> connections;  ///< by slot; made at first use
  SteadyTime last_answer{};   ///< when the Engine last answered a call or a ping
  SteadyTime recovered_at{};  ///< when the last outage ended; callers are let in bit by bit
  Suspicion suspicion = Suspicion::none;
  bool degraded = false;  ///< pings are answered, but several containers are stuck
  std::uint64_t leaks_detected = 0;

  /// Guards itself: asked before the mutex is taken.
  Guarded<Quarantine> quarantine;

 private:
  struct Counters {
    std::uint64_t acquired = 0;
    std::uint64_t created = 0;
    std::uint64_t probes_succeeded = 0;
    std::uint64_t probes_failed = 0;
    std::uint64_t stale_retries = 0;
    std::uint64_t silent_reconnects = 0;
    std::uint64_t leaks_recovered = 0;
    std::array<std::uint64_t, model::close_reason_count> closed{};
    std::array<std::uint64_t, model::acquire_failure_count> failures{};
    std::array<std::uint64_t, model::call_class_count> stuck{};
    model::DurationHistogram wait_success;
    model::DurationHistogram wait_failure;
    std::array<model::DurationHistogram, model::call_class_count> use;
    std::array<model::DurationHistogram, model::call_class_count> first_byte;
    model::DurationHistogram create;
  };

  [[nodiscard]] std::optional<Error> quarantined(const CallTag& tag);
  [[nodiscard]] std::optional<model::AcquireFailure> refusal() const;
  Result<SlotIndex> refused(model::AcquireFailure failure, SteadyTime asked, const CallTag& tag,
                            std::unique_lock<std::mutex> lock);
  Result<SlotIndex> wait_for_slot(Waiter& waiter, const CallTag& tag, const std::stop_token& stop);
  [[nodiscard]] std::optional<model::CloseReason> reason_to_close(const Slot& slot) const;
  [[nodiscard]] PoolSummary summary() const;
  [[nodiscard]] EngineHealth current_health() const;
  void record_stuck(const Holder& holder);
  void record_container_failure(const Holder& holder, const Error& error);
  void record_engine_failure(const Holder& holder, const Error& error);
  void wake_maintenance() const;
  void react_to(const std::shared_ptr<const Error>& cause_before,
                std::unique_lock<std::mutex> lock);

  std::function<void()> wake_;
  std::atomic<bool> any_in_quarantine_ = false;  // or on the way there; spares most calls a look
  // Guarded by the mutex:
  Counters counters_;
  bool closing_ = false;
  std::uint64_t health_version_ = 0;
  mutable std::condition_variable changed_;  ///< of the health, or a lease came back while closing
};

}  // namespace tidegauge::pool
