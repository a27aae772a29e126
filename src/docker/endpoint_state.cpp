#include "tidegauge/docker/endpoint_state.h"

#include <utility>

namespace tidegauge::docker {

EndpointState::EndpointState(std::string endpoint) {
  stats_.with([&](model::ClientStats& stats) { stats.endpoint = std::move(endpoint); });
}

std::optional<model::ApiVersion> EndpointState::api_version() const {
  return api_version_.with([](const auto& version) { return version; });
}

void EndpointState::set_api_version(std::optional<model::ApiVersion> version) {
  api_version_.with([&](auto& current) { current = version; });
}

void EndpointState::count_request(model::Call call, double seconds) {
  stats_.with([&](model::ClientStats& stats) {
    auto& calls = stats.calls[static_cast<std::size_t>(call)];
    ++calls.requests;
    calls.duration.observe(seconds);
  });
}

void EndpointState::count_failure(model::Call call, Errc reason) {
  stats_.with([&](model::ClientStats& stats) {
    ++stats.calls[static_cast<std::size_t>(call)].failures[reason];
  });
}

model::ClientStats EndpointState::stats() const {
  return stats_.with([](const model::ClientStats& stats) { return stats; });
}

}  // namespace tidegauge::docker
