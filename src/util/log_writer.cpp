#include "util/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegauge {
namespace {

constexpr Milliseconds last_flush{1000};

/// Blocks all signals while it lives: a thread that is started meanwhile inherits that, so that
/// signals go to threads that expect them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

/// False where the descriptor refuses: a disk that is full, a reader that is gone.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // whoever shares the descriptor has made it non-blocking
      pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct LogWriter::State {
  State(int log_fd, DropNotice notice) : fd(log_fd), drop_notice(notice) {}

  const int fd;
  const DropNotice drop_notice;
  std::atomic<std::uint64_t> dropped = 0;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex:
  std::vector<std::string> waiting;
  std::size_t waiting_bytes = 0;
  std::uint64_t untold = 0;  // dropped since the last notice
  bool writing = false;
  bool stopping = false;
  bool ended = false;
};

LogWriter::LogWriter(int fd, DropNotice drop_notice)
    : state_(std::make_shared<State>(fd, drop_notice)) {
  const BlockedSignals blocked;
  thread_ = std::thread([state = state_] { run(*state); });
}

LogWriter::~LogWriter() {
  bool ended = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
    ended = state_->changed.wait_for(lock, last_flush, [this] { return state_->ended; });
  }
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool LogWriter::push(std::string line) noexcept {
  const std::lock_guard lock(state_->mutex);
  auto& state = *state_;
  try {
    if (state.waiting.size() < max_lines && state.waiting_bytes + line.size() <= max_bytes) {
      const auto bytes = line.size();
      state.waiting.push_back(std::move(line));
      state.waiting_bytes += bytes;
      state.changed.notify_all();
      return true;
    }
  } catch (const std::exception&) {  // out of memory: dropped like one without room
  }
  ++state.untold;
  ++state.dropped;
  return false;
}

bool LogWriter::flush(Milliseconds limit) noexcept {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit,
                                  [this] { return state_->waiting.empty() && !state_->writing; });
}

std::uint64_t LogWriter::dropped() const noexcept {
  return state_->dropped.load(std::memory_order_relaxed);
}

/// Lines are dropped only while a full queue waits. So the notice belongs behind that queue's last
/// line: with room for two, of 1 2 3 4 5 the lines 1, 2 3, "2 dropped" are written, 1 being the one
/// that the thread was stuck with.
void LogWriter::run(State& state) noexcept {
  std::vector<std::string> lines;
  std::unique_lock lock(state.mutex);
  while (true) {
    state.changed.wait(lock, [&] { return !state.waiting.empty() || state.stopping; });
    if (state.waiting.empty()) break;
    lines.clear();
    lines.swap(state.waiting);
    state.waiting_bytes = 0;
    auto untold = std::exchange(state.untold, 0);
    state.writing = true;
    lock.unlock();
    std::uint64_t refused = 0;
    for (const auto& line : lines) {
      if (!write_all(state.fd, line)) ++refused;
    }
    state.dropped += refused;
    untold += refused;
    if (untold > 0 && write_notice(state, untold)) untold = 0;
    lock.lock();
    state.untold += untold;
    state.writing = false;
    state.changed.notify_all();
  }
  state.ended = true;
  state.changed.notify_all();
}

bool LogWriter::write_notice(const State& state, std::uint64_t dropped) noexcept {
  try {
    return write_all(state.fd, state.drop_notice(dropped));
  } catch (const std::exception&) {  // out of memory: told with the next lines
    return false;
  }
}

}  // namespace tidegauge
