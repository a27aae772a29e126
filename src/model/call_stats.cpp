#include "tidegauge/model/call_stats.h"

namespace tidegauge::model {

std::string_view to_string(Call call) noexcept {
  switch (call) {
    case Call::ping:
      return "ping";
    case Call::version:
      return "version";
    case Call::info:
      return "info";
    case Call::container_list:
      return "container_list";
    case Call::container_inspect:
      return "container_inspect";
    case Call::container_stats:
      return "container_stats";
    case Call::container_size:
      return "container_size";
    case Call::container_logs:
      return "container_logs";
    case Call::events:
      return "events";
  }
  return "unknown";
}

}  // namespace tidegauge::model
