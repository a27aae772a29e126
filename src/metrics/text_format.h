#pragma once

// The Prometheus text format 0.0.4, written straight into a string: a few milliseconds for a page
// of tens of thousands of samples. Everything that knows the format's syntax is here and in
// text_format.cpp, so that OpenMetrics is one more writer. Not thread-safe.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tidegauge/metrics/page_size.h"
#include "tidegauge/model/histogram.h"

namespace tidegauge::metrics {

enum class MetricType : std::uint8_t { counter, gauge, histogram };
[[nodiscard]] std::string_view to_string(MetricType type) noexcept;

/// All samples of one name.
struct Family {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::string_view labels = {};  ///< for the reference: the labels that the row itself adds
};

struct Label {
  std::string_view name;
  std::string_view value;
};

/// The value of a sample. Whole numbers stay exact, above 2^53 too.
class Number {
 public:
  template <std::unsigned_integral Unsigned>
  constexpr Number(Unsigned value) : value_(std::uint64_t{value}) {}
  constexpr Number(int value) : value_(static_cast<double>(value)) {}
  constexpr Number(double value) : value_(value) {}

  void append_to(std::string& text) const;

 private:
  std::variant<std::uint64_t, double> value_;
};

/// The most bytes of a value that tells one series from another, as a container's name.
inline constexpr std::size_t longest_text = 192;

/// What is left of a value that is too long.
enum class Cut : std::uint8_t {
  front,    ///< its front: for what describes
  distinct  ///< its front, "~" and a hash of the whole: for what tells one series from another
};

/// Appends `name="value",` to a label set, the value escaped and made valid UTF-8: a byte that is
/// not part of a character becomes the text \xff. A value that would have more than `longest`
/// bytes, at least 32, is cut on a UTF-8 border. Different values stay different, unless they are
/// cut to their fronts. An empty value adds nothing: to Prometheus it is the same as no label.
/// Returns whether the value was cut.
bool append_label(std::string& labels, std::string_view name, std::string_view value,
                  std::size_t longest = longest_text, Cut cut = Cut::distinct);

/// Writes samples of one family; its head comes with the first of them, unless `has_head` says that
/// it is there. All three outlive it.
class TextWriter {
 public:
  TextWriter(std::string& out, const Family& family, bool& has_head)
      : text_(out), family_(family), has_head_(has_head) {}

  /// `labels` as `append_label` made them; `more` come after them.
  void sample(std::string_view labels, std::initializer_list<Label> more, Number value);
  void histogram(std::string_view labels, std::initializer_list<Label> more,
                 const model::DurationHistogram& histogram);

 private:
  void write_head();
  void write_sample(std::string_view suffix, std::string_view labels,
                    std::initializer_list<Label> more, std::string_view bound, Number value);

  std::string& text_;
  const Family& family_;
  bool& has_head_;
};

/// Where a row of the metric table puts its samples: the family and the labels of what it is about
/// are settled, only the row's own labels and the value are left. No value, no sample.
class Samples {
 public:
  Samples(TextWriter& writer, std::string_view labels) : writer_(&writer), labels_(labels) {}
  /// Adds to `size` what the samples of `family` would take, and writes nothing. A value counts as
  /// the longest number.
  Samples(PageSize& size, const Family& family, std::string_view labels)
      : labels_(labels), family_(&family), size_(&size) {}

  void add(Number value, std::initializer_list<Label> more = {}) const {
    if (size_ != nullptr) {
      count(1, more);
    } else {
      writer_->sample(labels_, more, value);
    }
  }
  template <class T>
  void add(const std::optional<T>& value, std::initializer_list<Label> more = {}) const {
    if (value) add(Number(*value), more);
  }
  void add(const model::DurationHistogram& histogram,
           std::initializer_list<Label> more = {}) const {
    if (size_ != nullptr) {
      count(model::duration_bounds.size() + 3, more);  // +Inf, _sum and _count
    } else {
      writer_->histogram(labels_, more, histogram);
    }
  }

 private:
  void count(std::size_t series, std::initializer_list<Label> more) const {
    constexpr std::size_t signs_and_number = 24;
    auto bytes = family_->name.size() + labels_.size() + signs_and_number;
    for (const auto& label : more) {
      constexpr std::size_t signs = 4;
      bytes += label.name.size() + std::min(label.value.size(), longest_text) + signs;
    }
    *size_ += {.series = series, .bytes = series * bytes};
  }

  TextWriter* writer_ = nullptr;
  std::string_view labels_;
  const Family* family_ = nullptr;
  PageSize* size_ = nullptr;
};

}  // namespace tidegauge::metrics
