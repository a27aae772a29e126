#include "metrics/family.h"

#include <charconv>
#include <cmath>

namespace tidegauge::metrics {
std::string_view to_string(MetricType type) noexcept {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

double Number::as_double() const noexcept {
  if (const auto* whole = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*whole);
  return *std::get_if<double>(&value_);
}

// NOLINTNEXTLINE(*-member-init): only digits that are written are read
NumberText::NumberText(const Number& number) {
  if (const auto* whole = std::get_if<std::uint64_t>(&number.value_)) {
    write(*whole);
  } else {
    write_double(*std::get_if<double>(&number.value_));
  }
}

template <class T, class... Format>
void NumberText::write(T value, Format... format) {
  const auto end =
      std::to_chars(digits_.data(), digits_.data() + digits_.size(), value, format...).ptr;
  size_ = static_cast<std::size_t>(end - digits_.data());
}

void NumberText::write_double(double value) {
  constexpr double smallest_fixed = 1e-4;
  constexpr double exact_integers = 9007199254740992.0;  // 2^53
  const auto magnitude = std::abs(value);
  if (magnitude <= exact_integers && value == std::trunc(value)) {
    write(static_cast<std::int64_t>(value));
  } else if (magnitude >= smallest_fixed && magnitude <= exact_integers) {
    write(value, std::chars_format::fixed);
  } else {
    write(value);
  }
}

}  // namespace tidegauge::metrics
