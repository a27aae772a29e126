#pragma once

// Where a container's cgroup is by the Engine's conventions: what cAdvisor shows as label `id`.

#include <string>

#include "tidegauge/model/container.h"
#include "tidegauge/model/engine_info.h"

namespace tidegauge::monitor {

/// "/docker/<id>" with the cgroupfs driver, "/system.slice/docker-<id>.scope" with systemd's; below
/// the container's own parent where it was given one. `info` may be missing: then as cgroupfs.
[[nodiscard]] std::string cgroup_path(const model::Container& container,
                                      const std::optional<model::EngineInfo>& info);

}  // namespace tidegauge::monitor
