#pragma once

// What the maintenance thread does for one pool: it sends probes, connects the minimum, closes old
// sockets and reports leaks. It never blocks: requests go in steps, and `run` says what to wait
// for. The probes are in pool_probes.cpp, the rest in pool_maintenance.cpp. Used by the maintenance
// thread alone. Its PoolState outlives it.

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
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class PoolMaintenance {
 public:
  explicit PoolMaintenance(PoolState& state);

  void run(SteadyTime now, PollSet& poll_set);
  /// Ends the probes in progress: the pool is closing.
  void cancel_probes();

 private:
  /// A probe in progress, on a slot that maintenance has claimed.
  struct Probe {
    SlotIndex slot = 0;
    ProbeKind kind = ProbeKind::ping;
    enum class Step : std::uint8_t { ping, ping_by_get, call, call_again } step = Step::ping;
  };

  /// Probes are not sent more often than this, however many calls fail.
  static constexpr Milliseconds shortest_probe_interval{100};

  void look_for_socket(SteadyTime now);
  void advance_probes(SteadyTime now);
  [[nodiscard]] bool finished(Probe& probe, SteadyTime now);
  void conclude(const Probe& probe, const Result<http::Response>& answer);
  [[nodiscard]] bool has_next_step(Probe& probe, const Result<http::Response>& answer);
  void send(const Probe& probe, http::Connection& connection) const;
  void follow_outages(SteadyTime now);
  void begin_outage();
  void end_old_streams(SteadyTime now, PollSet& poll_set);
  void close_dead(SteadyTime now);
  [[nodiscard]] bool claim_suspect(SlotIndex slot);
  void close_old(SteadyTime now, PollSet& poll_set);
  [[nodiscard]] std::vector<std::pair<SlotIndex, model::CloseReason>> find_old(
      SteadyTime now, PollSet& poll_set) const REQUIRES(state_.mutex);
  void close_claimed(SlotIndex slot, model::CloseReason reason, SteadyTime now);
  void start_probes(SteadyTime now, PollSet& poll_set);
  void probe_outage(SteadyTime now);
  void probe_health(SteadyTime now);
  [[nodiscard]] SlotIndex claim_unconnected() REQUIRES(state_.mutex);
  void connect_minimum(SteadyTime now);
  [[nodiscard]] std::optional<SlotIndex> claim_for_minimum();
  void start_ping(SlotIndex slot, ProbeKind kind);
  void raise_lease_limit(SteadyTime now, PollSet& poll_set);
  void advise_on_size(SteadyTime now, PollSet& poll_set);
  void report_leaks(SteadyTime now, PollSet& poll_set);
  void add_descriptors(SteadyTime now, PollSet& poll_set) const;
  [[nodiscard]] SteadyTime next_probe() const REQUIRES(state_.mutex);
  [[nodiscard]] SteadyTime next_health_probe() const REQUIRES(state_.mutex);

  PoolState& state_;
  SocketWatch socket_watch_;
  SizingAdvisor advisor_;
  std::vector<Probe> probes_;
  SteadyTime last_probe_{};
  /// A ping of this kind died on an idle socket; the next one uses a new socket.
  std::optional<ProbeKind> confirm_fresh_;
  /// The pause between probes whose only reason is a suspicion.
  Retry suspicion_pace_;
  /// Whether the Engine keeps the connections of probes open. An outage resets this.
  bool keeps_connections_ = true;
  /// Whether the Engine, or a proxy before it, refuses HEAD. An outage resets this.
  bool refuses_head_ = false;
  /// When the socket appeared; absent once a recovery probe has been sent after that.
  std::optional<SteadyTime> socket_appeared_;
  bool was_down_ = false;
  SteadyTime outage_began_{};  ///< of the last outage
  /// When the streams end that were opened before `outage_began_`.
  SteadyTime streams_end_ = SteadyTime::max();
};

}  // namespace tidegauge::pool
