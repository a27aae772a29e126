#pragma once

// The one loop that turns a row and what it is about into text.

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {

/// The label sets of a page, as `append_label` makes them: each is there once, however many rows
/// and subjects have it.
class LabelSets {
 public:
  /// Good as long as this.
  [[nodiscard]] std::string_view keep(std::string labels) {
    return kept_.emplace_back(std::move(labels));
  }

 private:
  std::deque<std::string> kept_;
};

/// What a row is about, and the labels that tell it from others.
template <class Source>
struct Subject {
  const Source* source;
  std::string_view labels;
  std::size_t owner = 0;  ///< index of the container that it belongs to
};

/// How much of a family is written.
struct Progress {
  std::size_t subjects = 0;
  bool has_head = false;
};

/// Goes on with a family until `out` has `enough` bytes; whether nothing of it is left.
template <class Source>
bool render_row(std::string& out, std::size_t enough, Progress& progress, const Row<Source>& row,
                const std::vector<Subject<Source>>& subjects) {
  TextWriter writer(out, row.family, progress.has_head);
  while (progress.subjects < subjects.size() && out.size() < enough) {
    const auto& subject = subjects[progress.subjects++];
    const Samples samples(writer, subject.labels);
    row.write(*subject.source, samples);
  }
  return progress.subjects == subjects.size();
}

/// A whole family.
template <class Source>
void render_row(std::string& out, const Row<Source>& row,
                const std::vector<Subject<Source>>& subjects) {
  Progress progress;
  render_row(out, std::string::npos, progress, row, subjects);
}

}  // namespace tidegauge::metrics
