#include "app/descriptor_plan.h"

#include <algorithm>
#include <string>

namespace tidegauge::app {
namespace {

constexpr std::size_t own = 32;       // the log, the listening socket, signals, inotify, ...
constexpr std::size_t sampling = 32;  // open at the same time during a sample
constexpr std::size_t per_call = 3;   // a socket, and libcurl's wakeup descriptors
constexpr std::size_t fewest_clients = 4;

}  // namespace

Result<DescriptorPlan> plan_descriptors(const config::Config& config, std::size_t limit) {
  const auto engines = config.endpoints.size();
  const auto calls =
      engines * per_call * (std::size_t{config.pool.max_connections} + config.pool.max_streams);
  const auto fixed = own + engines * sampling + calls;
  const auto wanted = std::size_t{config.web.max_connections};
  const auto fewest = fixed + std::min(wanted, fewest_clients);
  if (limit < fewest) {
    return fail(Errc::system, "this process may have " + std::to_string(limit) +
                                  " descriptors and needs " + std::to_string(fewest) +
                                  ": raise the limit (ulimit -n, LimitNOFILE= of "
                                  "systemd), or lower pool.max_connections or pool.max_streams");
  }
  const auto clients = std::min(wanted, limit - fixed);
  return DescriptorPlan{.clients = static_cast<std::uint32_t>(clients),
                        .kernel_per_monitor = (limit - fixed - clients) / engines};
}

}  // namespace tidegauge::app
