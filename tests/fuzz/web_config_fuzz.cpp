// The file of web.config_file. What is accepted must keep the rules that the server relies on, and
// every number in it must stand in the file.

#include <algorithm>
#include <string>
#include <string_view>

#include "fuzz/memory_file.h"
#include "fuzz/oracle.h"
#include "tidegauge/config/web_config_file.h"

using namespace tidegauge;

namespace {

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void check_tls(const config::WebTls& tls) {
  using config::ClientAuth;
  if (tls.certificate.empty() || tls.key.empty()) fuzz::finding("TLS without a certificate or key");
  if (tls.min_version > tls.max_version) fuzz::finding("no version is left");
  const bool verifies = tls.client_auth == ClientAuth::verify_if_given ||
                        tls.client_auth == ClientAuth::require_and_verify;
  if (verifies && tls.client_ca.empty()) fuzz::finding("nothing to verify a client with");
  if (!tls.client_ca.empty() && tls.client_auth == ClientAuth::none) {
    fuzz::finding("a CA without an effect");
  }
  const bool requires_one = tls.client_auth == ClientAuth::require_any ||
                            tls.client_auth == ClientAuth::require_and_verify;
  if (!tls.client_allowed_sans.empty() && !requires_one) fuzz::finding("names without an effect");
}

void check(std::string_view text, const config::WebProtection& protection) {
  if (protection.tls) check_tls(*protection.tls);
  for (const auto& [name, value] : protection.headers) {
    if (has_control_character(name) || has_control_character(value)) {
      fuzz::finding("a header with a control character");
    }
  }
  for (const auto& [name, hash] : protection.users) {
    const auto cost = config::bcrypt_cost(hash);
    if (!cost || *cost > 15) fuzz::finding("a hash that cannot be checked");
    if (name.find(':') != std::string::npos) fuzz::finding("a user who cannot log in");
  }
  if (!protection.rate_limit) return;
  if (protection.rate_limit->interval.count() <= 0) fuzz::finding("an interval of nothing");
  if (text.find('\\') != std::string_view::npos) return;  // digits may be written as escapes
  std::string burst = std::to_string(protection.rate_limit->burst);
  if (text.find(burst) == std::string_view::npos) fuzz::finding("a burst that nobody said");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const fuzz::MemoryFile file(text);
  const auto loaded = config::load_web_config_file(file.path());
  if (!loaded) {
    if (loaded.error().code != Errc::invalid_config || loaded.error().message.empty()) {
      fuzz::finding("refused without a reason");
    }
    return 0;
  }
  check(text, *loaded);
  if (text.find("_file") != std::string_view::npos) return 0;  // files of the system may change
  const auto again = config::load_web_config_file(file.path());
  if (!again || *again != *loaded) fuzz::finding("reads otherwise again");
  return 0;
}
