// The lines of GET /events, and what the inventory makes of them.

#include <algorithm>

#include "docker/replies.h"
#include "fuzz/oracle.h"
#include "monitor/inventory.h"

using namespace tidegauge;

namespace {

void describe(const model::Event& event, fuzz::Facts& facts) {
  if (event.type.empty() || event.action.empty()) fuzz::finding("an event of no kind");
  const auto nanoseconds = event.at.time_since_epoch().count();
  if (nanoseconds <= 0) fuzz::finding("an event before there were containers");
  facts.number("time", static_cast<std::uint64_t>(nanoseconds));
  facts.text("type", event.type);
  facts.text("action", event.action);
  facts.text("id", event.id);
  facts.texts("attribute", event.attributes);
}

/// The exit code that the inventory shows after a `die` is the one that came with it.
void check_exit_code(const model::Event& event) {
  const config::MonitorConfig options;
  monitor::Inventory inventory(options);
  const Moment now{.wall = event.at};
  inventory.apply(event, now);
  model::EngineSnapshot snapshot;
  inventory.write_snapshot(snapshot, now);
  if (snapshot.containers.empty() || !snapshot.containers[0].container->exit_code) return;
  const auto shown = std::to_string(*snapshot.containers[0].container->exit_code);
  const auto said = std::ranges::any_of(event.attributes, [&](const auto& attribute) {
    return attribute.first == "exitCode" && fuzz::WholeNumbers(attribute.second).contain(shown);
  });
  if (!said) fuzz::finding("exit code " + shown + ", which nobody said");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = fuzz::text_of(data, size);
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    fuzz::check_json(line, docker::parse_event,
                     [](const auto& value, fuzz::Facts& facts) { describe(value, facts); });
    if (const auto event = docker::parse_event(line)) check_exit_code(*event);
  }
  return 0;
}
