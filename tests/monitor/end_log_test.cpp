#include "monitor/end_log.h"

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::Aftermath;
using model::Container;
using model::ContainerState;
using model::EndCause;
using model::RunEnd;
using monitor::EndLog;
using monitor::FoundEnd;
using Source = model::Evidence::Source;

namespace {

constexpr WallTime start_of_time{1'795'424'400s};
constexpr SteadyTime steady_start{1h};

Container container(const std::string& id) {
  Container made;
  made.id = id;
  made.name = "name-" + id;
  made.image = "busybox";
  made.image_id = "sha256:1";
  made.labels = {{"com.docker.compose.project", "shop"}, {"com.docker.compose.service", "web"}};
  made.limits.memory_bytes = 64UL * 1024 * 1024;
  return made;
}

/// An EndLog, its clocks, and what is told to it.
class Scene {
 public:
  EndLog& log() { return log_; }
  void pass(std::chrono::nanoseconds time) { passed_ += time; }
  [[nodiscard]] WallTime now() const { return start_of_time + passed_; }
  [[nodiscard]] SteadyTime steady() const { return steady_start + passed_; }

  void start(const std::string& id) { log_.started(id, now()); }
  void kill(const std::string& id, int signal) {
    log_.asked_to_kill(id, {.at = now(), .signal = signal});
  }
  void end(const std::string& id, std::optional<int> code, FoundEnd::By by = FoundEnd::By::event,
           bool with_engine = false) {
    const auto about = container(id);
    log_.ended({.by = by, .at = now(), .exit_code = code, .started_at = start_of_time},
               {.container = about, .with_engine = with_engine}, steady());
  }
  /// The Engine was asked for a sign of life, and is not ending.
  void check() {
    CHECK(log_.take_engine_check());
    log_.engine_checked(steady(), false);
  }
  std::vector<EndCause> decided() {
    std::vector<EndCause> causes;
    for (const auto& end : log_.take_decided(steady())) causes.push_back(end->cause);
    return causes;
  }
  [[nodiscard]] RunEnd last() { return *log_.latest()->back(); }

 private:
  EndLog log_;
  std::chrono::nanoseconds passed_{};
};

using Causes = std::vector<EndCause>;

}  // namespace

TEST_CASE("an end is decided half a second after its event") {
  Scene scene;
  scene.end("web", 1);
  CHECK(scene.log().next_due() == scene.steady() + 500ms);
  scene.pass(499ms);
  CHECK(scene.decided().empty());
  CHECK(scene.log().latest()->empty());
  scene.pass(1ms);
  CHECK(scene.decided() == Causes{EndCause::error});
  CHECK(scene.decided().empty());
  CHECK_FALSE(scene.log().next_due());
}

TEST_CASE("what follows an end decides it at once") {
  Scene scene;
  scene.start("web");
  scene.kill("web", SIGTERM);
  scene.end("web", 143);
  scene.check();
  SECTION("that it was stopped") {
    scene.log().stopped("web", scene.now());
    CHECK(scene.decided() == Causes{EndCause::stopped});
  }
  SECTION("its removal") {
    scene.log().removed("web", scene.now());
    CHECK(scene.decided() == Causes{EndCause::killed});
    CHECK(scene.last().aftermath == Aftermath::removed);
  }
  SECTION("its next start") {
    scene.start("web");
    CHECK(scene.decided() == Causes{EndCause::killed});
    CHECK(scene.last().aftermath == Aftermath::restarted);
  }
}

TEST_CASE("a container was stopped although the Engine tells so before it tells of the end") {
  Scene scene;
  const bool is_first_run = GENERATE(true, false);
  if (!is_first_run) {
    scene.end("web", 3);
    scene.start("web");
    CHECK(scene.decided() == Causes{EndCause::error});
  }
  scene.kill("web", SIGTERM);
  scene.pass(10ms);
  scene.log().stopped("web", scene.now());
  scene.pass(30ms);
  scene.end("web", 143);
  scene.check();
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::stopped});
  CHECK(scene.last().evidence.back().text == "die, exit code 143 (SIGTERM)");
  // The next run was not stopped.
  scene.start("web");
  scene.end("web", 3);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::error});
}

TEST_CASE("a record says which container ended, and by whose limit") {
  Scene scene;
  scene.end("web", 0);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::completed});
  const auto end = scene.last();
  CHECK(end.number == 1);
  CHECK(end.name == "name-web");
  CHECK(end.id == "web");
  CHECK(end.image == "busybox");
  CHECK(end.image_id == "sha256:1");
  CHECK(end.project == "shop");
  CHECK(end.service == "web");
  CHECK(end.memory_limit_bytes == 64UL * 1024 * 1024);
  CHECK(end.started_at == start_of_time);
  CHECK(end.exit_code == 0);
}

TEST_CASE("observations of one run say nothing about the next") {
  Scene scene;
  scene.start("web");
  scene.kill("web", SIGKILL);
  scene.end("web", 137);
  scene.start("web");
  scene.end("web", 137);
  scene.check();
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::killed, EndCause::signal});
}

TEST_CASE("two ends within half a second are decided each for itself") {
  Scene scene;
  scene.end("web", 0);
  scene.end("db", 3);
  scene.kill("web", SIGTERM);  // its event comes late
  scene.check();
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::killed, EndCause::error});
}

TEST_CASE("what is told later corrects the record, and is not decided again") {
  Scene scene;
  scene.start("web");
  scene.kill("web", SIGTERM);
  scene.end("web", 143);
  scene.check();
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::killed});
  const auto before = scene.log().latest();
  scene.log().stopped("web", scene.now());
  CHECK(scene.last().cause == EndCause::stopped);
  CHECK(before->back()->cause == EndCause::killed);  // what was shown does not change
  CHECK(scene.decided().empty());
  scene.pass(1h);
  scene.log().removed("web", scene.now());
  CHECK(scene.last().aftermath == Aftermath::removed);
  CHECK(scene.last().evidence.back().text == "removed");
}

TEST_CASE("an Engine whose sign of life comes after the decision corrects the record alone") {
  Scene scene;
  scene.start("web");
  scene.kill("web", SIGTERM);
  scene.end("web", 143);
  CHECK(scene.log().take_engine_check());
  const auto asked_at = scene.steady();
  scene.pass(2500ms);
  CHECK(scene.decided() == Causes{EndCause::killed});
  const bool ending = GENERATE(true, false);
  scene.log().engine_checked(asked_at, ending);
  CHECK_FALSE(scene.log().next_due());
  scene.pass(1s);
  CHECK(scene.decided().empty());
  CHECK(scene.last().cause == (ending ? EndCause::engine : EndCause::killed));
}

TEST_CASE("a kill for memory that is told after the end explains it") {
  Scene scene;
  scene.end("web", 137);
  scene.log().killed_for_memory("web", {.at = scene.now(), .source = Source::engine});
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::oom});
}

TEST_CASE("the limit of a container that died before its inspect is learnt in time") {
  Scene scene;
  auto about = container("web");
  about.limits.memory_bytes.reset();
  scene.log().ended({.at = scene.now(), .exit_code = 137},
                    {.container = about, .is_inspected = false}, scene.steady());
  scene.log().killed_for_memory("web", {.at = scene.now(), .source = Source::engine});
  auto seen = container("web");
  seen.state = ContainerState::exited;
  const bool limited = GENERATE(true, false);
  if (!limited) seen.limits.memory_bytes.reset();
  scene.log().inspected(seen);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{limited ? EndCause::oom : EndCause::host_oom});
  CHECK(scene.last().memory_limit_bytes == seen.limits.memory_bytes);
}

TEST_CASE("the last reading of a run counts, whenever it comes, else the last sample does") {
  const model::RunUse sample{.read_at = start_of_time - 8s, .cpu_seconds = 1};
  const model::RunUse reading{.read_at = start_of_time, .is_final = true, .cpu_seconds = 2};
  const auto about = container("web");
  const bool read_before = GENERATE(true, false);
  Scene scene;
  scene.start("web");
  if (read_before) scene.log().read_finally("web", reading);
  scene.log().ended({.at = scene.now(), .exit_code = 0}, {.container = about, .last_use = sample},
                    scene.steady());
  scene.pass(1s);
  REQUIRE(scene.decided().size() == 1);
  CHECK(scene.last().use == (read_before ? reading : sample));
  scene.log().read_finally("web", reading);
  CHECK(scene.last().use == reading);
}

TEST_CASE("what the kernel tells of a short run before the Engine tells of its start counts") {
  const model::RunUse first{.read_at = start_of_time, .is_final = true, .cpu_seconds = 1};
  const model::RunUse second{.read_at = start_of_time + 1s, .is_final = true, .cpu_seconds = 2};
  Scene scene;
  scene.log().killed_for_memory(
      "web", {.at = scene.now(), .source = Source::kernel, .own_limit = true, .ancestor = {}});
  scene.log().read_finally("web", first);
  scene.start("web");
  scene.end("web", 137);
  scene.log().read_finally("web", second);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::oom});
  CHECK(scene.last().use == first);
  scene.start("web");
  scene.end("web", 0);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::completed});
  CHECK(scene.last().use == second);
  // What was read long before this start is not of this run.
  scene.log().read_finally("web", first);
  scene.pass(1min);
  scene.start("web");
  scene.end("web", 0);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::completed});
  CHECK_FALSE(scene.last().use);
}

TEST_CASE("an end without an event is decided after two seconds") {
  Scene scene;
  scene.start("web");
  scene.end("web", 137, FoundEnd::By::inspect);
  scene.pass(1999ms);
  CHECK(scene.decided().empty());
  SECTION("as unknown") {
    scene.pass(1ms);
    CHECK(scene.decided() == Causes{EndCause::unknown});
    CHECK(scene.last().evidence.front().text == "found to have ended, exit code 137 (SIGKILL)");
    scene.end("web", 137, FoundEnd::By::late_event);
    CHECK(scene.last().cause == EndCause::signal);
    CHECK(scene.decided().empty());
  }
  SECTION("by its event, if that comes") {
    scene.kill("web", SIGKILL);
    scene.end("web", 137, FoundEnd::By::late_event);
    scene.pass(1ms);
    CHECK(scene.decided() == Causes{EndCause::killed});
  }
}

TEST_CASE("the event of a run that was lost completes the oldest end without one") {
  Scene scene;
  scene.end("web", {}, FoundEnd::By::inspect);
  scene.end("web", {}, FoundEnd::By::inspect);
  scene.end("web", 3, FoundEnd::By::late_event);
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::error, EndCause::unknown});
}

TEST_CASE("a container that is gone was not started again after an end that nobody saw") {
  Scene scene;
  const auto about = container("web");
  scene.log().ended({.by = FoundEnd::By::inspect, .at = scene.now()},
                    {.container = about, .is_removed = true}, scene.steady());
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::unknown});
  CHECK(scene.last().aftermath == Aftermath::removed);
}

TEST_CASE("a container that is gone before the event of its end is told of ends once") {
  Scene scene;
  const auto about = container("web");
  scene.start("web");
  scene.kill("web", SIGKILL);
  scene.log().ended({.by = FoundEnd::By::inspect, .at = scene.now()},
                    {.container = about, .is_removed = true}, scene.steady());
  scene.log().removed("web", scene.now());
  scene.end("web", 137);
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::killed});
  CHECK(scene.last().exit_code == 137);
  CHECK(scene.last().aftermath == Aftermath::removed);
}

TEST_CASE("a kill in the present run is not that of a lost one") {
  Scene scene;
  scene.end("web", {}, FoundEnd::By::inspect);
  scene.kill("web", SIGKILL);
  scene.end("web", 137);
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::unknown, EndCause::killed});
}

TEST_CASE("an end that the Engine was asked for waits for a check of the Engine") {
  Scene scene;
  scene.end("own", 143);
  CHECK_FALSE(scene.log().take_engine_check());
  scene.start("web");
  scene.kill("web", SIGTERM);
  CHECK_FALSE(scene.log().take_engine_check());
  scene.end("web", 143);
  CHECK(scene.log().take_engine_check());
  CHECK_FALSE(scene.log().take_engine_check());
  scene.log().stopped("web", scene.now());
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::signal});  // `own`
  SECTION("that was asked for before the end") {
    scene.log().engine_checked(scene.steady() - 2s, true);
    CHECK(scene.decided().empty());
  }
  SECTION("that finds the Engine ending") {
    scene.log().engine_checked(scene.steady(), true);
    CHECK(scene.decided() == Causes{EndCause::engine});
  }
  SECTION("that finds the Engine well") {
    scene.log().engine_checked(scene.steady(), false);
    CHECK(scene.decided() == Causes{EndCause::stopped});
  }
  SECTION("that never comes") {
    scene.pass(1499ms);
    CHECK(scene.decided().empty());
    scene.pass(1ms);
    CHECK(scene.decided() == Causes{EndCause::stopped});
  }
  SECTION("that comes after the decision, and corrects the record alone") {
    scene.pass(2s);
    CHECK(scene.decided() == Causes{EndCause::stopped});
    scene.log().engine_checked(scene.steady(), true);
    scene.pass(5s);
    CHECK(scene.decided().empty());
    CHECK(scene.last().cause == EndCause::engine);
  }
}

TEST_CASE("a kill for memory explains an end that a busy Engine tells late") {
  Scene scene;
  scene.start("web");
  scene.log().killed_for_memory("web", {.at = scene.now(), .source = Source::engine});
  scene.pass(3s);
  scene.end("web", 137);
  scene.pass(1s);
  CHECK(scene.decided().empty());
  auto seen = container("web");
  seen.state = ContainerState::exited;
  SECTION("as an inspect shows that the process has ended at once") {
    seen.finished_at = scene.now() - 3900ms;
    scene.log().inspected(seen);
    CHECK(scene.decided() == Causes{EndCause::oom});
  }
  SECTION("but not one that was late indeed") {
    seen.finished_at = scene.now() - 1100ms;
    scene.log().inspected(seen);
    CHECK(scene.decided() == Causes{EndCause::signal});
  }
  SECTION("unless no inspect comes") {
    scene.pass(4s);
    CHECK(scene.decided() == Causes{EndCause::signal});
  }
  SECTION("unless the container is gone before") {
    scene.log().removed("web", scene.now());
    CHECK(scene.decided() == Causes{EndCause::signal});
  }
}

TEST_CASE("a late event tells of an end after which the container was not yet started again") {
  Scene scene;
  scene.start("web");
  scene.end("web", {}, FoundEnd::By::inspect);  // its event was lost with the Engine
  scene.pass(1min);
  scene.end("web", 0, FoundEnd::By::inspect);
  scene.pass(1s);
  scene.end("web", 0, FoundEnd::By::late_event);
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::unknown, EndCause::completed});
}

TEST_CASE("an end that an inspect shows before the events of its run is one end") {
  Scene scene;
  const auto told = scene.now();
  scene.pass(400ms);
  scene.end("web", 7, FoundEnd::By::inspect);
  scene.log().started("web", told);
  scene.end("web", 7);
  scene.pass(2s);
  CHECK(scene.decided() == Causes{EndCause::error});
  CHECK(scene.last().aftermath == Aftermath::none);
  CHECK(scene.log().latest()->size() == 1);
}

TEST_CASE("the event of an end that comes after the container is gone corrects the record alone") {
  Scene scene;
  const auto gone = container("web");
  scene.log().ended({.by = FoundEnd::By::inspect, .at = scene.now()},
                    {.container = gone, .is_removed = true}, scene.steady());
  scene.pass(2s);
  CHECK(scene.decided() == Causes{EndCause::unknown});
  scene.end("web", 7);
  scene.pass(2s);
  CHECK(scene.decided().empty());
  CHECK(scene.last().cause == EndCause::error);
  CHECK(scene.log().latest()->size() == 1);
}

TEST_CASE("ends that wait when the Engine goes have ended with it") {
  Scene scene;
  scene.start("web");
  scene.kill("web", SIGTERM);
  scene.end("web", 0);
  scene.end("own", 1);
  scene.log().engine_gone();
  scene.pass(3s);
  CHECK(scene.decided() == Causes{EndCause::engine, EndCause::error});
}

TEST_CASE("an inspect shows what followed") {
  Scene scene;
  scene.end("web", 1);
  scene.pass(1s);
  REQUIRE(scene.decided().size() == 1);
  auto seen = container("web");
  seen.restart_policy = "on-failure:3";
  SECTION("that the policy has given up") {
    seen.state = ContainerState::exited;
    scene.log().inspected(seen);
    CHECK(scene.last().aftermath == Aftermath::gave_up);
  }
  SECTION("that the policy waits") {
    seen.state = ContainerState::restarting;
    scene.log().inspected(seen);
    CHECK(scene.last().aftermath == Aftermath::none);
  }
  SECTION("that the policy has started it again") {
    scene.start("web");
    seen.state = ContainerState::running;
    seen.restart_count = 3;
    scene.log().inspected(seen);
    CHECK(scene.last().evidence.back().text == "restarted by its policy, attempt 3");
    seen.restart_count = 4;  // another end, which this one is not about
    scene.log().inspected(seen);
    CHECK(scene.last().evidence.back().text == "restarted by its policy, attempt 3");
  }
  SECTION("that somebody has started it again") {
    scene.start("web");
    seen.state = ContainerState::running;
    seen.restart_count = 0;
    scene.log().inspected(seen);
    CHECK(scene.last().evidence.back().text == "started again");
  }
}

TEST_CASE("a policy does not give up on what was stopped or has completed") {
  Scene scene;
  auto seen = container("web");
  seen.restart_policy = "on-failure";
  seen.state = ContainerState::exited;
  const bool stopped = GENERATE(true, false);
  scene.end("web", stopped ? 143 : 0);
  if (stopped) scene.log().stopped("web", scene.now());
  scene.pass(3s);
  REQUIRE(scene.decided().size() == 1);
  scene.log().inspected(seen);
  CHECK(scene.last().aftermath == Aftermath::none);
}

TEST_CASE("a thousand ends are kept, the latest ones, and each is counted") {
  Scene scene;
  for (int i = 0; i < 1'500; ++i) scene.end("web-" + std::to_string(i), 0);
  scene.pass(1s);
  CHECK(scene.decided().size() == 1'500);
  CHECK(scene.log().latest()->size() == 1'000);
  CHECK(scene.log().latest()->front()->number == 501);
  CHECK(scene.last().number == 1'500);
}

TEST_CASE("a container that is sent a signal each second does not fill the memory") {
  Scene scene;
  for (int i = 0; i < 1'000; ++i) {
    scene.kill("web", SIGHUP);
    scene.pass(1s);
  }
  scene.end("web", 1);
  scene.pass(1s);
  CHECK(scene.decided() == Causes{EndCause::error});
  CHECK(scene.last().evidence.size() == 9);
}

TEST_CASE("the ends of before a restart of the daemon come back, and numbers go on") {
  Scene before;
  before.end("web", 1);
  before.pass(1s);
  REQUIRE(before.decided().size() == 1);
  Scene after;
  after.log().restore(*before.log().latest());
  CHECK(after.last() == before.last());
  after.log().removed("web", after.now());
  CHECK(after.last() == before.last());  // nothing was seen of it that could be corrected
  after.end("web", 2);
  after.pass(1s);
  CHECK(after.decided() == Causes{EndCause::error});
  CHECK(after.last().number == 2);
  CHECK(after.log().latest()->size() == 2);
}
