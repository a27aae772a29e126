#include "tidegauge/docker/endpoint_state.h"

#include "support/catch.h"

using namespace tidegauge;
using model::Call;

TEST_CASE("an endpoint has no API version until one is agreed, and forgets it on request") {
  docker::EndpointState endpoint("local");
  CHECK_FALSE(endpoint.api_version());
  endpoint.set_api_version(model::ApiVersion{1, 41});
  CHECK(endpoint.api_version() == model::ApiVersion{1, 41});
  endpoint.set_api_version(std::nullopt);
  CHECK_FALSE(endpoint.api_version());
}

TEST_CASE("requests and failures are counted by call") {
  docker::EndpointState endpoint("local");
  endpoint.count_request(Call::ping, 0.5);
  endpoint.count_request(Call::ping, 1.5);
  endpoint.count_failure(Call::ping, Errc::timeout);
  const auto stats = endpoint.stats();
  CHECK(stats.endpoint == "local");
  const auto& ping = stats.calls[static_cast<std::size_t>(Call::ping)];
  CHECK(ping.requests == 2);
  CHECK(ping.failures == std::map<Errc, std::uint64_t>{{Errc::timeout, 1}});
  CHECK(stats.calls[static_cast<std::size_t>(Call::info)].requests == 0);
}
