#pragma once

// What an Engine reports about itself: `GET /version` and `GET /info`.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// A version of the Engine's API, as 1.41.
struct ApiVersion {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  friend auto operator<=>(const ApiVersion&, const ApiVersion&) = default;
};

[[nodiscard]] std::string to_string(ApiVersion version);
/// Absent unless the text is exactly MAJOR.MINOR.
[[nodiscard]] std::optional<ApiVersion> parse_api_version(std::string_view text) noexcept;

/// `GET /version`.
struct EngineVersion {
  std::string version;  ///< of the Engine, as "20.10.24+dfsg1"
  ApiVersion api_version;
  ApiVersion min_api_version;
  std::string os;
  std::string arch;
  std::string kernel_version;
  bool is_podman = false;  ///< Podman, whose API is like Docker's
};

/// `GET /info`: the fields that metrics need.
struct EngineInfo {
  std::string name;              ///< host name
  std::string operating_system;  ///< "Debian GNU/Linux 12 (bookworm)"
  std::string docker_root_dir;
  std::string storage_driver;
  std::string cgroup_driver;  ///< "cgroupfs" or "systemd"
  std::uint32_t cgroup_version = 1;
  std::optional<std::uint32_t> cpus;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> containers;  ///< how many there are, in any state
  bool live_restore = false;                ///< containers go on while the Engine is restarted
  std::optional<WallTime> system_time;      ///< the Engine's clock when it answered
};

}  // namespace tidegauge::model
