#include "app/healthcheck.h"

#include <algorithm>
#include <array>
#include <string>

#include "app/running_daemon.h"

namespace tidegauge::app {

Result<void> check_health(const config::Config& config) {
  constexpr Milliseconds limit{3000};
  const auto daemon = find_daemon(config);
  if (!daemon) return fail(daemon.error().within("healthcheck"));
  const auto response = ask_daemon(*daemon, "/-/healthy", limit);
  if (!response) return fail(response.error().within("healthcheck of " + daemon->url));
  constexpr std::array alive{200, 401, 429};
  const bool is_well = daemon->is_private
                           ? response->status == 200
                           : std::ranges::find(alive, response->status) != alive.end();
  if (is_well) return {};
  return fail(Errc::server_error, "healthcheck: HTTP status " + std::to_string(response->status));
}

}  // namespace tidegauge::app
