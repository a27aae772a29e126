#include "simulated_engine/event_filter.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tidegauge::test {

namespace {

std::optional<std::int64_t> parse_digits(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// `["a", "b"]` or, as old clients write it, `{"a": true, "b": true}`.
std::set<std::string> words_of(const rapidjson::Value& value) {
  std::set<std::string> words;
  if (value.IsArray()) {
    for (const auto& word : value.GetArray()) {
      if (word.IsString()) words.insert(word.GetString());
    }
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject()) words.insert(member.name.GetString());
  }
  return words;
}

std::string attribute(const Event& event, const std::string& name) {
  for (const auto& [key, value] : event.attributes) {
    if (key == name) return value;
  }
  return {};
}

bool is_about_container(const Event& event, const std::string& reference) {
  return event.type == "container" &&
         (event.id.starts_with(reference) || attribute(event, "name") == reference);
}

/// "key" or "key=value".
bool has_label(const Event& event, const std::string& label) {
  return std::ranges::any_of(event.attributes, [&](const auto& pair) {
    return pair.first == label || pair.first + "=" + pair.second == label;
  });
}

/// "health_status" also means "health_status: healthy".
bool is_action(const Event& event, const std::string& action) {
  return event.action == action || event.action.starts_with(action + ":");
}

}  // namespace

std::optional<WallTime> parse_event_time(const std::string& text) {
  const auto dot = text.find('.');
  const auto seconds = parse_digits(std::string_view(text).substr(0, dot));
  auto decimals = dot == std::string::npos ? std::string() : text.substr(dot + 1);
  decimals.resize(9, '0');
  const auto nanoseconds = parse_digits(decimals);
  if (!seconds || !nanoseconds) return std::nullopt;
  return WallTime(std::chrono::seconds(*seconds) + std::chrono::nanoseconds(*nanoseconds));
}

std::optional<EventFilter> EventFilter::parse(const std::string& filters) {
  EventFilter filter;
  if (filters.empty()) return filter;
  rapidjson::Document document;
  document.Parse(filters.c_str());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  for (const auto& member : document.GetObject()) {
    filter.wanted_[member.name.GetString()] = words_of(member.value);
  }
  return filter;
}

bool EventFilter::passes(const Event& event) const {
  return std::ranges::all_of(wanted_, [&](const auto& pair) {
    const auto& [name, words] = pair;
    const auto any = [&](auto fits) {
      return std::ranges::any_of(words, [&](const auto& word) { return fits(event, word); });
    };
    if (words.empty()) return true;
    if (name == "type") return words.contains(event.type);
    if (name == "event") return any(is_action);
    if (name == "container") return any(is_about_container);
    if (name == "image") return words.contains(event.image);
    if (name == "label") return any(has_label);
    return true;
  });
}

}  // namespace tidegauge::test
