#include "tidegauge/util/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge {

std::optional<std::string> why_unreadable(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return std::string("cannot be read: ") + std::strerror(errno);
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) return std::nullopt;
  return "is no file";
}

}  // namespace tidegauge
