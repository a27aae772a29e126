#include "tidegauge/cgroup/run_watcher.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "cgroup/change_notifier.h"
#include "cgroup/text.h"
#include "cgroup/watched_runs.h"

namespace tidegauge::cgroup {
namespace {

constexpr std::size_t id_digits = 64;
constexpr std::uint64_t wakeup_key = 0;

bool is_id(std::string_view id) {
  return id.size() == id_digits && std::ranges::all_of(id, [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

/// Of this thread alone: on Linux each thread has a nice value of its own. The thread runs for
/// some microseconds at a time, so nobody is held up.
void take_precedence() {
  constexpr int highest = -20;
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, highest));  // or stay as it is
}

/// An absolute path without empty names, "." and "..", whose last name contains the id.
bool is_path_of(std::string_view path, std::string_view id) {
  if (!path.starts_with('/') || path.contains('\0')) return false;
  std::string_view name;
  while (!path.empty()) {
    path.remove_prefix(1);
    name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    if (name.empty() || name == "." || name == "..") return false;
  }
  return name.contains(id);
}

}  // namespace

struct RunWatcher::Core {
  Core(const std::string& top, const std::string& root, std::size_t descriptors,
       const Wakeup& wakeup)
      : runs(top, root, descriptors, epoll) {
    if (const auto watched = epoll.watch(wakeup.fd(), wakeup_key, Trigger::input); !watched) {
      throw std::system_error(watched.error(), std::generic_category(), "epoll_ctl");
    }
  }

  EpollNotifier epoll;
  WatchedRuns runs;
};

RunWatcher::RunWatcher(const Paths& paths, std::size_t descriptors) {
  std::error_code unresolved;
  top_ = std::filesystem::weakly_canonical(paths.sysfs, unresolved).string();
  if (unresolved) top_ = paths.sysfs;
  if (auto root = Locator(paths).unified_root()) {
    root_ = *std::move(root);
  } else {
    unsupported_ = std::move(root.error());
  }
  core_ = std::make_unique<Core>(top_, root_, descriptors, wakeup_);
}

RunWatcher::~RunWatcher() = default;

bool RunWatcher::expect(const std::string& id, const std::string& host_path) {
  if (unsupported_ || !is_id(id) || !is_path_of(host_path, id)) return false;
  request(id, root_ + host_path);
  return true;
}

bool RunWatcher::expect_directory(const std::string& id, const std::string& directory) {
  if (!is_id(id) || !is_path_of(directory, id) || !is_below(directory, top_)) return false;
  request(id, directory);
  return true;
}

void RunWatcher::forget(const std::string& id) {
  request(id, std::nullopt);
}

void RunWatcher::request(const std::string& id, std::optional<std::string> directory) {
  requests_.with([&](auto& requests) { requests[id] = std::move(directory); });
  wakeup_.signal();
}

void RunWatcher::run(const std::stop_token& stop,
                     const std::function<void(const RunNotice&)>& on_notice,
                     Heartbeats* heartbeats) {
  take_precedence();
  const std::stop_callback wake(stop, [this] { wakeup_.signal(); });
  Heartbeats::Loop loop(heartbeats);
  auto& [epoll, runs] = *core_;
  runs.look_at_all(moment_now());
  while (!stop.stop_requested()) {
    const auto changed = epoll.wait(loop.beat(runs.next_look().value_or(SteadyTime::max())));
    const auto now = moment_now();
    runs.handle(changed, now);
    take_requests(now);
    coverage_.with([&](RunCoverage& coverage) { coverage = runs.coverage(); });
    while (const auto notice = runs.take_notice()) on_notice(*notice);
  }
}

/// One after another, so that an exception loses no more than one.
void RunWatcher::take_requests(Moment now) {
  wakeup_.drain();
  const auto next = [](Requests& requests) {
    return requests.empty() ? Requests::node_type() : requests.extract(requests.begin());
  };
  while (const auto request = requests_.with(next)) {
    const auto& directory = request.mapped();
    if (directory) {
      core_->runs.expect(request.key(), *directory, now);
    } else {
      core_->runs.forget(request.key());
    }
  }
}

RunCoverage RunWatcher::coverage() const {
  return coverage_.with([](const RunCoverage& coverage) { return coverage; });
}

}  // namespace tidegauge::cgroup
