#include "config/exposure.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::contains;
using test::error_of;

namespace {

WebConfig logs_at(const std::vector<std::string>& addresses) {
  return {.listen_addresses = addresses, .show_logs = true};
}

bool is_refused(const WebConfig& options, const WebProtection& protection = {}) {
  return !check_exposure(options, protection);
}

WebProtection certificates(ClientAuth auth) {
  WebTls tls;
  tls.client_auth = auth;
  return {.tls = tls};
}

}  // namespace

TEST_CASE("logs and processes are shown to this machine without being asked who it is") {
  for (const auto* address :
       {"127.0.0.1:9717", "127.8.9.1:0", "[::1]:9717", "localhost:9717", "unix:///run/t.sock"}) {
    CAPTURE(address);
    CHECK_FALSE(is_refused(logs_at({address})));
  }
}

TEST_CASE("logs and processes are not shown to other machines that need not show who they are") {
  for (const auto* address :
       {"0.0.0.0:9717", ":9717", "[::]:9717", "192.0.2.1:9717", "[2001:db8::1]:80", "systemd",
        "example.org:9717", "128.0.0.1:1", "127.example.org:1", "[::ffff:192.0.2.1]:80"}) {
    CAPTURE(address);
    CHECK(is_refused(logs_at({address})));
    CHECK(is_refused({.listen_addresses = {address}, .show_processes = true}));
    CHECK_FALSE(is_refused({.listen_addresses = {address}}));
  }
}

TEST_CASE("one open address among others is enough, and the message names it with the remedy") {
  const auto message =
      error_of(check_exposure(logs_at({"127.0.0.1:1", "192.0.2.1:2", ":3"}), {})).message;
  CHECK_THAT(message, contains("web.show_logs: ") && contains("192.0.2.1:2, :3") &&
                          contains("web.config_file") && contains("web.bearer_token_file") &&
                          !contains("127.0.0.1") && !contains("web.show_processes"));
  const WebConfig both{.listen_addresses = {":3"}, .show_logs = true, .show_processes = true};
  CHECK_THAT(error_of(check_exposure(both, {})).message,
             contains("web.show_logs, web.show_processes: "));
}

TEST_CASE("a client anywhere that has shown who it is may see logs and processes") {
  const auto options = logs_at({":9717"});
  CHECK_FALSE(is_refused(options, {.users = {{"name", "hash"}}}));
  CHECK_FALSE(is_refused(options, {.bearer_token = "token"}));
  CHECK_FALSE(is_refused(options, certificates(ClientAuth::require_and_verify)));
}

TEST_CASE("TLS alone, and certificates that anybody can make, do not show who a client is") {
  for (const auto auth : {ClientAuth::none, ClientAuth::request, ClientAuth::require_any,
                          ClientAuth::verify_if_given}) {
    CHECK(is_refused(logs_at({":9717"}), certificates(auth)));
  }
}
