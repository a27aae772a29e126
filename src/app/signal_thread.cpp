#include "app/signal_thread.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

namespace tidegauge::app {
namespace {

constexpr int slow_end = 1;  // the exit status
constexpr Milliseconds last_words{250};

sigset_t handled_signals() {
  sigset_t signals{};
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                           SIGIO, SIGPWR, SIGSTKFLT}) {
    sigaddset(&signals, signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&signals, signal);
  return signals;
}

/// Fits a string without an allocation: memory may be exhausted.
std::string name_of(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

Milliseconds time_until(SteadyTime deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - steady_now());
  return std::max(left, Milliseconds{0});
}

}  // namespace

SignalThread::SignalThread(Logger& logger, ReloadRequests& requests)
    : logger_(logger), requests_(requests), signals_(handled_signals()) {
  // Blocked before another thread exists, so that only the descriptor receives them.
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  signal_fd_.reset(::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signal_fd_.valid()) throw std::system_error(errno, std::generic_category(), "signalfd");
  thread_ = std::thread([this] { run(); });
}

SignalThread::~SignalThread() {
  ended_.signal();
  thread_.join();
}

void SignalThread::run() {
  std::optional<SteadyTime> deadline;
  while (true) {
    std::array<pollfd, 2> watched{{{.fd = signal_fd_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = ended_.fd(), .events = POLLIN, .revents = 0}}};
    const auto limit = deadline ? static_cast<int>(time_until(*deadline).count()) : -1;
    ::poll(watched.data(), watched.size(), limit);
    if (watched[1].revents != 0) return;
    if (deadline && steady_now() >= *deadline) {
      logger_.error("stopping takes too long: ended without waiting for what hangs");
      logger_.flush(last_words);
      ::_exit(slow_end);
    }
    signalfd_siginfo info{};
    if (::read(signal_fd_.get(), &info, sizeof info) != sizeof info) continue;
    const auto signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGTERM || signal == SIGINT) {
      if (deadline) continue;
      deadline = steady_now() + stop_limit;
      requests_.stop();
    }
    log(signal);
    if (signal == SIGHUP && !deadline) requests_.request();
  }
}

void SignalThread::log(int signal) {
  if (signal == SIGTERM || signal == SIGINT) {
    logger_.info("stopping", {{"signal", name_of(signal)}});
  } else if (signal == SIGHUP) {
    logger_.info("SIGHUP: the configuration is read again");
  } else {
    logger_.warn("a signal without a meaning is ignored", {{"signal", name_of(signal)}});
  }
}

}  // namespace tidegauge::app
