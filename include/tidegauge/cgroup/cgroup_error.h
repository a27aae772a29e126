#pragma once

// Why the kernel's numbers of a container are not available: a reason for code, and a message with
// the remedy for the administrator. A value.

#include <cstdint>
#include <string>

namespace tidegauge::cgroup {

struct CgroupError {
  enum class Reason : std::uint8_t {
    no_process,      ///< no such process: it has ended, or is in another pid namespace
    hidden,          ///< /proc shows only processes of the own user (hidepid)
    not_its_cgroup,  ///< the process with this number belongs to something else: another pid
                     ///< namespace
    masked,          ///< a cgroup namespace or the mounts hide the cgroup
    no_hierarchy,    ///< no cgroup file system below path.sysfs
    gone,            ///< the container has ended
    unreadable,      ///< the system refused, for example without permission
    shortage         ///< no descriptors or memory left
  };
  Reason reason{};
  std::string message;
};

/// Whether the reason concerns this container at this moment, and not the setup of this program.
[[nodiscard]] constexpr bool is_transient(CgroupError::Reason reason) noexcept {
  return reason == CgroupError::Reason::no_process || reason == CgroupError::Reason::gone;
}

/// Whether an errno means that descriptors or memory are exhausted.
[[nodiscard]] bool is_shortage(int error) noexcept;
/// `unreadable` or `shortage`, from the errno of reading the file.
[[nodiscard]] CgroupError refusal(const std::string& path, int error);

}  // namespace tidegauge::cgroup
