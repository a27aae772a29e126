#pragma once

// Writes log lines to a descriptor on a thread of its own, so that no caller ever waits for the
// reader of the log: a pipe that nobody reads blocks that thread alone.
//
// Lines wait in a queue that is bounded by lines and by bytes. A line that finds no room is dropped
// and counted, and once the lines before it are written, one line tells how many were dropped.
// spdlog's asynchronous logger is no choice here: its thread pool joins its thread at the end,
// which never returns from a pipe that is full. The descriptor's flags are left alone: others share
// it.
//
// Thread-safe. `fd` stays the caller's and outlives the process's log.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "tidegauge/util/time.h"

namespace tidegauge {

class LogWriter {
 public:
  static constexpr std::size_t max_lines = 4'096;
  static constexpr std::size_t max_bytes = std::size_t{1024} * 1024;

  /// Makes the line that tells how many were dropped. Lines end with a newline.
  using DropNotice = std::string (*)(std::uint64_t dropped);

  /// Throws std::system_error where no thread can be started.
  LogWriter(int fd, DropNotice drop_notice);
  /// Writes what can be written within a second. Where the descriptor takes nothing for so long,
  /// the thread is left behind with the lines.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Queues a line. False where it is dropped.
  bool push(std::string line) noexcept;
  /// Waits until all lines so far are written, for at most `limit`. Whether they are.
  bool flush(Milliseconds limit) noexcept;
  /// Lines dropped since the start, those included that the descriptor refused.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  struct State;
  static void run(State& state) noexcept;
  static bool write_notice(const State& state, std::uint64_t dropped) noexcept;

  std::shared_ptr<State> state_;  // the thread's too, which may be left behind
  std::thread thread_;
};

}  // namespace tidegauge
