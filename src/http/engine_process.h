#pragma once

// Whether an Engine's process is there, for sockets that somebody else listens on in its place:
// connecting to a socket unit of systemd starts the Engine, also one that was stopped on purpose.

#include <cstdint>
#include <optional>
#include <string>

#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// Of this program: the machine's first one, from which all processes can be seen, or another.
enum class PidNamespace : std::uint8_t { first, other };
[[nodiscard]] PidNamespace own_pid_namespace();

/// Why there must be no connection now; nothing where the process that `pid_file` names is alive.
/// Where this program cannot see the Engine's processes, because it runs in a PID namespace of its
/// own, the file alone counts: dockerd removes it when it ends in order.
[[nodiscard]] std::optional<Error> missing_engine_process(
    const std::string& pid_file, PidNamespace seen_from = own_pid_namespace());

}  // namespace tidegauge::http
