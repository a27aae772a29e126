#include "docker/calls.h"

#include <algorithm>
#include <utility>

#include "docker/replies.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::docker {

http::Limits limits_of(model::Call call, const config::PoolConfig& config) {
  constexpr std::size_t kib = 1024;
  constexpr std::size_t mib = 1024 * kib;
  switch (call) {
    case model::Call::ping:
      return {
          .connect = config.connect_timeout, .total = config.probe_timeout, .body_bytes = 64 * kib};
    case model::Call::container_list:
    case model::Call::container_size:
      return {.connect = config.connect_timeout,
              .stall = config.tuning.list_stall_timeout,
              .total = config.list_timeout,
              .body_bytes = (call == model::Call::container_list ? 64 : 4) * mib};
    case model::Call::events:
    case model::Call::container_logs:
      // No other limit: events may be silent for hours.
      return {.connect = config.connect_timeout, .first_byte = config.call_timeout};
    default:
      return {.connect = config.connect_timeout,
              .stall = config.tuning.call_stall_timeout,
              .total = config.call_timeout,
              .body_bytes = (call == model::Call::container_stats ? 1 : 4) * mib};
  }
}

/// Podman says this with status 500 of a container that is being removed.
constexpr std::string_view podmans_not_found = R"("cause":"no such container")";

std::optional<Error> status_error(const http::Response& response) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  auto code = Errc::bad_reply;
  if (response.status == 404 || response.body.contains(podmans_not_found)) {
    code = Errc::not_found;
  } else if (response.status >= 500) {
    code = Errc::server_error;
  } else if (response.status >= 400) {
    code = Errc::client_error;
  }
  auto message = "HTTP status " + std::to_string(response.status);
  const auto detail = error_message(response.body);
  if (!detail.empty()) message += ": " + detail;
  return Error{code, std::move(message)};
}

bool refuses_version(const http::Response& response) {
  return response.status == 400 && response.body.contains("client version");
}

std::string versioned(const model::ApiVersion& version, std::string_view target) {
  return "/v" + to_string(version) + std::string(target);
}

std::string trail_of(std::string_view target) {
  constexpr std::size_t longest_query = 64;
  const auto query = std::min(target.find('?'), target.size());
  const bool is_short = target.size() - query <= longest_query;
  constexpr std::size_t longest_path = 256;  // the path contains ids that the Engine made
  return "GET " + one_line(is_short ? target : target.substr(0, query), longest_path);
}

}  // namespace tidegauge::docker
