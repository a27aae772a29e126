#pragma once

// Renders pages for tests, with Instruments that have a cycle and a failed thread.

#include <chrono>
#include <string>
#include <vector>

#include "tidegauge/metrics/page.h"
#include "tidegauge/metrics/page_size.h"
#include "tidegauge/util/time.h"

namespace tidegauge::test {

/// The start of the daemon on these pages.
inline constexpr WallTime daemon_start{std::chrono::seconds(1'795'400'000) +
                                       std::chrono::milliseconds(125)};

struct Rendering {
  metrics::PageOptions options = {.container_labels = {"com.docker.compose.project"}};
  metrics::PageRequest request;
  metrics::PageSize max = {.series = 100'000, .bytes = 100'000'000};
};

[[nodiscard]] std::vector<std::string> render_pieces(const metrics::PageInput& input,
                                                     const Rendering& how = {});
[[nodiscard]] std::string render(const metrics::PageInput& input, const Rendering& how = {});

}  // namespace tidegauge::test
