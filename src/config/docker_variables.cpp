#include "config/docker_variables.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace tidegauge::config {
namespace {

constexpr std::string_view plain_scheme = "tcp://";
constexpr std::string_view tls_scheme = "https://";

}  // namespace

void DockerVariables::read(std::string_view name, std::string_view value) {
  const std::pair<std::string_view, std::string*> variables[]{
      {"DOCKER_HOST", &host_},           {"DOCKER_TLS_VERIFY", &tls_verify_}, {"DOCKER_TLS", &tls_},
      {"DOCKER_CERT_PATH", &cert_path_}, {"DOCKER_CONFIG", &config_},         {"HOME", &home_}};
  for (const auto& [known, text] : variables) {
    if (known == name) *text = value;
  }
}

/// "0" and "false" are on as well: the docker command asks only whether they are empty.
std::vector<Setting> DockerVariables::settings() const {
  auto address = host_;
  // As the docker command reads "host:2375". A path alone means a socket here.
  if (!address.empty() && !address.contains("://") && !address.starts_with('/')) {
    address.insert(0, plain_scheme);
  }
  if (!(tls_verify_ + tls_).empty() && address.starts_with(plain_scheme)) {
    address.replace(0, plain_scheme.size(), tls_scheme);
  }
  Config config;
  if (address.starts_with(tls_scheme)) config.endpoints.front().tls = tls();
  std::vector<Setting> settings;
  for (const auto& option : options()) {
    if (!option.describes_endpoint) continue;
    const bool is_address = option.path == endpoint_path;
    const Origin origin{Origin::Source::docker_host, 0,
                        is_address ? "DOCKER_HOST" : where_files_are_said()};
    settings.push_back(
        {&option, option.path, origin, is_address ? Value(address) : option.get(config)});
  }
  return settings;
}

model::TlsFiles DockerVariables::tls() const {
  model::TlsFiles files;
  files.verify = tls_.empty() || !tls_verify_.empty();
  auto directory = cert_path_;
  if (directory.empty() && !(tls_verify_ + tls_).empty()) {
    directory = config_.empty() ? home_ + "/.docker" : config_;
  }
  if (directory.empty()) return files;
  if (files.verify) files.ca_file = directory + "/ca.pem";
  const auto certificate = directory + "/cert.pem";
  const auto key = directory + "/key.pem";
  std::error_code ignored;
  if (std::filesystem::exists(certificate, ignored) || std::filesystem::exists(key, ignored)) {
    files.cert_file = certificate;
    files.key_file = key;
  }
  return files;
}

std::string DockerVariables::where_files_are_said() const {
  if (!cert_path_.empty()) return "DOCKER_CERT_PATH";
  return tls_verify_.empty() ? "DOCKER_TLS" : "DOCKER_TLS_VERIFY";
}

}  // namespace tidegauge::config
