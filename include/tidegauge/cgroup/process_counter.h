#pragma once

// What the processes of one container have between them: threads and their states, open
// descriptors, sockets. From cgroup.procs of its cgroup and of those below, and from /proc/<pid> of
// each process: a few files a process, so it is done only where that is wanted.

#include <string>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::cgroup {

/// `directory`: a cgroup of the container. A process that ends meanwhile, or that may not be looked
/// at, counts with what was seen of it. Allocates.
[[nodiscard]] model::TaskStats count_processes(const std::string& directory,
                                               const std::string& procfs);

}  // namespace tidegauge::cgroup
