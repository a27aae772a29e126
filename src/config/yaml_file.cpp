#include "config/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "config/yaml_document.h"

namespace tidegauge::config {
namespace {

class Reader {
 public:
  Reader(const std::string& path, MistakeList& mistakes) : path_(path), mistakes_(mistakes) {}

  FileContent read();

 private:
  void read_top_level(const YAML::Node& root);
  void read_section(const std::string& section, const YAML::Node& content, const Origin& origin);
  [[nodiscard]] Origin place_of(const YAML::Node& node) const {
    return in_file(path_, node.Mark().line + 1);
  }

  const std::string& path_;
  MistakeList& mistakes_;
  FileContent content_;
};

FileContent Reader::read() {
  const auto document = read_yaml_document(path_, mistakes_);
  content_.complete = document.complete;
  if (!document.root.IsNull()) read_top_level(document.root);
  return std::move(content_);
}

std::string name_of(const YAML::Node& key) {
  return key.IsScalar() ? key.Scalar() : std::string{};
}

Parsed<Value> value_of(const YAML::Node& content) {
  if (content.IsNull()) return std::unexpected("has no value");
  if (content.IsScalar()) return content.Scalar();
  if (content.IsMap()) return std::unexpected("holds names and values instead of a value");
  std::vector<std::string> items;
  for (const auto& item : content) {
    if (!item.IsScalar()) return std::unexpected("has an item that is no text");
    items.push_back(item.Scalar());
  }
  return items;
}

std::vector<std::string> names_of_sections() {
  std::vector<std::string> names{"endpoints"};
  for (const auto& section : sections()) names.push_back(section.name);
  return names;
}

/// The names an option of `section` may be called by there.
std::vector<std::string> names_within(std::string_view section) {
  const auto prefix = std::string(section) + ".";
  std::vector<std::string> names;
  for (const auto& option : options()) {
    for (const auto& spelling : option.spellings()) {
      if (spelling.starts_with(prefix)) names.push_back(spelling.substr(prefix.size()));
    }
  }
  return names;
}

/// What may have been meant by a key that does not belong where it stands.
std::string remedy(const std::string& key, std::span<const std::string> allowed) {
  if (is_optional_group(key)) return "; did you mean metrics.enable: [" + key + "]?";
  for (const auto& option : options()) {
    if (option.name() == key) return "; did you mean " + option.path + "?";
  }
  return suggestion(key, allowed);
}

void Reader::read_top_level(const YAML::Node& root) {
  if (!root.IsMap()) {
    mistakes_.add(place_of(root), "the file must hold sections; allowed: " +
                                      joined(names_of_sections()) + ", each with a colon");
    return;
  }
  const auto known = names_of_sections();
  std::map<std::string, int> line_of;
  for (const auto& pair : root) {
    const auto origin = place_of(pair.first);
    const auto name = name_of(pair.first);
    const auto [first, is_new] = line_of.emplace(name, origin.line);
    if (std::ranges::find(known, name) == known.end()) {
      mistakes_.add(origin, in_quotes(name) + " is no section" + remedy(name, known));
    } else if (!is_new) {
      mistakes_.add(origin, name + ": is there twice, first on line " +
                                std::to_string(first->second) + "; keep one of them");
    } else if (name == "endpoints") {
      content_.endpoints = read_endpoints(pair.second, path_, origin, mistakes_);
    } else {
      read_section(name, pair.second, origin);
    }
  }
}

void Reader::read_section(const std::string& section, const YAML::Node& content,
                          const Origin& origin) {
  if (content.IsNull()) return;
  if (!content.IsMap()) {
    mistakes_.add(origin, section + ": is not a section; allowed: options below it, each on a " +
                              "line, indented, as `name: value`");
    return;
  }
  const auto prefix = section + ".";
  for (const auto& pair : content) {
    const auto origin_of_key = place_of(pair.first);
    const auto name = name_of(pair.first);
    const auto spelling = prefix + name;
    if (const auto* option = find_option(spelling)) {
      content_.settings.push_back({option, spelling, origin_of_key, value_of(pair.second)});
    } else {
      mistakes_.add(origin_of_key, in_quotes(name) + " is no option of " + section +
                                       remedy(name, names_within(section)));
    }
  }
}

}  // namespace

FileContent read_yaml_file(const std::string& path, MistakeList& mistakes) {
  return Reader(path, mistakes).read();
}

}  // namespace tidegauge::config
