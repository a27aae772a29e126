#pragma once

// Writes log lines to a descriptor on a thread of its own, so that no caller waits for the reader
// of the log: a pipe that nobody reads blocks only that thread. The queue and the thread are those
// of spdlog's asynchronous logger. Used by Logger.
//
// The queue is bounded. A line that finds it full replaces the oldest line. The next line that is
// written is preceded by a line with the number of dropped lines. The flags of the descriptor stay
// unchanged, because other processes may share it.
//
// Thread-safe. The caller owns `fd` and keeps it open until the process ends.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge {

class LogWriter {
 public:
  /// Each place in the queue takes about 400 bytes, used or not, and more for a longer line.
  static constexpr std::size_t max_lines = 1'024;

  /// Makes the line that reports dropped lines. Lines end with a newline.
  using DropNotice = std::string (*)(std::uint64_t dropped);

  /// Throws std::system_error where no thread can be started.
  LogWriter(int fd, DropNotice drop_notice);
  /// Writes the queued lines, for at most a second. After that the thread is detached with the rest
  /// of the lines, and ends when somebody reads them.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void set_drop_notice(DropNotice drop_notice) noexcept;
  /// Queues a line. Throws std::bad_alloc.
  void push(std::string_view line);
  /// Waits until all lines so far are written or dropped. False after `limit`.
  bool flush(Milliseconds limit);
  /// Lines dropped since the start, including lines that the descriptor refused.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Backend;
  std::unique_ptr<Backend> backend_;
};

}  // namespace tidegauge
