#pragma once

// What `/events` lets through: the query parameters `since`, `until` and `filters`, as Docker 20.10
// understands them. Filters by type, event, container, image and label count; others, as there, do
// not.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "simulated_engine/event_log.h"
#include "tidegauge/util/time.h"

namespace tidegauge::test {

/// "1795413315" or "1795413315.722675800": seconds since the Unix epoch.
[[nodiscard]] std::optional<WallTime> parse_event_time(const std::string& text);

class EventFilter {
 public:
  /// Nothing when the text is not JSON. Empty text lets everything through.
  [[nodiscard]] static std::optional<EventFilter> parse(const std::string& filters);

  [[nodiscard]] bool passes(const Event& event) const;

 private:
  std::map<std::string, std::set<std::string>> wanted_;
};

}  // namespace tidegauge::test
