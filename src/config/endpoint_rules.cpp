#include "config/tls_rules.h"

#include <array>
#include <string_view>

#include "tidegauge/util/files.h"

namespace tidegauge::config {
namespace {

struct NamedFile {
  std::string_view option;
  std::string_view beside;  ///< goes with that one alone, where it is not empty
  std::string model::TlsFiles::* path;
};

constexpr std::array files{
    NamedFile{"tls_ca_file", "", &model::TlsFiles::ca_file},
    NamedFile{"tls_cert_file", "tls_key_file", &model::TlsFiles::cert_file},
    NamedFile{"tls_key_file", "tls_cert_file", &model::TlsFiles::key_file},
};

}  // namespace

std::vector<std::pair<std::string, std::string>> tls_mistakes(const EndpointConfig& engine) {
  std::vector<std::pair<std::string, std::string>> mistakes;
  const auto& tls = engine.tls;
  const bool used = engine.address.scheme == model::EngineAddress::Scheme::tls;
  const auto unused = "means nothing for " + to_string(engine.address) +
                      "; write https://host:port for TLS, or leave it out";
  for (const auto& [option, beside, path] : files) {
    if ((tls.*path).empty()) continue;
    if (!used) {
      mistakes.emplace_back(option, unused);
    } else if (const auto why = why_unreadable(tls.*path)) {
      mistakes.emplace_back(option, tls.*path + " " + *why +
                                        "; name a PEM file that the user of "
                                        "the daemon may read");
    } else if (!beside.empty() && tls.cert_file.empty() != tls.key_file.empty()) {
      mistakes.emplace_back(option, "goes with " + std::string(beside) + " alone; set both");
    }
  }
  if (!used && !tls.verify) mistakes.emplace_back("tls_verify", unused);
  return mistakes;
}

}  // namespace tidegauge::config
