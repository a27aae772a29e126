#pragma once

// The variables that the docker command obeys, DOCKER_HOST and those that belong to it: what they
// mean there, they mean here. https://docs.docker.com/reference/cli/docker/#environment-variables

#include <string>
#include <string_view>
#include <vector>

#include "config/setting.h"

namespace tidegauge::config {

class DockerVariables {
 public:
  /// Takes note of one variable of the environment, if it is one of them.
  void read(std::string_view name, std::string_view value);
  /// Whether they say which Engine is meant.
  [[nodiscard]] bool name_engine() const { return !host_.empty(); }
  /// For every row that describes an Engine, as they mean all of it. Looks which files there are.
  [[nodiscard]] std::vector<Setting> settings() const;

 private:
  [[nodiscard]] model::TlsFiles tls() const;
  [[nodiscard]] std::string where_files_are_said() const;

  std::string host_;
  std::string tls_verify_;
  std::string tls_;
  std::string cert_path_;
  std::string config_;
  std::string home_;
};

}  // namespace tidegauge::config
