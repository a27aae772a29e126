#pragma once

// Writes log lines to a descriptor on a thread of its own, so that no caller ever waits for the
// reader of the log: a pipe that nobody reads blocks that thread alone. The queue and the thread
// are those of spdlog's asynchronous logger.
//
// The queue is bounded. Where it is full, its oldest line makes room and is counted as dropped, and
// the next line that is written is preceded by one that tells how many were dropped. The
// descriptor's flags are left alone: others share it.
//
// Thread-safe. `fd` stays the caller's and outlives the process's log.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge {

class LogWriter {
 public:
  /// Each costs some 400 bytes whether it is used or not, and a longer line its text.
  static constexpr std::size_t max_lines = 1'024;

  /// Makes the line that tells how many were dropped. Lines end with a newline.
  using DropNotice = std::string (*)(std::uint64_t dropped);

  /// Throws where no thread can be started.
  LogWriter(int fd, DropNotice drop_notice);
  /// Writes what can be written within a second. Where the descriptor takes nothing for so long,
  /// the thread is left behind with the lines, and ends once somebody reads them.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Queues a line. Throws std::bad_alloc.
  void push(std::string_view line);
  /// Waits until all lines so far are written or dropped, for at most `limit`. Whether they are.
  bool flush(Milliseconds limit);
  /// Lines dropped since the start, those included that the descriptor refused.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Backend;
  std::unique_ptr<Backend> backend_;
};

}  // namespace tidegauge
