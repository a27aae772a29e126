#include "tidegauge/model/error.h"

namespace tidegauge {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_config:
      return "invalid_config";
    case Errc::permission_denied:
      return "permission_denied";
    case Errc::misconfigured:
      return "misconfigured";
    case Errc::unreachable:
      return "unreachable";
    case Errc::connect_timeout:
      return "connect_timeout";
    case Errc::first_byte_timeout:
      return "first_byte_timeout";
    case Errc::stalled:
      return "stalled";
    case Errc::timeout:
      return "timeout";
    case Errc::connection_lost:
      return "connection_lost";
    case Errc::protocol:
      return "protocol";
    case Errc::not_found:
      return "not_found";
    case Errc::client_error:
      return "client_error";
    case Errc::server_error:
      return "server_error";
    case Errc::bad_reply:
      return "bad_reply";
    case Errc::pool_timeout:
      return "pool_timeout";
    case Errc::queue_full:
      return "queue_full";
    case Errc::engine_down:
      return "engine_down";
    case Errc::quarantined:
      return "quarantined";
    case Errc::cancelled:
      return "cancelled";
    case Errc::closed:
      return "closed";
    case Errc::system:
      return "system";
  }
  return "unknown";
}

bool blames_engine(Errc code) noexcept {
  switch (code) {
    case Errc::unreachable:
    case Errc::connect_timeout:
    case Errc::connection_lost:
    case Errc::protocol:
      return true;
    default:
      return blames_configuration(code);
  }
}

bool means_stuck(Errc code) noexcept {
  return code == Errc::first_byte_timeout || code == Errc::stalled || code == Errc::timeout ||
         code == Errc::quarantined;
}

bool blames_configuration(Errc code) noexcept {
  return code == Errc::permission_denied || code == Errc::misconfigured;
}

}  // namespace tidegauge
