#pragma once

// A Logger whose lines a test can read. Outlives whatever logs to it.

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/log.h"

namespace tidegauge::test {

class LogCapture {
 public:
  LogCapture() : logger_(LogLevel::info, LogFormat::logfmt, &LogCapture::receive, this) {}

  [[nodiscard]] Logger& logger() { return logger_; }
  /// How many lines have this in them.
  [[nodiscard]] std::size_t count(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::size_t found = 0;
    for (const auto& line : lines_) found += line.contains(part) ? 1U : 0U;
    return found;
  }

 private:
  static void receive(void* self, std::string_view line) {
    auto& capture = *static_cast<LogCapture*>(self);
    const std::lock_guard lock(capture.mutex_);
    capture.lines_.emplace_back(line);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  Logger logger_;
};

}  // namespace tidegauge::test
