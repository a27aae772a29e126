#pragma once

// Structured logging: a constant message and the facts beside it, one line each.
//
//   logger.warn("engine is down", {{"endpoint", name}, {"reason", error.message}});
//   -> 2026-11-23T09:12:57.123Z level=warn msg="engine is down" endpoint=local reason="..."
//
// Thread-safe. The only place that knows spdlog. A Logger is made in `app` and handed down by
// reference; whoever keeps it must not outlive it.

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tidegauge {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { logfmt, json };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// One fact of a log line. Numbers are written as they are, text is quoted where it must be.
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

  /// Writes to standard error.
  explicit Logger(LogLevel level = LogLevel::info, LogFormat format = LogFormat::logfmt);

  /// Receives each finished line, without its newline, under a lock. For tests.
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

  /// Lines written since the start, by level.
  [[nodiscard]] std::uint64_t lines(LogLevel level) const noexcept;

 private:
  void log(LogLevel level, std::string_view message, Fields fields);

  struct Backend;
  std::unique_ptr<Backend> backend_;
  LogLevel level_;
  LogFormat format_;
  std::array<std::atomic<std::uint64_t>, 4> lines_{};
};

}  // namespace tidegauge
