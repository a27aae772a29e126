#include "metrics/openmetrics.h"

#include <array>

namespace tidegauge::metrics {
namespace {

constexpr std::string_view total = "_total";
constexpr std::string_view info = "_info";

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

std::string_view without(std::string_view name, std::string_view suffix) {
  return name.substr(0, name.size() - suffix.size());
}

std::string_view unit_in(std::string_view name) {
  static constexpr std::array units{"_seconds", "_bytes", "_ratio",   "_celsius", "_joules",
                                    "_volts",   "_grams", "_amperes", "_meters",  "_hertz"};
  for (const std::string_view unit : units) {
    if (has_suffix(name, unit)) return unit.substr(1);
  }
  return {};
}

}  // namespace

OpenMetricsHead openmetrics_head(const Family& family) {
  if (family.type == MetricType::counter) {
    if (!has_suffix(family.name, total)) return {family.name, "unknown", unit_in(family.name)};
    const auto name = without(family.name, total);
    return {name, "counter", unit_in(name)};
  }
  if (family.type == MetricType::gauge && has_suffix(family.name, info)) {
    return {without(family.name, info), "info", {}};
  }
  return {family.name, to_string(family.type), unit_in(family.name)};
}

std::string_view unit_of(const Family& family) {
  return openmetrics_head(family).unit;
}

}  // namespace tidegauge::metrics
