#pragma once

// The form of every benchmark's result: one JSON object a line with `name`, `value`, `unit`,
// `baseline`, `ratio`, `limit` and `holds`. Used by one thread.

#include <cstdint>
#include <string_view>

namespace tidegauge::bench {

class Report {
 public:
  /// `value` against `baseline`, both in `unit`, measured in the same run.
  struct Ratio {
    double value = 0;
    double baseline = 0;
    std::string_view unit;
  };
  void at_most(std::string_view name, const Ratio& ratio, double limit);
  void at_least(std::string_view name, const Ratio& ratio, double limit);
  /// A figure of its own, without a baseline.
  void value_at_most(std::string_view name, double value, std::string_view unit, double limit);
  void value_at_least(std::string_view name, double value, std::string_view unit, double limit);
  /// For the reader alone.
  void note(std::string_view name, double value, std::string_view unit);

  /// 1 if a figure fell short.
  [[nodiscard]] int exit_status() const noexcept { return fell_short_ ? 1 : 0; }

 private:
  bool fell_short_ = false;
};

}  // namespace tidegauge::bench
