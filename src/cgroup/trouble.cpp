#include "tidegauge/cgroup/trouble.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace tidegauge::cgroup {

bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

Trouble refusal(const std::string& path, int error) {
  auto message = path + ": " + std::generic_category().message(error);
  if (!is_shortage(error)) return {Trouble::Reason::unreadable, std::move(message)};
  if (error != ENOMEM) message += "; raise LimitNOFILE= of systemd, or ulimits of the container";
  return {Trouble::Reason::shortage, std::move(message)};
}

}  // namespace tidegauge::cgroup
