#include "tidegauge/cgroup/filesystem_sampler.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <condition_variable>
#include <system_error>
#include <thread>
#include <utility>

#include "tidegauge/util/mutex.h"

namespace tidegauge::cgroup {

std::optional<model::FilesystemStats> stat_filesystem(const std::string& path) {
  struct statvfs said{};
  if (::statvfs(path.c_str(), &said) != 0 || said.f_blocks == 0) return std::nullopt;
  const std::uint64_t unit = said.f_frsize;
  model::FilesystemStats filesystem{.usage_bytes = (said.f_blocks - said.f_bfree) * unit,
                                    .limit_bytes = said.f_blocks * unit};
  if (said.f_files > 0) {
    filesystem.inodes = said.f_files;
    filesystem.inodes_free = said.f_ffree;
  }
  return filesystem;
}

/// A thread and its current call.
struct FilesystemSampler::Worker {
  /// Shared with the thread, which may outlive the worker.
  struct Call {
    explicit Call(Stat function) : stat(std::move(function)) {}

    void begin() EXCLUDES(mutex);
    /// Tells the thread to end. Whether it hangs in a call.
    bool end() EXCLUDES(mutex);
    /// Whether the call has returned before `deadline`.
    bool wait_until(SteadyTime deadline) EXCLUDES(mutex);
    bool is_pending() EXCLUDES(mutex);
    std::optional<model::FilesystemStats> answer() EXCLUDES(mutex);
    SteadyTime::duration duration() EXCLUDES(mutex);
    /// The thread. Allocates nothing and calls nothing that throws: no exception can end the
    /// program.
    void serve() EXCLUDES(mutex);

    const Stat stat;
    std::string path;  // set by the worker, only while no call is pending
    Mutex mutex;
    std::condition_variable changed;
    bool pending GUARDED_BY(mutex) = false;
    bool ended GUARDED_BY(mutex) = false;
    std::optional<model::FilesystemStats> last_answer GUARDED_BY(mutex);
    SteadyTime::duration last_duration GUARDED_BY(mutex){};
  };

  explicit Worker(const Stat& stat)
      : call(std::make_shared<Call>(stat)), thread([shared = call] { shared->serve(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { call->end() ? thread.detach() : thread.join(); }

  void begin(const std::string& path) const {
    call->path = path;
    call->begin();
  }

  std::shared_ptr<Call> call;
  std::thread thread;
};

void FilesystemSampler::Worker::Call::begin() {
  const MutexLock lock(mutex);
  pending = true;
  changed.notify_all();
}

bool FilesystemSampler::Worker::Call::end() {
  const MutexLock lock(mutex);
  ended = true;
  changed.notify_all();
  return pending;
}

bool FilesystemSampler::Worker::Call::wait_until(SteadyTime deadline) {
  MutexLock lock(mutex);
  return changed.wait_until(lock.native(), deadline, [this]() REQUIRES(mutex) { return !pending; });
}

bool FilesystemSampler::Worker::Call::is_pending() {
  const MutexLock lock(mutex);
  return pending;
}

std::optional<model::FilesystemStats> FilesystemSampler::Worker::Call::answer() {
  const MutexLock lock(mutex);
  return last_answer;
}

SteadyTime::duration FilesystemSampler::Worker::Call::duration() {
  const MutexLock lock(mutex);
  return last_duration;
}

void FilesystemSampler::Worker::Call::serve() {
  MutexLock lock(mutex);
  while (true) {
    changed.wait(lock.native(), [this]() REQUIRES(mutex) { return pending || ended; });
    if (ended) return;
    lock.unlock();
    const auto begun = steady_now();
    const auto answer = stat(path);
    const auto duration = steady_now() - begun;
    lock.lock();
    last_answer = answer;
    last_duration = duration;
    pending = false;
    changed.notify_all();
  }
}

FilesystemSampler::FilesystemSampler(Stat stat, Limits limits)
    : stat_(std::move(stat)), limits_(limits) {}
FilesystemSampler::~FilesystemSampler() = default;
FilesystemSampler::FilesystemSampler(FilesystemSampler&&) noexcept = default;

FilesystemSampler::Answer FilesystemSampler::sample(const std::string& path) {
  const auto slow =
      std::ranges::find_if(slow_, [&](const auto& worker) { return worker->call->path == path; });
  if (slow != slow_.end()) return take_late_answer(slow);
  if (slow_.size() >= limits_.max_stuck) return std::unexpected(NoAnswer::stuck);
  if (!idle_ && !start_worker()) return std::unexpected(NoAnswer::late);
  idle_->begin(path);
  if (idle_->call->wait_until(steady_now() + limits_.deadline)) return idle_->call->answer();
  slow_.push_back(std::exchange(idle_, nullptr));
  return std::unexpected(NoAnswer::late);
}

/// A call that was slow again is repeated, without waiting for it.
FilesystemSampler::Answer FilesystemSampler::take_late_answer(
    std::vector<std::unique_ptr<Worker>>::iterator slow) {
  auto& worker = *slow;
  if (worker->call->is_pending()) return std::unexpected(NoAnswer::stuck);
  auto answer = worker->call->answer();
  if (worker->call->duration() > limits_.deadline) {
    const auto path = worker->call->path;
    worker->begin(path);
  } else {
    if (!idle_) idle_ = std::move(worker);
    slow_.erase(slow);
  }
  return answer;
}

bool FilesystemSampler::start_worker() {
  try {
    idle_ = std::make_unique<Worker>(stat_);
    return true;
  } catch (const std::system_error&) {
    return false;  // no thread can be started: the next sample tries again
  }
}

void FilesystemSampler::forget_unmounted(
    const std::function<bool(const std::string& path)>& is_mounted) {
  std::erase_if(slow_, [&](const auto& worker) {
    return !worker->call->is_pending() && !is_mounted(worker->call->path);
  });
}

}  // namespace tidegauge::cgroup
