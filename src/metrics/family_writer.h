#pragma once

// What rows write to, whatever the format of the page is. A FamilyWriter belongs to one page and
// one thread.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/family.h"
#include "metrics/label_text.h"
#include "tidegauge/metrics/page_size.h"
#include "tidegauge/model/histogram.h"
#include "tidegauge/util/time.h"

namespace tidegauge::metrics {

/// What a sample is about.
struct Series {
  std::string_view labels;            ///< made by `append_label`; outlives the writer
  std::initializer_list<Label> more;  ///< appended to `labels`
  std::optional<WallTime> since;      ///< start of the count, for counters and histograms
};

/// Writes the families of a page, one after the other:
///
///   writer.begin(family);
///   writer.sample(series, 1);
///   writer.end();
///
/// A family without samples leaves nothing on the page.
class FamilyWriter {
 public:
  virtual ~FamilyWriter() = default;
  FamilyWriter(const FamilyWriter&) = delete;
  FamilyWriter& operator=(const FamilyWriter&) = delete;

  /// True if the page has the family. Others must not be written.
  [[nodiscard]] virtual bool has(const Family& family) const { return has_name(family.name); }
  /// `family` lives until `end`.
  virtual void begin(const Family& family) = 0;
  virtual void sample(const Series& series, Number value) = 0;
  virtual void histogram(const Series& series, const model::DurationHistogram& histogram) = 0;
  virtual void end() = 0;
  /// Writes what ends a page.
  virtual void finish() {}

  /// What is finished. A text format has whole lines here, the protobuf format whole families.
  [[nodiscard]] const std::string& out() const noexcept { return out_; }
  /// How much is finished since the start of the page.
  [[nodiscard]] std::size_t position() const noexcept { return taken_ + out_.size(); }
  /// Empties `out`, which keeps at most `capacity` bytes of memory.
  void clear(std::size_t capacity) {
    taken_ += out_.size();
    out_.clear();
    if (out_.capacity() > capacity) std::string().swap(out_);
  }
  /// Keeps a label set as long as this object.
  [[nodiscard]] std::string_view keep(std::string labels) {
    return kept_.emplace_back(std::move(labels));
  }

 protected:
  /// Without names the page has all families.
  explicit FamilyWriter(std::vector<std::string> names) : names_(std::move(names)) {}
  [[nodiscard]] bool has_name(std::string_view name) const {
    return names_.empty() || std::ranges::find(names_, name) != names_.end();
  }

  std::string out_;  // NOLINT(misc-non-private-member-variables-in-classes): for the formats

 private:
  std::vector<std::string> names_;
  std::size_t taken_ = 0;
  std::deque<std::string> kept_;
};

/// Takes the samples of one row and one source. The family and the labels of the source are fixed;
/// the row adds its own labels and the value. An absent value makes no sample.
class Samples {
 public:
  Samples(FamilyWriter& writer, std::string_view labels,
          const std::optional<WallTime>& since = std::nullopt)
      : writer_(&writer), labels_(labels), since_(since) {}
  /// Adds the size of the samples to `size` and writes nothing. Each value counts as the longest
  /// possible number.
  Samples(PageSize& size, const Family& family, std::string_view labels)
      : labels_(labels), family_(&family), size_(&size) {}

  void add(Number value, std::initializer_list<Label> more = {}) const {
    if (size_ != nullptr) {
      count(1, more);
    } else {
      writer_->sample({labels_, more, since_}, value);
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
      writer_->histogram({labels_, more, since_}, histogram);
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

  FamilyWriter* writer_ = nullptr;
  std::string_view labels_;
  std::optional<WallTime> since_;
  const Family* family_ = nullptr;
  PageSize* size_ = nullptr;
};

}  // namespace tidegauge::metrics
