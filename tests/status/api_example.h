#pragma once

// A snapshot for the tests of the JSON in which every member has a value somewhere, and what is
// read back.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/json/reader.h"
#include "tidegauge/status/status_input.h"

namespace tidegauge::test {

/// Two Engines: "local" has the containers "bare", "gone" and "web", of which "web" says
/// everything; "other" is down.
class ApiExample {
 public:
  ApiExample();

  [[nodiscard]] status::StatusInput input() const {
    return {
        .engines = engines_,
        .pools = pools_,
        .slots =
            {{"local",
              {{.slot = 3, .state = "leased", .connected = true, .uses = 7, .holder = "monitor"}}}},
        .history = history_,
        .now = engines_.front()->taken_at,
        .host_name = "dock",
        .show_all_labels = true,
        .show_processes = true};
  }

 private:
  status::History history_;
  model::Snapshot engines_;
  std::vector<model::PoolStats> pools_;
};

/// Fails the test where the text is no JSON object.
[[nodiscard]] json::Document parsed(const std::string& text);

}  // namespace tidegauge::test
