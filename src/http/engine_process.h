#pragma once

// Whether the process of an Engine is running, for sockets on which another program listens for the
// Engine: a connection to a socket unit of systemd starts the Engine, even one that was stopped on
// purpose.

#include <cstdint>
#include <optional>
#include <string>

#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// The PID namespace of this program: the first of the machine, which has all processes, or
/// another.
enum class PidNamespace : std::uint8_t { first, other };
[[nodiscard]] PidNamespace own_pid_namespace();

/// Why no connection may be opened now; absent where the process that `pid_file` names is alive.
/// A program in another PID namespace cannot see the Engine's process. Then the file alone counts:
/// dockerd removes it when it exits cleanly.
[[nodiscard]] std::optional<Error> missing_engine_process(
    const std::string& pid_file, PidNamespace seen_from = own_pid_namespace());

}  // namespace tidegauge::http
