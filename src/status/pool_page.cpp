#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "status/page_frame.h"
#include "status/units.h"
#include "tidegauge/status/pages.h"

namespace tidegauge::status {
namespace {

const model::ContainerRecord* record_of(const model::EngineSnapshot& engine, std::string_view id) {
  const auto found = std::ranges::find_if(
      engine.containers, [id](const auto& record) { return record.container->id == id; });
  return found == engine.containers.end() ? nullptr : &*found;
}

void write_count(Html& html, std::string_view term, std::uint64_t count) {
  write_fact(html, term, with_commas(count));
}

/// The mean of what a histogram has counted; empty where nothing was.
std::string mean_text(const model::DurationHistogram& histogram) {
  if (histogram.count() == 0) return "";
  const auto mean = histogram.sum_seconds() / static_cast<double>(histogram.count());
  return decimal_text(mean * 1'000, 3) + " ms on average";
}

void write_circuit(Html& html, const model::PoolStats& pool) {
  const bool is_closed = pool.circuit == model::CircuitState::closed;
  const auto style = is_closed ? "state running" : "state dead";
  html.element("p", {{"class", "badges"}}, [&] {
    html.element("span", {{"class", style}}, "circuit " + std::string(to_string(pool.circuit)));
    if (!is_closed) {
      html.text(" the next probe is in " + decimal_text(pool.next_probe_seconds, 1) + " s");
    }
    if (pool.degraded) html.element("span", {{"class", "state stuck"}}, "degraded");
  });
}

void write_now(Html& html, const model::PoolStats& pool) {
  html.element("dl", {{"class", "facts"}}, [&] {
    write_count(html, "Free", pool.connections_idle);
    write_count(html, "In use", pool.connections_active);
    write_count(html, "Streams", pool.connections_stream);
    write_count(html, "Connecting", pool.connections_connecting);
    write_fact(
        html, "At most",
        with_commas(pool.connections_max) + ", kept open: " + with_commas(pool.connections_min));
    write_count(html, "Open sockets", pool.open_sockets);
    write_count(html, "Callers that wait", pool.pending_requests);
    write_fact(html, "Longest wait now", duration_text(pool.oldest_waiter_seconds),
               decimal_text(pool.oldest_waiter_seconds, 3) + " s");
    write_fact(html, "Waiting time", mean_text(pool.wait_success));
    write_count(html, "Containers in quarantine", pool.quarantined.size());
    write_count(html, "Not given back", pool.leaked_leases);
    write_fact(html, "Longest use now", duration_text(pool.oldest_lease_seconds),
               decimal_text(pool.oldest_lease_seconds, 3) + " s");
  });
}

/// A row has the name of the container, or the beginning of the id where no monitor knows the name.
void write_quarantined(Html& html, const StatusInput& input, std::string_view endpoint,
                       const model::QuarantinedContainer& container) {
  html.element("tr", {{"data-key", container.id}}, [&] {
    html.element("th", {{"scope", "row"}}, [&] {
      const auto* const engine = model::find_engine(input.engines, endpoint);
      const auto* const record = engine ? record_of(*engine, container.id) : nullptr;
      if (record == nullptr) return html.text(container.id.substr(0, 12));
      write_container_name(html, *engine, record->container->name);
    });
    html.element("td", {}, container.cause == "stuck" ? "a call got stuck" : "calls fail");
    html.element("td", {},
                 container.next_call_seconds > 0
                     ? "in " + duration_text(container.next_call_seconds)
                     : "now");
  });
}

void write_quarantine(Html& html, const StatusInput& input, const model::PoolStats& pool) {
  if (pool.quarantined.empty()) return;
  html.element("table", {}, [&] {
    html.element("caption", {}, "Containers in quarantine");
    write_table_head(html, {"Container", "Why", "Next call"});
    html.element("tbody", {}, [&] {
      for (const auto& container : pool.quarantined) {
        write_quarantined(html, input, pool.endpoint, container);
      }
    });
  });
}

std::uint64_t sum_of(const auto& counts) {
  std::uint64_t sum = 0;
  for (const auto count : counts) sum += count;
  return sum;
}

void write_since_start(Html& html, const model::PoolStats& pool) {
  html.element("dl", {{"class", "facts"}}, [&] {
    write_count(html, "Acquired", pool.acquired);
    write_count(html, "Not acquired", sum_of(pool.acquire_failures));
    write_count(html, "Connections made", pool.connections_created);
    write_count(html, "Connections closed", sum_of(pool.connections_closed));
    write_count(html, "Calls that got stuck", sum_of(pool.stuck_operations));
    write_count(html, "Probes that failed", pool.probes_failed);
    write_count(html, "Most in use at the same time", pool.connections_peak);
  });
}

void write_slot(Html& html, const model::SlotStats& slot) {
  const auto key = std::to_string(slot.slot);
  const auto style = "slot " + slot.state;
  html.element("tr", {{"data-key", key}}, [&] {
    html.element("th", {{"scope", "row"}}, key);
    html.element("td", {}, [&] { html.element("span", {{"class", style}}, slot.state); });
    html.element("td", {}, slot.for_streams ? "stream" : "call");
    html.element("td", {}, slot.connected ? "yes" : "no");
    html.element("td", {}, with_commas(slot.uses));
    html.element("td", {}, slot.holder);
  });
}

void write_slots(Html& html, const std::vector<model::SlotStats>& slots,
                 std::string_view endpoint) {
  html.element("table", {}, [&] {
    html.element("caption", {}, "Slots of " + std::string(endpoint));
    write_table_head(html, {"Slot", "State", "For", "Connected", "Uses", "Holder"});
    html.element("tbody", {}, [&] {
      for (const auto& slot : slots) write_slot(html, slot);
    });
  });
}

void write_pool(Html& html, const StatusInput& input, const model::PoolStats& pool) {
  const auto slots = std::ranges::find_if(
      input.slots, [&](const auto& entry) { return entry.first == pool.endpoint; });
  const auto heading_id = "pool-" + pool.endpoint;
  html.element("section", {{"aria-labelledby", heading_id}, {"data-key", pool.endpoint}}, [&] {
    html.element("h2", {{"id", heading_id}}, pool.endpoint);
    write_circuit(html, pool);
    write_now(html, pool);
    write_quarantine(html, input, pool);
    html.element("h3", {}, "Since the start");
    write_since_start(html, pool);
    if (slots == input.slots.end()) return;
    html.element(
        "div",
        {{"class", "wide"}, {"role", "group"}, {"tabindex", "0"}, {"aria-labelledby", heading_id}},
        [&] { write_slots(html, slots->second, pool.endpoint); });
  });
}

}  // namespace

std::string pool_page(const StatusInput& input) {
  return page({.kind = "pool", .root = "", .title = "Connections"}, input, [&](Html& html) {
    html.element("h1", {}, "Connections to the Engines");
    for (const auto& pool : input.pools) write_pool(html, input, pool);
  });
}

}  // namespace tidegauge::status
