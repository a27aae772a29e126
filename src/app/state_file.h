#pragma once

// The file with what is known of one Engine beyond the end of the daemon: how the latest runs of
// its containers ended, and the counters of their names. Used by StateKeeper.
//
// The text is a line of JSON after another: first the version, the Engine and the numbers of the
// lines that follow, then a line for each end and one for each name. So it is written and read in
// little memory, and a text that was cut off is not taken for a shorter record.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/monitor/restored_state.h"

namespace tidegauge::app {

// What a file may hold. Beyond, the oldest ends and the last names are left out.
inline constexpr std::size_t most_saved_ends = 1'000;
inline constexpr std::size_t most_saved_names = 10'000;
inline constexpr std::size_t most_file_bytes = std::size_t{64} << 20U;

/// "local.state": the name of an Engine's file. An Engine's name may have any characters, and has
/// at most 63.
[[nodiscard]] std::string state_file_name(std::string_view endpoint);

/// Calls `use` with each line of the text in turn, its line break included. The first failure of
/// `use` ends it.
[[nodiscard]] Result<void> for_each_state_line(
    std::string_view endpoint, const monitor::RestoredState& state,
    const std::function<Result<void>(std::string_view)>& use);

/// Errc::bad_reply says what is wrong with the text: another version or Engine, lines that are
/// missing, members of a wrong type.
[[nodiscard]] Result<monitor::RestoredState> parse_state(std::string_view text,
                                                         std::string_view endpoint);

/// Replaces the file as a whole, mode 0600: after a crash there is the old one or the new one.
[[nodiscard]] Result<void> write_state_file(const std::string& path, std::string_view endpoint,
                                            const monitor::RestoredState& state);

/// Nothing where there is no such file. Reads at most `most_file_bytes`.
[[nodiscard]] Result<std::optional<monitor::RestoredState>> read_state_file(
    const std::string& path, std::string_view endpoint);

}  // namespace tidegauge::app
