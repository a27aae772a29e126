#include "config/web_section.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/suggestions.h"

namespace tidegauge::config {
namespace {

constexpr std::array<std::string_view, 11> words_of_true{
    "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
constexpr std::array<std::string_view, 11> words_of_false{
    "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"};

}  // namespace

WebSection::WebSection(std::string file, std::string name, const Field& field,
                       const std::vector<std::string>& known, MistakeList& mistakes)
    : file_(std::move(file)), name_(std::move(name)), origin_(field.origin), mistakes_(mistakes) {
  read(field.value, known);
}

void WebSection::read(const YAML::Node& content, const std::vector<std::string>& known) {
  if (content.IsNull()) return;
  if (!content.IsMap()) {
    mistakes_.add(origin_, (name_.empty() ? "the file" : name_) +
                               " must hold names and values, each on a line, as `name: value`");
    return;
  }
  for (const auto& pair : content) {
    const auto origin = place_of(pair.first);
    const auto key = pair.first.IsScalar() ? pair.first.Scalar() : std::string{};
    const bool is_known = known.empty() || std::ranges::find(known, key) != known.end();
    if (!pair.first.IsScalar() || !is_known) {
      const auto near = closest(key, known);
      mistakes_.add(origin, in_quotes(key) + " is no key" + (name_.empty() ? "" : " of " + name_) +
                                (near ? "; did you mean " + *near + "? Allowed: " : "; allowed: ") +
                                (known.empty() ? "text" : joined(known)));
      continue;
    }
    const auto [first, is_new] = fields_.emplace(key, Field{pair.second, origin});
    if (is_new) continue;
    mistakes_.add(origin, path_of(key) + ": is there twice, first on line " +
                              std::to_string(first->second.origin.line) + "; keep one of them");
  }
}

bool WebSection::has(std::string_view key) const {
  const auto* const value = value_of(key);
  return value != nullptr && !(value->IsScalar() && value->Scalar().empty());
}

std::string WebSection::text(std::string_view key) const {
  const auto* const value = value_of(key);
  if (value == nullptr) return {};
  if (value->IsScalar()) return value->Scalar();
  refuse(key, "must be text");
  return {};
}

bool WebSection::flag(std::string_view key, bool otherwise) const {
  const auto* const value = value_of(key);
  if (value == nullptr) return otherwise;
  const auto word = value->IsScalar() ? value->Scalar() : std::string{};
  if (std::ranges::find(words_of_true, word) != words_of_true.end()) return true;
  if (std::ranges::find(words_of_false, word) != words_of_false.end()) return false;
  refuse(key, "must be true or false");
  return otherwise;
}

std::vector<std::string> WebSection::list(std::string_view key) const {
  const auto* const value = value_of(key);
  if (value == nullptr) return {};
  if (!value->IsSequence()) {
    refuse(key, "must be a list");
    return {};
  }
  std::vector<std::string> items;
  for (const auto& item : *value) {
    if (item.IsScalar()) {
      items.push_back(item.Scalar());
    } else {
      refuse(key, "has an item that is no text");
    }
  }
  return items;
}

std::map<std::string, std::string> WebSection::texts() const {
  std::map<std::string, std::string> all;
  for (const auto& [key, field] : fields_) all.emplace(key, text(key));
  return all;
}

void WebSection::refuse(std::string_view key, std::string_view what) const {
  const auto found = fields_.find(std::string(key));
  mistakes_.add(found == fields_.end() ? origin_ : found->second.origin,
                path_of(key) + ": " + std::string(what));
}

/// "tls_server_config.cert_file"; keys that the user makes up stand in quotes.
std::string WebSection::path_of(std::string_view key) const {
  if (key.empty()) return name_;
  auto told = in_quotes(key);
  const auto plain =
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  if (plain) told = key;
  return name_.empty() ? told : name_ + "." + told;
}

Origin WebSection::place_of(const YAML::Node& node) const {
  return in_file(file_, node.Mark().line + 1);
}

const YAML::Node* WebSection::value_of(std::string_view key) const {
  const auto found = fields_.find(std::string(key));
  if (found == fields_.end() || found->second.value.IsNull()) return nullptr;
  return &found->second.value;
}

}  // namespace tidegauge::config
