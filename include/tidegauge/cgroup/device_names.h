#pragma once

// The names of block devices, by their numbers: from <sysfs>/dev/block/<major>:<minor>/uevent.
// Asked once for each device. Used by one thread.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tidegauge::cgroup {

class DeviceNames {
 public:
  explicit DeviceNames(const std::string& sysfs) : directory_(sysfs + "/dev/block/") {}

  /// "/dev/vda"; empty where the kernel does not tell.
  [[nodiscard]] const std::string& name(std::uint32_t major, std::uint32_t minor);
  /// Numbers may belong to other devices by now.
  void forget() noexcept { known_.clear(); }

 private:
  struct Device {
    std::uint32_t major = 0, minor = 0;
    std::string name;
  };
  std::string directory_;
  std::vector<Device> known_;  // a handful
  const std::string unknown_;
};

}  // namespace tidegauge::cgroup
