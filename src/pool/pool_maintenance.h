#pragma once

// What the maintenance thread does for one pool: pings, probes, connects, closes what is old, and
// looks for leaks. Never blocks: requests go in steps, and `run` says what to wait for.
// Belongs to one thread. Its PoolState outlives it.

#include <optional>
#include <utility>
#include <vector>

#include "pool/pool_state.h"
#include "pool/sizing_advisor.h"
#include "pool/socket_watch.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/pool/lease_core.h"
#include "tidegauge/util/retry.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class PoolMaintenance {
 public:
  explicit PoolMaintenance(PoolState& state);

  void run(SteadyTime now, Watch& watch);
  /// Ends what is in progress: the pool is closing.
  void cancel_probes();

 private:
  /// A request of ours in progress on a slot that we have claimed.
  struct Check {
    SlotIndex slot = 0;
    ProbeKind kind = ProbeKind::ping;
    enum class Step : std::uint8_t { ping, ping_by_get, call, call_again } step = Step::ping;
  };

  void look_for_socket(SteadyTime now);
  void advance_checks(SteadyTime now);
  [[nodiscard]] bool finished(Check& check, SteadyTime now);
  [[nodiscard]] bool goes_on(Check& check, const Result<http::Response>& answer);
  void send(const Check& check, http::Connection& connection) const;
  void follow_outages(SteadyTime now);
  void begin_outage();
  void end_old_streams(SteadyTime now, Watch& watch);
  void close_dead(SteadyTime now);
  void close_old(SteadyTime now, Watch& watch);
  [[nodiscard]] std::vector<std::pair<SlotIndex, model::CloseReason>> find_old(SteadyTime now,
                                                                               Watch& watch) const;
  void close_claimed(SlotIndex slot, model::CloseReason reason, SteadyTime now);
  void start_checks(SteadyTime now, Watch& watch);
  void probe_outage(SteadyTime now);
  void check_health(SteadyTime now);
  [[nodiscard]] SlotIndex claim_unconnected();
  void connect_minimum(SteadyTime now);
  void start_ping(SlotIndex slot, ProbeKind kind);
  void let_callers_in(SteadyTime now, Watch& watch);
  void advise_on_size(SteadyTime now, Watch& watch);
  void report_leaks(SteadyTime now, Watch& watch);
  void watch_sockets(SteadyTime now, Watch& watch) const;
  [[nodiscard]] SteadyTime next_check() const;
  [[nodiscard]] SteadyTime next_health_check() const;

  PoolState& state_;
  SocketWatch socket_watch_;
  SizingAdvisor advisor_;
  std::vector<Check> checks_;
  SteadyTime last_check_{};  ///< when the last ping for health was sent
  /// A ping of this kind died on an idle socket: ask again on a fresh one.
  std::optional<ProbeKind> confirm_fresh_;
  Retry suspicion_pace_;           ///< of checks that nothing but a suspicion calls for
  bool keeps_connections_ = true;  ///< until the Engine is seen to close those of checks
  bool refuses_head_ = false;      ///< or what stands before the Engine does, until an outage
  /// Until a probe of an outage has begun since.
  std::optional<SteadyTime> socket_appeared_;
  bool was_down_ = false;
  SteadyTime outage_began_{};                   ///< the last one
  SteadyTime streams_end_ = SteadyTime::max();  ///< of those that are older than that
};

}  // namespace tidegauge::pool
