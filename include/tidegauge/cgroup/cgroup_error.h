#pragma once

// Why the kernel's numbers of a container cannot be had here: for code that must decide, and as a
// sentence with its remedy for whoever has set this program up.

#include <cstdint>
#include <string>

namespace tidegauge::cgroup {

struct CgroupError {
  enum class Reason : std::uint8_t {
    no_process,      ///< none of that number: it has ended, or is in another pid namespace
    hidden,          ///< /proc shows only one's own processes (hidepid)
    not_its_cgroup,  ///< the process of that number is another's: another pid namespace
    masked,          ///< a cgroup namespace, or what is mounted, does not show the cgroup
    no_hierarchy,    ///< no cgroup file system where path.sysfs says
    gone,            ///< the container has ended
    unreadable,      ///< the system refused, as for want of permission
    shortage         ///< of descriptors or memory
  };
  Reason reason{};
  std::string message;
};

/// Whether it is about this container and this moment, and not about how this program is set up.
[[nodiscard]] constexpr bool is_transient(CgroupError::Reason reason) noexcept {
  return reason == CgroupError::Reason::no_process || reason == CgroupError::Reason::gone;
}

/// Whether the system had none left to give of what an open file needs.
[[nodiscard]] bool is_shortage(int error) noexcept;
/// `unreadable` or `shortage`, by the errno of the attempt to read a file.
[[nodiscard]] CgroupError refusal(const std::string& path, int error);

}  // namespace tidegauge::cgroup
