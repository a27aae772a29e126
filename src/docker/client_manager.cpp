#include "tidegauge/docker/client_manager.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "docker/calls.h"
#include "docker/replies.h"

namespace tidegauge::docker {

using model::CallClass;

namespace {

/// Acquires a client, makes one call, and releases the client.
template <class Call>
auto call_once(Result<PooledClient> client, const Call& call)
    -> decltype(call(std::declval<PooledClient&>())) {
  if (!client) return fail(client.error());
  return call(*client);
}

/// Unix seconds with nanoseconds as decimals, as the Engine expects them.
std::string unix_time(WallTime time) {
  const auto nanoseconds = time.time_since_epoch().count();
  const auto fraction = std::to_string(nanoseconds % 1'000'000'000);
  return std::to_string(nanoseconds / 1'000'000'000) + "." + std::string(9 - fraction.size(), '0') +
         fraction;
}

/// `"a","b"`, encoded for a URL.
std::string encoded_list(const std::vector<std::string>& words) {
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : "%2C") + ("%22" + word + "%22");
  return list;
}

std::string event_target(const EventQuery& query) {
  auto target = "/events?filters=%7B%22type%22%3A%5B" + encoded_list(query.types) + "%5D";
  if (!query.actions.empty()) {
    target += "%2C%22event%22%3A%5B" + encoded_list(query.actions) + "%5D";
  }
  target += "%7D";
  if (query.since) target += "&since=" + unix_time(*query.since);
  return target;
}

std::string log_target(std::string_view id, const LogQuery& query) {
  auto target = "/containers/" + std::string(id) +
                "/logs?stdout=1&stderr=1&follow=" + (query.follow ? "1" : "0") +
                "&tail=" + (query.tail ? std::to_string(*query.tail) : "all");
  if (query.since) target += "&since=" + unix_time(*query.since);
  if (query.until) target += "&until=" + unix_time(*query.until);
  return target;
}

/// Reads the body of an answer that is not a stream.
std::string read_error(pool::PooledStream& stream, const std::stop_token& stop) {
  constexpr auto limit = std::chrono::seconds{1};
  std::array<char, 4096> body{};
  const auto size = stream.read(body, steady_now() + limit, stop);
  return size ? std::string(body.data(), *size) : std::string();
}

}  // namespace

ClientManager::ClientManager(pool::PoolManager& pools,
                             const std::vector<config::EndpointConfig>& endpoints,
                             const config::PoolConfig& options)
    : pools_(pools), options_(std::make_shared<const config::PoolConfig>(options)) {
  set_endpoints(endpoints);
}

void ClientManager::set_endpoints(const std::vector<config::EndpointConfig>& endpoints) {
  Endpoints next;
  for (const auto& endpoint : endpoints) {
    next.emplace_back(endpoint.name, std::make_shared<EndpointState>(endpoint.name));
  }
  endpoints_.with([&](Endpoints& current) {
    for (auto& [name, state] : next) {
      const auto known = std::ranges::find(current, name, &Endpoints::value_type::first);
      if (known != current.end()) state = known->second;
    }
    std::swap(current, next);
  });
}

void ClientManager::reconfigure(const config::PoolConfig& options) {
  auto next = std::make_shared<const config::PoolConfig>(options);
  options_.with([&](auto& current) { std::swap(current, next); });
}

SteadyTime::duration ClientManager::longest_turn() const {
  constexpr int calls = 4;  // the stream of events, the list, the version and the info
  const auto limits = options();
  const auto attempt =
      limits->connect_timeout + std::max(limits->list_timeout, limits->call_timeout);
  const auto agreement = limits->connect_timeout + limits->probe_timeout;
  return calls * (limits->connection_timeout + agreement + 2 * attempt);  // an attempt is repeated
}

std::shared_ptr<const config::PoolConfig> ClientManager::options() const {
  return options_.with([](const auto& current) { return current; });
}

Result<PooledClient> ClientManager::get_client(std::string_view endpoint, const pool::CallTag& tag,
                                               const std::stop_token& stop,
                                               std::source_location place) {
  auto connection = pools_.pool(endpoint).get_connection(tag, stop, place);
  if (!connection) return fail(connection.error());
  return PooledClient(std::move(*connection), options(), state(endpoint), stop);
}

Result<model::ApiVersion> ClientManager::ping(std::string_view endpoint,
                                              const std::stop_token& stop) {
  return call_once(get_client(endpoint, {.call_class = CallClass::ping}, stop),
                   [](PooledClient& client) { return client.ping(); });
}

Result<model::EngineVersion> ClientManager::version(std::string_view endpoint,
                                                    const std::stop_token& stop) {
  return call_once(get_client(endpoint, {}, stop),
                   [](PooledClient& client) { return client.version(); });
}

Result<model::EngineInfo> ClientManager::info(std::string_view endpoint,
                                              const std::stop_token& stop) {
  return call_once(get_client(endpoint, {}, stop),
                   [](PooledClient& client) { return client.info(); });
}

Result<std::vector<model::ContainerSummary>> ClientManager::container_list(
    std::string_view endpoint, const std::stop_token& stop) {
  return call_once(get_client(endpoint, {.call_class = CallClass::list}, stop),
                   [](PooledClient& client) { return client.container_list(); });
}

Result<model::Container> ClientManager::container_inspect(std::string_view endpoint,
                                                          std::string_view id,
                                                          const std::stop_token& stop) {
  return call_once(get_client(endpoint, {.key = id}, stop),
                   [id](PooledClient& client) { return client.container_inspect(id); });
}

Result<model::ContainerStats> ClientManager::container_stats(std::string_view endpoint,
                                                             std::string_view id,
                                                             const std::stop_token& stop) {
  return call_once(get_client(endpoint, {.key = id}, stop),
                   [id](PooledClient& client) { return client.container_stats(id); });
}

Result<std::uint64_t> ClientManager::container_size(std::string_view endpoint, std::string_view id,
                                                    const std::stop_token& stop) {
  return call_once(get_client(endpoint, {.key = id, .takes_long = true}, stop),
                   [id](PooledClient& client) { return client.container_size(id); });
}

Result<EventStream> ClientManager::events(std::string_view endpoint, const EventQuery& query,
                                          const std::stop_token& stop) {
  auto stream = open_stream(endpoint, model::Call::events, event_target(query), {}, stop);
  if (!stream) return fail(stream.error());
  return EventStream(std::move(*stream));
}

Result<LogStream> ClientManager::container_logs(std::string_view endpoint, std::string_view id,
                                                const LogQuery& query,
                                                const std::stop_token& stop) {
  auto stream = open_stream(endpoint, model::Call::container_logs, log_target(id, query), id, stop);
  if (!stream) return fail(stream.error());
  auto format = LogDemultiplexer::Format::multiplexed;
  if (stream->head().content_type.empty()) {  // Engine 20.10 omits it: inspect for the TTY
    const auto container = container_inspect(endpoint, id, stop);
    if (!container) return fail(container.error());
    if (container->tty) format = LogDemultiplexer::Format::raw;
  } else if (stream->head().content_type == "application/vnd.docker.raw-stream") {
    format = LogDemultiplexer::Format::raw;
  }
  return LogStream(std::move(*stream), format);
}

Result<pool::PooledStream> ClientManager::open_stream(std::string_view endpoint, model::Call call,
                                                      std::string_view target, std::string_view key,
                                                      const std::stop_token& stop) {
  auto& shared = state(endpoint);
  for (bool last_try = false;; last_try = true) {
    auto version = shared.api_version();
    if (!version) {
      const auto agreed = ping(endpoint, stop);
      if (!agreed) return fail(agreed.error());
      version = *agreed;
    }
    const auto started = steady_now();
    auto stream = pools_.pool(endpoint).open_stream(
        {.target = versioned(*version, target), .limits = limits_of(call, *options())},
        {.call_class = CallClass::stream, .key = key}, stop);
    shared.count_request(call, to_seconds(steady_now() - started));
    if (!stream) {
      shared.count_failure(call, stream.error().code);
      return stream;
    }
    auto answer = stream->head();
    if (!status_error(answer)) return stream;
    answer.body = read_error(*stream, stop);
    const auto error = *status_error(answer);
    shared.count_failure(call, error.code);
    if (!refuses_version(answer) || last_try) return fail(error.within(trail_of(target)));
    shared.set_api_version(std::nullopt);
  }
}

std::optional<model::ApiVersion> ClientManager::api_version(std::string_view endpoint) const {
  return state(endpoint).api_version();
}

Result<void> ClientManager::ping_anew(std::string_view endpoint, Milliseconds limit,
                                      const std::stop_token& stop) const {
  return pools_.pool(endpoint).ping_anew(limit, stop);
}

pool::EngineHealth ClientManager::health(std::string_view endpoint) const {
  return pools_.pool(endpoint).health();
}

pool::EngineHealth ClientManager::wait_for_change(std::string_view endpoint, std::uint64_t seen,
                                                  SteadyTime until,
                                                  const std::stop_token& stop) const {
  return pools_.pool(endpoint).wait_for_change(seen, until, stop);
}

std::vector<model::ClientStats> ClientManager::stats() const {
  std::vector<model::ClientStats> stats;
  const auto endpoints = endpoints_.with([](const Endpoints& current) { return current; });
  for (const auto& [name, endpoint] : endpoints) stats.push_back(endpoint->stats());
  return stats;
}

EndpointState& ClientManager::state(std::string_view endpoint) const noexcept {
  auto* const found = endpoints_.with([endpoint](const Endpoints& current) {
    const auto known = std::ranges::find(current, endpoint, &Endpoints::value_type::first);
    return known == current.end() ? nullptr : known->second.get();
  });
  if (found == nullptr) std::abort();  // as PoolManager::pool
  return *found;
}

}  // namespace tidegauge::docker
