#pragma once

// Pictures of Engines built by hand, for the tests of the page.

#include <memory>
#include <string>

#include "tidegauge/metrics/page.h"

namespace tidegauge::test {

/// One Engine with a container in each kind of state; every field of the model has a value
/// somewhere, so that every row of the metric table has a sample.
[[nodiscard]] metrics::PageInput example_input();

/// A running container of that name, sampled.
[[nodiscard]] model::ContainerRecord running_container(const std::string& name);

[[nodiscard]] std::shared_ptr<const model::EngineSnapshot> engine_with(
    const std::string& endpoint, std::vector<model::ContainerRecord> containers);

}  // namespace tidegauge::test
