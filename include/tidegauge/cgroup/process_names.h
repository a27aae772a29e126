#pragma once

// The names of a container's processes, read from the kernel's files when a client asks for its
// page (app, web.show_processes). Names only: command lines may hold secrets. Stateless, so
// thread-safe; takes a few files a process.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/cgroup/locator.h"

namespace tidegauge::cgroup {

/// `pid`: the first process of the container with this id. At most `most` names, in the order of
/// the kernel's list. Nothing where the container is not visible here.
[[nodiscard]] std::optional<std::vector<std::string>> process_names(const Paths& paths, int pid,
                                                                    std::string_view id,
                                                                    std::size_t most);

}  // namespace tidegauge::cgroup
