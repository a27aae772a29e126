#include "tidegauge/util/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>

#include "tidegauge/util/json_text.h"
#include "tidegauge/util/time.h"

namespace tidegauge {
namespace {

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FunctionSink(Logger::Sink receiver, void* context) : receiver_(receiver), context_(context) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    receiver_(context_, {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  Logger::Sink receiver_;
  void* context_;
};

std::string timestamp() {
  const auto now = wall_now();
  const auto seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  const auto millis =
      std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) < 0x20) {
      return true;
    }
  }
  return false;
}

std::string logfmt_line(LogLevel level, std::string_view message, Logger::Fields fields) {
  auto line =
      fmt::format("{} level={} msg={}", timestamp(), to_string(level), json_quoted(message));
  for (const auto& field : fields) {
    line += fmt::format(" {}={}", field.key,
                        needs_quotes(field.value) ? json_quoted(field.value) : field.value);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view message, Logger::Fields fields) {
  auto line = fmt::format(R"({{"ts":"{}","level":"{}","msg":{})", timestamp(), to_string(level),
                          json_quoted(message));
  for (const auto& field : fields) {
    line += fmt::format(",{}:{}", json_quoted(field.key),
                        field.is_number ? field.value : json_quoted(field.value));
  }
  return line + '}';
}

}  // namespace

struct Logger::Backend {
  explicit Backend(spdlog::sink_ptr sink) : logger("tidegauge", std::move(sink)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
  spdlog::logger logger;
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

Logger::Logger(LogLevel level, LogFormat format)
    : backend_(std::make_unique<Backend>(std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      level_(level),
      format_(format) {}

Logger::Logger(LogLevel level, LogFormat format, Sink sink, void* context)
    : backend_(std::make_unique<Backend>(std::make_shared<FunctionSink>(sink, context))),
      level_(level),
      format_(format) {}

Logger::~Logger() = default;

std::uint64_t Logger::lines(LogLevel level) const noexcept {
  return lines_[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
}

void Logger::log(LogLevel level, std::string_view message, Fields fields) {
  if (level < level_) return;
  lines_[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
  const auto line = format_ == LogFormat::json ? json_line(level, message, fields)
                                               : logfmt_line(level, message, fields);
  backend_->logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace tidegauge
