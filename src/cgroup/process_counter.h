#pragma once

// What the processes of one container have between them: threads and their states, open
// descriptors, sockets. From cgroup.procs of its cgroup and of those below, and from /proc/<pid> of
// each process: a few files a process, so it is done only where that is wanted.

#include <optional>
#include <string>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::cgroup {

/// `directory`: a cgroup of the container. A process that ends meanwhile counts with what was seen
/// of it. What the system refuses to show of one process is absent of all: descriptors and sockets,
/// which only their owner and root may see, or everything. `refused` is then the first such file
/// and the reason, unless it names one already. Nothing where the cgroup is there no more.
/// Allocates.
[[nodiscard]] std::optional<model::TaskStats> count_processes(const std::string& directory,
                                                              const std::string& procfs,
                                                              std::string& refused);

}  // namespace tidegauge::cgroup
