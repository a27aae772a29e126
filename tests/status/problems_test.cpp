#include "status/problems.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "status/status_scene.h"
#include "support/catch.h"

using namespace std::chrono_literals;
using namespace tidegauge;
using model::EndCause;
using status::Severity;
using test::StatusScene;

namespace {

/// "Kind subject: text" of each.
std::vector<std::string> told(const StatusScene& scene) {
  std::vector<std::string> lines;
  for (const auto& problem : status::find_problems(scene.input())) {
    lines.push_back(std::string(problem.kind) + " " +
                    (problem.container.empty() ? problem.endpoint : problem.container) + ": " +
                    problem.text);
  }
  return lines;
}

using Lines = std::vector<std::string>;

constexpr std::uint64_t mebibyte = 1024 * 1024;

}  // namespace

TEST_CASE("a host where nothing is wrong has no problems") {
  StatusScene scene;
  scene.add("web").stats = StatusScene::stats([](auto& stats) {
    stats.memory.emplace().usage_bytes = 100;
    stats.pids = 3;
    stats.pids_limit = 100;
  });
  scene.add_end("job", EndCause::completed, 10s);
  CHECK(told(scene).empty());
}

TEST_CASE("an Engine that is down is told with the reason, and its containers are not") {
  StatusScene scene;
  scene.engine.up = false;
  scene.engine.down_reason = "HEAD /_ping: no complete answer within 2 s";
  scene.add("web", [](auto& container) { container.health = model::Health::unhealthy; })
      .state_known = false;
  CHECK(told(scene) == Lines{"Engine down local: HEAD /_ping: no complete answer within 2 s"});
  scene.engine.stale = true;
  CHECK(told(scene).front().starts_with("Stale local"));
}

TEST_CASE("an unhealthy container is told with its last check") {
  StatusScene scene;
  scene.add("web", [](auto& container) {
    container.health = model::Health::unhealthy;
    container.health_failing_streak = 5;
    container.last_health_check.exit_code = 7;
  });
  CHECK(told(scene) ==
        Lines{"Unhealthy web: 5 checks in a row have failed, the last one with exit code 7"});
}

TEST_CASE("a container that does not run is not unhealthy, though the Engine says so") {
  StatusScene scene;
  for (const auto state : {model::ContainerState::exited, model::ContainerState::paused}) {
    scene.add(std::string(to_string(state)), [&](auto& container) {
      container.state = state;
      container.health = model::Health::unhealthy;
    });
  }
  CHECK(told(scene).empty());
}

TEST_CASE("a health check that reached its timeout has no exit code") {
  StatusScene scene;
  scene.add("web", [](auto& container) {
    container.health = model::Health::unhealthy;
    container.health_failing_streak = 3;
    container.last_health_check.exit_code = -1;
  });
  CHECK(told(scene) ==
        Lines{"Unhealthy web: 3 checks in a row have failed, the last one at its timeout"});
}

TEST_CASE("what is stuck, dead or waits for its restart is told") {
  StatusScene scene;
  scene.add("a").stuck = true;
  scene.add("b", [](auto& container) { container.state = model::ContainerState::dead; });
  scene.add("c", [](auto& container) { container.state = model::ContainerState::restarting; });
  CHECK(told(scene) == Lines{"Stuck a: the Engine does not answer calls about it",
                             "Dead b: the Engine could not remove it completely",
                             "Restarting c: it waits for its next start"});
}

TEST_CASE("memory is told from nine tenths of the limit on, by the working set") {
  StatusScene scene;
  const auto add = [&](const std::string& name, std::uint64_t working_set,
                       std::optional<std::uint64_t> limit) {
    scene.add(name, [&](auto& container) { container.limits.memory_bytes = limit; }).stats =
        StatusScene::stats([&](auto& stats) {
          stats.memory.emplace().usage_bytes = 100 * mebibyte;
          stats.memory->working_set_bytes = working_set;
        });
  };
  add("a", 90 * mebibyte, 100 * mebibyte);
  add("b", 89 * mebibyte, 100 * mebibyte);
  add("c", 90 * mebibyte, std::nullopt);
  CHECK(told(scene) == Lines{"Near its memory limit a: 90 MiB of 100 MiB, 90 %"});
}

TEST_CASE("processes are told from nine tenths of their limit on") {
  StatusScene scene;
  scene.add("a").stats = StatusScene::stats([](auto& stats) {
    stats.pids = 90;
    stats.pids_limit = 100;
  });
  scene.add("b").stats = StatusScene::stats([](auto& stats) {
    stats.pids = 89;
    stats.pids_limit = 100;
  });
  CHECK(told(scene) == Lines{"Near its limit of processes a: 90 of 100"});
}

TEST_CASE("a container is throttled from a quarter of the periods on") {
  StatusScene scene;
  const auto stats_with = [](auto at, std::uint64_t periods, std::uint64_t throttled) {
    return StatusScene::stats([&](auto& stats) {
      stats.read_at = at;
      stats.cpu.emplace().throttling =
          model::CpuStats::Throttling{.periods = periods, .throttled_periods = throttled};
    });
  };
  scene.add("a").stats = stats_with(StatusScene::now, 100, 25);
  scene.add("b").stats = stats_with(StatusScene::now, 100, 24);
  scene.record_after([&](model::EngineSnapshot& engine) {
    for (auto& record : engine.containers) record.stats = stats_with(StatusScene::now - 10s, 0, 0);
  });
  CHECK(told(scene) == Lines{"Throttled a: its CPU quota stopped it in 25 % of the periods"});
}

TEST_CASE("waiting for memory or disks is told from a quarter of the time on") {
  StatusScene scene;
  const auto stats_with = [](auto at, double memory, double io, double cpu) {
    return StatusScene::stats([&](auto& stats) {
      stats.read_at = at;
      stats.pressure.emplace();
      stats.pressure->memory.waiting_seconds = memory;
      stats.pressure->io.waiting_seconds = io;
      stats.pressure->cpu.waiting_seconds = cpu;
    });
  };
  scene.add("a").stats = stats_with(StatusScene::now, 2.5, 5, 0);
  scene.add("b").stats = stats_with(StatusScene::now, 2.4, 0, 10);
  scene.record_after([&](model::EngineSnapshot& engine) {
    for (auto& record : engine.containers) {
      record.stats = stats_with(StatusScene::now - 10s, 0, 0, 0);
    }
  });
  CHECK(told(scene) == Lines{"Memory pressure a: processes wait for memory 25 % of the time",
                             "I/O pressure a: processes wait for disks 50 % of the time"});
}

TEST_CASE("a sample that is older than anything may be is told, where it has our clock's time") {
  StatusScene scene;  // whose greatest age is a minute
  const auto add = [&](const std::string& name, std::chrono::seconds ago,
                       model::StatsSource source) {
    scene.add(name).stats = StatusScene::stats([&](auto& stats) {
      stats.read_at = StatusScene::now - ago;
      stats.source = source;
    });
  };
  add("a", 61s, model::StatsSource::kernel);
  add("b", 60s, model::StatsSource::kernel);
  add("c", 61s, model::StatsSource::engine);
  CHECK(told(scene) == Lines{"Old sample a: its last sample was 1 min ago"});
}

TEST_CASE("three restarts in 15 minutes that nobody asked for are a loop, and told once") {
  StatusScene scene;
  scene.add("web", [](auto& container) { container.state = model::ContainerState::restarting; });
  for (int i = 0; i < 3; ++i) {
    auto& end = scene.add_end("web", EndCause::error, 14min - i * 1min);
    end.exit_code = 3;
    end.aftermath = model::Aftermath::restarted;
  }
  CHECK(told(scene) == Lines{"Restart loop web: 3 restarts in 15 min, the last run: error, exit "
                             "code 3, after 3 min, 12 min ago"});
}

TEST_CASE("a container that is removed and made anew loops as well, but not a job") {
  StatusScene scene;
  for (int i = 0; i < 3; ++i) {
    scene.add_end("service", EndCause::error, 9min - i * 1min).aftermath =
        model::Aftermath::removed;
    scene.add_end("job", EndCause::completed, 9min - i * 1min).aftermath =
        model::Aftermath::removed;
  }
  const auto lines = told(scene);
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().starts_with("Restart loop service: 3 restarts in 15 min"));
}

TEST_CASE("a loop is over when somebody has stopped it") {
  StatusScene scene;
  for (int i = 0; i < 5; ++i) {
    scene.add_end("web", EndCause::error, 9min - i * 1min).aftermath = model::Aftermath::restarted;
  }
  scene.add_end("web", EndCause::stopped, 1min);
  CHECK(told(scene).empty());
}

TEST_CASE("restarts that were asked for, or are longer ago, are no loop") {
  StatusScene scene;
  scene.add("web");
  const auto add = [&](EndCause cause, std::chrono::seconds ago) {
    scene.add_end("web", cause, ago).aftermath = model::Aftermath::restarted;
  };
  add(EndCause::error, 16min);
  add(EndCause::error, 10min);
  add(EndCause::stopped, 5min);
  add(EndCause::killed, 4min);
  add(EndCause::error, 3min);
  CHECK(told(scene).empty());
}

TEST_CASE("a container that was killed for memory is told for an hour, and longer if it is down") {
  StatusScene scene;
  scene.add("a");
  scene.add("b");
  scene.add("c", [](auto& container) { container.state = model::ContainerState::exited; });
  scene.add_end("c", EndCause::host_oom, 2h).signal = 9;
  scene.add_end("b", EndCause::oom, 61min);
  scene.add_end("a", EndCause::oom, 59min);
  CHECK(told(scene) == Lines{"Killed for memory c: host_oom, SIGKILL, after 3 min, 2 h ago",
                             "Killed for memory a: oom, after 3 min, 59 min ago"});
}

TEST_CASE("a failure is told for a day while the container does not run") {
  StatusScene scene;
  const auto add = [&](const std::string& name, model::ContainerState state, EndCause cause,
                       std::chrono::seconds ago) {
    scene.add(name, [&](auto& container) { container.state = state; });
    scene.add_end(name, cause, ago);
  };
  using enum model::ContainerState;
  add("a", exited, EndCause::error, 25h);
  add("b", exited, EndCause::error, 23h);
  add("c", running, EndCause::error, 1h);
  add("e", exited, EndCause::stopped, 1h);
  CHECK(told(scene) == Lines{"Failed b: error, after 3 min, 23 h ago"});
}

TEST_CASE("what had failed before the daemon came is told by what the Engine has kept of it") {
  StatusScene scene;
  const auto add = [&](const std::string& name, int code, std::chrono::seconds ago,
                       bool oom_killed = false) {
    scene.add(name, [&](auto& container) {
      container.state = model::ContainerState::exited;
      container.exit_code = code;
      container.oom_killed = oom_killed;
      container.finished_at = StatusScene::now - ago;
    });
  };
  add("a", 3, 1h);
  add("b", 0, 1h);
  add("c", 137, 1h);  // perhaps by `docker stop`
  add("d", 137, 1h, true);
  add("e", 3, 25h);
  add("f", 3, 1h);
  scene.add_end("f", EndCause::stopped, 1h);  // which is known better
  CHECK(told(scene) == Lines{"Failed a: exit code 3, 1 h ago, before tidegauge came",
                             "Killed for memory d: exit code 137, 1 h ago, before tidegauge came"});
}

TEST_CASE("a start that failed is told for a day with the Engine's reason, once") {
  StatusScene scene;
  const auto add = [&](const std::string& name, std::chrono::seconds ago,
                       model::ContainerState state) {
    scene.add(name, [&](auto& container) {
      container.state = state;
      container.start_error = "no such file";
      container.created_at = StatusScene::now - ago;
      container.started_at = std::nullopt;
    });
  };
  add("a", 25h, model::ContainerState::created);
  add("b", 23h, model::ContainerState::created);
  add("c", 1h, model::ContainerState::running);
  scene.add_end("b", EndCause::not_started, 1h);
  CHECK(told(scene) == Lines{"Not started b: no such file"});
}

TEST_CASE("ends count by their time, in whatever order they were found") {
  StatusScene scene;
  scene.add("a", [](auto& container) { container.state = model::ContainerState::exited; });
  scene.add("b", [](auto& container) { container.state = model::ContainerState::exited; });
  scene.add_end("a", EndCause::error, 1h);
  scene.add_end("a", EndCause::completed, 2h);
  scene.add_end("b", EndCause::signal, 3h);
  scene.add_end("other", EndCause::error, 48h);
  CHECK(told(scene) ==
        Lines{"Failed a: error, after 3 min, 1 h ago", "Failed b: signal, after 3 min, 3 h ago"});
}

TEST_CASE("an end of the container that had the name before is not told of the new one") {
  StatusScene scene;
  scene.add("web", [](auto& container) { container.state = model::ContainerState::created; });
  scene.add_end("web", EndCause::engine, 1h).id = std::string(64, 'f');
  CHECK(told(scene).empty());
}

TEST_CASE("the last end of a name counts, and a container that was removed is not told") {
  StatusScene scene;
  scene.add("web", [](auto& container) { container.state = model::ContainerState::exited; });
  scene.add_end("gone", EndCause::oom, 10min);
  scene.add_end("web", EndCause::error, 10min);
  scene.add_end("web", EndCause::completed, 5min);
  CHECK(told(scene).empty());
}

TEST_CASE("the file systems and the memory of the machine are told") {
  StatusScene scene;
  auto host = std::make_shared<model::HostStats>();
  host->filesystems = {
      {.device = "a", .usage_bytes = 970, .limit_bytes = 1'000},
      {.device = "b", .usage_bytes = 969, .limit_bytes = 1'000},
      {.device = "c", .usage_bytes = 900, .limit_bytes = 1'000},
      {.device = "d", .usage_bytes = 899, .limit_bytes = 1'000},
      {.device = "e", .usage_bytes = 50},
      {.device = "f", .usage_bytes = 1, .limit_bytes = 9, .inodes = 100, .inodes_free = 2}};
  host->stuck_filesystems = {"/dev/sdc1 at /data"};
  host->memory_bytes = 1'000 * mebibyte;
  host->use.memory.emplace().usage_bytes = 900 * mebibyte;
  scene.engine.host = host;
  CHECK(told(scene) == Lines{"File system full local: a: 97 % of 1000 B",
                             "File system full local: f: 98 % of 100 inodes",
                             "File system is stuck local: /dev/sdc1 at /data does not answer",
                             "File system nearly full local: b: 97 % of 1000 B",
                             "File system nearly full local: c: 90 % of 1000 B",
                             "Memory of the machine local: 90 % of 1000 MiB in use"});
}

TEST_CASE("the machine's memory is no problem below nine tenths, and its pressure is told") {
  StatusScene scene;
  const auto host_with = [](auto at, double waiting) {
    auto host = std::make_shared<model::HostStats>();
    host->use.read_at = at;
    host->memory_bytes = 1'000 * mebibyte;
    host->use.memory.emplace().usage_bytes = 899 * mebibyte;
    host->use.pressure.emplace().io.waiting_seconds = waiting;
    return host;
  };
  scene.engine.host = host_with(StatusScene::now, 3);
  scene.record_after(
      [&](model::EngineSnapshot& engine) { engine.host = host_with(StatusScene::now - 10s, 0); });
  CHECK(told(scene) == Lines{"I/O pressure local: processes wait for disks 30 % of the time"});
}

TEST_CASE("the machine of several Engines is told once") {
  StatusScene scene;
  auto host = std::make_shared<model::HostStats>();
  host->stuck_filesystems = {"/dev/sdc1 at /data"};
  scene.engine.host = host;
  auto input = scene.input();
  input.engines.push_back(input.engines.front());
  CHECK(status::find_problems(input).size() == 1);
}

TEST_CASE("what is wrong with the connections is told") {
  StatusScene scene;
  model::PoolStats pool;
  pool.endpoint = "local";
  pool.degraded = true;
  pool.leaked_leases = 2;
  scene.pools = {pool};
  CHECK(told(scene) ==
        Lines{"Engine is stuck local: it answers pings, but not the calls about several containers",
              "Connection leak local: connections that are not released: 2"});
}

TEST_CASE("the worst comes first") {
  StatusScene scene;
  scene.add("a").stats =
      StatusScene::stats([](auto& stats) { stats.read_at = StatusScene::now - 2min; });
  scene.add("b").stuck = true;
  const auto problems = status::find_problems(scene.input());
  REQUIRE(problems.size() == 2);
  CHECK(problems.front().severity == Severity::bad);
  CHECK(problems.back().severity == Severity::warning);
}
