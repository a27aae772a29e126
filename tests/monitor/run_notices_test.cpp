#include "monitor/run_notices.h"

#include <cstddef>
#include <optional>
#include <string>
#include <thread>

#include "cgroup/parsers.h"
#include "monitor/small_engine.h"
#include "monitor/watch.h"
#include "support/catch.h"
#include "support/cgroup_hierarchy.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/wakeup.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using cgroup::RunNotice;
using model::MemoryEvents;
using test::CgroupHierarchy;
using test::CgroupProcess;
using test::eventually;
using test::Exchange;
using test::Request;
using test::SmallEngine;

namespace {

constexpr WallTime now{1'795'424'400s};

RunNotice out_of_memory(const MemoryEvents& before, const MemoryEvents& then) {
  return {.kind = RunNotice::Kind::out_of_memory,
          .id = "web",
          .reading = {.at = {.wall = now}, .memory_events = then},
          .before = before};
}

/// An Engine with one container, whose process is in a real cgroup that Docker's conventions do not
/// name.
class Scene {
 public:
  explicit Scene(std::size_t descriptors) : descriptors_(descriptors) {
    REQUIRE(eventually([&] {
      const auto snapshot = watch_.snapshot();
      return snapshot->containers.size() == 1 && snapshot->containers[0].stats;
    }));
  }

  test::Watch& watch() { return watch_; }
  /// Of its cgroup, as the kernel says.
  [[nodiscard]] double cpu_seconds() const {
    const auto stat = test::read_file(hierarchy_.directory(place_) + "/cpu.stat");
    return cgroup::parse_cpu_stat_v2(stat).value().usage_seconds;
  }
  /// The process does its work and ends, and the Engine tells that.
  void end() {
    process_.work();
    ended_.signal();
  }

 private:
  [[nodiscard]] std::string make_cgroup() const {
    hierarchy_.make(place_);
    return hierarchy_.directory(place_);
  }
  bool answer(const Request& request, Exchange& exchange) const {
    const auto call = SmallEngine::call_of(request);
    if (call == "/containers/" + id_ + "/json") {
      return exchange.reply(200, {},
                            R"({"Id":")" + id_ +
                                R"(","Name":"/web","State":{"Status":"running","Pid":)" +
                                std::to_string(pid_) + "}}");
    }
    if (call != "/events") return false;
    if (exchange.begin_chunks(200) &&
        exchange.wait_for(ended_, std::nullopt) == test::Waited::woken &&
        exchange.chunk(test::event_line("die", id_))) {
      exchange.hang();
    }
    return true;
  }

  std::size_t descriptors_;
  const std::string id_ = std::string(64, 'a');
  const std::string place_ = "user.slice/libpod-" + id_ + ".scope";
  CgroupHierarchy hierarchy_;
  CgroupProcess process_{make_cgroup()};
  const pid_t pid_ = process_.pid();  ///< still asked for when the process has ended
  Wakeup ended_;
  SmallEngine engine_{{id_}, [this](const Request& request, Exchange& exchange) {
                        return answer(request, exchange);
                      }};
  test::Watch watch_{engine_.socket_path(),
                     test::unattended(),
                     {.interval = 20ms},
                     test::KernelView{.paths = hierarchy_.paths(), .descriptors = descriptors_}};
  std::jthread watching_ = watch_.run();
};

/// Real cgroups need root. What is tested with them is told to be left out where there are none.
bool has_cgroups() {
  static const auto refused = CgroupHierarchy::why_refused();
  if (refused) WARN("SKIPPED: no hierarchy of cgroup v2 for tests: " << *refused);
  return !refused;
}

}  // namespace

TEST_CASE("a kill for memory was at the container's own limit if its limit was hit just now") {
  const MemoryEvents before{.max = 7, .oom = 1, .oom_kill = 1};
  const auto own = [&](const MemoryEvents& then) {
    return monitor::memory_kill_of(out_of_memory(before, then)).own_limit;
  };
  CHECK(own({.max = 7, .oom = 2, .oom_kill = 2}) == true);
  CHECK(own({.max = 8, .oom_kill = 2}) == true);
  CHECK(own({.max = 8, .oom = 1, .oom_kill = 2}) == false);  // at its limit, by page cache
  CHECK(own({.max = 7, .oom = 1, .oom_kill = 2}) == false);
  CHECK(own({.oom_kill = 2}) == false);  // a new cgroup, whose limit was not hit
}

TEST_CASE("a kill for memory has its time, how many processes it took, and whose limit was hit") {
  auto notice = out_of_memory({.oom_kill = 1}, {.oom_kill = 3});
  notice.limited_ancestor = "/batch";
  const auto kill = monitor::memory_kill_of(notice);
  CHECK(kill.at == now);
  CHECK(kill.source == model::Evidence::Source::kernel);
  CHECK(kill.processes == 2);
  CHECK(kill.ancestor == "/batch");
  // How many is not known.
  CHECK(monitor::memory_kill_of(out_of_memory({}, {.oom_kill = 1})).processes == 0);
}

TEST_CASE("a run that was read at its end has used what was read") {
  const RunNotice notice{.kind = RunNotice::Kind::ended,
                         .id = "web",
                         .reading = {.at = {.wall = now},
                                     .cpu_seconds = 0.1,
                                     .memory_peak_bytes = 4096,
                                     .memory_bytes = 1024}};
  CHECK(monitor::final_use_of(notice) == model::RunUse{.read_at = now,
                                                       .is_final = true,
                                                       .cpu_seconds = 0.1,
                                                       .memory_bytes = 1024,
                                                       .memory_peak_bytes = 4096});
}

TEST_CASE("a run whose cgroup was gone before it could be read tells nothing") {
  CHECK_FALSE(monitor::final_use_of({.kind = RunNotice::Kind::ended, .id = "web"}));
}

TEST_CASE("a run is read at its end wherever its cgroup was found") {
  if (!has_cgroups()) return;
  Scene scene(1'000);
  scene.end();
  REQUIRE(eventually([&] {
    const auto ends = scene.watch().snapshot()->ends;
    return ends && !ends->empty();
  }));
  const auto use = scene.watch().snapshot()->ends->front()->use;
  REQUIRE(use);
  CHECK(use->is_final);
  CHECK(use->cpu_seconds.value_or(0) >= 0.95 * scene.cpu_seconds());
  CHECK(scene.watch().log().count("cannot be read at their end") == 0);
}

TEST_CASE("the log has once why runs cannot be read at their end") {
  if (!has_cgroups()) return;
  Scene scene(4);
  REQUIRE(eventually([&] { return scene.watch().log().count("cannot be read at their end") > 0; }));
  const auto cycles = scene.watch().reports().count();
  REQUIRE(eventually([&] { return scene.watch().reports().count() > cycles + 3; }));
  CHECK(scene.watch().log().count("cannot be read at their end") == 1);
  CHECK(scene.watch().log().count("raise LimitNOFILE=") == 1);
}
