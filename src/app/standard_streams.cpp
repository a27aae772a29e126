#include "app/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge::app {
namespace {

std::unexpected<Error> failed(const std::string& what) {
  return fail(Errc::system, what + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<void> open_missing_streams() {
  while (true) {  // open returns the lowest free number
    UniqueFd fd(::open("/dev/null", O_RDONLY));
    if (!fd.valid()) return failed("/dev/null cannot be opened");
    if (fd.get() > STDERR_FILENO) return {};
    static_cast<void>(fd.release());
  }
}

Result<void> write_output(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return failed("cannot write to standard output");
    }
  }
  return {};
}

}  // namespace tidegauge::app
