// The record of ends: what may happen to three containers, in any order and at any time, told to an
// EndLog. Each end is decided once and in time, and the sum of the decisions is that of the record
// where nothing came late.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fuzz/oracle.h"
#include "monitor/end_log.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;
using model::RunEnd;
using monitor::FoundEnd;

namespace {

constexpr auto most_patience = 5s;

void check(bool holds, std::string_view what) {
  if (!holds) fuzz::finding(what);
}

/// What happens, and what was decided about it.
class Scene {
 public:
  explicit Scene(FuzzedDataProvider& data) : data_(data) {}

  void run() {
    while (data_.remaining_bytes() > 0) {
      passed_ += data_.PickValueInArray<std::chrono::nanoseconds>(
          {0ns, 1ms, 20ms, 499ms, 500ms, 1s, 2s, 2501ms, 1h});
      decide_until(steady());
      step();
      check_record();
    }
    decide_until(steady() + most_patience);
    check(!log_.next_due(), "an end waits longer than it may");
    check_sums();
  }

 private:
  static constexpr std::array<const char*, 3> ids{"web", "db", "job"};

  [[nodiscard]] WallTime wall() const { return WallTime{1'795'424'400s} + passed_; }
  [[nodiscard]] SteadyTime steady() const { return SteadyTime{1h} + passed_; }
  /// An event may be told some time after what it is about.
  WallTime event_time() {
    return wall() - data_.PickValueInArray<std::chrono::nanoseconds>({0ns, 1ms, 900ms, 5s});
  }
  std::string any_id() { return data_.PickValueInArray(ids); }

  void step() {
    const auto id = any_id();
    switch (data_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        return log_.started(id, event_time());  // all that is told later is about this run
      case 1:
        tell(id);
        return log_.asked_to_kill(
            id, {.at = event_time(),
                 .signal = data_.PickValueInArray({SIGTERM, SIGKILL, SIGHUP, SIGINT})});
      case 2:
        tell(id);
        return log_.stopped(id, event_time());
      case 3:
        return log_.removed(id, event_time());
      case 4:
        tell(id);
        return log_.killed_for_memory(
            id,
            {.at = event_time(),
             .source = data_.ConsumeBool() ? model::Evidence::Source::kernel
                                           : model::Evidence::Source::engine,
             .own_limit = data_.ConsumeBool() ? std::optional(data_.ConsumeBool()) : std::nullopt});
      case 5:
        return log_.read_finally(id, {.read_at = wall(), .is_final = true});
      case 6:
        return inspect(id);
      case 7:
        return end(id);
      case 8:
        return log_.engine_gone();
      default:
        return check_engine();
    }
  }

  [[nodiscard]] model::Container container(const std::string& id) {
    model::Container made;
    made.id = made.name = id;
    made.state =
        data_.ConsumeBool() ? model::ContainerState::running : model::ContainerState::exited;
    if (data_.ConsumeBool()) made.limits.memory_bytes = 64UL << 20U;
    if (data_.ConsumeBool()) made.restart_policy = "on-failure";
    if (data_.ConsumeBool()) made.restart_count = 1;
    return made;
  }

  void inspect(const std::string& id) { log_.inspected(container(id)); }

  void check_engine() {
    for (const auto* const id : ids) tell(id);
    log_.engine_checked(steady(), data_.ConsumeBool());
  }

  void end(const std::string& id) {
    using By = FoundEnd::By;
    const auto by = data_.PickValueInArray({By::event, By::event, By::inspect, By::late_event});
    if (by != By::inspect) tell(id);  // it may be the event of an end that is known
    FoundEnd found{.by = by, .at = event_time()};
    if (data_.ConsumeBool()) {
      found.exit_code = data_.PickValueInArray({0, 1, 125, 127, 137, 139, 143});
    }
    const auto about = container(id);
    log_.ended(found,
               {.container = about,
                .start_error = data_.ConsumeBool() ? "no such file" : "",
                .with_engine = data_.ConsumeBool(),
                .is_removed = data_.ConsumeBool(),
                .is_inspected = data_.ConsumeBool()},
               steady());
  }

  /// Something is told that may explain the ends of the container: those that are decided are not
  /// to be compared any more.
  void tell(const std::string& id) {
    for (const auto& [number, end] : decided_) {
      if (end->id == id) corrected_.insert(number);
    }
  }

  /// As the monitor does: what is due is decided at that time, and the Engine may answer.
  void decide_until(SteadyTime time) {
    std::ignore = log_.take_engine_check();
    while (const auto due = log_.next_due()) {
      if (*due > time) break;
      take(log_.take_decided(*due));
      check(log_.next_due() != due, "what was due was not decided");
    }
    take(log_.take_decided(time));
  }

  void take(const std::vector<std::shared_ptr<const RunEnd>>& decided) {
    for (const auto& end : decided) {
      check(decided_.emplace(end->number, end).second, "decided twice");
    }
  }

  void check_record() {
    take(log_.take_decided(steady()));
    const auto record = log_.latest();
    check(std::ranges::is_sorted(*record, {}, [](const auto& end) { return end->number; }),
          "ends out of order");
    check(record->size() == decided_.size(), "not what was decided is shown");
    const auto next = log_.next_due();
    check(!next || *next <= steady() + most_patience, "an end waits longer than it may");
    for (const auto& end : *record) {
      check(std::ranges::is_sorted(end->evidence, {}, &model::Evidence::at),
            "evidence out of order");
    }
  }

  void check_sums() {
    std::map<EndCause, int> counted;
    std::map<EndCause, int> recorded;
    for (const auto& end : *log_.latest()) {
      if (corrected_.contains(end->number)) continue;
      ++recorded[end->cause];
      ++counted[decided_.at(end->number)->cause];
    }
    check(counted == recorded, "counted other causes than recorded, though nothing came late");
  }

  FuzzedDataProvider& data_;
  monitor::EndLog log_;
  std::chrono::nanoseconds passed_{};
  std::map<std::uint64_t, std::shared_ptr<const RunEnd>> decided_;  ///< by number, as counted
  std::set<std::uint64_t> corrected_;  ///< told of after their decision
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider provider(data, size);
  Scene(provider).run();
  return 0;
}
