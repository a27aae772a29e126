#pragma once

// Whether this process itself runs in a container of Docker's or Podman's, whose own /proc shows
// the container's network in place of the machine's. Used by HostFiles. Stateless, so thread-safe.

#include <string>

namespace tidegauge::cgroup {

/// By the file that Docker and Podman leave in each container.
[[nodiscard]] bool runs_in_container(const std::string& procfs);

/// Whether process 1 of `procfs` is the machine's. It is the container's own where this process
/// runs in a container that has neither the machine's /proc mounted nor its process ids
/// (`--pid=host`).
[[nodiscard]] bool has_machines_first_process(const std::string& procfs);

}  // namespace tidegauge::cgroup
