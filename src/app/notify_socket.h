#pragma once

// The protocol of sd_notify(3): one datagram to the socket that the service manager names in
// $NOTIFY_SOCKET, a path or, with '@' in front, an abstract name. libsystemd is not needed for
// that. Thread-safe.

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::app {

class NotifySocket {
 public:
  /// `address` is the value of $NOTIFY_SOCKET; null or empty: no service manager listens. Any other
  /// that is no path and no abstract name (a "vsock:" of a virtual machine) counts as none.
  explicit NotifySocket(const char* address);

  /// Whether there is anybody to tell.
  [[nodiscard]] bool is_open() const noexcept { return fd_.valid(); }
  /// Sends lines as "READY=1\nSTATUS=text". Never waits: fails where the receiver takes no more.
  [[nodiscard]] Result<void> send(std::string_view lines) const;

 private:
  sockaddr_un address_{};
  socklen_t length_ = 0;
  UniqueFd fd_;
};

/// How long the service manager waits for a WATCHDOG=1, by $WATCHDOG_USEC and $WATCHDOG_PID (null:
/// not set), the latter being the process that it is about. Absent: it does not wait for any.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_limit(const char* microseconds,
                                                                      const char* process);

}  // namespace tidegauge::app
