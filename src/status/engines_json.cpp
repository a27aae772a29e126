#include <optional>
#include <string>

#include "status/api_members.h"
#include "status/use_json.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/status/api.h"

namespace tidegauge::status {
namespace {

void write_filesystem(json::Writer& writer, const model::FilesystemStats& filesystem,
                      const model::HostStats& host) {
  writer.object([&] {
    write_text(writer, "device", filesystem.device);
    writer.key("used_bytes").value(filesystem.usage_bytes);
    write_known(writer, "size_bytes", filesystem.limit_bytes);
    write_known(writer, "inodes", filesystem.inodes);
    write_known(writer, "inodes_free", filesystem.inodes_free);
    writer.key("has_engine_data")
        .value(!host.engine_device.empty() && filesystem.device == host.engine_device);
    write_time(writer, "measured_at", filesystem.measured_at.value_or(host.use.read_at));
  });
}

/// What this machine knows of itself; an Engine on another machine tells only its size.
void write_host(json::Writer& writer, const model::HostStats& host,
                const ContainerHistory* history) {
  write_known(writer, "swap_bytes", host.swap_bytes);
  write_known(writer, "cpu_sockets", host.cpu_sockets);
  write_known(writer, "cpu_physical_cores", host.cpu_physical_cores);
  write_known(writer, "booted_at", host.booted_at);
  writer.key("use");
  write_use(writer, host.use, history);
  if (history != nullptr) {
    writer.key("history");
    write_plots(writer, *history);
  }
  writer.key("filesystems").array([&] {
    for (const auto& filesystem : host.filesystems) write_filesystem(writer, filesystem, host);
  });
  writer.key("stuck_filesystems").array([&] {
    for (const auto& filesystem : host.stuck_filesystems) writer.value(filesystem);
  });
}

void write_machine(json::Writer& writer, const model::EngineSnapshot& engine,
                   const History& history) {
  const auto& info = engine.info;
  auto memory = engine.host ? engine.host->memory_bytes : std::nullopt;
  if (!memory && info) memory = info->memory_bytes;
  if (!engine.host && !info) return;
  writer.key("machine").object([&] {
    if (info) {
      write_text(writer, "name", info->name);
      write_text(writer, "operating_system", info->operating_system);
      write_known(writer, "cpus", info->cpus);
    }
    write_known(writer, "memory_bytes", memory);
    if (engine.host) write_host(writer, *engine.host, history.machine(engine.endpoint).get());
  });
}

void write_version(json::Writer& writer, const model::EngineVersion& version) {
  writer.key("product").value(version.is_podman ? "podman" : "docker");
  write_text(writer, "version", version.version);
  write_text(writer, "os", version.os);
  write_text(writer, "arch", version.arch);
  write_text(writer, "kernel_version", version.kernel_version);
}

void write_info(json::Writer& writer, const model::EngineInfo& info) {
  writer.key("cgroup_version").value(info.cgroup_version);
  write_text(writer, "cgroup_driver", info.cgroup_driver);
  write_text(writer, "storage_driver", info.storage_driver);
  writer.key("live_restore").value(info.live_restore);
}

void write_engine(json::Writer& writer, const model::EngineSnapshot& engine,
                  const History& history) {
  const auto spell = history.spell(engine.endpoint);
  writer.object([&] {
    writer.key("endpoint").value(engine.endpoint);
    writer.key("up").value(engine.up);
    if (spell && spell->up == engine.up) write_time(writer, "since", spell->since);
    if (!engine.up) write_text(writer, "down_reason", engine.down_reason);
    writer.key("stale").value(engine.stale);
    if (engine.published_at) write_time(writer, "taken_at", engine.taken_at);
    if (engine.version) write_version(writer, *engine.version);
    if (engine.negotiated_api_version) {
      writer.key("api_version").value(to_string(*engine.negotiated_api_version));
    }
    if (engine.info) write_info(writer, *engine.info);
    if (engine.up) {
      write_counts<model::ContainerState>(writer, "containers_by_state",
                                          engine.containers_by_state);
    }
    writer.key("containers_watched").value(engine.containers.size());
    write_machine(writer, engine, history);
  });
}

}  // namespace

std::string engines_json(const StatusInput& input) {
  std::string out;
  json::Writer writer(out);
  writer.object([&] {
    write_time(writer, "time", input.now);
    write_text(writer, "host_name", input.host_name);
    writer.key("engines").array([&] {
      for (const auto& engine : input.engines) write_engine(writer, *engine, input.history);
    });
  });
  return out + '\n';
}

}  // namespace tidegauge::status
