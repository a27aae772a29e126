#include "simulated_engine/faults.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace tidegauge::test {

std::string_view to_string(EngineCall call) {
  switch (call) {
    case EngineCall::ping:
      return "ping";
    case EngineCall::version:
      return "version";
    case EngineCall::info:
      return "info";
    case EngineCall::list:
      return "list";
    case EngineCall::inspect:
      return "inspect";
    case EngineCall::size:
      return "size";
    case EngineCall::stats:
      return "stats";
    case EngineCall::events:
      return "events";
  }
  return "";
}

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::none:
      return "none";
    case FaultKind::delay:
      return "delay";
    case FaultKind::hang:
      return "hang";
    case FaultKind::close:
      return "close";
    case FaultKind::garbage:
      return "garbage";
    case FaultKind::badjson:
      return "badjson";
    case FaultKind::error500:
      return "error500";
    case FaultKind::drip:
      return "drip";
  }
  return "";
}

void FaultTable::set(Fault fault) {
  const std::lock_guard lock(mutex_);
  std::erase_if(faults_, [&](const Fault& other) {
    return (!fault.call || fault.call == other.call) &&
           (fault.container.empty() || fault.container == other.container);
  });
  if (fault.kind != FaultKind::none) faults_.push_back(std::move(fault));
}

Fault FaultTable::find(EngineCall call, std::string_view name, std::string_view id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& fault : faults_ | std::views::reverse) {
    const bool fits_container =
        fault.container.empty() || fault.container == name || fault.container == id;
    if (fits_container && (!fault.call || fault.call == call)) return fault;
  }
  return {};
}

}  // namespace tidegauge::test
