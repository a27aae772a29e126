#pragma once

// The containers of a page as its rows see them: which containers are on the page, and which labels
// each has. Belongs to one rendering.

#include <deque>
#include <string>

#include "metrics/metric_groups.h"
#include "tidegauge/metrics/page.h"
#include "tidegauge/metrics/series_limit.h"

namespace tidegauge::metrics {

/// The label of an Engine. It is empty if there is only one, because every series would have it.
[[nodiscard]] std::string endpoint_label(const PageInput& input, std::string_view endpoint);

struct ContainerSubjects {
  decltype(SubjectsOf(container_groups)) groups{container_groups};
  std::deque<model::ContainerRecord> machines;  ///< the machines as containers
  std::deque<model::FilesystemStats> layers;    ///< the writable layers as file systems
  LabelSets label_sets;
};

/// The subjects of `input` that fit within `limit`. `input` outlives them. This daemon has counted
/// since `started_at`.
[[nodiscard]] ContainerSubjects collect_containers(const PageInput& input,
                                                   const PageOptions& options, SeriesLimit& limit,
                                                   WallTime started_at);

}  // namespace tidegauge::metrics
