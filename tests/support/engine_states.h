#pragma once

// Containers for a RealEngine: one in every state that there is, and many alike.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/real_engine.h"

namespace tidegauge::test {

/// The value of the label `com.docker.compose.project` of the container `labelled`: everything that
/// an exposition format must escape.
inline constexpr std::string_view awkward_label = "say \"hi\" \\ back\nnew line, Größe ☃";

/// Creates these containers, waits until each is in its state, and returns their ids by name:
///
///   web         running on the bridge; 64 MiB, half a CPU, at most 100 processes, compose project
///               "shop" and service "web"; logs, burns CPU, reads its disk, pings the bridge
///   paused      paused
///   exited3     exited, status 3
///   oomkilled   exited, status 137, OOMKilled
///   restarting  exits with 1 at once, always; waits for its next try, for six seconds from now
///   created     never started
///   healthy     running, with a health check that succeeds
///   unhealthy   running, with a health check that fails
///   labelled    running, see awkward_label
///   nonet       running, without a network
std::map<std::string, std::string> create_states(const RealEngine& engine);

/// Runs `web` alone, and returns its id.
std::string run_web(const RealEngine& engine);

/// Runs `count` containers of compose project "many", named many-1 and so on, and returns their
/// ids in that order.
std::vector<std::string> create_many(const RealEngine& engine, std::size_t count);

/// So many as a test usually starts, as each costs the machine the better part of a second; or as
/// many as TIDEGAUGE_TEST_CONTAINERS says.
[[nodiscard]] std::size_t containers_to_start(std::size_t usual);

}  // namespace tidegauge::test
