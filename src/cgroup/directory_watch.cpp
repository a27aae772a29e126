#include "cgroup/directory_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tidegauge::cgroup {

DirectoryWatch::DirectoryWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_.valid()) refused_ = errno;
}

std::expected<int, int> DirectoryWatch::expect(const std::string& above, const std::string& name,
                                               const std::string& id) {
  if (!inotify_.valid()) return std::unexpected(refused_);
  // The same directory gives the same handle again.
  const int watch =
      ::inotify_add_watch(inotify_.get(), above.c_str(), IN_CREATE | IN_DELETE | IN_ONLYDIR);
  if (watch < 0) return std::unexpected(errno);
  expected_[watch][name].insert(id);
  return watch;
}

void DirectoryWatch::forget(int watch, const std::string& name, const std::string& id) {
  const auto directory = expected_.find(watch);
  if (directory == expected_.end()) return;
  auto& names = directory->second;
  const auto found = names.find(name);
  if (found == names.end()) return;
  found->second.erase(id);
  if (found->second.empty()) names.erase(found);
  if (!names.empty()) return;
  ::inotify_rm_watch(inotify_.get(), watch);
  expected_.erase(directory);
}

bool DirectoryWatch::read(std::vector<Change>& changes) {
  using Kind = Change::Kind;
  alignas(inotify_event) std::array<char, std::size_t{16} * 1024> buffer{};
  const auto size = ::read(inotify_.get(), buffer.data(), buffer.size());
  bool complete = true;
  for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* const text = buffer.data() + at + sizeof event;
    const std::string_view name(text, ::strnlen(text, event.len));
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) complete = false;
    const auto directory = expected_.find(event.wd);
    if (directory == expected_.end()) continue;
    if ((event.mask & IN_IGNORED) != 0) {
      for (const auto& [unused, ids] : directory->second) {
        for (const auto& id : ids) changes.push_back({Kind::unwatched, event.wd, id});
      }
      expected_.erase(directory);
      continue;
    }
    const auto found = directory->second.find(name);
    if (found == directory->second.end()) continue;
    const auto kind = (event.mask & IN_CREATE) != 0 ? Kind::appeared : Kind::vanished;
    for (const auto& id : found->second) changes.push_back({kind, event.wd, id});
  }
  return complete;
}

}  // namespace tidegauge::cgroup
