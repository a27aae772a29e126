#pragma once

// What a metric is in every format: its family, and the value of a sample. Plain values.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace tidegauge::metrics {

enum class MetricType : std::uint8_t { counter, gauge, histogram };
[[nodiscard]] std::string_view to_string(MetricType type) noexcept;

/// All samples of one name.
struct Family {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::string_view labels = {};  ///< the labels that the row adds, for docs/metrics.md
};

struct Label {
  std::string_view name;
  std::string_view value;
};

/// The value of a sample. Whole numbers stay exact in text, above 2^53 too.
class Number {
 public:
  template <std::unsigned_integral Unsigned>
  constexpr Number(Unsigned value) : value_(std::uint64_t{value}) {}
  constexpr Number(int value) : value_(static_cast<double>(value)) {}
  constexpr Number(double value) : value_(value) {}

  /// The nearest double, for a format that has no other numbers.
  [[nodiscard]] double as_double() const noexcept;

 private:
  friend class NumberText;

  std::variant<std::uint64_t, double> value_;
};

/// The shortest text that reads back as the same number. It has an exponent only where Prometheus'
/// libraries write one, so that a bound is `le="0.0001"` everywhere.
class NumberText {
 public:
  explicit NumberText(const Number& number);
  [[nodiscard]] std::string_view view() const noexcept { return {digits_.data(), size_}; }

 private:
  template <class T, class... Format>
  void write(T value, Format... format);
  void write_double(double value);

  std::array<char, 32> digits_;
  std::size_t size_ = 0;
};

}  // namespace tidegauge::metrics
