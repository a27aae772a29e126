#pragma once

// The environment variables of the docker command (DOCKER_HOST and those that belong to it), with
// the same meaning. Used by the loader. Not thread-safe.
// https://docs.docker.com/reference/cli/docker/#environment-variables

#include <string>
#include <string_view>
#include <vector>

#include "config/setting.h"

namespace tidegauge::config {

class DockerVariables {
 public:
  /// Records a variable of the environment if it is one of them.
  void read(std::string_view name, std::string_view value);
  /// Whether DOCKER_HOST is set.
  [[nodiscard]] bool name_engine() const { return !host_.empty(); }
  /// A setting for every option that describes an Engine. Checks which certificate files exist.
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
