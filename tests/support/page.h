#pragma once

// A page of metrics as its reader sees it: the Prometheus text format, parsed. Written apart from
// the code that renders it, so that a mistake there cannot excuse itself here. A value.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tidegauge::test {

using Labels = std::map<std::string, std::string>;  ///< unescaped

struct SeriesName {
  std::string metric;
  Labels labels;
  friend auto operator<=>(const SeriesName&, const SeriesName&) = default;
};

class Page {
 public:
  /// Throws std::runtime_error with the line that is not of the format, or is there twice.
  explicit Page(std::string_view text);

  [[nodiscard]] const std::map<SeriesName, double>& series() const { return series_; }

  /// The value of the one series of `metric` that has these labels, among others; nothing where
  /// there is none. Throws where there are several.
  [[nodiscard]] std::optional<double> value(std::string_view metric,
                                            const Labels& labels = {}) const;
  /// The labels of that series; empty where there is none.
  [[nodiscard]] Labels labels(std::string_view metric, const Labels& labels = {}) const;
  /// The values of the label `name` on the series of `metric`.
  [[nodiscard]] std::set<std::string> values_of(std::string_view name,
                                                std::string_view metric) const;
  /// How many series of metrics whose names begin like this have these labels, among others.
  [[nodiscard]] std::size_t count(std::string_view prefix, const Labels& labels = {}) const;

 private:
  using Series = std::map<SeriesName, double>::value_type;
  [[nodiscard]] const Series* find(std::string_view metric, const Labels& labels) const;

  std::map<SeriesName, double> series_;
};

}  // namespace tidegauge::test
