#include "tidegauge/status/history.h"

#include <chrono>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "support/catch.h"

using namespace std::chrono_literals;
using namespace tidegauge;
using status::History;
using status::Measure;

namespace {

constexpr WallTime start{1'795'424'400s};  // the beginning of a step

model::ContainerStats sample(std::chrono::nanoseconds at, double cpu_seconds,
                             std::uint64_t memory = 1'000) {
  model::ContainerStats stats;
  stats.read_at = start + at;
  stats.cpu.emplace().usage_seconds = cpu_seconds;
  stats.memory.emplace().usage_bytes = 2 * memory;
  stats.memory->working_set_bytes = memory;
  return stats;
}

/// Publishes snapshots of one Engine, and reads the history of its container "web".
class Scene {
 public:
  Scene() {
    container_.id = "1f";
    container_.name = "web";
    container_.state = model::ContainerState::running;
    container_.started_at = start - 1h;
  }

  model::Container& container() { return container_; }

  void publish(std::chrono::nanoseconds at, std::optional<model::ContainerStats> stats,
               const std::function<void(model::EngineSnapshot&)>& change = {}) {
    auto engine = std::make_shared<model::EngineSnapshot>();
    engine->endpoint = "local";
    engine->up = true;
    engine->taken_at = start + at;
    engine->published_at = SteadyTime{} + 1h + at;
    model::ContainerRecord record;
    record.container = std::make_shared<model::Container>(container_);
    if (stats) record.stats = std::make_shared<model::ContainerStats>(*std::move(stats));
    engine->containers.push_back(std::move(record));
    if (change) change(*engine);
    history.record({engine});
  }

  std::vector<float> newest(Measure measure, std::size_t count) {
    const auto web = history.container("local", "1f");
    REQUIRE(web);
    const auto& plot = (*web)[measure];
    return {plot.end() - static_cast<std::ptrdiff_t>(count), plot.end()};
  }

  History history;

 private:
  model::Container container_;
};

}  // namespace

TEST_CASE("a rate is the growth between two samples, and fills the steps between them") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.publish(10s, sample(10s, 5));
  scene.publish(30s, sample(30s, 25));
  CHECK(scene.newest(Measure::cpu, 3) == std::vector<float>{0.5, 1, 1});
  CHECK(std::isnan(scene.newest(Measure::cpu, 4).front()));
  CHECK(scene.history.latest("local", "1f")->values[0] == 1);
}

TEST_CASE("memory is the working set, and known from the first sample on") {
  Scene scene;
  scene.publish(0s, sample(0s, 0, 100));
  CHECK(scene.newest(Measure::memory, 1) == std::vector<float>{100});
  scene.publish(10s, sample(10s, 0, 300));
  CHECK(scene.newest(Measure::memory, 2) == std::vector<float>{100, 300});
}

TEST_CASE("samples within a step give the latest rates, and the step after them the mean") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  for (int i = 1; i < 10; ++i) scene.publish(i * 1s, sample(i * 1s, i < 5 ? 0 : i - 4.0));
  CHECK(scene.history.latest("local", "1f")->values[0] == 1);
  scene.publish(10s, sample(10s, 6));
  CHECK(scene.newest(Measure::cpu, 1).front() == test::Approx(0.6));
}

TEST_CASE("a snapshot without a new sample changes nothing but the time") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.publish(10s, sample(10s, 5));
  scene.publish(20s, sample(10s, 5));
  const auto newest = scene.newest(Measure::cpu, 2);
  CHECK(newest.front() == 0.5F);
  CHECK(std::isnan(newest.back()));
}

TEST_CASE("the counters of a new run are not compared with those of the old one") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.container().started_at = start + 5s;
  scene.publish(10s, sample(10s, 500));
  CHECK(std::isnan(scene.newest(Measure::cpu, 1).front()));
  CHECK_FALSE(scene.history.latest("local", "1f")->values[0]);
  scene.publish(20s, sample(20s, 501));
  CHECK(scene.newest(Measure::cpu, 1).front() == test::Approx(0.1));
}

TEST_CASE("a counter that falls has no rate, and what follows has one") {
  Scene scene;
  scene.publish(0s, sample(0s, 100));
  scene.publish(10s, sample(10s, 1));
  CHECK(std::isnan(scene.newest(Measure::cpu, 1).front()));
  scene.publish(20s, sample(20s, 2));
  CHECK(scene.newest(Measure::cpu, 1).front() == test::Approx(0.1));
}

TEST_CASE("a container without a sample has a gap, and its next sample no rate") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.publish(10s, std::nullopt);
  CHECK_FALSE(scene.history.latest("local", "1f")->values[0]);
  scene.publish(20s, sample(20s, 50));
  const auto newest = scene.newest(Measure::cpu, 2);
  CHECK(std::isnan(newest.front()));
  CHECK(std::isnan(newest.back()));
}

TEST_CASE("what is older than 15 minutes is forgotten, also after a long silence") {
  Scene scene;
  scene.publish(0s, sample(0s, 0, 7));
  scene.publish(10s, sample(10s, 1, 7));
  scene.publish(15min, sample(15min, 1, 9));
  const auto plot = scene.newest(Measure::memory, status::step_count);
  CHECK(plot.front() == 7);  // the step that ends at 20 s
  scene.publish(2h, sample(2h, 2, 11));
  for (const auto value : scene.newest(Measure::memory, status::step_count)) CHECK(value == 11);
}

TEST_CASE("a clock that is set back begins a new plot") {
  Scene scene;
  scene.publish(0s, sample(0s, 0, 7));
  scene.publish(10s, sample(10s, 1, 7), [](auto& engine) { engine.taken_at = start - 1h; });
  CHECK(scene.newest(Measure::memory, 1) == std::vector<float>{7});
  CHECK(std::isnan(scene.newest(Measure::memory, 2).front()));
}

TEST_CASE("a rate over a time in which the clock was set is not told") {
  const auto rate_with_clock_off_by = [](std::chrono::seconds off) {
    Scene scene;
    scene.publish(0s, sample(0s, 0));
    scene.publish(10s, sample(10s + off, 5), [&](auto& engine) { engine.taken_at += off; });
    return scene.history.latest("local", "1f")->values[0];
  };
  CHECK(rate_with_clock_off_by(0s) == 0.5);
  CHECK(rate_with_clock_off_by(1s));
  CHECK_FALSE(rate_with_clock_off_by(-9s));
  CHECK_FALSE(rate_with_clock_off_by(20min));
}

TEST_CASE("an older snapshot that comes late is left alone") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.publish(20s, sample(20s, 10));
  const auto version = scene.history.version();
  scene.publish(10s, sample(10s, 5));
  CHECK(scene.history.version() == version);
}

TEST_CASE("bytes of all interfaces and devices are added") {
  Scene scene;
  auto before = sample(0s, 0);
  before.networks = {{.interface = "a", .receive_bytes = 100, .transmit_bytes = 10},
                     {.interface = "b", .receive_bytes = 100}};
  before.block_io = {{.read_bytes = 0, .write_bytes = 0}};
  auto after = before;
  after.read_at = start + 10s;
  after.networks[0].receive_bytes = 200;
  after.networks[1].receive_bytes = 300;
  after.block_io[0].write_bytes = 50;
  scene.publish(0s, before);
  scene.publish(10s, after);
  const auto rates = *scene.history.latest("local", "1f");
  CHECK(rates[Measure::network_receive] == 30);
  CHECK(rates[Measure::network_transmit] == 0);
  CHECK(rates[Measure::disk_read] == 0);
  CHECK(rates[Measure::disk_write] == 5);
}

TEST_CASE("throttling is a share of periods, and pressure one of time") {
  Scene scene;
  auto before = sample(0s, 0);
  before.cpu->throttling = model::CpuStats::Throttling{.periods = 100, .throttled_periods = 10};
  before.pressure.emplace().io.waiting_seconds = 1;
  auto after = before;
  after.read_at = start + 10s;
  after.cpu->throttling = model::CpuStats::Throttling{.periods = 200, .throttled_periods = 60};
  after.pressure->io.waiting_seconds = 3;
  scene.publish(0s, before);
  scene.publish(10s, after);
  const auto rates = *scene.history.latest("local", "1f");
  CHECK(rates.throttled_share == 0.5);
  CHECK(rates.io_waiting_share == 0.2);
  CHECK_FALSE(rates.memory_waiting_share);
}

TEST_CASE("the last ten changes of health are kept") {
  Scene scene;
  scene.publish(0s, std::nullopt);
  CHECK(scene.history.container("local", "1f")->health.empty());
  for (int i = 1; i <= 12; ++i) {
    scene.container().health = i % 2 == 0 ? model::Health::unhealthy : model::Health::healthy;
    scene.publish(i * 10s, std::nullopt);
    scene.publish(i * 10s + 1s, std::nullopt);
  }
  const auto health = scene.history.container("local", "1f")->health;
  REQUIRE(health.size() == 10);
  CHECK(health.front() == status::HealthChange{start + 30s, model::Health::healthy});
  CHECK(health.back() == status::HealthChange{start + 120s, model::Health::unhealthy});
}

TEST_CASE("a container that has gone is forgotten, unless its Engine is down") {
  Scene scene;
  const auto without = [](model::EngineSnapshot& engine) { engine.containers.clear(); };
  scene.publish(0s, sample(0s, 0));
  scene.publish(10s, std::nullopt, [&](auto& engine) {
    without(engine);
    engine.up = false;
  });
  CHECK(scene.history.container("local", "1f"));
  scene.publish(20s, std::nullopt, without);
  CHECK_FALSE(scene.history.container("local", "1f"));
}

TEST_CASE("an Engine that is watched no more is forgotten") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.history.record({});
  CHECK_FALSE(scene.history.spell("local"));
  CHECK(scene.history.bytes() == 0);
}

TEST_CASE("an Engine is up or down since the snapshot that first said so") {
  Scene scene;
  CHECK_FALSE(scene.history.spell("local"));
  scene.publish(0s, std::nullopt);
  scene.publish(10s, std::nullopt);
  CHECK(scene.history.spell("local")->since == start);
  CHECK(scene.history.spell("local")->is_longer);
  scene.publish(20s, std::nullopt, [](auto& engine) { engine.up = false; });
  CHECK_FALSE(scene.history.spell("local")->up);
  CHECK(scene.history.spell("local")->since == start + 20s);
  CHECK_FALSE(scene.history.spell("local")->is_longer);
}

TEST_CASE("the machine has a history of its own") {
  Scene scene;
  const auto with_host = [](double cpu_seconds, auto at) {
    return [=](model::EngineSnapshot& engine) {
      auto host = std::make_shared<model::HostStats>();
      host->use = sample(at, cpu_seconds);
      engine.host = host;
    };
  };
  scene.publish(0s, std::nullopt, with_host(0, 0s));
  scene.publish(10s, std::nullopt, with_host(20, 10s));
  const auto machine = scene.history.machine("local");
  REQUIRE(machine);
  CHECK((*machine)[Measure::cpu].back() == 2);
  CHECK(scene.history.latest_of_machine("local")->values[0] == 2);
  CHECK_FALSE(scene.history.machine("other"));
}

TEST_CASE("200 containers take at most 1 MiB, and there is a limit to their number") {
  Scene scene;
  const auto with = [](std::size_t count) {
    return [count](model::EngineSnapshot& engine) {
      engine.containers.resize(count, engine.containers.front());
      for (auto& record : engine.containers) {
        auto container = *record.container;
        container.id = std::to_string(&record - engine.containers.data());
        record.container = std::make_shared<model::Container>(std::move(container));
      }
    };
  };
  scene.publish(0s, sample(0s, 0), with(200));
  CHECK(scene.history.bytes() <= 1024U * 1024);
  CHECK(scene.history.bytes() >=
        200U * status::step_count * status::measures.size() * sizeof(float));
  scene.publish(10s, sample(10s, 0), with(History::most_containers + 10));
  const auto most = scene.history.bytes();
  CHECK(scene.history.container("local", "1999"));
  CHECK_FALSE(scene.history.container("local", "2005"));
  scene.publish(20s, sample(20s, 0), with(History::most_containers + 500));
  CHECK(scene.history.bytes() == most);
}

TEST_CASE("a history that is off holds nothing, and records nothing") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  scene.history.set_enabled(false);
  CHECK(scene.history.bytes() == 0);
  scene.publish(10s, sample(10s, 0));
  CHECK(scene.history.bytes() == 0);
  scene.history.set_enabled(true);
  scene.publish(20s, sample(20s, 0));
  CHECK(scene.history.bytes() > 0);
}

TEST_CASE("monitors record while pages are read") {
  Scene scene;
  scene.publish(0s, sample(0s, 0));
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto web = scene.history.container("local", "1f");
      if (web) static_cast<void>((*web)[Measure::cpu].back());
    }
  });
  for (int i = 1; i < 500; ++i) scene.publish(i * 10s, sample(i * 10s, i));
  CHECK(scene.history.latest("local", "1f")->values[0] == test::Approx(0.1));
}

TEST_CASE("a machine whose clock knows no time yet has a history of what it shows") {
  Scene scene;
  scene.publish(0s, sample(0s, 0), [](auto& engine) { engine.taken_at = WallTime{-5s}; });
  for (const auto value : scene.newest(Measure::cpu, status::step_count)) CHECK(std::isnan(value));
}
