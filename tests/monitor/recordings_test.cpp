// What a real Engine said to the daemon about each kind of end (tests/data/README.md), told to an
// inventory once more: the cause, the signal, the evidence, and what was counted.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "docker/replies.h"
#include "monitor/inventory.h"
#include "support/catch.h"
#include "support/golden_file.h"
#include "tidegauge/json/reader.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::CallKind;
using monitor::Inventory;

namespace {

constexpr std::array sets{"docker-20.10.24-cgroup1", "docker-26.1.5-cgroup1"};

/// One thing that the Engine said, or that the daemon asked it.
struct Line {
  Milliseconds at{};  ///< since the Unix epoch
  std::string what;
  std::string id;         ///< of the container that an inspect is about
  bool is_new = false;    ///< a ping on a connection of its own
  std::string_view body;  ///< as the Engine sent it
};

/// The lines of a recording, told to an inventory at their times, as the workers of a monitor do.
class Replay {
 public:
  explicit Replay(const std::filesystem::path& recording) {
    std::ifstream lines(recording);
    for (std::string text; std::getline(lines, text);) {
      const auto document = json::Document::parse_object(text).value();
      tell(read(document.root(), text));
    }
    std::ignore = inventory_.take_due({.steady = SteadyTime::max(), .wall = now_.wall});
    snapshot_.up = true;
    inventory_.write_snapshot(snapshot_, now_);
  }

  /// The oldest first.
  [[nodiscard]] std::vector<model::RunEnd> ends() const {
    std::vector<model::RunEnd> all;
    for (const auto& end : *snapshot_.ends) all.push_back(*end);
    return all;
  }
  /// How many ends have each cause.
  using Sums = std::map<model::EndCause, std::uint64_t>;
  [[nodiscard]] Sums recorded() const {
    Sums sums;
    for (const auto& end : ends()) ++sums[end.cause];
    return sums;
  }
  [[nodiscard]] Sums counted() const {
    Sums sums;
    for (const auto& [name, counts] : snapshot_.lifecycles) {
      for (const auto cause : model::end_causes) {
        const auto count = counts.exits.at(static_cast<std::size_t>(cause));
        if (count > 0) sums[cause] += count;
      }
    }
    return sums;
  }

 private:
  static Line read(const json::Value& line, std::string_view text) {
    constexpr std::string_view before_body = R"("body":)";
    const auto begin = text.find(before_body);
    const auto body =
        begin == std::string_view::npos ? "" : text.substr(begin + before_body.size());
    return {.at = Milliseconds(line["at"].integer().value()),
            .what = line["what"].text(),
            .id = line["id"].text(),
            .is_new = line["new"].boolean().value_or(false),
            .body = body.substr(0, body.rfind('}'))};
  }

  void tell(const Line& line) {
    pass_until(line.at);
    if (line.what == "event") {
      std::ignore = inventory_.apply(docker::parse_event(line.body).value(), now_);
    } else if (line.what == "ask") {
      asked_[line.id] = inventory_.version(line.id);
    } else if (line.what == "inspect" && asked_[line.id]) {
      inventory_.record_inspected(line.id, *asked_[line.id],
                                  docker::parse_container(line.body).value(), now_);
      std::ignore = inventory_.record_outcome(line.id, CallKind::inspect, {}, now_);
    } else if (line.what == "not_found") {
      const Error gone{.code = Errc::not_found, .message = docker::error_message(line.body)};
      std::ignore = inventory_.record_outcome(line.id, CallKind::inspect, gone, now_);
    } else if (line.what == "stats") {
      inventory_.record_sampled(line.id, std::make_shared<model::ContainerStats>(
                                             docker::parse_container_stats(line.body).value()));
    } else {
      tell_of_engine(line);
    }
    ask_for_check();
    find_engine_up();
  }

  void tell_of_engine(const Line& line) {
    if (line.what == "list") {
      inventory_.resync(docker::parse_container_list(line.body).value(), now_);
      is_listed_ = true;
    } else if (line.what == "info") {
      inventory_.record_engine_time(docker::parse_info(line.body).value().system_time.value(),
                                    now_.steady);
    } else if (line.what == "ping" && line.is_new) {
      answer_check(false);
    } else if (line.what == "refused") {
      answer_check(true);
      if (std::exchange(is_up_, false)) inventory_.engine_gone(now_.steady);
      is_listed_ = false;
    }
  }

  /// Does what is due until then.
  void pass_until(Milliseconds time) {
    const auto at = [](Milliseconds moment) {
      return Moment{.steady = SteadyTime{moment}, .wall = WallTime{moment}};
    };
    const auto next = at(time);
    while (inventory_.next_due() && *inventory_.next_due() <= next.steady) {
      const auto due = *inventory_.next_due();
      std::ignore = inventory_.take_due({.steady = due, .wall = WallTime{due.time_since_epoch()}});
    }
    now_ = next;
  }

  void ask_for_check() {
    if (inventory_.take_engine_check()) check_asked_at_ = now_.steady;
  }
  void answer_check(bool ending) {
    if (!check_asked_at_) return;
    inventory_.engine_checked(*std::exchange(check_asked_at_, {}), ending, now_);
  }

  /// An Engine is up again once its containers have been listed and inspected.
  void find_engine_up() {
    if (is_up_ || !is_listed_ || !inventory_.asked_about_all()) return;
    is_up_ = true;
    inventory_.engine_up(now_.steady);
  }

  const config::MonitorConfig options_;
  Inventory inventory_{options_};
  model::EngineSnapshot snapshot_;  ///< at the end of the recording
  Moment now_;
  std::map<std::string, std::optional<std::uint64_t>> asked_;  ///< versions, by id
  std::optional<SteadyTime> check_asked_at_;
  bool is_listed_ = false;
  bool is_up_ = false;
};

/// The cause, the signal and what followed, and a line for each observation.
std::string described(const model::RunEnd& end) {
  auto text = end.name + ": " + std::string(to_string(end.cause));
  if (end.signal) text += ", " + model::signal_name(*end.signal);
  if (end.aftermath != model::Aftermath::none) {
    text += ", " + std::string(to_string(end.aftermath));
  }
  text += "\n";
  for (const auto& evidence : end.evidence) {
    text += "  " + std::string(to_string(evidence.source)) + ": " + evidence.text + "\n";
  }
  return text;
}

struct Recording {
  std::string name;
  std::vector<model::EndCause> causes;  ///< of its ends, the oldest first
};

const std::vector<Recording>& recordings() {
  using enum model::EndCause;
  static const std::vector<Recording> all{
      {"completed", {completed}},
      {"error", {error}},
      {"signal_from_host", {signal}},
      {"signal_of_program", {signal}},
      {"stopped_within_grace", {stopped}},
      {"stopped_beyond_grace", {stopped}},
      {"stopped_and_removed", {stopped}},
      {"restarted", {stopped}},
      {"killed", {killed}},
      {"killed_by_term", {killed}},
      {"killed_while_paused", {killed}},
      {"removed_by_force", {killed}},
      {"removed_at_its_end", {error}},
      {"oom_of_first_process", {oom}},
      {"oom_of_child", {oom}},
      {"oom_survived", {signal}},
      {"host_oom", {host_oom}},
      {"not_started_file", {not_started}},
      {"not_started_device", {not_started}},
      {"not_started_port", {not_started}},
      {"not_started_mount", {not_started}},
      {"not_started_without_network", {not_started}},
      {"not_started_twice", {not_started, not_started}},
      {"not_started_and_removed", {not_started}},
      {"policy_gave_up", {error, error, error}},
      {"engine_stopped", {engine}},
      {"engine_killed", {engine}},
  };
  return all;
}

}  // namespace

TEST_CASE("each recorded end has its cause, its evidence, and is counted once") {
  const std::string set = GENERATE(from_range(sets));
  const auto directory = std::filesystem::path(TIDEGAUGE_TEST_DATA) / set / "ends";
  std::string all;
  for (const auto& recording : recordings()) {
    CAPTURE(set, recording.name);
    Replay replay(directory / (recording.name + ".ndjson"));
    std::vector<model::EndCause> causes;
    all += recording.name + "\n";
    for (const auto& end : replay.ends()) {
      causes.push_back(end.cause);
      all += described(end);
      CHECK(std::ranges::is_sorted(end.evidence, {}, &model::Evidence::at));
    }
    CHECK(causes == recording.causes);
    CHECK(replay.counted() == replay.recorded());
  }
  test::check_golden_file(directory / "evidence.txt", all);
}
