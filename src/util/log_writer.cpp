#include "util/log_writer.h"

#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <thread>
#include <tuple>
#include <utility>

#include "tidegauge/util/mutex.h"

namespace tidegauge {
namespace {

constexpr Milliseconds last_flush{1000};

/// Blocks all signals of this thread while it lives. A thread that starts meanwhile inherits the
/// blocked signals, so that signals go to the threads that expect them.
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

/// False where the descriptor refuses: the disk is full, or the reader is gone.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // another process made the shared descriptor non-blocking
      pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// Writes lines unchanged. Only the thread of `pool` calls `log`, so `log` may block.
class DescriptorSink final : public spdlog::sinks::sink {
 public:
  DescriptorSink(int fd, LogWriter::DropNotice drop_notice, spdlog::details::thread_pool& pool)
      : fd_(fd), drop_notice_(drop_notice), pool_(pool) {}

  void log(const spdlog::details::log_msg& message) override EXCLUDES(mutex_) {
    report_drops();
    const bool refused = !write_all(fd_, {message.payload.data(), message.payload.size()});
    const MutexLock lock(mutex_);
    if (refused) ++refused_;
    ++done_;
    progress_.notify_all();
  }
  void set_drop_notice(LogWriter::DropNotice drop_notice) noexcept { drop_notice_ = drop_notice; }
  void flush() override {}
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

  /// Waits until `lines` lines have left the queue, written or not. False after `limit`.
  bool wait_for(std::uint64_t lines, Milliseconds limit) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return progress_.wait_for(lock.native(), limit, [&]() REQUIRES(mutex_) {
      return done_ + pool_.overrun_counter() >= lines;
    });
  }

  [[nodiscard]] std::uint64_t dropped() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return refused_ + pool_.overrun_counter();
  }

 private:
  void report_drops() noexcept {
    const auto lost = dropped();
    if (lost == reported_) return;
    try {
      if (write_all(fd_, drop_notice_.load()(lost - reported_))) reported_ = lost;
    } catch (const std::exception&) {  // out of memory: the next line reports them
      return;
    }
  }

  const int fd_;
  std::atomic<LogWriter::DropNotice> drop_notice_;
  spdlog::details::thread_pool& pool_;
  std::uint64_t reported_ = 0;  // dropped lines that a notice has reported; the pool's thread only

  mutable Mutex mutex_;
  std::condition_variable progress_;
  std::uint64_t done_ GUARDED_BY(mutex_) = 0;  // written or refused
  std::uint64_t refused_ GUARDED_BY(mutex_) = 0;
};

std::shared_ptr<spdlog::details::thread_pool> make_pool() {
  const BlockedSignals blocked;
  return std::make_shared<spdlog::details::thread_pool>(LogWriter::max_lines, 1);
}

}  // namespace

struct LogWriter::Backend {
  Backend(int fd, DropNotice drop_notice)
      : pool(make_pool()),
        sink(std::make_shared<DescriptorSink>(fd, drop_notice, *pool)),
        logger(std::make_shared<spdlog::async_logger>(
            "tidegauge", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
    // By default spdlog reports errors on standard error, where it may block.
    logger->set_error_handler([](const std::string& /*what*/) {});
  }

  std::shared_ptr<spdlog::details::thread_pool> pool;  // destroyed last: the others refer to it
  std::shared_ptr<DescriptorSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
  std::atomic<std::uint64_t> pushed = 0;
};

LogWriter::LogWriter(int fd, DropNotice drop_notice)
    : backend_(std::make_unique<Backend>(fd, drop_notice)) {}

void LogWriter::set_drop_notice(DropNotice drop_notice) noexcept {
  backend_->sink->set_drop_notice(drop_notice);
}

/// The destructor of spdlog's pool joins its thread, and that thread waits for the reader of the
/// log. Where nobody reads, a detached thread does the waiting.
LogWriter::~LogWriter() {
  if (flush(last_flush)) return;
  const BlockedSignals blocked;
  try {
    std::thread([left = std::move(backend_)]() mutable { left.reset(); }).detach();
  } catch (const std::exception&) {
    std::ignore = backend_.release();  // no thread can be started: leaked on purpose
  }
}

void LogWriter::push(std::string_view line) {
  backend_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  ++backend_->pushed;
}

bool LogWriter::flush(Milliseconds limit) {
  return backend_->sink->wait_for(backend_->pushed, limit);
}

std::uint64_t LogWriter::dropped() const {
  return backend_->sink->dropped();
}

}  // namespace tidegauge
