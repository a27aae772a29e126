#include "app/lifecycle_json.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "app/json_members.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::app {
namespace {

using model::FinishedRuns;
using model::LastRun;
using model::Lifecycle;

// --- writing ------------------------------------------------------------------------------------

void write_time(json::Writer& writer, std::string_view name, const std::optional<WallTime>& time) {
  if (time) writer.key(name).value(to_rfc3339(*time, Decimals::nanoseconds));
}

/// Writes the counts that are not 0.
template <class Kind, std::size_t size>
void write_counts(json::Writer& writer, std::string_view name,
                  const std::array<std::uint64_t, size>& counts,
                  const std::array<Kind, size>& kinds) {
  writer.key(name).object([&] {
    for (std::size_t i = 0; i < size; ++i) {
      if (counts[i] != 0) writer.key(to_string(kinds[i])).value(counts[i]);
    }
  });
}

void write_last_run(json::Writer& writer, const LastRun& run) {
  writer.object([&] {
    writer.key("cause").value(to_string(run.cause));
    if (run.signal) writer.key("signal").value(model::signal_name(*run.signal));
    write_known(writer, "duration_seconds", run.duration_seconds);
    write_known(writer, "cpu_seconds", run.cpu_seconds);
    write_known(writer, "memory_peak_bytes", run.memory_peak_bytes);
  });
}

void write_finished_runs(json::Writer& writer, const FinishedRuns& runs) {
  writer.object([&] {
    writer.key("count").value(runs.count);
    writer.key("cpu_seconds").value(runs.cpu_seconds);
    writer.key("duration_seconds").value(runs.duration_seconds);
  });
}

// --- reading ------------------------------------------------------------------------------------

template <class Kind, std::size_t size>
void read_counts(Members& of, std::string_view name, std::array<std::uint64_t, size>& counts,
                 const std::array<Kind, size>& kinds) {
  if (!of.at(name).is_present()) return;
  Members members(of.at(name));
  for (std::size_t i = 0; i < size; ++i) {
    counts[i] = members.count(to_string(kinds[i])).value_or(0);
  }
  if (members.mistake()) of.note(name, *members.mistake());
}

std::optional<LastRun> read_last_run(Members& of) {
  const auto run = of.at("last_run");
  if (!run.is_present()) return std::nullopt;
  Members members(run);
  const LastRun read{.cause = members.needed(
                         "cause", members.parsed("cause", model::parse_end_cause, "is no cause")),
                     .signal = members.parsed("signal", model::parse_signal_name, "is no signal"),
                     .duration_seconds = members.number("duration_seconds"),
                     .cpu_seconds = members.number("cpu_seconds"),
                     .memory_peak_bytes = members.count("memory_peak_bytes")};
  if (members.mistake()) of.note("last_run:", *members.mistake());
  return read;
}

FinishedRuns read_finished_runs(Members& of) {
  const auto runs = of.at("finished_runs");
  if (!runs.is_present()) return {};
  Members members(runs);
  const FinishedRuns read{.count = members.count("count").value_or(0),
                          .cpu_seconds = members.number("cpu_seconds").value_or(0),
                          .duration_seconds = members.number("duration_seconds").value_or(0)};
  if (read.cpu_seconds < 0 || read.duration_seconds < 0) members.note("", "a sum is negative");
  if (members.mistake()) of.note("finished_runs:", *members.mistake());
  return read;
}

}  // namespace

void write_lifecycle(json::Writer& writer, std::string_view name, const Lifecycle& lifecycle) {
  writer.object([&] {
    writer.key("name").value(name);
    write_time(writer, "counted_since", lifecycle.counted_since);
    writer.key("restarts").value(lifecycle.restarts);
    write_known(writer, "oom_events", lifecycle.oom_events);
    write_counts(writer, "exits", lifecycle.exits, model::end_causes);
    write_counts(writer, "health_transitions", lifecycle.health_transitions,
                 model::health_statuses);
    write_time(writer, "last_exit_at", lifecycle.last_exit_at);
    write_time(writer, "last_oom_at", lifecycle.last_oom_at);
    if (lifecycle.last_run) write_last_run(writer.key("last_run"), *lifecycle.last_run);
    write_finished_runs(writer.key("finished_runs"), lifecycle.finished_runs);
  });
}

Result<std::pair<std::string, Lifecycle>> read_lifecycle(json::Value object) {
  Members members(object);
  Lifecycle lifecycle;
  lifecycle.counted_since = members.needed("counted_since", members.time("counted_since"));
  lifecycle.restarts = members.needed("restarts", members.count("restarts"));
  lifecycle.oom_events = members.count("oom_events");
  read_counts(members, "exits", lifecycle.exits, model::end_causes);
  read_counts(members, "health_transitions", lifecycle.health_transitions, model::health_statuses);
  lifecycle.last_exit_at = members.time("last_exit_at");
  lifecycle.last_oom_at = members.time("last_oom_at");
  lifecycle.last_run = read_last_run(members);
  lifecycle.finished_runs = read_finished_runs(members);
  auto name = members.text("name");
  if (!members.at("name").is_present()) members.note("name", "is missing");
  if (members.mistake())
    return fail(Errc::bad_reply, "the counts of a name: " + *members.mistake());
  return std::pair(std::move(name), lifecycle);
}

}  // namespace tidegauge::app
