#pragma once

// The last lines that a container has written: those of a run, read when it ends, as with --rm they
// are gone a moment later; and those that a client asks for (app). They are made fit to be shown:
// without escape sequences and control characters, in valid UTF-8, and within a number of bytes.
// Stateless, so thread-safe.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// Of all lines that are kept with an end.
inline constexpr std::size_t most_exit_log_bytes = std::size_t{4} * 1024;

/// Which lines, of which run if that matters.
struct LastLinesQuery {
  std::string id;                      ///< of the container
  std::uint32_t lines = 0;             ///< at most; at least 1
  std::optional<WallTime> started_at;  ///< of the run: older lines are those of an earlier run
  std::optional<WallTime> ended_at;    ///< of the run: it may have been started again since
  std::size_t most_bytes = most_exit_log_bytes;
};

/// Reads the lines on a stream of the pool, the oldest first, in bounded memory. Fails where the
/// log is not at its end by `deadline`: then nobody knows which lines are the last. The first byte
/// may take pool.call_timeout, whatever the deadline is.
[[nodiscard]] Result<std::vector<std::string>> read_last_lines(docker::ClientManager& clients,
                                                               std::string_view endpoint,
                                                               const LastLinesQuery& query,
                                                               SteadyTime deadline,
                                                               const std::stop_token& stop = {});

/// The last `most` lines of `output` that have anything to be read, within `most_bytes`. A last
/// line that is longer is cut, and ends in "...".
[[nodiscard]] std::vector<std::string> last_lines(std::string_view output, std::uint32_t most,
                                                  std::size_t most_bytes = most_exit_log_bytes);

}  // namespace tidegauge::monitor
