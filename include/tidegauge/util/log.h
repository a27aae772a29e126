#pragma once

// Structured logging: one line with a constant message and its fields.
//
//   logger.warn("engine is down", {{"endpoint", name}, {"reason", error.message}});
//   -> 2026-11-23T09:12:57.123Z level=warn msg="engine is down" endpoint=local reason="..."
//
// Logging never blocks: a thread of its own writes the lines (src/util/log_writer.h). Lines that
// the reader of the log does not take in time are dropped and counted. A message that floods the
// log is suppressed and counted (src/util/log_throttle.h). A line has at most `max_line_bytes`.
//
// Thread-safe; only the constructor throws. `app` makes the Logger and hands it down by reference;
// it must outlive every object that holds the reference.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tidegauge/util/time.h"

namespace tidegauge {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { logfmt, json };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// A field of a log line. Numbers are written without quotes, and text with quotes where necessary.
struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, std::string text) : key(field_key), value(std::move(text)) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  LogField(std::string_view field_key, Number number)
      : key(field_key), value(std::to_string(number)), is_number(true) {}

  std::string key;
  std::string value;
  bool is_number = false;
};

class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  static constexpr std::size_t max_line_bytes = std::size_t{8} * 1024;  ///< with its newline

  /// Writes to `fd`, by default standard error. The destructor writes the queued lines, for at most
  /// a second.
  explicit Logger(LogLevel level = LogLevel::info, LogFormat format = LogFormat::logfmt,
                  int fd = 2);

  /// Receives each finished line, without its newline, on the thread that logs it, under a lock.
  /// For tests.
  using Sink = void (*)(void* context, std::string_view line);
  Logger(LogLevel level, LogFormat format, Sink sink, void* context);

  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void debug(std::string_view message, Fields fields = {}) {
    log(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) { log(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { log(LogLevel::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) {
    log(LogLevel::error, message, fields);
  }

  /// Whether lines of this level are written: what takes time to describe need not be described
  /// otherwise.
  [[nodiscard]] bool writes(LogLevel level) const noexcept { return level >= level_; }

  /// Changes what the constructor was given, for the lines from now on.
  void set_level(LogLevel level) noexcept { level_ = level; }
  void set_format(LogFormat format) noexcept;

  /// Waits until all lines so far are written. False after `limit`.
  bool flush(Milliseconds limit) noexcept;

  // Since the start.
  /// Lines logged, including lines that were dropped later.
  [[nodiscard]] std::uint64_t lines(LogLevel level) const noexcept;
  /// Lines suppressed because their message came too often.
  [[nodiscard]] std::uint64_t suppressed() const noexcept;
  /// Lines lost because nobody read the log.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  void log(LogLevel level, std::string_view message, Fields fields) noexcept;
  void write(LogLevel level, std::string_view message, Fields fields,
             std::uint64_t suppressed_before);

  struct Backend;
  std::unique_ptr<Backend> backend_;
  std::atomic<LogLevel> level_;
  std::atomic<LogFormat> format_;
  std::array<std::atomic<std::uint64_t>, 4> lines_{};
  std::atomic<std::uint64_t> suppressed_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace tidegauge
