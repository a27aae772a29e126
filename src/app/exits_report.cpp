#include "app/exits_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ranges>
#include <utility>

#include "app/json_members.h"
#include "app/run_end_json.h"
#include "app/text_columns.h"
#include "tidegauge/json/reader.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

using model::Aftermath;
using model::EndCause;
using model::Evidence;
using model::RunEnd;

constexpr std::size_t page_width = 100;

// --- words --------------------------------------------------------------------------------------

/// "2.1s", "59s", "3m 12s", "3h 12m", "4d 3h".
std::string short_duration(double seconds) {
  std::array<char, 32> text{};
  if (seconds < 10) {
    std::snprintf(text.data(), text.size(), "%.1fs", seconds);
    return text.data();
  }
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> units{{{86'400, "d"}, {3'600, "h"}, {60, "m"}, {1, "s"}}};
  const auto whole = static_cast<std::int64_t>(seconds);
  for (std::size_t i = 0; i + 1 < units.size(); ++i) {
    const auto [size, name] = units[i];
    if (whole < size) continue;
    const auto& smaller = units[i + 1];
    return std::to_string(whole / size) + name + ' ' +
           std::to_string(whole % size / smaller.seconds) + smaller.name;
  }
  return std::to_string(whole) + 's';
}

/// "512", "1.5K", "64M": in units of 1024.
std::string short_bytes(std::uint64_t bytes) {
  constexpr std::array units{"", "K", "M", "G", "T", "P", "E"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  const bool needs_decimal = value < 10 && std::abs(value - std::round(value)) >= 0.05;
  std::snprintf(text.data(), text.size(), needs_decimal ? "%.1f%s" : "%.0f%s", value, units[unit]);
  return text.data();
}

/// "64M/64M": the peak, or else what was in use, against the limit.
std::string memory_against_limit(const RunEnd& end) {
  std::optional<std::uint64_t> used;
  if (end.use)
    used = end.use->memory_peak_bytes ? end.use->memory_peak_bytes : end.use->memory_bytes;
  if (!used && !end.memory_limit_bytes) return "";
  const auto text = used ? short_bytes(*used) : "?";
  return end.memory_limit_bytes ? text + '/' + short_bytes(*end.memory_limit_bytes) : text;
}

std::string_view words_of(Aftermath aftermath) {
  return aftermath == Aftermath::gave_up ? "gave up" : to_string(aftermath);
}

std::string ran_for(const RunEnd& end) {
  const auto seconds = duration_seconds(end);
  return seconds ? short_duration(*seconds) : "?";
}

std::string container_of(const ListedExit& exit, const ReportStyle& style) {
  const auto& name = exit.end.name.empty() ? exit.end.id : exit.end.name;
  return terminal_text(style.names_endpoints ? exit.endpoint + '/' + name : name);
}

std::optional<std::string> text_of(const RunEnd& end, Evidence::Source source) {
  const auto found = std::ranges::find(end.evidence, source, &Evidence::source);
  if (found == end.evidence.end()) return std::nullopt;
  return found->text;
}

std::string exit_code_of(const RunEnd& end) {
  return end.exit_code ? "exit code " + std::to_string(*end.exit_code) : "exit code not known";
}

// --- times --------------------------------------------------------------------------------------

std::tm local(WallTime time, const ReportStyle& style) {
  return style.local_time(
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

std::string formatted(const std::tm& time, const char* format) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &time)};
}

/// "2026-11-29 (CET)"
std::string day_of(WallTime time, const ReportStyle& style) {
  return formatted(local(time, style), "%Y-%m-%d (%Z)");
}

std::string clock_of(WallTime time, const ReportStyle& style) {
  return formatted(local(time, style), "%H:%M:%S");
}

/// "10:02:11.3", with the day where that is another one than that of `end`.
std::string moment_of(WallTime time, WallTime end, const ReportStyle& style) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto tenths = (time - whole) / std::chrono::milliseconds(100);
  auto clock = clock_of(time, style) + '.' + std::to_string(tenths);
  if (day_of(time, style) == day_of(end, style)) return clock;
  return formatted(local(time, style), "%Y-%m-%d ") + clock;
}

// --- the table ----------------------------------------------------------------------------------

constexpr std::size_t longest_reason = 200;

std::vector<std::string> row_of(const ListedExit& exit, const ReportStyle& style) {
  const auto& end = exit.end;
  return {clock_of(end.ended_at, style),
          container_of(exit, style),
          std::string(to_string(end.cause)),
          terminal_text(one_line(short_reason(end), longest_reason)),
          ran_for(end),
          memory_against_limit(end),
          std::string(words_of(end.aftermath))};
}

// --- the details --------------------------------------------------------------------------------

std::string figures_of(const RunEnd& end) {
  std::string text = "ran " + (duration_seconds(end) ? ran_for(end) : "for a time not known") +
                     ", " + exit_code_of(end);
  if (end.signal) text += " (" + model::signal_name(*end.signal) + ')';
  if (const auto memory = memory_against_limit(end); !memory.empty()) text += ", memory " + memory;
  if (end.use && end.use->cpu_seconds) text += ", CPU " + short_duration(*end.use->cpu_seconds);
  if (end.aftermath != Aftermath::none) text += ", " + std::string(words_of(end.aftermath));
  return text;
}

std::string heading_of(const ListedExit& exit, const ReportStyle& style) {
  const auto& end = exit.end;
  return day_of(end.ended_at, style) + ' ' + clock_of(end.ended_at, style) + "  " +
         container_of(exit, style) + ": " + std::string(to_string(end.cause)) + ", " +
         terminal_text(one_line(short_reason(end), longest_reason));
}

std::string paragraph_of(const ListedExit& exit, const ReportStyle& style) {
  const auto& end = exit.end;
  std::string text = wrapped(heading_of(exit, style), {.width = page_width, .hanging = 4});
  const auto add = [&](const std::string& line) {
    text += wrapped(line, {.width = page_width, .indent = 2, .hanging = 15});
  };
  if (!end.image.empty()) add(terminal_text(end.image));
  add(figures_of(end));
  for (const auto& evidence : end.evidence) {
    add(moment_of(evidence.at, end.ended_at, style) + ' ' +
        std::string(to_string(evidence.source)) + ": " + terminal_text(evidence.text));
  }
  if (!end.log_lines.empty()) add("the last lines of its log:");
  for (const auto& line : end.log_lines) {
    text += wrapped("| " + terminal_text(line), {.width = page_width, .indent = 4, .hanging = 6});
  }
  return text;
}

std::string note_about_more(const ExitsAnswer& answer) {
  if (!answer.has_more) return "";
  return "(the newest " + std::to_string(answer.exits.size()) + "; older ones are left out)\n";
}

}  // namespace

Result<ExitsAnswer> read_exits(std::string_view body) {
  constexpr std::size_t most_bytes = std::size_t{256} << 20U;
  const auto document = json::Document::parse_object(body, most_bytes);
  if (!document) return fail(document.error());
  Members members(document->root());
  ExitsAnswer answer{.exits = {}, .has_more = members.flag("more")};
  const auto exits = members.at("exits");
  if (!exits.is_array()) members.note("exits", "is no list");
  if (members.mistake()) return fail(Errc::bad_reply, *members.mistake());
  for (const auto exit : exits.elements()) {
    auto end = read_run_end(exit);
    if (!end) return fail(end.error());
    answer.exits.push_back({.endpoint = exit["endpoint"].text(), .end = *std::move(end)});
  }
  return answer;
}

std::string exits_table(const ExitsAnswer& answer, const ReportStyle& style) {
  TextTable table({{.heading = "TIME"},
                   {.heading = "CONTAINER", .widest = 20},
                   {.heading = "CAUSE"},
                   {.heading = "WHY", .takes_rest = true},
                   {.heading = "RAN"},
                   {.heading = "PEAK/LIMIT"},
                   {.heading = "THEN"}},
                  page_width);
  std::string day;
  for (const auto& exit : std::views::reverse(answer.exits)) {
    if (auto of_exit = day_of(exit.end.ended_at, style); of_exit != day) {
      table.add_line(of_exit);
      day = std::move(of_exit);
    }
    table.add_row(row_of(exit, style));
  }
  return note_about_more(answer) + table.text();
}

std::string exits_in_detail(const ExitsAnswer& answer, const ReportStyle& style) {
  std::string text = note_about_more(answer);
  for (const auto& exit : std::views::reverse(answer.exits)) {
    if (!text.empty()) text += '\n';
    text += paragraph_of(exit, style);
  }
  return text;
}

std::string short_reason(const RunEnd& end) {
  const bool was_killed = end.exit_code == 128 + 9;
  switch (end.cause) {
    case EndCause::completed:
      return "exit code 0, nobody asked";
    case EndCause::stopped:
      return was_killed ? "asked to stop, needed SIGKILL" : "asked to stop";
    case EndCause::killed:
      return end.signal ? "asked to kill it, " + model::signal_name(*end.signal)
                        : "asked to kill it";
    case EndCause::oom:
      return text_of(end, Evidence::Source::kernel).value_or("its memory limit was hit");
    case EndCause::host_oom:
      return text_of(end, Evidence::Source::kernel)
          .value_or("killed for memory, its own limit was not hit");
    case EndCause::signal:
      return end.signal ? model::signal_name(*end.signal) : exit_code_of(end);
    case EndCause::error:
      return exit_code_of(end);
    case EndCause::not_started:
      return text_of(end, Evidence::Source::engine).value_or(exit_code_of(end));
    case EndCause::engine:
      return "ended together with its Engine";
    case EndCause::unknown:
      return end.exit_code ? "events were missed, " + exit_code_of(end) : "events were missed";
  }
  return "";
}

}  // namespace tidegauge::app
