#include "metrics/example_input.h"

#include <chrono>
#include <utility>

namespace tidegauge::test {
namespace {

using namespace std::chrono_literals;

constexpr WallTime now{1'795'424'400s + 250ms};

model::Container container(const std::string& name, model::ContainerState state) {
  model::Container container;
  container.id = std::string(64, name.front());
  container.name = name;
  container.image = "registry.example/" + name + ":1.2";
  container.image_id = "sha256:" + std::string(64, 'f');
  container.hostname = container.id.substr(0, 12);
  container.network_mode = "shop_default";
  container.restart_policy = "unless-stopped";
  container.labels = {{"com.docker.compose.project", "shop"}, {"unlisted", "secret"}};
  container.state = state;
  container.created_at = now - 3h;
  container.started_at = now - 2h;
  return container;
}

model::ContainerRecord record(model::Container container) {
  model::ContainerRecord record;
  record.cgroup_path = "/docker/" + container.id;
  record.container = std::make_shared<model::Container>(std::move(container));
  return record;
}

model::MemoryStats full_memory() {
  return {.usage_bytes = 104'857'600,
          .working_set_bytes = 94'371'840,
          .rss_bytes = 73'400'320,
          .cache_bytes = 31'457'280,
          .mapped_file_bytes = 4'096,
          .kernel_bytes = 1'048'576,
          .swap_bytes = 0,
          .max_usage_bytes = 209'715'200,
          .active_file_bytes = 20'971'520,
          .inactive_file_bytes = 10'485'760,
          .dirty_bytes = 8'192,
          .writeback_bytes = 0,
          .fail_count = 7,
          .page_faults = 123'456,
          .major_page_faults = 12,
          .pages_scanned = 40,
          .pages_stolen = 30,
          .refaults_anon = 1,
          .refaults_file = 2,
          .events = {.low = 0, .high = 3, .max = 7, .oom = 1, .oom_kill = 1},
          .interval_max_usage_bytes = 115'343'360};
}

model::ContainerStats full_stats() {
  model::ContainerStats stats;
  stats.read_at = now - 1s;
  stats.cpu = {.usage_seconds = 12.25,
               .user_seconds = 10.1,
               .system_seconds = 2.15,
               .throttling = model::CpuStats::Throttling{100, 25, 1.5, 3, 0.25},
               .interval_max_cores = 1.75};
  stats.memory = full_memory();
  stats.processes = model::TaskStats{.processes = 3,
                                     .threads = 9,
                                     .descriptors = 40,
                                     .sockets = 7,
                                     .descriptors_limit = 1'024,
                                     .tasks = {1, 5, 0, 1, 2}};
  stats.connections =
      model::ConnectionStats{.tcp = model::TcpSockets{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
                             .tcp6 = model::TcpSockets{{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
                             .udp = model::UdpSockets{2, 17, 3'840, 1},
                             .udp6 = model::UdpSockets{1, 0, 0, 0}};
  stats.tcp_statistics = {{"maxconn", -1}, {"retranssegs", 3}};
  stats.huge_pages = {
      {.size = "2MB", .usage_bytes = 2'097'152, .max_usage_bytes = 4'194'304, .fail_count = 1}};
  stats.networks = {{"eth0", 1'000, 10, 1, 2, 3'000, 30, 3, 4}, {"eth1", 5, 6, 0, 0, 7, 8, 0, 0}};
  stats.block_io = {{.major = 8,
                     .minor = 0,
                     .device = "/dev/sda",
                     .read_bytes = 4'096,
                     .write_bytes = 8'192,
                     .reads = 1,
                     .writes = 2,
                     .cost = {1.5, 0.25, 0.125, 0.5}},
                    {.major = 253,
                     .minor = 1,
                     .device = "",
                     .read_bytes = 512,
                     .write_bytes = std::nullopt,
                     .reads = std::nullopt,
                     .writes = std::nullopt}};
  stats.pressure = {.cpu = {1.5, 0.5}, .memory = {0.0, 0.0}, .io = {2.25, 2.0}};
  stats.source = model::StatsSource::kernel;
  stats.pids = 5;
  stats.pids_limit = 100;
  return stats;
}

/// Everything that can be said of a container.
model::ContainerRecord web_container() {
  auto web = container("web", model::ContainerState::running);
  web.health = model::Health::healthy;
  web.health_failing_streak = 0;
  web.last_health_check = {.duration_seconds = 0.05, .exit_code = 0};
  web.restart_count = 2;
  web.exit_code = 137;
  web.limits = {.memory_bytes = 268'435'456,
                .memory_reservation_bytes = 134'217'728,
                .memory_swap_bytes = 536'870'912,
                .cpu_period_us = 100'000,
                .cpu_quota_us = 150'000,
                .cpu_shares = 512,
                .pids = 100};
  auto result = record(std::move(web));
  result.stats = std::make_shared<model::ContainerStats>(full_stats());
  result.last_seen = now;
  result.collect_errors = 3;
  result.stuck = true;
  return result;
}

/// One that runs without limits, of which only little was said.
model::ContainerRecord bare_container() {
  auto result = record(container("bare", model::ContainerState::paused));
  model::ContainerStats stats;
  stats.read_at = now - 2s;
  stats.cpu.emplace().usage_seconds = 1e-9;
  result.stats = std::make_shared<model::ContainerStats>(stats);
  result.last_seen = now;
  return result;
}

model::ContainerRecord exited_container() {
  auto gone = container("gone", model::ContainerState::exited);
  gone.exit_code = 3;
  gone.finished_at = now - 1h;
  auto result = record(std::move(gone));
  result.last_seen = now - 1h;
  return result;
}

std::shared_ptr<model::EngineSnapshot> engine(const std::string& endpoint) {
  auto engine = std::make_shared<model::EngineSnapshot>();
  engine->endpoint = endpoint;
  engine->up = true;
  engine->taken_at = now;
  engine->published_at = SteadyTime{} + 1h;
  engine->version = model::EngineVersion{.version = "20.10.24+dfsg1",
                                         .api_version = {1, 41},
                                         .min_api_version = {1, 12},
                                         .os = "linux",
                                         .arch = "amd64",
                                         .kernel_version = "6.1.0-18-amd64"};
  engine->negotiated_api_version = model::ApiVersion{1, 41};
  engine->max_in_flight = 8;
  engine->inventory = {.events = {{{"container", "die"}, 3}, {{"container", "start"}, 4}},
                       .streams_opened = 2,
                       .lists = 1,
                       .drift = 0};
  engine->lifecycles = {{"web",
                         {.counted_since = now - 1h,
                          .restarts = 2,
                          .oom_events = 1,
                          .exits = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
                          .health_transitions = {0, 0, 7, 8},
                          .last_exit_at = now - 10min,
                          .last_oom_at = now - 20min,
                          .last_run = model::LastRun{.cause = model::EndCause::oom,
                                                     .signal = 9,
                                                     .duration_seconds = 3.5,
                                                     .cpu_seconds = 0.25,
                                                     .memory_peak_bytes = 67'108'864},
                          .finished_runs = {50, 12.5, 900}}}};
  engine->info = model::EngineInfo{.name = "dock",
                                   .operating_system = "Debian GNU/Linux 12 (bookworm)",
                                   .docker_root_dir = "/var/lib/docker",
                                   .storage_driver = "overlay2",
                                   .cgroup_driver = "systemd",
                                   .cgroup_version = 2,
                                   .cpus = 8,
                                   .memory_bytes = 16'777'216'000};
  return engine;
}

model::ClientStats client(const std::string& endpoint) {
  model::ClientStats client;
  client.endpoint = endpoint;
  auto& inspect = client.calls[static_cast<std::size_t>(model::Call::container_inspect)];
  inspect.requests = 3;
  inspect.failures = {{Errc::not_found, 1}, {Errc::first_byte_timeout, 1}};
  for (const auto seconds : {0.00003, 0.0021, 5.0}) inspect.duration.observe(seconds);
  return client;
}

model::HostStats host() {
  model::HostStats host;
  host.use = full_stats();
  host.use.cpu->interval_max_cores.reset();
  host.use.memory->interval_max_usage_bytes.reset();
  host.use.networks.pop_back();
  host.use.connections.reset();
  host.use.tcp_statistics.clear();
  host.use.huge_pages.clear();
  host.use.block_io = {{.major = 8,
                        .minor = 0,
                        .device = "/dev/sda",
                        .read_bytes = 81'920,
                        .write_bytes = 163'840,
                        .reads = 20,
                        .writes = 40,
                        .reads_merged = 3,
                        .writes_merged = 4,
                        .read_seconds = 0.5,
                        .write_seconds = 0.25,
                        .in_progress = 2,
                        .busy_seconds = 0.75,
                        .weighted_busy_seconds = 1.5}};
  host.filesystems = {{.device = "/dev/sda1",
                       .usage_bytes = 1'000,
                       .limit_bytes = 4'000,
                       .inodes = 100,
                       .inodes_free = 60},
                      {.device = "/dev/sdb",
                       .usage_bytes = 5,
                       .limit_bytes = 50,
                       .inodes = std::nullopt,
                       .inodes_free = std::nullopt}};
  host.engine_device = "/dev/sda1";
  host.booted_at = now - 24h;
  host.memory_bytes = 8'000'000'000;
  host.swap_bytes = 1'000'000'000;
  host.cpu_sockets = 1;
  host.cpu_physical_cores = 2;
  return host;
}

model::PoolStats pool(const std::string& name) {
  model::PoolStats pool;
  pool.endpoint = name;
  pool.connections_idle = 3;
  pool.connections_active = 2;
  pool.connections_stream = 1;
  pool.connections_connecting = 4;
  pool.connections_max = 16;
  pool.connections_min = 1;
  pool.connections_peak = 9;
  pool.pending_requests = 5;
  pool.open_sockets = 6;
  pool.circuit = model::CircuitState::half_open;
  pool.next_probe_seconds = 0.4;
  pool.leaked_leases = 7;
  pool.oldest_lease_seconds = 31.5;
  pool.oldest_waiter_seconds = 0.25;
  pool.quarantined.resize(8);
  pool.degraded = true;
  pool.acquired = 1'000;
  pool.connections_created = 20;
  pool.connections_closed = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  pool.acquire_failures = {11, 12, 13, 14, 15, 16, 17};
  pool.circuit_transitions = {21, 22, 23};
  pool.stuck_operations = {31, 32, 33, 34};
  pool.probes_succeeded = 41;
  pool.probes_failed = 42;
  pool.stale_retries = 43;
  pool.silent_reconnects = 44;
  pool.leaks_detected = 44;
  pool.leaks_recovered = 45;
  pool.expired_waiters_evicted = 46;
  pool.barged = 47;
  pool.handed_off = 48;
  pool.wait_success.observe(0.0001);
  pool.wait_failure.observe(5);
  pool.use[static_cast<std::size_t>(model::CallClass::list)].observe(0.2);
  pool.first_byte[static_cast<std::size_t>(model::CallClass::call)].observe(0.002);
  pool.create.observe(20);
  return pool;
}

}  // namespace

model::ContainerRecord running_container(const std::string& name) {
  auto result = record(container(name, model::ContainerState::running));
  result.stats = std::make_shared<model::ContainerStats>(full_stats());
  result.last_seen = now;
  return result;
}

std::shared_ptr<const model::EngineSnapshot> engine_with(
    const std::string& endpoint, std::vector<model::ContainerRecord> containers) {
  auto result = engine(endpoint);
  for (const auto& record : containers) {
    ++result->containers_by_state[static_cast<std::size_t>(record.container->state)];
  }
  result->containers = std::move(containers);
  return result;
}

metrics::PageInput example_input() {
  auto engine = std::make_shared<model::EngineSnapshot>(
      *engine_with("local", {bare_container(), exited_container(), web_container()}));
  engine->host = std::make_shared<const model::HostStats>(host());
  engine->containers.back().layer = {.bytes = 4096, .measured_at = now - 2min};
  return {.engines = {std::move(engine)}, .pools = {pool("local")}, .clients = {client("local")}};
}

}  // namespace tidegauge::test
