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
      "Connections by state: idle, active (lent to a call), stream, connecting.", "state"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.connections_idle, {{"state", "idle"}});
       out.add(pool.connections_active, {{"state", "active"}});
       out.add(pool.connections_stream, {{"state", "stream"}});
       out.add(pool.connections_connecting, {{"state", "connecting"}});
     }},
    {{"tidegauge_pool_connections_max", gauge, "Most connections allowed."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_max); }},
    {{"tidegauge_pool_connections_min", gauge, "Connections kept while the Engine is up."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_min); }},
    {{"tidegauge_pool_connections_peak", gauge, "Most connections lent at the same time so far."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_peak); }},
    {{"tidegauge_pool_pending_requests", gauge, "Callers that wait for a connection."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.pending_requests); }},
    {{"tidegauge_pool_open_sockets", gauge, "Sockets open."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.open_sockets); }},
    {{"tidegauge_pool_circuit_state", gauge,
      "Circuit breaker: 0 closed (calls go through), 1 half-open, 2 open (calls fail at once)."},
     [](const PoolStats& pool, const Samples& out) { out.add(static_cast<int>(pool.circuit)); }},
    {{"tidegauge_pool_circuit_next_probe_seconds", gauge,
      "Time until the next probe of an open circuit, 0 while it is closed."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.next_probe_seconds); }},
    {{"tidegauge_pool_leaked_leases", gauge, "Leases held for longer than the leak threshold."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaked_leases); }},
    {{"tidegauge_pool_oldest_lease_seconds", gauge, "Age of the oldest lease."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.oldest_lease_seconds); }},
    {{"tidegauge_pool_oldest_waiter_seconds", gauge,
      "How long the first caller in the queue has waited."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.oldest_waiter_seconds); }},
    {{"tidegauge_pool_quarantined_keys", gauge,
      "Containers that are asked no more for now because calls about them got stuck or failed."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.quarantined_keys); }},
    {{"tidegauge_pool_degraded", gauge,
      "1 while pings are answered but calls about several containers are stuck."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.degraded); }},
    {{"tidegauge_pool_acquired_total", counter, "Connections lent to callers."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.acquired); }},
    {{"tidegauge_pool_acquire_failures_total", counter, "Callers that got none, by reason.",
      "reason"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::AcquireFailure>(out, "reason", pool.acquire_failures);
     }},
    {{"tidegauge_pool_connections_created_total", counter, "Connections made."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.connections_created); }},
    {{"tidegauge_pool_connections_closed_total", counter, "Connections closed, by reason.",
      "reason"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CloseReason>(out, "reason", pool.connections_closed);
     }},
    {{"tidegauge_pool_circuit_transitions_total", counter,
      "Changes of the circuit breaker, by the state entered.", "to"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CircuitState>(out, "to", pool.circuit_transitions);
     }},
    {{"tidegauge_pool_stuck_operations_total", counter,
      "Calls aborted because they exceeded their limits, by class.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.stuck_operations);
     }},
    {{"tidegauge_pool_probes_total", counter, "Pings of the pool's own, by result.", "result"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.probes_succeeded, {{"result", "success"}});
       out.add(pool.probes_failed, {{"result", "failure"}});
     }},
    {{"tidegauge_pool_stale_retries_total", counter,
      "Calls sent again because their idle socket had died."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.stale_retries); }},
    {{"tidegauge_pool_silent_reconnects_total", counter,
      "Idle sockets found dead, and replaced, just before a call was sent."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.silent_reconnects); }},
    {{"tidegauge_pool_leaks_detected_total", counter, "Leases reported as leaked."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaks_detected); }},
    {{"tidegauge_pool_leaks_recovered_total", counter,
      "Leases reported as leaked that came back after all."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.leaks_recovered); }},
    {{"tidegauge_pool_expired_waiters_evicted_total", counter,
      "Callers dropped from the queue because their time was up."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.expired_waiters_evicted); }},
    {{"tidegauge_pool_barged_total", counter,
      "Callers that took a free connection past a young queue."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.barged); }},
    {{"tidegauge_pool_handed_off_total", counter,
      "Callers that got the connection straight from one that released it."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.handed_off); }},
    {{"tidegauge_pool_connection_wait_seconds", histogram,
      "How long callers waited for a connection, those that got none included.", "outcome"},
     [](const PoolStats& pool, const Samples& out) {
       out.add(pool.wait_success, {{"outcome", "success"}});
       out.add(pool.wait_failure, {{"outcome", "failure"}});
     }},
    {{"tidegauge_pool_connection_use_seconds", histogram,
      "How long callers held a connection, by class of call.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.use);
     }},
    {{"tidegauge_pool_operation_ttfb_seconds", histogram,
      "From sending a call to the first byte of its answer, by class of call.", "class"},
     [](const PoolStats& pool, const Samples& out) {
       add_each<model::CallClass>(out, "class", pool.first_byte);
     }},
    {{"tidegauge_pool_connection_create_seconds", histogram, "How long connecting took."},
     [](const PoolStats& pool, const Samples& out) { out.add(pool.create); }},
};

}  // namespace

std::span<const Row<PoolStats>> pool_rows() noexcept {
  return pool_metrics;
}

}  // namespace tidegauge::metrics
