#include <array>
#include <cstddef>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::PoolStats;

/// One sample for each value of an enumeration that counts from 0.
template <class Enum, class Value, std::size_t size>
void add_each(const Samples& out, std::string_view label, const std::array<Value, size>& values) {
  for (std::size_t i = 0; i < size; ++i) {
    out.add(values[i], {{label, to_string(static_cast<Enum>(i))}});
  }
}

constexpr Row<PoolStats> pool_metrics[] = {
    {{"tidegauge_pool_connections", gauge,
      "Connections by state: idle, active (acquired by a call), stream, connecting.", "state"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.connections_idle, {{"state", "idle"}});
       out.add(pool.connections_active, {{"state", "active"}});
       out.add(pool.connections_stream, {{"state", "stream"}});
       out.add(pool.connections_connecting, {{"state", "connecting"}});
     }},
    {{"tidegauge_pool_connections_max", gauge, "Limit of connections for calls."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_max); }},
    {{"tidegauge_pool_connections_min", gauge, "Connections kept open while the Engine is up."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_min); }},
    {{"tidegauge_pool_connections_peak", gauge,
      "Peak of the connections acquired at the same time."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_peak); }},
    {{"tidegauge_pool_pending_requests", gauge, "Callers that wait for a connection."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.pending_requests); }},
    {{"tidegauge_pool_open_sockets", gauge, "Open sockets."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.open_sockets); }},
    {{"tidegauge_pool_circuit_state", gauge,
      "State of the circuit breaker: 0 closed (calls go through), 1 half-open, 2 open (calls fail "
      "at once)."},
     [](const PoolStats& pool, const Samples& out) { out.add(static_cast<int>(pool.circuit)); }},
    {{"tidegauge_pool_circuit_next_probe_seconds", gauge,
      "Time until the next probe while the circuit breaker is open, otherwise 0."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.next_probe_seconds); }},
    {{"tidegauge_pool_leaked_leases", gauge, "Leases held longer than pool.leak_threshold."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaked_leases); }},
    {{"tidegauge_pool_oldest_lease_seconds", gauge, "Age of the oldest lease."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.oldest_lease_seconds); }},
    {{"tidegauge_pool_oldest_waiter_seconds", gauge,
      "Waiting time of the first caller in the queue."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.oldest_waiter_seconds); }},
    {{"tidegauge_pool_quarantined_keys", gauge,
      "Containers in quarantine: no calls about them are made for a while, because calls got stuck "
      "or failed."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.quarantined.size()); }},
    {{"tidegauge_pool_degraded", gauge,
      "1 while probes succeed but calls about several containers are stuck."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.degraded); }},
    {{"tidegauge_pool_acquired_total", counter, "Connections acquired by callers."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.acquired); }},
    {{"tidegauge_pool_acquire_failures_total", counter,
      "Callers that did not acquire a connection, by reason.", "reason"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::AcquireFailure>(out, "reason", pool.acquire_failures);
     }},
    {{"tidegauge_pool_connections_created_total", counter, "Connections created."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_created); }},
    {{"tidegauge_pool_connections_closed_total", counter, "Connections closed, by reason.",
      "reason"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CloseReason>(out, "reason", pool.connections_closed);
     }},
    {{"tidegauge_pool_circuit_transitions_total", counter,
      "State changes of the circuit breaker, by the new state.", "to"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CircuitState>(out, "to", pool.circuit_transitions);
     }},
    {{"tidegauge_pool_stuck_operations_total", counter,
      "Calls aborted because they exceeded a timeout, by class.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.stuck_operations);
     }},
    {{"tidegauge_pool_probes_total", counter, "Probes sent by the pool, by result.", "result"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.probes_succeeded, {{"result", "success"}});
       out.add(pool.probes_failed, {{"result", "failure"}});
     }},
    {{"tidegauge_pool_stale_retries_total", counter,
      "Calls retried because the idle socket turned out to be dead."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.stale_retries); }},
    {{"tidegauge_pool_silent_reconnects_total", counter,
      "Dead idle sockets that were replaced just before a call was sent."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.silent_reconnects); }},
    {{"tidegauge_pool_leaks_detected_total", counter, "Leases reported as leaked."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaks_detected); }},
    {{"tidegauge_pool_leaks_recovered_total", counter,
      "Leases reported as leaked that were released later."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaks_recovered); }},
    {{"tidegauge_pool_expired_waiters_evicted_total", counter,
      "Callers evicted from the queue because their timeout had expired."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.expired_waiters_evicted); }},
    {{"tidegauge_pool_barged_total", counter,
      "Callers that acquired a free connection before callers that had just begun to wait."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.barged); }},
    {{"tidegauge_pool_handed_off_total", counter,
      "Callers that received a connection directly from the caller that released it."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.handed_off); }},
    {{"tidegauge_pool_connection_wait_seconds", histogram,
      "Time that callers waited for a connection, including callers that got none.", "outcome"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.wait_success, {{"outcome", "success"}});
       out.add(pool.wait_failure, {{"outcome", "failure"}});
     }},
    {{"tidegauge_pool_connection_use_seconds", histogram,
      "Time that callers held a connection, by class of call.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.use);
     }},
    {{"tidegauge_pool_operation_ttfb_seconds", histogram,
      "Time from sending a call to the first byte of its answer, by class of call.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.first_byte);
     }},
    {{"tidegauge_pool_connection_create_seconds", histogram, "Time to connect."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.create); }},
};

}  // namespace

std::span<const Row<PoolStats>> pool_rows() noexcept {
  return pool_metrics;
}

}  // namespace tidegauge::metrics
