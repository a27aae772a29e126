#include "cgroup/watched_runs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <tuple>
#include <utility>

#include "cgroup/text.h"

namespace tidegauge::cgroup {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t directories_key = WatchedRuns::foreign_keys;
/// Looks are due at multiples of this, so that one wake-up serves many containers.
constexpr Milliseconds due_grid = 100ms;

SteadyTime next_due(SteadyTime now) {
  const auto earliest = (now + MemoryEventsFile::pace).time_since_epoch();
  return SteadyTime(std::chrono::ceil<Milliseconds>(earliest / due_grid.count()) *
                    due_grid.count());
}

bool is_absence(int error) noexcept {
  return error == ENOENT || error == ENODEV || error == ENOTDIR;
}

/// Whether a process has ever run in the cgroup.
bool has_run(const RunReading& reading) noexcept {
  return reading.cpu_seconds.value_or(0) > 0;
}

/// What a reading lacks, because the cgroup was removed meanwhile, from the one before.
RunReading completed(RunReading reading, const RunReading& before) noexcept {
  if (!reading.cpu_seconds) reading.cpu_seconds = before.cpu_seconds;
  if (!reading.memory_peak_bytes) reading.memory_peak_bytes = before.memory_peak_bytes;
  if (!reading.memory_bytes) reading.memory_bytes = before.memory_bytes;
  if (!reading.memory_events.oom_kill) reading.memory_events = before.memory_events;
  return reading;
}

std::string reason_of(const std::string& what, int error) {
  if (error == ENOSPC) return what + ": no watch left; raise fs.inotify.max_user_watches";
  return refusal(what, error).message;
}

}  // namespace

WatchedRuns::WatchedRuns(std::string top, std::string root, std::size_t descriptors,
                         ChangeNotifier& notifier)
    : top_(std::move(top)), root_(std::move(root)), notifier_(notifier), budget_(descriptors) {
  if (directories_.fd() >= 0) {
    // Refused only for want of memory; then nothing appears, which `look_at_all` makes up for.
    std::ignore = notifier_.watch(directories_.fd(), directories_key, Trigger::input);
  }
}

void WatchedRuns::expect(const std::string& id, const std::string& directory, Moment now) {
  const auto known = runs_.find(id);
  if (known != runs_.end() && known->second.directory == directory) return;
  if (known != runs_.end()) forget(id);
  now_ = now;
  auto& run = runs_.emplace(id, Run{.id = id, .directory = directory}).first->second;
  coverage_.expected = runs_.size();
  observations_.reserve(2 * runs_.size());
  look_at(run);
  make_notices();
}

void WatchedRuns::forget(const std::string& id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  auto& run = found->second;
  close(run);
  forget(run, std::exchange(run.path, {}));
  change_state(run, State::awaited);
  runs_.erase(found);
  coverage_.expected = runs_.size();
}

void WatchedRuns::handle(std::span<const std::uint64_t> changed, Moment now) {
  now_ = now;
  check_ends(changed);
  check_memory(changed);
  look_at_due();
  make_notices();
  if (std::ranges::find(changed, directories_key) != changed.end()) read_directories();
  retry_unwatched();
  make_notices();
}

void WatchedRuns::look_at_all(Moment now) {
  now_ = now;
  for (auto& [id, run] : runs_) look_at(run);
  make_notices();
}

std::optional<SteadyTime> WatchedRuns::next_look() const {
  if (due_.empty()) return std::nullopt;
  return due_.front().first;
}

std::optional<RunNotice> WatchedRuns::take_notice() {
  if (notices_.empty()) return std::nullopt;
  std::optional<RunNotice> notice(std::move(notices_.front()));
  notices_.pop_front();
  return notice;
}

// --- ends ---------------------------------------------------------------------------------------

/// All ends come before anything else: their cgroups are about to be removed.
void WatchedRuns::check_ends(std::span<const std::uint64_t> changed) {
  for (const auto key : changed) {
    const auto file = files_.find(key);
    if (file == files_.end() || file->second.run == nullptr) continue;
    auto& run = *file->second.run;
    if (run.events_key == key) check_end(run);
  }
}

/// A cgroup that has just appeared has no process either. It is at an end only when it has none
/// after one was seen in it, or has used the CPU.
///
/// What it has used is read before the question whether it has ended, and once more after it: the
/// cgroup may be removed at any moment, and then the first reading is better than none.
void WatchedRuns::check_end(Run& run) {
  const auto reading = run.files->read(reader_, now_);
  const auto populated = run.files->is_populated(reader_);
  if (!populated) {
    end_removed(run, reading);
    return;
  }
  const bool was_populated = std::exchange(run.is_populated, *populated);
  if (*populated) {
    run.has_ended = false;
    find_memory_events(run);
    observe_new_kills(run, reading);
  } else if (was_populated || (!run.has_ended && has_run(reading))) {
    end(run, completed(run.files->read(reader_, now_), reading));
  }
}

void WatchedRuns::end_removed(Run& run, const RunReading& reading) {
  if (!run.has_ended) end(run, reading);
  close(run);
  run.beginning = Beginning::zero;
  change_state(run, State::gone);
}

void WatchedRuns::end(Run& run, const RunReading& reading) {
  observe_new_kills(run, reading);
  observe(run, RunNotice::Kind::ended, reading);
  run.has_ended = true;
}

// --- memory -------------------------------------------------------------------------------------

void WatchedRuns::check_memory(std::span<const std::uint64_t> changed) {
  for (const auto key : changed) {
    const auto file = files_.find(key);
    if (file == files_.end()) continue;
    const bool is_memory = file->second.ancestor != nullptr || file->second.run->memory_key == key;
    if (!is_memory) continue;
    if (look_at_memory(key)) due_.emplace_back(next_due(now_.steady), key);
  }
}

/// A file that has changed again is left alone for another second; of any other, the kernel is to
/// tell the next change.
void WatchedRuns::look_at_due() {
  while (!due_.empty() && due_.front().first <= now_.steady) {
    const auto key = due_.front().second;
    due_.pop_front();
    const auto memory = look_at_memory(key);
    if (!memory) continue;
    if (memory->has_changed) {
      due_.emplace_back(next_due(now_.steady), key);
    } else {
      notifier_.watch_again(memory->fd, key);
    }
  }
}

/// Nothing if the file is not watched any more.
std::optional<WatchedRuns::MemoryLook> WatchedRuns::look_at_memory(std::uint64_t key) {
  const auto file = files_.find(key);
  if (file == files_.end()) return std::nullopt;
  const auto [run, ancestor] = file->second;
  auto& memory = ancestor != nullptr ? ancestor->file : *run->files->memory();
  const auto changed = memory.look(reader_, now_.steady);
  if (!changed) {
    if (run != nullptr) check_end(*run);
    return std::nullopt;
  }
  const MemoryLook look{.fd = memory.fd(), .has_changed = *changed};
  if (run != nullptr && memory.latest().oom_kill.value_or(0) > run->told_kills) {
    observe_new_kills(*run, run->files->read(reader_, now_));
  }
  return look;
}

void WatchedRuns::observe_new_kills(Run& run, const RunReading& reading) {
  const auto kills = reading.memory_events.oom_kill.value_or(0);
  if (kills <= run.told_kills) return;
  run.told_kills = kills;
  observe(run, RunNotice::Kind::out_of_memory, reading);
}

void WatchedRuns::observe(Run& run, RunNotice::Kind kind, const RunReading& reading) {
  Observation observation{.run = &run, .kind = kind, .reading = reading};
  if (run.files && run.files->memory()) {
    observation.before = run.files->memory()->before();
    observation.first = run.files->memory()->first();
  }
  observations_.push_back(observation);
}

void WatchedRuns::make_notices() {
  for (const auto& seen : observations_) {
    notices_.push_back({.kind = seen.kind,
                        .id = seen.run->id,
                        .reading = seen.reading,
                        .before = seen.before,
                        .first = seen.first,
                        .limited_ancestor = {}});
    if (seen.kind == RunNotice::Kind::out_of_memory) {
      notices_.back().limited_ancestor = limited_ancestor(*seen.run);
    }
  }
  observations_.clear();
}

std::string WatchedRuns::limited_ancestor(const Run& run) {
  for (const auto& ancestor : run.ancestors) {
    auto& file = ancestor->second.file;
    const auto read = file.look(reader_, now_.steady);
    if (read && model::growth(file.before().oom, file.latest().oom) > 0) {
      return ancestor->second.name;
    }
  }
  return {};
}

// --- directories --------------------------------------------------------------------------------

void WatchedRuns::read_directories() {
  std::vector<DirectoryWatch::Change> changes;
  if (!directories_.read(changes)) {
    look_at_all(now_);
    return;
  }
  for (const auto& change : changes) take_up(change);
}

void WatchedRuns::take_up(const DirectoryWatch::Change& change) {
  using Kind = DirectoryWatch::Change::Kind;
  const auto found = runs_.find(change.id);
  if (found == runs_.end()) return;
  auto& run = found->second;
  const bool is_own = run.is_parent_watched && run.path.back().watch == change.watch;
  if (!is_own || change.kind == Kind::unwatched) run.is_parent_watched = false;
  if (!is_own || change.kind != Kind::vanished) {
    look_at(run);
    return;
  }
  if (run.state == State::open) check_end(run);
  // Otherwise that was another cgroup at the same path, which came and went unseen.
  if (run.state == State::open) return;
  if (run.state == State::awaited) observe(run, RunNotice::Kind::ended, {.at = now_});
  await(run);
}

void WatchedRuns::look_at(Run& run) {
  if (run.state == State::open) check_end(run);
  if (const auto watched = watch_above(run); !watched) {
    close(run);
    leave_unwatched(run, reason_of("watching " + run.directory, watched.error()));
    return;
  }
  if (run.state != State::open) open(run);
}

/// Watches each directory above the run's, from the top to the deepest that exists. A directory
/// that appears between two steps is told by the watch on the one above it.
std::expected<void, int> WatchedRuns::watch_above(Run& run) {
  if (run.is_parent_watched) return {};
  const auto old = std::exchange(run.path, {});
  const bool is_on_host = !root_.empty() && is_below(run.directory, root_);
  std::expected<void, int> refused;
  for (auto slash = (is_on_host ? root_ : top_).size(); slash != std::string::npos;) {
    const auto end = run.directory.find('/', slash + 1);
    auto name = run.directory.substr(slash + 1, end - slash - 1);
    const auto watch = directories_.expect(run.directory.substr(0, slash), name, run.id);
    if (!watch) {
      refused = std::unexpected(watch.error());
      break;
    }
    run.path.push_back({.watch = *watch, .name = std::move(name)});
    slash = end;
  }
  forget(run, old);
  run.is_parent_watched = refused.has_value();
  const bool is_awaited = !refused && is_absence(refused.error()) && !run.path.empty();
  return is_awaited ? std::expected<void, int>() : refused;
}

/// Except what is on the run's path now.
void WatchedRuns::forget(const Run& run, const std::vector<Step>& path) {
  for (const auto& step : path) {
    if (std::ranges::find(run.path, step) != run.path.end()) continue;
    directories_.forget(step.watch, step.name, run.id);
  }
}

// --- files --------------------------------------------------------------------------------------

void WatchedRuns::open(Run& run) {
  if (!budget_.take(RunWatcher::descriptors_per_run)) {
    if (::access(run.directory.c_str(), F_OK) != 0) {
      await(run);
    } else {
      leave_unwatched(run,
                      "the descriptors of this process are used up; raise LimitNOFILE= of systemd, "
                      "or ulimits of the container");
    }
    return;
  }
  auto files = RunFiles::open(run.directory, run.beginning, reader_, now_.steady);
  if (!files) {
    budget_.give_back(RunWatcher::descriptors_per_run);
    if (is_absence(files.error())) {
      await(run);
    } else {
      leave_unwatched(run, reason_of(run.directory, files.error()));
    }
    return;
  }
  run.files = *std::move(files);
  run.is_populated = false;
  run.has_ended = false;
  run.told_kills = 0;
  change_state(run, State::open);
  if (const auto watched = watch_files(run); !watched) {
    close(run);
    leave_unwatched(run, reason_of("epoll", watched.error()));
    return;
  }
  open_ancestors(run);
  check_end(run);
}

std::expected<void, int> WatchedRuns::watch_files(Run& run) {
  run.events_key = ++last_key_;
  files_[run.events_key] = {.run = &run};
  const auto watched = notifier_.watch(run.files->events_fd(), run.events_key, Trigger::change);
  if (!watched) return watched;
  return watch_memory(run);
}

/// Kills before the run was first seen are told only where the cgroup was seen to appear.
std::expected<void, int> WatchedRuns::watch_memory(Run& run) {
  const auto& memory = run.files->memory();
  if (!memory) return {};
  run.memory_key = ++last_key_;
  files_[run.memory_key] = {.run = &run};
  run.told_kills = memory->first().oom_kill.value_or(0);
  return notifier_.watch(memory->fd(), run.memory_key, Trigger::change_once);
}

/// The runtime may give the cgroup its controllers after it was made.
void WatchedRuns::find_memory_events(Run& run) {
  if (run.files->memory()) return;
  run.files->find_memory_events(run.beginning, reader_, now_.steady);
  // Refused only for want of memory; then kills are told at the end of the run.
  std::ignore = watch_memory(run);
}

void WatchedRuns::open_ancestors(Run& run) {
  auto directory = run.directory;
  for (auto slash = directory.rfind('/'); slash != std::string::npos && slash > top_.size();
       slash = directory.rfind('/')) {
    directory.resize(slash);
    auto found = ancestors_.find(directory);
    if (found == ancestors_.end()) found = open_ancestor(directory);
    if (found == ancestors_.end()) continue;
    ++found->second.users;
    run.ancestors.push_back(found);
  }
}

/// The end of the map if there is no memory.events.local, or no descriptor left.
WatchedRuns::Ancestors::iterator WatchedRuns::open_ancestor(const std::string& directory) {
  if (!budget_.take(1)) return ancestors_.end();
  const UniqueFd cgroup(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto file = MemoryEventsFile::open(cgroup.get(), "memory.events.local", Beginning::unknown,
                                     reader_, now_.steady);
  const auto key = ++last_key_;
  if (!file || !notifier_.watch(file->fd(), key, Trigger::change_once)) {
    budget_.give_back(1);
    return ancestors_.end();
  }
  const bool is_on_host = !root_.empty() && is_below(directory, root_);
  auto name = is_on_host ? directory.substr(root_.size()) : directory;
  const auto added =
      ancestors_
          .emplace(directory,
                   Ancestor{.name = std::move(name), .key = key, .file = *std::move(file)})
          .first;
  files_[key] = {.ancestor = &added->second};
  return added;
}

void WatchedRuns::close(Run& run) {
  if (!run.files) return;
  files_.erase(run.events_key);
  files_.erase(run.memory_key);
  run.files.reset();
  run.memory_key = 0;
  budget_.give_back(RunWatcher::descriptors_per_run);
  for (const auto& ancestor : run.ancestors) {
    if (--ancestor->second.users > 0) continue;
    files_.erase(ancestor->second.key);
    ancestors_.erase(ancestor);
    budget_.give_back(1);
  }
  run.ancestors.clear();
  has_given_back_ = true;
}

// --- states -------------------------------------------------------------------------------------

void WatchedRuns::retry_unwatched() {
  if (!std::exchange(has_given_back_, false) || coverage_.unwatched == 0) return;
  for (auto& [id, run] : runs_) {
    if (run.state == State::unwatched) look_at(run);
  }
}

/// Whatever appears at this path from now on is a new cgroup.
void WatchedRuns::await(Run& run) {
  run.beginning = Beginning::zero;
  change_state(run, State::awaited);
}

/// What happens until it is watched is not known.
void WatchedRuns::leave_unwatched(Run& run, std::string reason) {
  run.beginning = Beginning::unknown;
  change_state(run, State::unwatched);
  if (coverage_.reason.empty()) coverage_.reason = std::move(reason);
}

void WatchedRuns::change_state(Run& run, State state) {
  if (run.state == State::unwatched) --coverage_.unwatched;
  run.state = state;
  if (run.state == State::unwatched) ++coverage_.unwatched;
  if (coverage_.unwatched == 0) coverage_.reason.clear();
}

}  // namespace tidegauge::cgroup
