#include "app/healthcheck.h"

#include "tidegauge/http/curl_transport.h"

namespace tidegauge::app {
namespace {

constexpr Milliseconds limit{3000};

std::string reachable(std::string address) {
  if (address.starts_with("unix://")) return address;
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon);
  const auto port = address.substr(colon);
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1" + port;
  if (host == "[::]") return "[::1]" + port;
  return address;
}

}  // namespace

Result<void> check_health(const std::string& listen_address) {
  const auto text = reachable(listen_address);
  const auto address =
      model::parse_engine_address(text.starts_with("unix://") ? text : "tcp://" + text);
  if (!address) return fail(address.error().within("healthcheck"));
  http::CurlTransport transport(*address);
  const auto response = transport.make()->perform(
      {.target = "/-/healthy", .limits = {.connect = limit, .total = limit}});
  if (!response) return fail(response.error().within("healthcheck of " + listen_address));
  if (response->status != 200) {
    return fail(Errc::server_error, "healthcheck: HTTP status " + std::to_string(response->status));
  }
  return {};
}

}  // namespace tidegauge::app
