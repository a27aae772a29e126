#pragma once

// Writes the messages of io.prometheus.client.MetricFamily (prometheus/client_model), each after
// its length. Beyond the text formats it tells when a count has started, and it has native
// histograms beside the classic buckets. Not thread-safe.
//
// A family is one message, whose length stands before it, so a family is in memory as a whole until
// it is taken.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "metrics/family_writer.h"

namespace tidegauge::metrics {

class ProtobufWriter : public FamilyWriter {
 public:
  /// `names` are those of the families that the page has; without names it has all.
  explicit ProtobufWriter(std::vector<std::string> names = {}) : FamilyWriter(std::move(names)) {}

  void begin(const Family& family) override;
  void sample(const Series& series, Number value) override;
  void histogram(const Series& series, const model::DurationHistogram& histogram) override;
  void end() override;

 private:
  [[nodiscard]] const std::string& encoded(std::string_view labels);
  void add_metric(const Series& series, unsigned field);

  const Family* family_ = nullptr;
  std::string family_message_;
  std::string metric_message_;
  std::string value_message_;
  /// Each label set as fields of a Metric, by its address: the sets outlive this, and each comes
  /// once per family.
  std::unordered_map<const char*, std::string> label_sets_;
};

}  // namespace tidegauge::metrics
