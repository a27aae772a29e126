#pragma once

// The one loop that turns rows and what they are about into text.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {

/// What a row is about, and the labels that tell it from others (as `append_label` makes them):
/// rendered once, used for every row.
template <class Source>
struct Subject {
  const Source* source;
  std::string labels;
  std::size_t owner = 0;  ///< index of the container that it belongs to
};

template <class Source>
void render_rows(TextWriter& writer, std::span<const Row<Source>> rows,
                 const std::vector<Subject<Source>>& subjects) {
  for (const auto& row : rows) {
    writer.begin(row.family);
    for (const auto& subject : subjects) {
      const Samples samples(writer, subject.labels);
      row.write(*subject.source, samples);
    }
  }
}

}  // namespace tidegauge::metrics
