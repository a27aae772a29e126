#pragma once

// Counts of the calls to an Engine, by kind of call ("container_inspect"), never by path. A value:
// docker::ClientManager copies it out, and `metrics` renders it.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/model/histogram.h"

namespace tidegauge::model {

/// Every call that this program can make. All calls only read.
enum class Call : std::uint8_t {
  ping,
  version,
  info,
  container_list,
  container_inspect,
  container_stats,
  container_size,
  container_logs,  ///< a stream; the duration is that of opening it
  events           ///< a stream as well
};
inline constexpr std::array all_calls{
    Call::ping,           Call::version,           Call::info,
    Call::container_list, Call::container_inspect, Call::container_stats,
    Call::container_size, Call::container_logs,    Call::events};
[[nodiscard]] std::string_view to_string(Call call) noexcept;

struct CallStats {
  std::uint64_t requests = 0;
  std::map<Errc, std::uint64_t> failures;
  DurationHistogram duration;  ///< of all calls, including failed calls
};

struct ClientStats {
  std::string endpoint;
  std::array<CallStats, all_calls.size()> calls;  ///< by Call
};

}  // namespace tidegauge::model
