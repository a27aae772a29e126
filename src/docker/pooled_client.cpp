#include "tidegauge/docker/pooled_client.h"

#include <algorithm>
#include <utility>

#include "docker/calls.h"
#include "docker/replies.h"

namespace tidegauge::docker {
PooledClient::PooledClient(pool::PooledConnection connection,
                           std::shared_ptr<const config::PoolConfig> limits,
                           EndpointState& endpoint, std::stop_token stop)
    : connection_(std::move(connection)),
      limits_(std::move(limits)),
      endpoint_(&endpoint),
      stop_(std::move(stop)) {}

Result<model::ApiVersion> PooledClient::ping() {
  const auto offered = offered_version();
  if (!offered) return fail(offered.error());
  if (*offered < oldest_api_version) {
    return reject(model::Call::ping,
                  {Errc::bad_reply, "the Engine speaks API " + to_string(*offered) +
                                        ", which is older than the oldest supported, " +
                                        to_string(oldest_api_version)});
  }
  const auto agreed = std::min(*offered, newest_api_version);
  endpoint_->set_api_version(agreed);
  return agreed;
}

/// The newest API version of the Engine. A proxy between it and us may refuse HEAD, and may keep
/// the header to itself.
Result<model::ApiVersion> PooledClient::offered_version() {
  std::string trail = "HEAD /_ping";
  auto response = perform(model::Call::ping, {.method = http::Method::head, .target = "/_ping"});
  if (response && http::refuses_head(*response)) {
    trail = "GET /_ping";
    response = perform(model::Call::ping, {.target = "/_ping"});
  }
  if (!response) return fail(response.error());
  if (const auto error = status_error(*response)) return fail(error->within(trail));
  if (const auto version = model::parse_api_version(response->api_version)) return *version;
  response = perform(model::Call::version, {.target = "/version"});
  if (response && !status_error(*response)) {
    if (const auto version = parse_version(response->body)) return version->api_version;
  }
  return reject(model::Call::ping,
                {Errc::bad_reply, trail + ": no Api-Version in the answer: not a Docker Engine?"});
}

Result<model::EngineVersion> PooledClient::version() {
  return ask(model::Call::version, "/version", parse_version);
}

Result<model::EngineInfo> PooledClient::info() {
  return ask(model::Call::info, "/info", parse_info);
}

Result<std::vector<model::ContainerSummary>> PooledClient::container_list() {
  return ask(model::Call::container_list, "/containers/json?all=1", parse_container_list);
}

Result<model::Container> PooledClient::container_inspect(std::string_view id) {
  return ask(model::Call::container_inspect, "/containers/" + std::string(id) + "/json",
             parse_container);
}

Result<model::ContainerStats> PooledClient::container_stats(std::string_view id) {
  return ask<model::ContainerStats>(
      model::Call::container_stats,
      "/containers/" + std::string(id) + "/stats?stream=false&one-shot=true",
      [](const http::Response& response) {
        auto stats = parse_container_stats(response.body);
        if (stats && response.server.starts_with("Libpod/")) {
          drop_what_podman_gets_wrong(*stats);
        }
        return stats;
      });
}

Result<std::uint64_t> PooledClient::container_size(std::string_view id) {
  return ask(model::Call::container_size, "/containers/" + std::string(id) + "/json?size=1",
             parse_container_size);
}

template <class T>
Result<T> PooledClient::ask(model::Call call, std::string_view target,
                            Result<T> (*parse)(std::string_view)) {
  return ask<T>(call, target,
                [parse](const http::Response& response) { return parse(response.body); });
}

template <class T, class Read>
Result<T> PooledClient::ask(model::Call call, std::string_view target, const Read& read) {
  auto response = get(call, target);
  if (response && refuses_version(*response)) {
    endpoint_->set_api_version(std::nullopt);  // another Engine than the one that agreed
    response = get(call, target);
  }
  if (!response) return fail(response.error());
  if (const auto error = status_error(*response)) return fail(error->within(trail_of(target)));
  auto value = read(*response);
  if (!value) return reject(call, value.error().within(trail_of(target)));
  return value;
}

Result<http::Response> PooledClient::get(model::Call call, std::string_view target) {
  const auto version = agreed_version();
  if (!version) return fail(version.error());
  return perform(call, {.target = versioned(*version, target)});
}

std::unexpected<Error> PooledClient::reject(model::Call call, Error error) {
  endpoint_->count_failure(call, error.code);
  return fail(std::move(error));
}

Result<model::ApiVersion> PooledClient::agreed_version() {
  if (const auto version = endpoint_->api_version()) return *version;
  return ping();
}

Result<http::Response> PooledClient::perform(model::Call call, http::Request request) {
  request.limits = limits_of(call, *limits_);
  const auto started = steady_now();
  auto response = connection_.perform(request, stop_);
  endpoint_->count_request(call, to_seconds(steady_now() - started));
  if (!response) {
    endpoint_->count_failure(call, response.error().code);
  } else if (const auto error = status_error(*response)) {
    endpoint_->count_failure(call, error->code);
  }
  return response;
}

}  // namespace tidegauge::docker
