#include "tidegauge/cgroup/device_names.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "cgroup/text.h"
#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/file_reader.h"

namespace tidegauge::cgroup {

const std::string& DeviceNames::name(std::uint32_t major, std::uint32_t minor) {
  const auto known = std::ranges::find_if(known_, [&](const Device& device) {
    return std::tie(device.major, device.minor) == std::tie(major, minor);
  });
  if (known != known_.end()) return known->name;
  const auto path = directory_ + std::to_string(major) + ":" + std::to_string(minor) + "/uevent";
  FileReader reader;
  const auto text = reader.read(path.c_str());
  if (!text && is_shortage(text.error())) return unknown_;  // not cached: tried again
  auto& device = known_.emplace_back(Device{.major = major, .minor = minor});
  std::string_view rest = text.value_or(std::string_view());
  while (const auto line = take_line(rest)) {
    constexpr std::string_view key = "DEVNAME=";
    if (line->starts_with(key) && line->size() > key.size()) {
      device.name.append("/dev/").append(line->substr(key.size()));
    }
  }
  return device.name;
}

}  // namespace tidegauge::cgroup
