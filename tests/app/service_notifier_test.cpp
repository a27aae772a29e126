#include "app/service_notifier.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/program.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/log_capture.h"
#include "support/service_manager.h"
#include "support/stopped_thread.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::ContainerState;
using test::contains;
using test::ServiceManager;

namespace {

constexpr SteadyTime start{1h};

/// An Engine whose monitor has published, with containers in these states.
std::shared_ptr<model::EngineSnapshot> engine(const std::string& name,
                                              const std::vector<ContainerState>& states = {}) {
  auto snapshot = std::make_shared<model::EngineSnapshot>();
  snapshot->endpoint = name;
  snapshot->up = true;
  snapshot->published_at = start;
  for (const auto state : states) {
    auto container = std::make_shared<model::Container>();
    container->state = state;
    snapshot->containers.push_back({.container = std::move(container)});
  }
  return snapshot;
}

std::shared_ptr<model::EngineSnapshot> down(const std::string& name, const std::string& reason) {
  auto snapshot = engine(name);
  snapshot->up = false;
  snapshot->down_reason = reason;
  return snapshot;
}

std::shared_ptr<model::EngineSnapshot> not_asked_yet(const std::string& name) {
  auto snapshot = down(name, "not asked yet");
  snapshot->published_at.reset();
  return snapshot;
}

/// A notifier beside a service manager.
class Scene {
 public:
  app::ServiceNotifier& notifier() { return notifier_; }
  ServiceManager& manager() { return manager_; }
  test::LogCapture& log() { return log_; }
  /// What has been told since the last call; each message is there at once.
  std::optional<std::string> told() { return manager_.next(0ms); }
  void fill_queue() const {
    const app::NotifySocket other(manager_.address().c_str());
    while (other.send("WATCHDOG=1")) {
    }
  }
  void empty_queue() {
    while (told()) {
    }
  }

 private:
  test::TemporaryDirectory directory_;
  test::LogCapture log_;
  ServiceManager manager_{directory_.file("notify")};
  app::ServiceNotifier notifier_{app::NotifySocket(manager_.address().c_str()), log_.logger()};
};

}  // namespace

TEST_CASE("the status counts the containers and names the Engines that are down") {
  CHECK(app::status_of({engine("local")}) == "0 containers of 1 Engine, 0 of them running");
  CHECK(app::status_of({engine("local", {ContainerState::running})}) ==
        "1 container of 1 Engine, 1 of them running");
  CHECK(
      app::status_of({engine("a", {ContainerState::running, ContainerState::exited}),
                      down("b", "connection refused"), down("c", "no\nsocket")}) ==
      "2 containers of 3 Engines, 1 of them running; down: b (connection refused), c (no socket)");
}

TEST_CASE("the service is ready once each Engine is known") {
  Scene scene;
  scene.notifier().published({engine("a"), not_asked_yet("b")}, start);
  CHECK(scene.told() ==
        "STATUS=0 containers of 2 Engines, 0 of them running; down: b (not asked yet)");
  const bool is_up = GENERATE(true, false);
  scene.notifier().published({engine("a"), is_up ? engine("b") : down("b", "no socket")}, start);
  CHECK_THAT(scene.told().value_or(""),
             contains("READY=1\nSTATUS=0 containers of 2 Engines, 0 of them running"));
  scene.notifier().published({engine("a"), not_asked_yet("b")}, start + 5s);
  CHECK_THAT(scene.told().value_or(""), !contains("READY=1"));
}

TEST_CASE("the status is told when it has changed, and at most once a second") {
  Scene scene;
  const model::Snapshot one{engine("local", {ContainerState::running})};
  const model::Snapshot two{engine("local", {ContainerState::running, ContainerState::running})};
  scene.notifier().published(one, start);
  CHECK_THAT(scene.told().value_or(""), contains("1 container of"));
  scene.notifier().published(one, start + 10s);
  CHECK_FALSE(scene.told());
  scene.notifier().published(two, start + 10s);
  CHECK(scene.told() == "STATUS=2 containers of 1 Engine, 2 of them running");
  scene.notifier().published(one, start + 10'500ms);
  CHECK_FALSE(scene.told());
  scene.notifier().published(one, start + 11s);
  CHECK(scene.told() == "STATUS=1 container of 1 Engine, 1 of them running");
}

TEST_CASE("a reload is begun with its time and ended with READY=1, also where it is refused") {
  Scene scene;
  scene.notifier().published({engine("local")}, start);
  std::ignore = scene.told();
  const auto before = std::chrono::floor<std::chrono::microseconds>(steady_now());
  scene.notifier().reloading();
  const auto begun = scene.told().value_or("");
  constexpr std::string_view front = "RELOADING=1\nMONOTONIC_USEC=";
  REQUIRE(begun.starts_with(front));
  const std::chrono::microseconds time(std::stoll(begun.substr(front.size())));
  CHECK(time >= before.time_since_epoch());
  CHECK(time <= steady_now().time_since_epoch());
  scene.notifier().published({engine("local"), engine("other")}, start + 5s);
  CHECK_FALSE(scene.told());

  SECTION("refused") {
    scene.notifier().reloaded(fail(Errc::invalid_config, "pool.max_connections\nis not a number"),
                              start + 6s);
    CHECK(scene.told() ==
          "READY=1\nSTATUS=0 containers of 2 Engines, 0 of them running; the new configuration is "
          "refused: pool.max_connections is not a number");
    scene.notifier().reloading();
    scene.notifier().reloaded({}, start + 7s);
    CHECK_THAT(scene.told().value_or(""), contains("RELOADING=1"));
    CHECK_THAT(scene.told().value_or(""), contains("READY=1") && !contains("refused"));
  }
  SECTION("applied") {
    scene.notifier().reloaded({}, start + 6s);
    CHECK(scene.told() == "READY=1\nSTATUS=0 containers of 2 Engines, 0 of them running");
  }
}

TEST_CASE("a reload during the start makes nothing ready") {
  Scene scene;
  scene.notifier().reloading();
  scene.notifier().reloaded({}, start);
  CHECK_FALSE(scene.told());
  scene.notifier().published({engine("local")}, start);
  CHECK_THAT(scene.told().value_or(""), contains("READY=1"));
}

TEST_CASE("STOPPING=1 is the last that is told") {
  Scene scene;
  scene.notifier().published({engine("local")}, start);
  std::ignore = scene.told();
  scene.notifier().stopping();
  CHECK(scene.told() == "STOPPING=1");
  scene.notifier().published({engine("local"), engine("other")}, start + 10s);
  CHECK_FALSE(scene.told());
}

TEST_CASE("what the service manager does not take is told with the next snapshot") {
  Scene scene;
  scene.fill_queue();
  scene.notifier().published({engine("local")}, start);
  CHECK(scene.log().count("the service manager is not told") == 1);
  scene.empty_queue();
  scene.notifier().published({engine("local")}, start + 10s);
  CHECK_THAT(scene.told().value_or(""), contains("READY=1\nSTATUS=0 containers"));
}

// --- the program ---------------------------------------------------------------------------------

namespace {

/// The daemon as a service that is to beat every half second, beside a simulated Engine.
class Service {
 public:
  explicit Service(const std::string& config = "") : path_(engine_.write_config(config)) {}

  test::Scene& engine() { return engine_; }
  ServiceManager& manager() { return manager_; }
  void configure(std::string_view content) const {
    static_cast<void>(engine_.write_config(content));
  }
  test::ChildProcess& start() {
    process_.emplace(
        test::command(engine_.with({"--config=" + path_})),
        std::vector<std::string>{"NOTIFY_SOCKET=" + manager_.address(), "WATCHDOG_USEC=1500000"});
    return *process_;
  }

 private:
  test::TemporaryDirectory directory_;
  ServiceManager manager_{directory_.file("notify")};
  test::Scene engine_;
  std::string path_;
  std::optional<test::ChildProcess> process_;
};

}  // namespace

TEST_CASE("the daemon is ready when its first page would be complete") {
  Service service;
  service.start();
  CHECK(service.manager().next_with("READY=1").value_or("nothing") ==
        "READY=1\nSTATUS=10 containers of 1 Engine, 5 of them running");
}

TEST_CASE("the daemon is ready when the Engine is known to be down or to hang") {
  Service service;
  const bool hangs = GENERATE(false, true);
  if (hangs) {
    service.engine().engine().server().freeze();
  } else {
    service.engine().kill_engine();
  }
  service.start();
  CHECK_THAT(service.manager().next_with("READY=1").value_or(""),
             contains("STATUS=0 containers of 1 Engine, 0 of them running; down: "));
}

TEST_CASE("a reload ends with READY=1, whether the configuration is good or not") {
  Service service;
  auto& process = service.start();
  REQUIRE(service.manager().next_with("READY=1"));
  service.configure("container_monitor: {interval: never}\n");
  process.signal(SIGHUP);
  CHECK(service.manager().next_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK_THAT(service.manager().next_with("READY=1").value_or(""),
             contains("the new configuration is refused: "));
  service.configure("container_monitor: {interval: 5s}\n");
  process.signal(SIGHUP);
  CHECK(service.manager().next_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK_THAT(service.manager().next_with("READY=1").value_or(""), !contains("refused"));
  process.signal(SIGTERM);
  CHECK(service.manager().next_with("STOPPING=1"));
  CHECK(process.wait() == 0);
}

TEST_CASE(
    "the watchdog is fed for as long as all loops turn, also while the Engine hangs or is down") {
  Service service;
  const int outage = GENERATE(0, 1, 2);
  if (outage == 1) service.engine().engine().server().freeze();
  if (outage == 2) service.engine().kill_engine();
  service.start();
  REQUIRE(service.manager().next_with("READY=1"));
  for (int beat = 0; beat < 10; ++beat) {
    INFO("outage " << outage << ", beat " << beat);
    CHECK(service.manager().next_with("WATCHDOG=1", 5s));
  }
}

TEST_CASE("the watchdog is not fed any more when one loop hangs") {
  const std::string loop = GENERATE("monitor", "inventory", "health", "notices", "maintenance");
  INFO("the thread " << loop);
  Service service(
      "pool: {connection_timeout: 100ms, connect_timeout: 100ms, probe_timeout: 100ms,\n"
      "       list_timeout: 100ms, call_timeout: 100ms}\n");
  auto& process = service.start();
  REQUIRE(service.manager().next_with("READY=1"));
  REQUIRE(service.manager().next_with("WATCHDOG=1"));
  const test::StoppedThread hanging(process.pid(), loop);
  test::wait_until("no beat comes for two seconds", 30s,
                   [&] { return !service.manager().next_with("WATCHDOG=1", 2s); });
  CHECK_FALSE(service.manager().next_with("WATCHDOG=1", 3s));
}

TEST_CASE("without a service manager the daemon tells nobody and beats for nobody") {
  const test::Scene scene;
  test::RunningDaemon daemon(scene.with());
  daemon.wait_for_page("name=\"web-1\"");
  CHECK_THAT(daemon.process().errors(), !contains("service manager"));
}
