#include <algorithm>
#include <string>
#include <vector>

#include "status/api_members.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/status/api.h"

namespace tidegauge::status {
namespace {

void write_quarantined(json::Writer& writer, const model::QuarantinedContainer& container) {
  writer.object([&] {
    writer.key("container_id").value(container.id);
    writer.key("cause").value(container.cause);
    writer.key("next_call_seconds").value(container.next_call_seconds);
  });
}

void write_now(json::Writer& writer, const model::PoolStats& pool) {
  writer.key("circuit").value(to_string(pool.circuit));
  if (pool.circuit != model::CircuitState::closed) {
    writer.key("next_probe_seconds").value(pool.next_probe_seconds);
  }
  writer.key("degraded").value(pool.degraded);
  writer.key("connections_idle").value(pool.connections_idle);
  writer.key("connections_active").value(pool.connections_active);
  writer.key("connections_stream").value(pool.connections_stream);
  writer.key("connections_connecting").value(pool.connections_connecting);
  writer.key("connections_max").value(pool.connections_max);
  writer.key("connections_min").value(pool.connections_min);
  writer.key("open_sockets").value(pool.open_sockets);
  writer.key("pending_requests").value(pool.pending_requests);
  writer.key("oldest_waiter_seconds").value(pool.oldest_waiter_seconds);
  writer.key("oldest_lease_seconds").value(pool.oldest_lease_seconds);
  writer.key("leaked_leases").value(pool.leaked_leases);
  writer.key("quarantined_containers").value(pool.quarantined.size());
  writer.key("quarantine").array([&] {
    for (const auto& container : pool.quarantined) write_quarantined(writer, container);
  });
}

void write_durations(json::Writer& writer, std::string_view name,
                     const model::DurationHistogram& durations) {
  writer.key(name).object([&] {
    writer.key("count").value(durations.count());
    writer.key("sum_seconds").value(durations.sum_seconds());
  });
}

void write_since_start(json::Writer& writer, const model::PoolStats& pool) {
  writer.key("acquired").value(pool.acquired);
  write_counts<model::AcquireFailure>(writer, "acquire_failures", pool.acquire_failures);
  writer.key("connections_created").value(pool.connections_created);
  writer.key("connections_peak").value(pool.connections_peak);
  write_counts<model::CloseReason>(writer, "connections_closed", pool.connections_closed);
  write_counts<model::CircuitState>(writer, "circuit_transitions", pool.circuit_transitions);
  write_counts<model::CallClass>(writer, "stuck_operations", pool.stuck_operations);
  writer.key("probes_succeeded").value(pool.probes_succeeded);
  writer.key("probes_failed").value(pool.probes_failed);
  writer.key("stale_retries").value(pool.stale_retries);
  writer.key("silent_reconnects").value(pool.silent_reconnects);
  writer.key("leaks_detected").value(pool.leaks_detected);
  writer.key("leaks_recovered").value(pool.leaks_recovered);
  write_durations(writer, "waited", pool.wait_success);
  write_durations(writer, "waited_in_vain", pool.wait_failure);
  write_durations(writer, "connecting", pool.create);
}

void write_slot(json::Writer& writer, const model::SlotStats& slot) {
  writer.object([&] {
    writer.key("slot").value(slot.slot);
    writer.key("state").value(slot.state);
    writer.key("for_streams").value(slot.for_streams);
    writer.key("connected").value(slot.connected);
    writer.key("uses").value(slot.uses);
    write_text(writer, "holder", slot.holder);
  });
}

void write_pool(json::Writer& writer, const model::PoolStats& pool, const StatusInput& input) {
  const auto slots = std::ranges::find_if(
      input.slots, [&](const auto& entry) { return entry.first == pool.endpoint; });
  writer.object([&] {
    writer.key("endpoint").value(pool.endpoint);
    write_now(writer, pool);
    writer.key("since_start").object([&] { write_since_start(writer, pool); });
    if (slots == input.slots.end()) return;
    writer.key("slots").array([&] {
      for (const auto& slot : slots->second) write_slot(writer, slot);
    });
  });
}

}  // namespace

std::string pool_json(const StatusInput& input) {
  std::string out;
  json::Writer writer(out);
  writer.object([&] {
    write_time(writer, "time", input.now);
    writer.key("pools").array([&] {
      for (const auto& pool : input.pools) write_pool(writer, pool, input);
    });
  });
  return out + '\n';
}

}  // namespace tidegauge::status
