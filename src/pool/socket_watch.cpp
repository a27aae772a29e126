#include "pool/socket_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cstring>

namespace tidegauge::pool {

SocketWatch::SocketWatch(const model::EngineAddress& address) {
  if (address.scheme != model::EngineAddress::Scheme::unix_socket) return;
  const auto slash = address.path.rfind('/');
  directory_ = slash == 0 ? "/" : address.path.substr(0, slash);
  name_ = address.path.substr(slash + 1);
  inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  watch();
}

void SocketWatch::watch() {
  if (!inotify_.valid()) return;
  watched_ = ::inotify_add_watch(inotify_.get(), directory_.c_str(),
                                 IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF);
}

bool SocketWatch::appeared() {
  if (watched_ < 0) {
    watch();
    return false;  // a socket that appeared with its directory is found by the next probe
  }
  bool found = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  while (true) {
    const auto size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) return found;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      if (event.len > 0 && name_ == name) found = true;
      if ((event.mask & IN_MOVE_SELF) != 0 && event.wd == watched_) {
        // The directory was renamed: another one may be created at its path.
        ::inotify_rm_watch(inotify_.get(), event.wd);
        watched_ = -1;
      }
      if ((event.mask & IN_IGNORED) != 0 && event.wd == watched_)
        watched_ = -1;  // the directory was removed
      at += sizeof event + event.len;
    }
  }
}

}  // namespace tidegauge::pool
