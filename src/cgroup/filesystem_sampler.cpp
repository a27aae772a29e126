#include "tidegauge/cgroup/filesystem_sampler.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

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

/// One thread, and the one call that it makes at a time.
struct FilesystemSampler::Worker {
  /// Shared with the thread, which may outlive the worker.
  struct Call {
    explicit Call(Stat function) : stat(std::move(function)) {}

    const Stat stat;
    std::mutex mutex;
    std::condition_variable changed;
    // Guarded by the mutex:
    std::string path;
    bool pending = false;
    bool ended = false;
    std::optional<model::FilesystemStats> answer;
    SteadyTime::duration took{};
  };

  explicit Worker(const Stat& stat)
      : call(std::make_shared<Call>(stat)), thread([shared = call] { serve(*shared); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    bool hangs = false;
    {
      const std::lock_guard lock(call->mutex);
      call->ended = true;
      hangs = call->pending;
    }
    call->changed.notify_all();
    hangs ? thread.detach() : thread.join();
  }

  void begin(const std::string& path) const {
    {
      const std::lock_guard lock(call->mutex);
      call->path = path;
      call->pending = true;
    }
    call->changed.notify_all();
  }
  [[nodiscard]] bool wait_until(SteadyTime deadline) const {
    std::unique_lock lock(call->mutex);
    return call->changed.wait_until(lock, deadline, [this] { return !call->pending; });
  }
  [[nodiscard]] bool is_pending() const {
    const std::lock_guard lock(call->mutex);
    return call->pending;
  }

  /// Allocates nothing and calls nothing that throws: no exception can end the program here.
  static void serve(Call& call) {
    std::unique_lock lock(call.mutex);
    while (true) {
      call.changed.wait(lock, [&] { return call.pending || call.ended; });
      if (call.ended) return;
      lock.unlock();
      const auto begun = steady_now();
      auto answer = call.stat(call.path);  // the path stays as it is while the call is pending
      lock.lock();
      call.answer = std::move(answer);
      call.took = steady_now() - begun;
      call.pending = false;
      call.changed.notify_all();
    }
  }

  std::shared_ptr<Call> call;
  std::thread thread;
};

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
  if (idle_->wait_until(steady_now() + limits_.deadline)) return idle_->call->answer;
  slow_.push_back(std::exchange(idle_, nullptr));
  return std::unexpected(NoAnswer::late);
}

/// Asks again, without waiting, what has been slow once more.
FilesystemSampler::Answer FilesystemSampler::take_late_answer(
    std::vector<std::unique_ptr<Worker>>::iterator slow) {
  auto& worker = *slow;
  if (worker->is_pending()) return std::unexpected(NoAnswer::stuck);
  auto answer = worker->call->answer;
  if (worker->call->took > limits_.deadline) {
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
    return false;  // no thread is to be had: the next sample tries again
  }
}

void FilesystemSampler::forget_unmounted(
    const std::function<bool(const std::string& path)>& is_mounted) {
  std::erase_if(slow_, [&](const auto& worker) {
    return !worker->is_pending() && !is_mounted(worker->call->path);
  });
}

}  // namespace tidegauge::cgroup
