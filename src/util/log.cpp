#include "tidegauge/util/log.h"

#include <array>
#include <ctime>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "tidegauge/util/guarded.h"
#include "tidegauge/util/json_text.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/utf8.h"
#include "util/log_throttle.h"
#include "util/log_writer.h"

namespace tidegauge {
namespace {

std::string timestamp() {
  const auto now = wall_now();
  const auto seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  const auto millis =
      std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, sizeof "2026-11-23T09:12:57."> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc);
  return std::string(text.data(), length) + std::to_string(1000 + millis).substr(1) + 'Z';
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // Other bytes may be invalid UTF-8, which `json_quoted` makes valid.
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || byte < 0x20 || byte > 0x7E) return true;
  }
  return false;
}

/// The contents of a line, and the limit on the length of each text.
struct Line {
  LogLevel level;
  std::string_view message;
  std::span<const LogField> fields;
  std::uint64_t suppressed_before = 0;
  std::size_t longest_text = Logger::max_line_bytes;
};

std::string logfmt_line(const Line& line) {
  auto text = timestamp() + " level=" + std::string(to_string(line.level)) +
              " msg=" + json_quoted(utf8_prefix(line.message, line.longest_text));
  for (const auto& field : line.fields) {
    const auto value = utf8_prefix(field.value, line.longest_text);
    text += ' ';
    text += field.key;
    text += '=';
    text += needs_quotes(value) ? json_quoted(value) : value;
  }
  if (line.suppressed_before > 0) {
    text += " suppressed=" + std::to_string(line.suppressed_before);
  }
  return text + '\n';
}

std::string json_line(const Line& line) {
  auto text = R"({"ts":")" + timestamp() + R"(","level":")" + std::string(to_string(line.level)) +
              R"(","msg":)" + json_quoted(utf8_prefix(line.message, line.longest_text));
  for (const auto& field : line.fields) {
    const auto value = utf8_prefix(field.value, line.longest_text);
    text += ',' + json_quoted(field.key) + ':';
    text += field.is_number ? std::string(value) : json_quoted(value);
  }
  if (line.suppressed_before > 0) {
    text += R"(,"suppressed":)" + std::to_string(line.suppressed_before);
  }
  return text + "}\n";
}

/// Shortens the texts, not the line, so that the line stays well-formed.
std::string finished_line(LogFormat format, Line line) {
  while (true) {
    auto text = format == LogFormat::json ? json_line(line) : logfmt_line(line);
    if (text.size() <= Logger::max_line_bytes || line.longest_text == 0) return text;
    line.longest_text /= 2;
  }
}

template <LogFormat format>
std::string drop_notice(std::uint64_t dropped) {
  const std::array fields{LogField{"lines", dropped}};
  return finished_line(format, {.level = LogLevel::warn,
                                .message = "log lines were dropped: nobody read the log",
                                .fields = fields});
}

LogWriter::DropNotice drop_notice_of(LogFormat format) {
  return format == LogFormat::json ? &drop_notice<LogFormat::json>
                                   : &drop_notice<LogFormat::logfmt>;
}

}  // namespace

struct Logger::Backend {
  explicit Backend(LogFormat format, int fd) : writer(std::in_place, fd, drop_notice_of(format)) {}
  Backend(Sink receiver, void* receiver_context) : sink(receiver), context(receiver_context) {}

  void write_to_sink(std::string_view line) EXCLUDES(sink_mutex) {
    const MutexLock lock(sink_mutex);
    sink(context, line);
  }

  Guarded<LogThrottle> throttle;
  std::optional<LogWriter> writer;  // absent: there is a sink
  Mutex sink_mutex;                 // serialises the calls of the sink
  const Sink sink = nullptr;
  void* const context PT_GUARDED_BY(sink_mutex) = nullptr;
};

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

Logger::Logger(LogLevel level, LogFormat format, int fd)
    : backend_(std::make_unique<Backend>(format, fd)), level_(level), format_(format) {}

Logger::Logger(LogLevel level, LogFormat format, Sink sink, void* context)
    : backend_(std::make_unique<Backend>(sink, context)), level_(level), format_(format) {}

Logger::~Logger() = default;

void Logger::set_format(LogFormat format) noexcept {
  format_ = format;
  if (backend_->writer) backend_->writer->set_drop_notice(drop_notice_of(format));
}

bool Logger::flush(Milliseconds limit) noexcept {
  return !backend_->writer || backend_->writer->flush(limit);
}

std::uint64_t Logger::lines(LogLevel level) const noexcept {
  return lines_[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
}

std::uint64_t Logger::suppressed() const noexcept {
  return suppressed_.load(std::memory_order_relaxed);
}

std::uint64_t Logger::dropped() const noexcept {
  const auto by_writer = backend_->writer ? backend_->writer->dropped() : 0;
  return by_writer + dropped_.load(std::memory_order_relaxed);
}

/// Debug lines are not throttled.
void Logger::log(LogLevel level, std::string_view message, Fields fields) noexcept {
  if (!writes(level)) return;
  try {
    std::uint64_t suppressed_before = 0;
    if (level != LogLevel::debug) {
      const auto admitted = backend_->throttle.with(
          [&](LogThrottle& throttle) { return throttle.admit(message, steady_now()); });
      if (!admitted) {
        suppressed_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      suppressed_before = *admitted;
    }
    write(level, message, fields, suppressed_before);
    lines_[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
  } catch (const std::exception&) {  // out of memory
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Logger::write(LogLevel level, std::string_view message, Fields fields,
                   std::uint64_t suppressed_before) {
  const auto line = finished_line(format_, {.level = level,
                                            .message = message,
                                            .fields = fields,
                                            .suppressed_before = suppressed_before});
  if (backend_->writer) return backend_->writer->push(line);
  backend_->write_to_sink(std::string_view(line).substr(0, line.size() - 1));
}

}  // namespace tidegauge
