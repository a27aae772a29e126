#include "tidegauge/model/pool_stats.h"

namespace tidegauge::model {

std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::idle:
      return "idle";
    case CloseReason::lifetime:
      return "lifetime";
    case CloseReason::peer_closed:
      return "peer_closed";
    case CloseReason::probe_failed:
      return "probe_failed";
    case CloseReason::stuck:
      return "stuck";
    case CloseReason::error:
      return "error";
    case CloseReason::stream_aborted:
      return "stream_aborted";
    case CloseReason::reset:
      return "reset";
    case CloseReason::shutdown:
      return "shutdown";
  }
  return "unknown";
}

std::string_view to_string(AcquireFailure reason) noexcept {
  switch (reason) {
    case AcquireFailure::timeout:
      return "timeout";
    case AcquireFailure::queue_full:
      return "queue_full";
    case AcquireFailure::down:
      return "down";
    case AcquireFailure::misconfigured:
      return "misconfigured";
    case AcquireFailure::quarantined:
      return "quarantined";
    case AcquireFailure::cancelled:
      return "cancelled";
    case AcquireFailure::closed:
      return "closed";
  }
  return "unknown";
}

std::string_view to_string(CircuitState state) noexcept {
  switch (state) {
    case CircuitState::closed:
      return "closed";
    case CircuitState::half_open:
      return "half_open";
    case CircuitState::open:
      return "open";
  }
  return "unknown";
}

std::string_view to_string(CallClass call_class) noexcept {
  switch (call_class) {
    case CallClass::ping:
      return "ping";
    case CallClass::list:
      return "list";
    case CallClass::call:
      return "call";
    case CallClass::stream:
      return "stream";
  }
  return "unknown";
}

}  // namespace tidegauge::model
