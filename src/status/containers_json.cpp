#include <algorithm>
#include <string>

#include "status/api_members.h"
#include "status/container_facts.h"
#include "status/use_json.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/status/api.h"

namespace tidegauge::status {
namespace {

// --- what is in the list and in the answer about one --------------------------------------------

void write_identity(json::Writer& writer, const ContainerFacts& facts) {
  const auto& container = facts.container();
  const auto label = [&](std::string_view key) {
    return model::find_label(container, key).value_or("");
  };
  writer.key("endpoint").value(facts.engine.endpoint);
  writer.key("name").value(container.name);
  writer.key("id").value(container.id);
  write_text(writer, "image", container.image);
  write_text(writer, "image_id", container.image_id);
  write_text(writer, "project", facts.project());
  write_text(writer, "service", label("com.docker.compose.service"));
  write_text(writer, "hostname", container.hostname);
  write_text(writer, "network_mode", container.network_mode);
  write_text(writer, "restart_policy", container.restart_policy);
  write_text(writer, "cgroup_path", facts.record.cgroup_path);
}

void write_health(json::Writer& writer, const model::Container& container) {
  if (model::current_health(container) == model::Health::none) return;
  writer.key("health").value(to_string(model::current_health(container)));
  write_known(writer, "health_failing_streak", container.health_failing_streak);
  const auto& check = container.last_health_check;
  if (!check.duration_seconds && !check.exit_code) return;
  writer.key("last_health_check").object([&] {
    write_known(writer, "duration_seconds", check.duration_seconds);
    write_known(writer, "exit_code", check.exit_code);
  });
}

void write_state(json::Writer& writer, const ContainerFacts& facts) {
  const auto& container = facts.container();
  writer.key("state").value(to_string(container.state));
  writer.key("state_known").value(facts.record.state_known);
  write_health(writer, container);
  write_known(writer, "created_at", container.created_at);
  write_known(writer, "started_at", container.started_at);
  write_known(writer, "finished_at", container.finished_at);
  write_known(writer, "exit_code", container.exit_code);
  write_text(writer, "start_error", container.start_error);
  writer.key("oom_killed").value(container.oom_killed);
  write_known(writer, "engine_restart_count", container.restart_count);
  write_known(writer, "last_seen", facts.record.last_seen);
  writer.key("stuck").value(facts.record.stuck);
  writer.key("collect_errors").value(facts.record.collect_errors);
}

/// What was counted by the name, over all containers that have had it.
void write_lifecycle(json::Writer& writer, const model::Lifecycle& lifecycle) {
  writer.key("restarts").value(lifecycle.restarts);
  write_known(writer, "oom_events", lifecycle.oom_events);
  write_time(writer, "counted_since", lifecycle.counted_since);
}

void write_last_end(json::Writer& writer, const model::RunEnd& end) {
  writer.key("last_end").object([&] {
    writer.key("number").value(end.number);
    writer.key("cause").value(to_string(end.cause));
    write_time(writer, "ended_at", end.ended_at);
  });
}

void write_limits(json::Writer& writer, const model::ContainerLimits& limits) {
  writer.key("limits").object([&] {
    write_known(writer, "memory_bytes", limits.memory_bytes);
    write_known(writer, "memory_reservation_bytes", limits.memory_reservation_bytes);
    write_known(writer, "memory_swap_bytes", limits.memory_swap_bytes);
    write_known(writer, "cpu_cores", allowed_cores(limits));
    write_known(writer, "cpu_shares", limits.cpu_shares);
    write_known(writer, "pids", limits.pids);
  });
}

void write_layer(json::Writer& writer, const model::WritableLayer& layer) {
  writer.key("layer").object([&] {
    writer.key("bytes").value(layer.bytes);
    write_time(writer, "measured_at", layer.measured_at);
  });
}

void write_members(json::Writer& writer, const ContainerFacts& facts) {
  const auto& record = facts.record;
  write_identity(writer, facts);
  write_state(writer, facts);
  if (facts.lifecycle != nullptr) write_lifecycle(writer, *facts.lifecycle);
  if (facts.last_end != nullptr) write_last_end(writer, *facts.last_end);
  write_limits(writer, facts.container().limits);
  if (record.layer) write_layer(writer, *record.layer);
  if (!record.stats) return;
  writer.key("use");
  write_use(writer, *record.stats, facts.history.get());
}

// --- what only the answer about one has ---------------------------------------------------------

void write_labels(json::Writer& writer, const StatusInput& input,
                  const model::Container& container) {
  writer.key("labels").object([&] {
    for (const auto& [key, value] : container.labels) {
      if (input.shows_label(key)) writer.key(key).value(value);
    }
  });
}

void write_attached_network(json::Writer& writer, const model::AttachedNetwork& network) {
  writer.object([&] {
    writer.key("name").value(network.name);
    write_text(writer, "ipv4_address", network.ipv4_address);
    write_text(writer, "ipv6_address", network.ipv6_address);
  });
}

void write_network(json::Writer& writer, const model::NetworkStats& network) {
  writer.object([&] {
    writer.key("interface").value(network.interface);
    write_known(writer, "receive_bytes", network.receive_bytes);
    write_known(writer, "receive_packets", network.receive_packets);
    write_known(writer, "receive_errors", network.receive_errors);
    write_known(writer, "receive_dropped", network.receive_dropped);
    write_known(writer, "transmit_bytes", network.transmit_bytes);
    write_known(writer, "transmit_packets", network.transmit_packets);
    write_known(writer, "transmit_errors", network.transmit_errors);
    write_known(writer, "transmit_dropped", network.transmit_dropped);
  });
}

void write_history(json::Writer& writer, const ContainerHistory& history) {
  writer.key("health_changes").array([&] {
    for (const auto& change : history.health) {
      writer.object([&] {
        write_time(writer, "seen_at", change.seen_at);
        writer.key("health").value(to_string(change.health));
      });
    }
  });
  writer.key("history");
  write_plots(writer, history);
}

void write_details(json::Writer& writer, const StatusInput& input, const ContainerFacts& facts,
                   const std::optional<std::vector<std::string>>& processes) {
  write_labels(writer, input, facts.container());
  writer.key("attached_networks").array([&] {
    for (const auto& network : facts.container().attached_networks) {
      write_attached_network(writer, network);
    }
  });
  if (facts.record.stats) {
    writer.key("networks").array([&] {
      for (const auto& network : facts.record.stats->networks) write_network(writer, network);
    });
  }
  if (processes && input.show_processes) {
    writer.key("processes").array([&] {
      for (const auto& process : *processes) writer.value(process);
    });
  }
  if (facts.history) write_history(writer, *facts.history);
}

}  // namespace

std::string containers_json(const StatusInput& input) {
  std::string out;
  json::Writer writer(out);
  writer.object([&] {
    write_time(writer, "time", input.now);
    writer.key("containers").array([&] {
      for (const auto& engine : input.engines) {
        const FactsOf facts_of(*engine, input.history);
        for (const auto& record : engine->containers) {
          writer.object([&] { write_members(writer, facts_of(record)); });
        }
      }
    });
  });
  return out + '\n';
}

std::optional<std::string> container_json(
    const StatusInput& input, std::string_view endpoint, std::string_view name,
    const std::optional<std::vector<std::string>>& processes) {
  const auto* const engine = model::find_engine(input.engines, endpoint);
  const auto* const record = engine == nullptr ? nullptr : model::find_container(*engine, name);
  if (record == nullptr) return std::nullopt;
  const auto facts = FactsOf(*engine, input.history)(*record);
  std::string out;
  json::Writer writer(out);
  writer.object([&] {
    write_time(writer, "time", input.now);
    write_members(writer, facts);
    write_details(writer, input, facts, processes);
  });
  return out + '\n';
}

}  // namespace tidegauge::status
