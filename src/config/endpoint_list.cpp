#include "config/endpoint_list.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "config/endpoint_rules.h"
#include "config/options.h"

namespace tidegauge::config {
namespace {

constexpr std::size_t longest_name = 63;
constexpr std::string_view remedy_of_entry =
    "; allowed: `- name: NAME` and below it `socket_path: ADDRESS`";

class ListReader {
 public:
  ListReader(const std::string& file, MistakeList& mistakes) : file_(file), mistakes_(mistakes) {}

  [[nodiscard]] std::vector<EndpointConfig> read(const YAML::Node& list, const Origin& origin);

 private:
  struct Field {
    std::string text;
    Origin origin;
  };

  void read_entry(const YAML::Node& entry);
  /// The fields of the entry by name. Records a mistake for every unknown field.
  [[nodiscard]] std::map<std::string, Field> fields_of(const YAML::Node& entry);
  [[nodiscard]] std::optional<std::string> name_in(const std::map<std::string, Field>& fields,
                                                   const Origin& entry);
  [[nodiscard]] std::optional<EndpointConfig> engine_in(const std::map<std::string, Field>& fields,
                                                        const Origin& entry);
  /// Absent if the entry does not have the field, or has a mistake in it.
  [[nodiscard]] std::optional<StatsChoice> stats_source_in(
      const std::map<std::string, Field>& fields);
  void add_mistake(const Origin& origin, const std::string& what);
  [[nodiscard]] Origin place_of(const YAML::Node& node) const {
    return in_file(file_, node.Mark().line + 1);
  }

  const std::string& file_;
  MistakeList& mistakes_;
  std::size_t index_ = 0;  ///< of the current entry
  std::map<std::string, int> line_of_name_;
  std::vector<EndpointConfig> entries_;
};

std::vector<EndpointConfig> ListReader::read(const YAML::Node& list, const Origin& origin) {
  if (!list.IsSequence() || list.size() == 0) {
    mistakes_.add(origin, "endpoints: is not a list of Engines" + std::string(remedy_of_entry) +
                              ", at least once");
    return {};
  }
  for (const auto& entry : list) {
    read_entry(entry);
    ++index_;
  }
  return std::move(entries_);
}

void ListReader::read_entry(const YAML::Node& entry) {
  const auto origin = place_of(entry);
  if (!entry.IsMap()) {
    add_mistake(origin, ": is not an Engine" + std::string(remedy_of_entry));
    return;
  }
  const auto fields = fields_of(entry);
  auto name = name_in(fields, origin);
  auto engine = engine_in(fields, origin);
  const auto source = stats_source_in(fields);
  if (!name || !engine) return;
  engine->name = *std::move(name);
  engine->stats_source = source;
  entries_.push_back(*std::move(engine));
}

std::vector<std::string> names_of_fields() {
  std::vector<std::string> names{"name", "stats_source"};
  for (const auto& option : options()) {
    if (option.describes_endpoint) names.emplace_back(option.name());
  }
  return names;
}

std::map<std::string, ListReader::Field> ListReader::fields_of(const YAML::Node& entry) {
  const auto known = names_of_fields();
  std::map<std::string, Field> fields;
  for (const auto& field : entry) {
    const auto name = field.first.IsScalar() ? field.first.Scalar() : std::string{};
    const auto origin = place_of(field.first);
    if (std::ranges::find(known, name) == known.end()) {
      add_mistake(origin,
                  ": " + in_quotes(name) + " does not belong here" + suggestion(name, known));
      continue;
    }
    const auto text = field.second.IsScalar() ? field.second.Scalar() : std::string{};
    const auto [first, is_new] = fields.emplace(name, Field{text, origin});
    if (is_new) continue;
    add_mistake(origin, "." + name + ": is there twice, first on line " +
                            std::to_string(first->second.origin.line) + "; keep one of them");
  }
  return fields;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, fits);
}

std::optional<std::string> ListReader::name_in(const std::map<std::string, Field>& fields,
                                               const Origin& entry) {
  const auto found = fields.find("name");
  if (found == fields.end()) {
    add_mistake(entry, ": has no name" + std::string(remedy_of_entry));
    return std::nullopt;
  }
  const auto& [text, origin] = found->second;
  if (!is_name(text)) {
    add_mistake(origin, ".name: " + in_quotes(text) +
                            " is not a name; allowed: 1 to 63 of a-z A-Z 0-9 _ . -");
    return std::nullopt;
  }
  const auto [first, is_new] = line_of_name_.emplace(text, origin.line);
  if (!is_new) {
    add_mistake(origin, ".name: " + in_quotes(text) + " is the name on line " +
                            std::to_string(first->second) + " already; allowed: a name of its own");
    return std::nullopt;
  }
  return text;
}

/// An Engine as the rows of the short form read it.
std::optional<EndpointConfig> ListReader::engine_in(const std::map<std::string, Field>& fields,
                                                    const Origin& entry) {
  Config scratch;
  bool complete = fields.contains("socket_path");
  if (!complete) add_mistake(entry, ": has no socket_path" + std::string(remedy_of_entry));
  for (const auto& option : options()) {
    const auto found = fields.find(std::string(option.name()));
    if (!option.describes_endpoint || found == fields.end()) continue;
    const auto set = option.set(scratch, found->second.text);
    if (set) continue;
    complete = false;
    add_mistake(found->second.origin,
                "." + found->first + ": " + set.error() + "; allowed: " + option.allowed);
  }
  if (!complete) return std::nullopt;
  auto& engine = scratch.endpoints.front();
  for (const auto& [name, what] : endpoint_mistakes(engine)) {
    const auto field = fields.find(name);
    std::string told(".");
    add_mistake(field == fields.end() ? entry : field->second.origin,
                told.append(name).append(": ").append(what));
  }
  return std::move(engine);
}

std::optional<StatsChoice> ListReader::stats_source_in(const std::map<std::string, Field>& fields) {
  const auto found = fields.find("stats_source");
  if (found == fields.end()) return std::nullopt;
  const auto type = stats_choice();
  const auto chosen = type.parse(found->second.text);
  if (chosen) return *chosen;
  add_mistake(found->second.origin,
              ".stats_source: " + chosen.error() + "; allowed: " + type.allowed);
  return std::nullopt;
}

void ListReader::add_mistake(const Origin& origin, const std::string& what) {
  mistakes_.add(origin, "endpoints[" + std::to_string(index_) + "]" + what);
}

}  // namespace

EndpointList read_endpoints(const YAML::Node& list, const std::string& file, const Origin& origin,
                            MistakeList& mistakes) {
  return {origin, ListReader(file, mistakes).read(list, origin)};
}

}  // namespace tidegauge::config
