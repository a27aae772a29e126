#pragma once

// Who may have how many of the process's descriptors, so that none of the daemon's parts takes them
// from another: clients that connect never make samples or calls fail, and accept(2) never fails
// for want of a descriptor, on which libmicrohttpd would spin. Pure functions.

#include <cstddef>
#include <cstdint>

#include "tidegauge/config/config.h"
#include "tidegauge/model/error.h"

namespace tidegauge::app {

struct DescriptorPlan {
  std::uint32_t clients = 0;           ///< connections of the web server at the same time
  std::size_t kernel_per_monitor = 0;  ///< files of the kernel that each monitor keeps open; with 0
                                       ///< a monitor opens them for each sample
};

/// Divides `limit` descriptors. Clients get fewer than web.max_connections where there are too few;
/// where the rest does not fit, that is an error with the remedy.
[[nodiscard]] Result<DescriptorPlan> plan_descriptors(const config::Config& config,
                                                      std::size_t limit);

}  // namespace tidegauge::app
