#pragma once

// How a run of a container ended: one cause, and the evidence for it. `monitor` decides and keeps
// the latest ends of each Engine; the page, the API and the command line show them. Plain values.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// Why a run ended; docs/exits.md has the rules.
enum class EndCause : std::uint8_t {
  completed,    ///< exit code 0, and nobody asked for the end
  stopped,      ///< the Engine was asked to stop or restart the container
  killed,       ///< the Engine was asked to kill the container, or to remove it by force
  oom,          ///< killed for memory at the container's own limit
  host_oom,     ///< killed for memory, but not at its own limit
  signal,       ///< ended by a signal that the Engine was not asked to send
  error,        ///< the program's own exit code
  not_started,  ///< the Engine could not start the container
  engine,       ///< ended together with its Engine
  unknown       ///< events were missed
};
inline constexpr std::array end_causes{EndCause::completed, EndCause::stopped,     EndCause::killed,
                                       EndCause::oom,       EndCause::host_oom,    EndCause::signal,
                                       EndCause::error,     EndCause::not_started, EndCause::engine,
                                       EndCause::unknown};

[[nodiscard]] std::string_view to_string(EndCause cause) noexcept;
/// Nothing for any other text.
[[nodiscard]] std::optional<EndCause> parse_end_cause(std::string_view text) noexcept;

/// The signal that exit code `code` stands for: 9 for 137. Nothing if it stands for none.
[[nodiscard]] std::optional<int> signal_of_exit_code(int code) noexcept;
/// Whether the Engine gives this exit code to a container that it could not start. Programs may
/// have it as well.
[[nodiscard]] constexpr bool is_exit_code_of_failed_start(std::optional<int> code) noexcept {
  return code >= 125 && code <= 128;
}
/// "SIGKILL"; "signal 35" where the number has no name.
[[nodiscard]] std::string signal_name(int signal);
/// What `signal_name` has written; nothing for any other text.
[[nodiscard]] std::optional<int> parse_signal_name(std::string_view text) noexcept;

/// One observation about an end.
struct Evidence {
  enum class Source : std::uint8_t { engine, kernel, tidegauge };
  WallTime at{};  ///< by the Engine's clock
  Source source{};
  std::string text;  ///< "die, exit code 137"
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

[[nodiscard]] std::string_view to_string(Evidence::Source source) noexcept;
[[nodiscard]] std::optional<Evidence::Source> parse_evidence_source(std::string_view text) noexcept;

/// What a run had used when it was read for the last time.
struct RunUse {
  WallTime read_at{};     ///< by this machine's clock
  bool is_final = false;  ///< read after its last process had ended
  std::optional<double> cpu_seconds;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> memory_peak_bytes;
  friend bool operator==(const RunUse&, const RunUse&) = default;
};

/// What followed an end, as far as it is known.
enum class Aftermath : std::uint8_t {
  none,       ///< nothing yet
  restarted,  ///< the container was started again
  gave_up,    ///< its restart policy does not start it again
  removed     ///< the container was removed
};
inline constexpr std::array aftermaths{Aftermath::none, Aftermath::restarted, Aftermath::gave_up,
                                       Aftermath::removed};

[[nodiscard]] std::string_view to_string(Aftermath aftermath) noexcept;
[[nodiscard]] std::optional<Aftermath> parse_aftermath(std::string_view text) noexcept;

/// The end of one run. Times are by the Engine's clock.
struct RunEnd {
  std::uint64_t number = 0;  ///< of this Engine's ends, counted from 1; identifies the end
  std::string name;          ///< of the container at the end
  std::string id;
  std::string image;
  std::string image_id;
  std::string project;  ///< of Docker Compose; empty: none
  std::string service;
  std::optional<WallTime> started_at;
  WallTime ended_at{};
  std::optional<int> exit_code;
  std::optional<int> signal;  ///< that ended it, or that the Engine was asked to send
  EndCause cause = EndCause::unknown;
  std::vector<Evidence> evidence;  ///< by time
  std::optional<std::uint64_t> memory_limit_bytes;
  std::optional<RunUse> use;
  Aftermath aftermath = Aftermath::none;
  std::vector<std::string> log_lines;  ///< the last ones; empty unless they are asked for
  friend bool operator==(const RunEnd&, const RunEnd&) = default;
};

/// From its start to its end; nothing if the start is not known.
[[nodiscard]] std::optional<double> duration_seconds(const RunEnd& end) noexcept;

/// The latest ends of one Engine, the oldest first. An end that is corrected is replaced.
using RunEnds = std::vector<std::shared_ptr<const RunEnd>>;

}  // namespace tidegauge::model
