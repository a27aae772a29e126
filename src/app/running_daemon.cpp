#include "app/running_daemon.h"

#include <filesystem>
#include <system_error>

#include "app/serving.h"
#include "tidegauge/config/web_config_file.h"
#include "tidegauge/http/curl_transport.h"

namespace tidegauge::app {
namespace {

bool is_socket(const std::string& path) {
  std::error_code ignored;
  return !path.empty() && std::filesystem::is_socket(path, ignored);
}

std::string reachable(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon);
  const auto port = address.substr(colon);
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1" + port;
  if (host == "[::]") return "[::1]" + port;
  return address;
}

/// The URL of the first address that can be asked.
Result<std::string> listener_of(const config::Config& config) {
  for (const auto& address : config.web.listen_addresses) {
    if (address.starts_with("unix://")) return address;
    if (address == "systemd") continue;
    const auto protection = config::load_web_protection(config.web);
    const bool has_tls = protection && protection->tls;
    return (has_tls ? "https://" : "tcp://") + reachable(address);
  }
  return fail(Errc::invalid_config,
              "the address of the daemon's sockets is known to systemd alone; set path.runtime, in "
              "which the daemon makes a socket for this");
}

}  // namespace

Result<DaemonAddress> find_daemon(const config::Config& config) {
  const auto private_socket = private_socket_of(config.path);
  if (is_socket(private_socket)) {
    return DaemonAddress{.url = "unix://" + private_socket, .is_private = true};
  }
  auto listener = listener_of(config);
  if (!listener) return fail(listener.error());
  return DaemonAddress{.url = *std::move(listener)};
}

Result<http::Response> ask_daemon(const DaemonAddress& daemon, const std::string& target,
                                  Milliseconds limit) {
  const auto address = model::parse_engine_address(daemon.url);
  if (!address) return fail(address.error());
  http::CurlTransport transport(*address, model::TlsFiles{.verify = false});
  return transport.make()->perform(
      {.target = target, .limits = {.connect = limit, .total = limit}});
}

}  // namespace tidegauge::app
