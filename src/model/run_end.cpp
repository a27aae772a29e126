#include "tidegauge/model/run_end.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

namespace tidegauge::model {
namespace {

using Source = Evidence::Source;

constexpr std::array<std::string_view, end_causes.size()> cause_names{
    "completed", "stopped", "killed",      "oom",    "host_oom",
    "signal",    "error",   "not_started", "engine", "unknown"};
constexpr std::array<std::string_view, 3> source_names{"Engine", "kernel", "tidegauge"};
constexpr std::array<std::string_view, aftermaths.size()> aftermath_names{"", "restarted",
                                                                          "gave_up", "removed"};

constexpr std::array<std::pair<int, std::string_view>, 31> signal_names{
    {{SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},       {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
     {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},     {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
     {SIGKILL, "SIGKILL"}, {SIGUSR1, "SIGUSR1"},     {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
     {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"},     {SIGTERM, "SIGTERM"}, {SIGSTKFLT, "SIGSTKFLT"},
     {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"},     {SIGSTOP, "SIGSTOP"}, {SIGTSTP, "SIGTSTP"},
     {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},     {SIGURG, "SIGURG"},   {SIGXCPU, "SIGXCPU"},
     {SIGXFSZ, "SIGXFSZ"}, {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"},
     {SIGIO, "SIGIO"},     {SIGPWR, "SIGPWR"},       {SIGSYS, "SIGSYS"}}};

template <class Value>
std::optional<Value> value_named(const auto& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Value>(found - names.begin());
}

}  // namespace

std::string_view to_string(EndCause cause) noexcept {
  return cause_names[static_cast<std::size_t>(cause)];
}

std::optional<EndCause> parse_end_cause(std::string_view text) noexcept {
  return value_named<EndCause>(cause_names, text);
}

std::string_view to_string(Source source) noexcept {
  return source_names[static_cast<std::size_t>(source)];
}

std::optional<Source> parse_evidence_source(std::string_view text) noexcept {
  return value_named<Source>(source_names, text);
}

std::string_view to_string(Aftermath aftermath) noexcept {
  return aftermath_names[static_cast<std::size_t>(aftermath)];
}

std::optional<Aftermath> parse_aftermath(std::string_view text) noexcept {
  return value_named<Aftermath>(aftermath_names, text);
}

std::optional<int> signal_of_exit_code(int code) noexcept {
  constexpr int first = 128;
  constexpr int last_signal = 64;
  if (code <= first || code > first + last_signal) return std::nullopt;
  return code - first;
}

std::string signal_name(int signal) {
  const auto* const found =
      std::ranges::find(signal_names, signal, &std::pair<int, std::string_view>::first);
  if (found == signal_names.end()) return "signal " + std::to_string(signal);
  return std::string(found->second);
}

std::optional<int> parse_signal_name(std::string_view text) noexcept {
  const auto* const found =
      std::ranges::find(signal_names, text, &std::pair<int, std::string_view>::second);
  if (found != signal_names.end()) return found->first;
  constexpr std::string_view nameless = "signal ";
  if (!text.starts_with(nameless)) return std::nullopt;
  text.remove_prefix(nameless.size());
  int signal = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), signal);
  return error == std::errc{} && end == text.end() ? std::optional(signal) : std::nullopt;
}

std::optional<double> duration_seconds(const RunEnd& end) noexcept {
  if (!end.started_at) return std::nullopt;
  return std::max(0.0, to_seconds(end.ended_at - *end.started_at));
}

}  // namespace tidegauge::model
