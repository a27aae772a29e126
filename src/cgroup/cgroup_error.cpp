#include "tidegauge/cgroup/cgroup_error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace tidegauge::cgroup {

bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

CgroupError refusal(const std::string& path, int error) {
  auto message = path + ": " + std::generic_category().message(error);
  if (!is_shortage(error)) return {CgroupError::Reason::unreadable, std::move(message)};
  if (error != ENOMEM) message += "; raise LimitNOFILE= of systemd, or ulimits of the container";
  return {CgroupError::Reason::shortage, std::move(message)};
}

}  // namespace tidegauge::cgroup
