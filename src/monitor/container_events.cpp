#include "monitor/container_events.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "tidegauge/model/run_end.h"

namespace tidegauge::monitor {
namespace {

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string attribute(const model::Event& event, std::string_view key) {
  const auto found = std::ranges::lower_bound(event.attributes, key, {},
                                              &std::pair<std::string, std::string>::first);
  return found != event.attributes.end() && found->first == key ? found->second : std::string();
}

std::string container_id(const model::Event& event) {
  return event.type == "network" ? attribute(event, "container") : event.id;
}

std::string_view action_name(const model::Event& event) {
  const std::string_view action = event.action;
  return action.substr(0, action.find(':'));
}

std::string_view action_detail(const model::Event& event) {
  constexpr std::string_view separator = ": ";
  const std::string_view action = event.action;
  return action.substr(std::min(action.size(), action_name(event).size() + separator.size()));
}

std::optional<int> exit_code(const model::Event& event) {
  return whole_number(attribute(event, "exitCode"));
}

std::optional<int> signal_of(const model::Event& event) {
  const auto text = attribute(event, "signal");
  if (const auto number = whole_number(text)) return number;
  return model::parse_signal_name(text);
}

std::string name_before(const model::Event& event) {
  if (event.action != "rename") return attribute(event, "name");
  auto name = attribute(event, "oldName");
  if (name.starts_with('/')) name.erase(0, 1);  // only "oldName" has the slash
  return name;
}

model::Container described_by(const model::Event& event) {
  model::Container container;
  container.id = event.id;
  container.labels = event.attributes;
  container.name = attribute(event, "name");
  container.image = attribute(event, "image");
  return container;
}

model::Container described_by(const model::ContainerSummary& summary) {
  model::Container container;
  container.id = summary.id;
  container.labels = summary.labels;
  container.name = summary.name;
  container.image = summary.image;
  return container;
}

}  // namespace tidegauge::monitor
