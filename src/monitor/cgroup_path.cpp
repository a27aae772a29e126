#include "monitor/cgroup_path.h"

namespace tidegauge::monitor {
namespace {

/// systemd nests slices by the dashes in their names: "a-b.slice" is "/a.slice/a-b.slice".
std::string slice_path(const std::string& slice) {
  constexpr std::string_view suffix = ".slice";
  const auto name = slice.substr(0, slice.size() - suffix.size());
  std::string path;
  for (auto dash = name.find('-'); dash != std::string::npos; dash = name.find('-', dash + 1)) {
    path += "/" + name.substr(0, dash) + ".slice";
  }
  return path + "/" + slice;
}

}  // namespace

std::string cgroup_path(const model::Container& container,
                        const std::optional<model::EngineInfo>& info) {
  auto parent = container.cgroup_parent;
  if (info && info->cgroup_driver == "systemd") {
    if (!parent.ends_with(".slice")) parent = "system.slice";
    return slice_path(parent) + "/docker-" + container.id + ".scope";
  }
  if (parent.empty()) parent = "docker";
  return (parent.starts_with('/') ? "" : "/") + parent + "/" + container.id;
}

}  // namespace tidegauge::monitor
