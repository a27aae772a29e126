#pragma once

// From the Engine's JSON to model values.
//
// Every parser accepts what Engines from 20.10 on and Podman send, takes an absent or null key as
// "not said", takes the last of a key that comes twice, as Go does, and answers Errc::bad_reply to
// what is not the reply it is for. No input makes one crash, recurse deeply, run long, or take more
// than some 16 MiB beside its result.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/container.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/event.h"

namespace tidegauge::docker::json {

[[nodiscard]] Result<model::EngineVersion> parse_version(std::string_view body);
[[nodiscard]] Result<model::EngineInfo> parse_info(std::string_view body);
[[nodiscard]] Result<std::vector<model::ContainerSummary>> parse_container_list(
    std::string_view body);
[[nodiscard]] Result<model::Container> parse_container(std::string_view body);

/// The bytes of its writable layer, of an answer to the same call with `size=1`.
[[nodiscard]] Result<std::uint64_t> parse_container_size(std::string_view body);

/// A group that the Engine does not measure, for want of a cgroup controller, is absent alone. Of a
/// container without processes the Engine sends zeros and the year 1 (Podman an empty body): then
/// `has_processes` is false and every group is absent.
[[nodiscard]] Result<model::ContainerStats> parse_container_stats(std::string_view body);

/// Leaves of a sample of Podman's what is right. Of 4.3: it has one network for all of a
/// container's, seen from the host (received is what was sent); device numbers the wrong way round;
/// a share of system time that is not the kernel's.
void drop_what_podman_gets_wrong(model::ContainerStats& stats);

/// One line of `GET /events`; Podman's "remove" and "died" of a container in Docker's words.
[[nodiscard]] Result<model::Event> parse_event(std::string_view line);

/// The text of `{"message": "..."}`, or the start of the body where it is not that: one line of
/// valid UTF-8, at most 256 bytes.
[[nodiscard]] std::string error_message(std::string_view body);

}  // namespace tidegauge::docker::json
