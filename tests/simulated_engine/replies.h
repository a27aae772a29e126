#pragma once

// The bodies of the simulated Engine's replies, in the shapes of Docker 20.10 (API 1.41), as far as
// anybody reads them: pure functions of what is to be shown.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulated_engine/event_log.h"
#include "simulated_engine/simulated_container.h"
#include "simulated_engine/simulated_host.h"

namespace tidegauge::test::replies {

inline constexpr std::string_view engine_version = "20.10.24";
inline constexpr std::string_view api_version = "1.41";
inline constexpr std::string_view min_api_version = "1.12";

[[nodiscard]] std::string version();
[[nodiscard]] std::string info(const SimulatedHost& host);
[[nodiscard]] std::string list(const std::vector<SimulatedContainer>& containers, WallTime now);
[[nodiscard]] std::string inspect(const SimulatedContainer& container);
[[nodiscard]] std::string inspect_with_size(const SimulatedContainer& container,
                                            const SimulatedHost& host);
/// Of a container without processes, the empty shape.
[[nodiscard]] std::string stats(const SimulatedContainer& container, const SimulatedHost& host);
[[nodiscard]] std::string event(const Event& event);
[[nodiscard]] std::string error(std::string_view message);

}  // namespace tidegauge::test::replies
