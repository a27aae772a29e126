#include "config/rules.h"

#include <array>

namespace tidegauge::config {
namespace {

constexpr std::string_view connecting_is_part = "connecting is a part of it";

constexpr std::array<Rule, 8> table{{
    {"pool.min_connections", "at most", "pool.max_connections", "no more can be open",
     [](const Config& c) { return c.pool.min_connections <= c.pool.max_connections; }},
    {"container_monitor.max_in_flight", "at most", "pool.max_connections",
     "each call has a connection to itself",
     [](const Config& c) { return c.container_monitor.max_in_flight <= c.pool.max_connections; }},
    {"container_monitor.interval", "at most", "container_monitor.max_age",
     "what is known is published once per interval",
     [](const Config& c) {
       return c.container_monitor.max_age.count() == 0 ||
              c.container_monitor.interval <= c.container_monitor.max_age;
     }},
    {"container_monitor.peak_interval", "at most", "container_monitor.interval",
     "each interval has a reading",
     [](const Config& c) {
       return c.container_monitor.peak_interval <= c.container_monitor.interval;
     }},
    {"pool.connect_timeout", "at most", "pool.probe_timeout", connecting_is_part,
     [](const Config& c) { return c.pool.connect_timeout <= c.pool.probe_timeout; }},
    {"pool.connect_timeout", "at most", "pool.list_timeout", connecting_is_part,
     [](const Config& c) { return c.pool.connect_timeout <= c.pool.list_timeout; }},
    {"pool.connect_timeout", "at most", "pool.call_timeout", connecting_is_part,
     [](const Config& c) { return c.pool.connect_timeout <= c.pool.call_timeout; }},
    {"pool.probe_timeout", "less than", "pool.health_check_interval",
     "one probe must end before the next begins",
     [](const Config& c) { return c.pool.probe_timeout < c.pool.health_check_interval; }},
}};

}  // namespace

std::span<const Rule> rules() {
  return table;
}

}  // namespace tidegauge::config
