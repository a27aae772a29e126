#pragma once

// A real Prometheus of the test's own, which scrapes one target every second: what a dashboard or
// an alert gets to see is what this answers, with staleness, rates and matching as users have them.
// On a free port of the loopback, with its data in a directory that goes with it. Needs
// `prometheus` in the PATH. Belongs to one thread; what goes wrong throws std::runtime_error with
// its own words.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"
#include "support/temporary_directory.h"

namespace tidegauge::test {

class PrometheusServer {
 public:
  struct Alert {
    std::string name;
    std::string expression;
    std::string health;  ///< "unknown" before the first evaluation, then "ok" or "err"
    std::string error;   ///< of the last evaluation
  };

  /// Returns once it answers. `target` is a port of the loopback.
  PrometheusServer(std::uint16_t target, const std::filesystem::path& rules);

  /// The values of the series that an expression yields now; of a scalar, the one.
  [[nodiscard]] std::vector<double> query(std::string_view expression) const;
  /// The alerts of the rules, as last evaluated.
  [[nodiscard]] std::vector<Alert> alerts() const;

 private:
  [[nodiscard]] std::string get(const std::string& target) const;

  TemporaryDirectory directory_;
  ChildProcess process_;
  std::uint16_t port_;
};

}  // namespace tidegauge::test
