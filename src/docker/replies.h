#pragma once

// Parses the Engine's JSON replies into model values. Used by PooledClient and the streams.
//
// Every parser accepts what Engines from 20.10 on and Podman send, and treats an absent or null key
// as unknown. A reply that is not the expected one is Errc::bad_reply. No input makes a parser
// crash, recurse deeply, run long, or take more than about 16 MiB in addition to its result.
// Stateless, so thread-safe.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/container.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/event.h"

namespace tidegauge::docker {

[[nodiscard]] Result<model::EngineVersion> parse_version(std::string_view body);
[[nodiscard]] Result<model::EngineInfo> parse_info(std::string_view body);
[[nodiscard]] Result<std::vector<model::ContainerSummary>> parse_container_list(
    std::string_view body);
[[nodiscard]] Result<model::Container> parse_container(std::string_view body);

/// The size of the writable layer in bytes, from an inspect with `size=1`.
[[nodiscard]] Result<std::uint64_t> parse_container_size(std::string_view body);

/// A group whose cgroup controller is missing is absent; the others are read. For a container
/// without processes the Engine sends zeros and the year 1, and Podman sends an empty body: then
/// `has_processes` is false and every group is absent.
[[nodiscard]] Result<model::ContainerStats> parse_container_stats(std::string_view body);

/// Removes the numbers of a Podman sample that are wrong. Podman 4.3 reports one network for all
/// networks of a container, with received and sent swapped; swaps the device numbers; and reports
/// a system time that does not match the kernel's.
void drop_what_podman_gets_wrong(model::ContainerStats& stats);

/// One line of `GET /events`. Podman's actions "remove" and "died" of containers become Docker's
/// "destroy" and "die".
[[nodiscard]] Result<model::Event> parse_event(std::string_view line);

/// The text of `{"message": "..."}`, or the start of any other body, as one line of valid UTF-8 of
/// at most 256 bytes.
[[nodiscard]] std::string error_message(std::string_view body);

}  // namespace tidegauge::docker
