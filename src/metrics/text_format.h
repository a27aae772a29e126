#pragma once

// Writes the Prometheus text format 0.0.4 directly into a string, which takes a few milliseconds
// for tens of thousands of samples. Only this header and text_format.cpp know the syntax of the
// format. Not thread-safe.

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
  std::string_view labels = {};  ///< the labels that the row adds, for docs/metrics.md
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

/// Limit, in bytes, of a label value that tells one series from another, such as a name.
inline constexpr std::size_t longest_text = 192;

/// What remains of a value that is too long.
enum class Cut : std::uint8_t {
  front,    ///< its beginning: for values that describe
  distinct  ///< its beginning, "~" and a hash of the whole: for values that tell series apart
};

/// Appends `name="value",` to a label set. The value is escaped, and each byte that is not valid
/// UTF-8 becomes the text \xff. A value of more than `longest` bytes (at least 32) is cut between
/// two characters. Different values stay different unless `cut` is Cut::front. An empty value
/// appends nothing: to Prometheus it is the same as no label. Returns true if the value was cut.
bool append_label(std::string& labels, std::string_view name, std::string_view value,
                  std::size_t longest = longest_text, Cut cut = Cut::distinct);

/// Writes the samples of one family. The first sample writes the head (HELP and TYPE) unless
/// `has_head` is true. The arguments of the constructor outlive the writer.
class TextWriter {
 public:
  TextWriter(std::string& out, const Family& family, bool& has_head)
      : text_(out), family_(family), has_head_(has_head) {}

  /// `labels` is a result of `append_label`; `more` is appended to it.
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

/// Takes the samples of one row and one source. The family and the labels of the source are fixed;
/// the row adds its own labels and the value. An absent value makes no sample.
class Samples {
 public:
  Samples(TextWriter& writer, std::string_view labels) : writer_(&writer), labels_(labels) {}
  /// Adds the size of the samples to `size` and writes nothing. Each value counts as the longest
  /// possible number.
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
