#include "config/endpoint_rules.h"

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "tidegauge/util/files.h"

namespace tidegauge::config {
namespace {

struct NamedFile {
  std::string_view option;
  std::string_view beside;  ///< the only value that it may be combined with; empty: any
  std::string model::TlsFiles::* path;
};

constexpr std::array files{
    NamedFile{"tls_ca_file", "", &model::TlsFiles::ca_file},
    NamedFile{"tls_cert_file", "tls_key_file", &model::TlsFiles::cert_file},
    NamedFile{"tls_key_file", "tls_cert_file", &model::TlsFiles::key_file},
};

using Mistakes = std::vector<std::pair<std::string, std::string>>;

void check_tls(const EndpointConfig& engine, Mistakes& mistakes) {
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
}

void check_socket(const EndpointConfig& engine, Mistakes& mistakes) {
  const auto& path = engine.address.path;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    mistakes.emplace_back("socket_path",
                          path +
                              " is a directory, and no socket; name the Engine's socket, or remove "
                              "the directory where Docker made it for a mount of a socket that was "
                              "not there");
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> endpoint_mistakes(const EndpointConfig& engine) {
  Mistakes mistakes;
  check_tls(engine, mistakes);
  if (engine.address.scheme == model::EngineAddress::Scheme::unix_socket) {
    check_socket(engine, mistakes);
  }
  return mistakes;
}

}  // namespace tidegauge::config
