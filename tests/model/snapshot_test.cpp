#include "tidegauge/model/snapshot.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge::model;
using namespace std::chrono_literals;

namespace {

/// The picture of a time when there were this many containers, as its reason says too.
std::shared_ptr<const EngineSnapshot> picture(std::string endpoint, std::size_t containers) {
  auto snapshot = std::make_shared<EngineSnapshot>();
  snapshot->endpoint = std::move(endpoint);
  snapshot->down_reason = std::to_string(containers);
  snapshot->containers.resize(containers);
  return snapshot;
}

}  // namespace

TEST_CASE("every Engine is down before the first snapshot, in the order of the configuration") {
  const SnapshotStore store({"local", "build"});
  const auto latest = store.latest();
  REQUIRE(latest.size() == 2);
  CHECK(latest[0]->endpoint == "local");
  CHECK(latest[1]->endpoint == "build");
  for (const auto& engine : latest) {
    CHECK_FALSE(engine->up);
    CHECK(engine->down_reason == "not asked yet");
    CHECK(engine->containers.empty());
    CHECK(engine->taken_at > tidegauge::WallTime{});
  }
}

TEST_CASE("a published snapshot replaces that of its own endpoint alone") {
  SnapshotStore store({"local", "build"});
  const auto before = store.latest();
  store.publish(picture("build", 3));
  const auto after = store.latest();
  CHECK(after[0] == before[0]);
  CHECK(after[1]->containers.size() == 3);
}

TEST_CASE("a snapshot stays unchanged, and is freed by its last reader") {
  SnapshotStore store({"local"});
  store.publish(picture("local", 1));
  auto held = store.latest();
  const std::weak_ptr<const EngineSnapshot> first = held[0];
  store.publish(picture("local", 2));
  CHECK(held[0]->containers.size() == 1);
  held.clear();
  CHECK(first.expired());
}

TEST_CASE("a concurrent reader sees whole snapshots, and never an older one again") {
  constexpr std::size_t rounds = 1'000;
  SnapshotStore store({"a", "b"});
  std::atomic<int> publishing = 2;
  std::atomic<int> torn = 0;
  std::atomic<int> backwards = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t endpoint = 0; endpoint < 2; ++endpoint) {
      threads.emplace_back([&, endpoint] {
        for (std::size_t i = 1; i <= rounds; ++i) {
          store.publish(picture(endpoint == 0 ? "a" : "b", i));
        }
        --publishing;
      });
    }
    for (int reader = 0; reader < 2; ++reader) {
      threads.emplace_back([&] {
        std::vector<std::size_t> last(2);
        while (publishing > 0) {
          const auto latest = store.latest();
          for (std::size_t i = 0; i < 2; ++i) {
            const auto size = latest[i]->containers.size();
            if (size > 0 && latest[i]->down_reason != std::to_string(size)) ++torn;
            if (size < last[i]) ++backwards;
            last[i] = size;
          }
        }
      });
    }
  }
  CHECK(torn == 0);
  CHECK(backwards == 0);
  CHECK(store.latest()[0]->containers.size() == rounds);
  CHECK(store.latest()[1]->containers.size() == rounds);
}

TEST_CASE("a snapshot that is too old only shows its age and its counters") {
  const auto now = tidegauge::steady_now();
  auto old = std::make_shared<EngineSnapshot>();
  old->endpoint = "local";
  old->up = true;
  old->taken_at = tidegauge::wall_now();
  old->published_at = now - 46'400ms;
  old->version = EngineVersion{};
  old->info = EngineInfo{};
  old->containers.resize(2);
  old->ghosts.resize(1);
  old->lifecycles.resize(1);
  old->host = std::make_shared<HostStats>();
  old->inventory.streams_opened = 3;
  const Snapshot engines{old, picture("build", 1)};

  const auto shown = without_stale(engines, now, 30s);
  REQUIRE(shown.size() == 2);
  const auto& stale = *shown[0];
  CHECK(stale.stale);
  CHECK_FALSE(stale.up);
  CHECK(stale.endpoint == "local");
  CHECK(stale.down_reason == "the snapshot is 46 s old: the monitor has stopped publishing");
  CHECK(stale.containers.empty());
  CHECK(stale.ghosts.empty());
  CHECK(stale.lifecycles.empty());
  CHECK(stale.host == nullptr);
  CHECK_FALSE(stale.version);
  CHECK_FALSE(stale.info);
  CHECK(stale.taken_at == old->taken_at);
  CHECK(stale.inventory.streams_opened == 3);
  CHECK(shown[1] == engines[1]);  // by no monitor yet, hence of no age
}

TEST_CASE("a snapshot is shown up to the greatest age, whatever the wall clock says") {
  const auto now = tidegauge::steady_now();
  auto engine = std::make_shared<EngineSnapshot>();
  engine->taken_at = tidegauge::wall_now() - 24h;
  engine->published_at = now - 30s;
  const Snapshot engines{engine};
  CHECK(without_stale(engines, now, 30s) == engines);
  CHECK(without_stale(engines, now + 1ns, 30s) != engines);
}

TEST_CASE("endpoints may come and go, and the snapshots of the others stay") {
  SnapshotStore store({"local", "build"});
  store.publish(picture("local", 1));
  store.publish(picture("build", 2));
  store.set_endpoints({"new", "build"});
  const auto latest = store.latest();
  REQUIRE(latest.size() == 2);
  CHECK(latest[0]->endpoint == "new");
  CHECK_FALSE(latest[0]->up);
  CHECK(latest[0]->down_reason == "not asked yet");
  CHECK(latest[1]->endpoint == "build");
  store.publish(picture("local", 3));  // its monitor has not stopped yet
  CHECK(store.latest() == latest);
}

TEST_CASE("an Engine is found by its endpoint, and a container by its name") {
  auto engine = std::make_shared<EngineSnapshot>();
  engine->endpoint = "local";
  for (const std::string name : {"a", "b", "c"}) {
    auto container = std::make_shared<tidegauge::model::Container>();
    container->name = name;
    engine->containers.push_back({.container = std::move(container)});
  }
  CHECK(tidegauge::model::find_engine({engine}, "local") == engine.get());
  CHECK(tidegauge::model::find_engine({engine}, "other") == nullptr);
  CHECK(tidegauge::model::find_container(*engine, "b") == &engine->containers[1]);
  for (const std::string name : {"", "aa", "d"}) {
    CHECK(tidegauge::model::find_container(*engine, name) == nullptr);
  }
}
