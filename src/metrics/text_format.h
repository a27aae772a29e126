#pragma once

// Writes the Prometheus text format 0.0.4 and OpenMetrics 1.0 directly into a string, which takes a
// few milliseconds for tens of thousands of samples. Only this header and text_format.cpp know the
// syntax of the two. They differ in the heads of families, in the bounds of buckets and in the last
// line; samples are the same. Not thread-safe.

#include <string>
#include <string_view>
#include <vector>

#include "metrics/family_writer.h"

namespace tidegauge::metrics {

enum class TextDialect : std::uint8_t { prometheus, openmetrics };

class TextWriter : public FamilyWriter {
 public:
  /// `names` are those of the families that the page has; without names it has all.
  explicit TextWriter(TextDialect dialect = TextDialect::prometheus,
                      std::vector<std::string> names = {})
      : FamilyWriter(std::move(names)), dialect_(dialect) {}

  /// OpenMetrics: a name may also be that of the family in OpenMetrics.
  [[nodiscard]] bool has(const Family& family) const override;
  void begin(const Family& family) override;
  /// The first sample of a family writes its head.
  void sample(const Series& series, Number value) override;
  void histogram(const Series& series, const model::DurationHistogram& histogram) override;
  void end() override {}
  void finish() override;

 private:
  void write_head();
  void write_openmetrics_head();
  void write_sample(std::string_view suffix, const Series& series, std::string_view bound,
                    Number value);

  const TextDialect dialect_;
  const Family* family_ = nullptr;
  bool has_head_ = false;
};

}  // namespace tidegauge::metrics
