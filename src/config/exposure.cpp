#include "config/exposure.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/suggestions.h"
#include "tidegauge/util/ascii.h"

namespace tidegauge::config {
namespace {

/// Of a valid listen address: "127.0.0.1", "::1".
std::string host_of(std::string_view address) {
  auto host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

/// A name other than localhost may mean any address, and another one tomorrow.
bool is_loopback(const std::string& host) {
  constexpr std::uint32_t loopback = 127;
  if (in_addr v4{}; ::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == loopback;
  }
  if (in6_addr v6{}; ::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  }
  return ascii_lower_case(host) == "localhost";
}

/// Of the sockets of systemd nothing is known here.
bool stays_here(const std::string& address) {
  if (address == "systemd") return false;
  return address.starts_with("unix://") || is_loopback(host_of(address));
}

bool asks_who_it_is(const WebProtection& protection) {
  return !protection.users.empty() || !protection.bearer_token.empty() ||
         (protection.tls && protection.tls->client_auth == ClientAuth::require_and_verify);
}

std::string exposed_by(const WebConfig& options) {
  std::vector<std::string> on;
  if (options.show_logs) on.emplace_back("web.show_logs");
  if (options.show_processes) on.emplace_back("web.show_processes");
  return joined(on);
}

}  // namespace

Result<void> check_exposure(const WebConfig& options, const WebProtection& protection) {
  const auto what = exposed_by(options);
  if (what.empty() || asks_who_it_is(protection)) return {};
  std::vector<std::string> open;
  for (const auto& address : options.listen_addresses) {
    if (!stays_here(address)) open.push_back(address);
  }
  if (open.empty()) return {};
  return fail(Errc::invalid_config,
              what + ": may show secrets, and other machines may reach web.listen_address " +
                  joined(open) +
                  " without showing who they are; name users or require verified client "
                  "certificates in web.config_file, or set web.bearer_token_file, or listen on the "
                  "loopback or a Unix socket alone, or turn the option off");
}

}  // namespace tidegauge::config
