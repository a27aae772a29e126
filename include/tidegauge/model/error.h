#pragma once

// The outcome of a function that may fail in normal operation: a value, or an Error with its cause
// and its context. Exceptions stay at the borders of libraries that throw.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tidegauge {

/// The kind of a failure, for code that decides and for the label `reason` of metrics.
enum class Errc : std::uint8_t {
  invalid_config,      ///< a mistake in the configuration or on the command line
  permission_denied,   ///< the socket may not be opened by this user
  misconfigured,       ///< the address can never work: not a socket, path too long
  unreachable,         ///< nobody listens: no such socket, refused, name not resolved
  connect_timeout,     ///< no connection within the connect limit
  first_byte_timeout,  ///< connected and sent, but no byte of an answer within the limit
  stalled,             ///< the answer began and then stopped coming
  timeout,             ///< the whole call took longer than its limit
  connection_lost,     ///< closed or reset before the answer was complete
  protocol,            ///< not HTTP, or larger than allowed
  not_found,           ///< HTTP 404: usually a container that has gone meanwhile
  client_error,        ///< any other HTTP 4xx
  server_error,        ///< HTTP 5xx
  bad_reply,           ///< well-formed HTTP whose body is not what the call promises
  pool_timeout,        ///< no connection became free in time
  queue_full,          ///< too many callers wait for a connection already
  engine_down,         ///< refused at once: the Engine is known to be down
  quarantined,         ///< refused at once: calls about this container got stuck
  cancelled,           ///< the caller asked to stop
  closed,              ///< the pool is shutting down
  system,              ///< the operating system refused: descriptors, memory, a bind
};

/// The name used in metrics and logs, as "first_byte_timeout".
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// Whether the code means that the Engine is at fault, not this call or this program.
[[nodiscard]] bool blames_engine(Errc code) noexcept;
/// Whether the code means that the configuration must change: no restart of the Engine helps.
[[nodiscard]] bool blames_configuration(Errc code) noexcept;

/// Whether a call that fails with the code makes its container "stuck", both for the pool's
/// quarantine and for the metric `tidegauge_container_stuck`: the answer does not begin or does not
/// go on, or calls are refused for that reason.
[[nodiscard]] bool means_stuck(Errc code) noexcept;

/// A failure with its trail: "inspect of web: GET /containers/web/json: no answer within 5 s".
struct Error {
  Errc code;
  std::string message;

  /// This error with the prefix `doing`, the activity that failed.
  [[nodiscard]] Error within(std::string_view doing) const {
    return {code, std::string(doing) + ": " + message};
  }
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::protocol, "...")` from a function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// `return fail(result.error().within("..."))`.
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace tidegauge
